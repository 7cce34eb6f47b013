"""What the pages of the drills take from npm, made ready for the site.

    python book/_ext/vendor.py _build/site-node _build/vendor

The first folder is where `npm ci` has installed what `.ci/site/package.json` lists. The second gets

- `pyodide@<version>/`: Python as WebAssembly, with its standard library. The largest file is
  packed by gzip, and unpacked in the browser: not every host compresses WebAssembly;
- `codemirror@<digest>/`: the editor as one file, bundled by esbuild;
- in both, the licences.

A folder whose name tells what is in it can be kept by a browser for ever.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / ".ci" / "site"
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "python_stdlib.zip")
PACKED = "pyodide.asm.wasm"
LOCK = (
    "pyodide-lock.json"  # which packages fit; Pyodide refuses to start without
)
LICENCES = "LICENCES.txt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("installed", type=Path)
    parser.add_argument("made", type=Path)
    given = parser.parse_args()
    modules = given.installed.resolve() / "node_modules"
    shutil.rmtree(given.made, ignore_errors=True)
    pyodide(modules / "pyodide", given.made)
    codemirror(modules, given.made)


def pyodide(package: Path, made: Path) -> None:
    """Python in the browser: core and standard library."""
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    folder = made / f"pyodide@{about['version']}"
    folder.mkdir(parents=True)
    for name in PYODIDE:
        shutil.copyfile(package / name, folder / name)
    wasm = (package / PACKED).read_bytes()
    # without a time: the same file in every build
    (folder / f"{PACKED}.packed").write_bytes(gzip.compress(wasm, mtime=0))
    lock = json.loads((package / LOCK).read_text(encoding="utf-8"))
    none = json.dumps(lock | {"packages": {}})  # the standard library is enough
    (folder / LOCK).write_text(none, encoding="utf-8")
    texts = sorted((RECIPE / "licences").glob("*.txt"))
    licences(texts, folder)


def codemirror(modules: Path, made: Path) -> None:
    """The editor, of which a page uses a part, as one file."""
    bundle = made / "codemirror.js"
    command = [
        modules / ".bin" / "esbuild",
        RECIPE / "codemirror.js",
        "--bundle",
        "--minify",
        "--format=esm",
        "--legal-comments=none",
        "--log-level=warning",
        f"--outfile={bundle}",
    ]
    # where esbuild finds the packages: the recipe lies elsewhere
    where = {"NODE_PATH": str(modules)}
    subprocess.run(command, check=True, env=os.environ | where)
    digest = sha256(bundle.read_bytes()).hexdigest()[:8]
    folder = made / f"codemirror@{digest}"
    folder.mkdir()
    bundle.rename(folder / bundle.name)
    parts = ("@codemirror/*", "@lezer/*", "@marijn/*")
    packages = [
        *(path for part in parts for path in modules.glob(part)),
        *(modules / name for name in ("crelt", "style-mod", "w3c-keyname")),
    ]
    texts = [path / "LICENSE" for path in sorted(packages)]
    licences([text for text in texts if text.exists()], folder)


def licences(texts: list[Path], folder: Path) -> None:
    """The licences of what lies in a folder, in one file there.

    Raises `ValueError` if there is none: nothing is shipped without.
    """
    if not texts:
        raise ValueError(f"{folder.name}: expected licences, found none")
    parts = [f"{named(text)}\n\n{text.read_text('utf-8')}" for text in texts]
    (folder / LICENCES).write_text("\n\n".join(parts), encoding="utf-8")


def named(licence: Path) -> str:
    """Whose licence it is: `Python.txt`, or `@lezer/lr/LICENSE`."""
    if licence.suffix:
        return licence.stem
    scope = licence.parents[1].name
    name = licence.parent.name
    return f"{scope}/{name}" if scope.startswith("@") else name


if __name__ == "__main__":
    main()
