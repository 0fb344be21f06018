"""What layers without weights compute of their operands, value by value: see `Pointwise`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...workload.layer import Ints, Layer, Pointwise
from ..elementwise import Elementwise

#: The codes of an operand at some places of its stream, in their shape.
Read = Callable[[Ints], Ints]


def combine(layer: Layer, reads: Sequence[Read], filters: Ints, windows: Ints) -> Ints:
    """[filters, windows] accumulators, int64; `reads` give the operands' codes."""
    rule = layer.pointwise
    assert rule is not None
    if rule.op == "move":
        return _moved(rule, layer, reads, filters, windows)
    if rule.op == "lstm-cell":
        return _cell(rule, reads, layer.filters, filters[:, None])
    if rule.op == "lstm-hidden":
        return _hidden(rule, reads, layer.filters, filters[:, None])
    values = [
        read(Elementwise.of(operand, layer).places(filters, windows, layer.out_size)) - _zero(rule, number)
        for number, (operand, read) in enumerate(zip(layer.operands, reads, strict=True))
    ]
    if rule.op == "multiply":
        return np.asarray(np.prod(values, axis=0))
    return np.asarray(sum(_multiplier(rule, number) * value for number, value in enumerate(values)))


def _moved(rule: Pointwise, layer: Layer, reads: Sequence[Read], filters: Ints, windows: Ints) -> Ints:
    assert rule.index is not None
    index = rule.index.reshape(layer.filters, -1)[np.ix_(filters, windows)]
    result, start = np.zeros(index.shape, np.int64), 0
    for number, (operand, read) in enumerate(zip(layer.operands, reads, strict=True)):
        here = (index >= start) & (index < start + operand[0].size)
        result[here] = _multiplier(rule, number) * (read(index[here] - start) - _zero(rule, number))
        start += operand[0].size
    return result


def _cell(rule: Pointwise, reads: Sequence[Read], hidden: int, places: Ints) -> Ints:
    """m_0 f cell + m_1 i g, of gates in the order i, f, g, o."""
    i, f, g = (reads[0](places + hidden * gate) - _zero(rule, 0) for gate in (0, 1, 2))
    return _multiplier(rule, 0) * f * (reads[1](places) - _zero(rule, 1)) + _multiplier(rule, 1) * i * g


def _hidden(rule: Pointwise, reads: Sequence[Read], hidden: int, places: Ints) -> Ints:
    """o tanh(cell); codes are as many below 0 as above, or one more."""
    assert rule.table is not None
    least = -(len(rule.table) // 2)
    return np.asarray((reads[0](places + hidden * 3) - _zero(rule, 0)) * rule.table[reads[1](places) - least])


def _zero(rule: Pointwise, operand: int) -> int:
    return rule.zeros[operand] if rule.zeros else 0


def _multiplier(rule: Pointwise, operand: int) -> int:
    return rule.multipliers[operand] if rule.multipliers else 1
