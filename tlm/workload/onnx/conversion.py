"""A file's graph as a torch module, node by node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import fx

from ...inputs.errors import BadInput, first_line
from ..checkpoint import Checkpoint
from ..following import out_of_memory
from .call import Call
from .graph import Model, Node, Refused
from .names import Names
from .operators import OPERATORS
from .torchgraph import Operand, TorchGraph, checked_size


def converted(model: Model, shape: Sequence[int]) -> tuple[fx.GraphModule, Checkpoint | None]:
    """The network of `model` for images of `shape`, and the codes that it was quantised to, if it was.

    BadInput where an operator has no torch operation like it.
    """
    graph = TorchGraph(model.file.stem, torch.zeros(checked_size([1, *shape]), dtype=model.input.dtype))
    found: dict[str, Operand | None] = {name: Operand(one, source=name) for name, one in model.constants.items()}
    found[model.input.name] = graph.image
    found[""] = None
    names = Names(model.nodes)
    uses = Counter([*model.outputs, *(name for node in model.nodes for name in node.inputs)])
    for node in model.nodes:
        call = Call(node, model.opset, graph, names, uses)
        given = _given(model, call, [found[name] for name in node.inputs])
        found |= {name: one for name, one in zip(node.outputs, given, strict=False) if name}
    network = graph.finished([one for one in (found[name] for name in model.outputs) if one is not None])
    return network, _checkpoint(model, graph)


def _checkpoint(model: Model, graph: TorchGraph) -> Checkpoint | None:
    """The codes of layers that the file has in codes, as of a checkpoint."""
    weights = {layer: codes for layer, (codes, _) in graph.codes.items() if codes and codes.values is not None}
    inputs = {layer: codes for layer, (_, codes) in graph.codes.items() if codes}
    if not graph.codes:
        return None
    return Checkpoint(
        str(model.file),
        8,
        {},
        {layer: one.values.numpy().astype(np.int32) for layer, one in weights.items() if one.values is not None},
        {layer: one.scale for layer, one in weights.items()},
        {layer: one.scale for layer, one in inputs.items()},
        weight_zeros={layer: one.zero for layer, one in weights.items() if not one.signed},
        activation_zeros={layer: one.zero for layer, one in inputs.items()},
        activation_signed={layer: one.signed for layer, one in inputs.items()},
    )


def _given(model: Model, call: Call, operands: list[Operand | None]) -> tuple[Operand, ...]:
    """What a node gives."""
    try:
        made = OPERATORS[call.node.operator](call, *operands)
    except Refused as why:
        raise _bad(model, call.node, str(why)) from why
    except Exception as error:  # whatever torch makes of operands that do not fit
        if out_of_memory(error):
            raise
        raise _bad(model, call.node, f"cannot be computed: {first_line(error)}") from error
    return made if isinstance(made, tuple) else (made,)


def _bad(model: Model, node: Node, said: str) -> BadInput:
    batch = model.input.shape[0]
    told = (
        f"; the file is for {batch} images at once: export it for one" if isinstance(batch, int) and batch > 1 else ""
    )
    return BadInput(f"{node} {said}{told}", file=str(model.file))
