"""Which real numbers the codes of every stored tensor stand for: real = (code - zero) * scale.

A checkpoint's scales, zeros and signs of a layer's input win; else a tensor has unsigned codes where it cannot be
negative, and the scale that its range over all images of the run asks for. Tensors that are read as one, and copies
of one another, share all three: those of the widest.
"""

from __future__ import annotations

import attrs

from . import quantisation as q
from .calibration import Range, Ranges
from .checkpoint import Checkpoint
from .constants import is_rescaling
from .reader import Network
from .stage import Combination, Product, Stage

#: How far apart the scales that a checkpoint gives for one tensor may be, relatively.
SAME = 1e-6
#: The scale of what is all zero: so small that its zeros do not set the unit of a sum.
NOTHING = 2.0**-30


@attrs.frozen
class Coding:
    """How codes of `bits` stand for real numbers; `given` by the checkpoint."""

    scale: float
    zero: int
    signed: bool
    bits: int
    given: bool = False

    @property
    def range(self) -> tuple[int, int]:
        """The least and the largest code."""
        return q.code_range(self.bits, self.signed)


@attrs.frozen
class Codings:
    """The coding of every tensor, by number; `groups` are the sizes of the groups that share one.

    `same` are the tensors that have the codes of another one, standing for its numbers times a factor.
    """

    by_number: dict[int, Coding]
    groups: dict[int, int]
    same: dict[int, int]

    def __getitem__(self, number: int) -> Coding:
        return self.by_number[number]

    def shared(self, number: int) -> bool:
        """Whether other tensors have the same by force."""
        return self.groups[number] > 1


def codings(network: Network, ranges: Ranges, bits: int, checkpoint: Checkpoint | None) -> Codings:
    """The coding of every tensor."""
    leader = _groups(network)
    told = _told(network, leader, checkpoint) if checkpoint else {}
    members: dict[int, list[int]] = {}
    for number in ranges.tensors:
        members.setdefault(leader(number), []).append(number)
    signs = {number: found.low < 0 for number, found in ranges.tensors.items()}
    signs.update({stage.output.number: not stage.output.nonneg for stage in network.stages})
    made: dict[int, Coding] = {}
    for first, numbers in members.items():
        whole = Range()
        for number in numbers:
            found = ranges.tensors[number]
            whole.low, whole.high = min(whole.low, found.low), max(whole.high, found.high)
        coding = _coding(whole, any(signs[number] for number in numbers), bits, told.get(first, _Told()))
        made.update(dict.fromkeys(numbers, coding))
    groups = {number: len(numbers) for numbers in members.values() for number in numbers}
    free = {first for first, numbers in members.items() if len(numbers) == 1 and first not in told}
    return Codings(made, groups, _rescaled(network, made, free))


def _rescaled(network: Network, made: dict[int, Coding], free: set[int]) -> dict[int, int]:
    """The tensors among `free` that need no codes of their own, and whose they have instead; `made` is kept to that."""
    same: dict[int, int] = {}
    for stage in network.stages:
        if is_rescaling(stage) and stage.output.number in free:
            source, output = stage.sources[0].number, stage.output.number
            same[output] = source
            made[output] = attrs.evolve(made[source], scale=made[source].scale * (stage.factor or 1.0))
    return same


@attrs.define
class _Told:
    """What a checkpoint says of a tensor, and by which layer."""

    layer: str = ""
    scale: float | None = None
    zero: int = 0
    signed: bool | None = None


def _coding(found: Range, signed: bool, bits: int, told: _Told) -> Coding:
    sign = told.signed if told.signed is not None else signed and not told.zero
    scale = told.scale or (q.scale_for(found.low, found.high, bits, sign) if found.low or found.high else NOTHING)
    return Coding(scale, told.zero, sign, bits, told.scale is not None)


def _groups(network: Network) -> _Leader:
    """Who leads the tensors that share a coding."""
    leader = _Leader()
    present = {stage.output.number for stage in network.stages}
    for tied in network.builder.ties:
        same = [number for number in tied if number in present]
        for number in same[1:]:
            leader.join(same[0], number)
    for stage in network.stages:
        if isinstance(stage.work, Product):
            for other in stage.sources[1:]:
                leader.join(stage.sources[0].number, other.number)
        elif _is_pure_move(stage):
            leader.join(stage.sources[0].number, stage.output.number)
    return leader


def _is_pure_move(stage: Stage) -> bool:
    move = isinstance(stage.work, Combination) and stage.work.op == "move" and stage.work.factors[0] == 1
    return move and stage.activation is None and len(stage.sources) == 1


class _Leader:
    """Union and find."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def __call__(self, number: int) -> int:
        while number in self._above:
            number = self._above[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Both follow the same from now on."""
        first, second = self(one), self(other)
        if first != second:
            self._above[max(first, second)] = min(first, second)


def _told(network: Network, leader: _Leader, checkpoint: Checkpoint) -> dict[int, _Told]:
    """What the checkpoint says, by the leader of the tensors; the first layer that says something wins."""
    found: dict[int, _Told] = {}
    for stage in network.stages:
        layer = stage.layer
        told = checkpoint.told(layer)
        if told is None or not stage.sources:
            continue
        mine = _Told(layer, *told)
        first = found.setdefault(leader(stage.sources[0].number), mine)
        first.scale = first.scale or mine.scale
        _refuse_conflict(checkpoint, first, mine)
    return found


def _refuse_conflict(checkpoint: Checkpoint, first: _Told, other: _Told) -> None:
    if first.scale is not None and other.scale is not None:
        apart = abs(first.scale - other.scale) / first.scale
        if apart > SAME:
            raise checkpoint.bad(
                f"has an input scale of {other.scale:g}, and layer {first.layer!r}, which reads the same tensor or one "
                f"joined to it, {first.scale:g}",
                other.layer,
            )
    if (first.zero, first.signed) != (other.zero, other.signed):
        raise checkpoint.bad(
            f"has another zero or sign of its input than layer {first.layer!r}, which reads the same tensor",
            other.layer,
        )
