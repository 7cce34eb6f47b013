"""Tables in few bits: codes and a scale in place of float32.

    small = SmallTable.of(table, bits=4)     # (rows, width) float32
    small.rows([3, 17])                      # float32 again, rounded
    small.nbytes / table.nbytes              # 0.16 at a width of 32

`x ≈ scale · code`, code a whole number from -L to L with `L = 2^(bits-1) - 1`,
and a scale for each row: its largest number divided by L. The rounding error of
a number is at most half a scale. NumPy alone; `grid` imports TensorFlow.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.stored import Progress, rounded

BITS = (8, 4, 2)
TINY = 1e-30  # a row below it is a row of zeros
KINDS = ("float32", "float16", "int8", "int4", "2 bits")


@dataclass(frozen=True)
class SmallTable:
    """A table of `width` numbers a row in 8, 4 or 2 bits each.

    Two codes of 4 bits, or four of 2, share a byte. Raises `ValueError` for
    other bits and for a table that is no matrix of finite numbers.

    >>> table = np.array([[1.0, -0.5, 0.25, 0.0]], "float32")
    >>> small = SmallTable.of(table, bits=8)
    >>> small.rows([0]).round(2).tolist(), small.nbytes  # 4 codes and a scale
    ([[1.0, -0.5, 0.25, 0.0]], 8)
    >>> SmallTable.of(table, bits=2).rows([0]).tolist()  # -1, 0 or 1
    [[1.0, 0.0, 0.0, 0.0]]
    """

    codes: np.ndarray  # (rows, bytes) uint8
    scales: np.ndarray  # (rows, 1) float32
    bits: int
    width: int

    @classmethod
    def of(cls, table: np.ndarray, bits: int) -> "SmallTable":
        """Round a table `(rows, width)`."""
        table = np.asarray(table, "float32")
        if bits not in BITS:
            raise ValueError(f"bits: expected one of {BITS}, found {bits}")
        if table.ndim != 2 or not np.isfinite(table).all():
            raise ValueError(
                "table: expected finite numbers of shape (rows, width), found "
                f"shape {table.shape}"
            )
        most = 2 ** (bits - 1) - 1
        largest = np.abs(table).max(axis=1, keepdims=True, initial=0)
        scales = np.where(largest > TINY, largest / most, 1).astype("float32")
        codes = np.rint(table / scales).astype(int) + most  # from 0 on
        return cls(_packed(codes, bits), scales, bits, table.shape[1])

    def rows(self, ids: ArrayLike) -> np.ndarray:
        """The rows of some ids, `(n, width)` float32."""
        most = 2 ** (self.bits - 1) - 1
        found = np.asarray(ids)
        codes = _unpacked(self.codes[found], self.bits)[:, : self.width]
        return self.scales[found] * (codes.astype("float32") - most)

    @property
    def nbytes(self) -> int:
        """What the table takes, scales included."""
        return self.codes.nbytes + self.scales.nbytes


def _packed(codes: np.ndarray, bits: int) -> np.ndarray:
    """Several codes in one byte, the first in the lowest bits."""
    per_byte = 8 // bits
    spare = -codes.shape[1] % per_byte
    padded = np.pad(codes, [(0, 0), (0, spare)])
    grouped = padded.reshape(len(codes), -1, per_byte)
    shifted = grouped << (bits * np.arange(per_byte))
    return shifted.sum(axis=2).astype("uint8")


def _unpacked(packed: np.ndarray, bits: int) -> np.ndarray:
    per_byte = 8 // bits
    shifted = packed[:, :, None] >> (bits * np.arange(per_byte))
    return (shifted & (2**bits - 1)).reshape(len(packed), -1)


def rounded_table(table: np.ndarray, kind: str) -> np.ndarray:
    """The table as it is read back from one of `KINDS`, in float32.

    >>> rounded_table(np.array([[0.1, 0.5]], "float32"), "2 bits").tolist()
    [[0.0, 0.5]]
    """
    if kind == "float32":
        return table
    if kind == "float16":
        return table.astype("float16").astype("float32")
    bits = {"int8": 8, "int4": 4, "2 bits": 2}[kind]
    return SmallTable.of(table, bits).rows(np.arange(len(table)))


def size(kind: str, width: int) -> float:
    """Bytes of a row over those of float32.

    >>> size("int8", 32), size("int4", 32)
    (0.28125, 0.15625)
    """
    whole = {"float32": 1.0, "float16": 0.5}
    if kind in whole:
        return whole[kind]
    bits = {"int8": 8, "int4": 4, "2 bits": 2}[kind]
    return (width * bits / 8 + 4) / (4 * width)


def grid(
    progress: Progress | None = None, seeds: int = 5, rows: int = 120_000
) -> dict[str, Any]:
    """Train a ranker with three heads, round its tables, judge every head.

    For each kind and head the expected AUC and predicted over true mean on
    later rows, a number for each seed. Nothing is trained after the rounding.
    """
    from mtl_lessons.world import World

    from .nets import TASKS, HeadNets, aucs, pcocs
    from .warm import ITEMS, USERS, best, three_logs, trials

    worlds = [
        World(seed=seed, users=USERS, items=ITEMS) for seed in range(seeds)
    ]
    logs = [list(part) for part in zip(*(three_logs(w, rows) for w in worlds))]
    nets = HeadNets(seeds, USERS, ITEMS, TASKS)
    state = best(trials(nets, logs, TASKS, (2, 4, 8))).state
    cells = []
    for done, kind in enumerate(KINDS, 1):
        small = {
            name: np.stack([rounded_table(one, kind) for one in state[name]])
            for name in ("users", "items")
        }
        nets.restore(state | small)
        scores = nets.scores(logs[2])
        cells.append(
            {"kind": kind, "size": round(size(kind, nets.dim), 3)}
            | {"auc": rounded(aucs(scores, logs[2]), 6)}
            | {"pcoc": rounded(pcocs(scores, logs[2]), 5)}
        )
        if progress:
            progress(done, len(KINDS))
    return {"rows": rows, "cells": cells}
