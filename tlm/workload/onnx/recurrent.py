"""Recurrent operators as torch's modules, whose gates lie in another order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .call import Call
from .graph import Refused
from .torchgraph import Operand

#: Where each gate of torch's order lies in the file's: LSTM i, f, g, o in i, o, f, c; GRU r, z, n in z, r, h.
_LSTM, _GRU, _RNN = (0, 2, 3, 1), (1, 0, 2), (0,)
_WAYS = {"forward": 1, "bidirectional": 2}
_USUAL = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}


def lstm(call: Call, x: Operand, *operands: Operand) -> Any:
    """Outputs [T, directions, 1, H], the last h and the last c."""
    if len(operands) > 6 and operands[6] is not None:
        raise Refused("has peepholes, which are not taken")
    if call.attribute("input_forget", 0):
        raise Refused("couples its input and forget gates, which is not taken")
    return _recurrent(call, nn.LSTM, _LSTM, x, operands, 2)


def gru(call: Call, x: Operand, *operands: Operand) -> Any:
    """Outputs [T, directions, 1, H] and the last h."""
    if not call.attribute("linear_before_reset", 0):
        raise Refused("resets the state before its weights: only linear_before_reset, as torch has it, is taken")
    return _recurrent(call, nn.GRU, _GRU, x, operands, 1)


def rnn(call: Call, x: Operand, *operands: Operand) -> Any:
    """Outputs [T, directions, 1, H] and the last h."""
    return _recurrent(call, nn.RNN, _RNN, x, operands, 1)


def _recurrent(
    call: Call, kind: Any, order: tuple[int, ...], x: Operand, operands: tuple[Operand | None, ...], states: int
) -> Any:
    inputs, state, biases, lengths, *starts = (*operands, *[None] * 6)[: 4 + states]
    if lengths is not None and bool((call.constant(lengths, "lengths") != x.real.shape[0]).any()):
        raise Refused("has sequences of different lengths, which are not taken")
    if call.attribute("layout", 0):
        raise Refused("has the batch first (layout 1), which is not taken")
    assert inputs is not None and state is not None  # as the checker has seen
    directions = _WAYS[call.word("direction", "forward", tuple(_WAYS))]
    hidden, both = state.real.shape[-1], directions == 2
    made = kind(x.real.shape[2], hidden, bias=biases is not None, bidirectional=both, **_options(call))
    module = made.to(state.real.dtype)
    for way in range(directions):
        _fill(module, "_reverse" if way else "", order, [_of_way(call, one, way) for one in (inputs, state, biases)])
    outputs, last = call.graph.module(call.names.level(call.node), module, x, *_starts(starts))
    shape = list(outputs.real.shape)
    split = call.function(torch.reshape, outputs, [*shape[:2], directions, hidden])
    return call.function(torch.permute, split, [0, 2, 1, 3]), *(last if isinstance(last, tuple) else (last,))


def _options(call: Call) -> dict[str, Any]:
    """What the activations say, beside what is usual."""
    given = tuple(call.attribute("activations", ()))[: len(_USUAL[call.node.operator])]
    if call.attribute("clip"):
        raise Refused("clips what its gates are given, which is not taken")
    if call.node.operator == "RNN" and given == ("Relu",):
        return {"nonlinearity": "relu"}
    if given and given != _USUAL[call.node.operator]:
        raise Refused(f"has the activations {', '.join(given)}: only torch's own are taken")
    return {}


def _of_way(call: Call, weights: Operand | None, way: int) -> Tensor | None:
    return None if weights is None else call.constant(weights, "weights")[way]


def _fill(module: Any, ending: str, order: tuple[int, ...], given: list[Tensor | None]) -> None:
    """Put one direction's weights into the module, gate by gate in torch's order."""
    inputs, state, biases = given
    halves = (None, None) if biases is None else biases.chunk(2)
    weights = {"weight_ih": inputs, "weight_hh": state, "bias_ih": halves[0], "bias_hh": halves[1]}
    with torch.no_grad():
        for name, values in weights.items():
            if values is not None:
                getattr(module, f"{name}_l0{ending}").copy_(_gates(values, order))


def _gates(weights: Tensor, order: tuple[int, ...]) -> Tensor:
    parts = weights.chunk(len(order))
    return torch.cat([parts[place] for place in order])


def _starts(starts: list[Operand | None]) -> list[Any]:
    """What the states are at first; nothing where that is zeros."""
    zeros = [one is None or (one.is_constant and not bool(one.real.any())) for one in starts]
    if all(zeros):
        return []
    if any(one is None for one in starts):
        raise Refused("is given only one of its two states to start with")
    return [tuple(starts) if len(starts) > 1 else starts[0]]
