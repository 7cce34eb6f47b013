"""The network as a graph: which calls of layers stand behind a tensor.

Keras keeps this in attributes of its own, for which it has no public name; they
are read here alone.
"""

from mtl_lessons.backend import Tensor, keras

Call = tuple  # (layer, number of the call)


def calls(outputs: Tensor, but: Tensor | None = None) -> list[Call]:
    """The calls of layers behind the outputs; not those behind the tensor
    `but`.
    """
    queue = keras.tree.flatten(outputs)
    stop = None if but is None else _made_by(but)
    visited: list[Call] = []
    while queue:
        call = _made_by(queue.pop())
        if call != stop and call not in visited:
            visited.append(call)
            queue += _node(call).input_tensors
    return visited


def only_output(network: keras.Model, name: str) -> Tensor:
    """The tensor that a layer gives, if it is called once and gives one."""
    layer = network.get_layer(name)
    made = [call for call in calls(network.output) if call[0] is layer]
    expected = "representation: expected a layer"
    if len(made) != 1:
        times = f"called {len(made)} times"
        raise ValueError(
            f"{expected} that is called once, found {name!r}, {times}"
        )
    outputs = _node(made[0]).output_tensors
    if len(outputs) != 1:
        raise ValueError(
            f"{expected} with one output, found {name!r} with {len(outputs)}"
        )
    return outputs[0]


def _made_by(tensor: Tensor) -> Call:
    return tensor._keras_history[:2]  # noqa: SLF001 - Keras has no public name for it


def _node(call: Call) -> Tensor:
    layer, number = call
    return layer._inbound_nodes[number]  # noqa: SLF001 - Keras has no public name for it
