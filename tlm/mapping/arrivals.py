"""The operands that a layer reads of the memory, as the one stream in which they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from ..accelerators.joined import Joined
from ..accelerators.plan import Arrivals
from ..accelerators.program import Program
from ..engines import Cut, Region, run_ends
from ..workload.layer import Ints


def arrivals(program: Program, sources: Sequence[int], streamed: Mapping[int, Region], cut: Cut) -> Arrivals | None:
    """What of the tensors `sources` is `streamed` {tensor: region}; None where nothing is.

    Runs of several regions come in the order of the places where they begin: in the joined stream of what is multiplied
    with weights, else in the order in which passes want them. A pass needs the stream as far as the last value that it
    needs of any; free is what is free of all, wherever in the stream.
    """
    if not streamed:
        return None
    regions = tuple(streamed.values())
    needs, frees = _of_tensors(program, sources, list(streamed))
    if len(regions) == 1:
        return Arrivals(regions, None, needs[0], frees[0])
    ends = [run_ends(region, cut) for region in regions]
    turns = _turns(program, [sources.index(tensor) for tensor in streamed], ends, needs)
    count = sum(region.count for region in regions)
    places = [_Places.of(number, ends, turns) for number in range(len(regions))]
    need = np.max([place.behind(need, count) for place, need in zip(places, needs, strict=True)], axis=0)
    return Arrivals(regions, turns, need, np.minimum(frees, needs).sum(axis=0))


def _of_tensors(program: Program, sources: Sequence[int], tensors: list[int]) -> tuple[Ints, Ints]:
    """(need, free) [tensors, passes]; a tensor may be several operands."""
    numbers = np.array(sources)
    need = [program.inputs_need[numbers == tensor].max(axis=0) for tensor in tensors]
    free = [program.inputs_free[numbers == tensor].min(axis=0) for tensor in tensors]
    return np.stack(need), np.stack(free)


def _turns(program: Program, operands: Sequence[int], ends: Sequence[Ints], needs: Ints) -> Ints:
    """[runs] whose turn it is, of regions that are `operands`, with runs up to `ends` values each."""
    owners, ranks, shares = [], [], []
    for number, (operand, end, need) in enumerate(zip(operands, ends, needs, strict=True)):
        begin = np.append(0, end[:-1])
        owners.append(np.full(len(end), number))
        ranks.append(_rank(program, operand, begin, need))
        shares.append(begin / end[-1])
    order = np.lexsort((np.concatenate(shares), np.concatenate(ranks)))
    return np.asarray(np.concatenate(owners)[order])


def _rank(program: Program, operand: int, begin: Ints, need: Ints) -> Ints:
    """What orders the runs of an operand, which begin with its values `begin`, among those of others."""
    if program.layer.kind in ("conv", "fc"):
        return Joined.of(program.layer).places(operand, begin)
    return np.asarray(program.urgency[np.searchsorted(need, begin, side="right")])


@attrs.frozen(eq=False)
class _Places:
    """Where one region's values lie in the whole stream: run r, up to its value `ends[r]`, is `ahead[r]` places later
    there than in the region."""

    ends: Ints
    ahead: Ints

    @classmethod
    def of(cls, number: int, ends: Sequence[Ints], turns: Ints) -> _Places:
        """Those of region `number`."""
        lengths = np.zeros(len(turns), np.int64)
        for owner, end in enumerate(ends):
            lengths[turns == owner] = np.diff(end, prepend=0)
        starts = (np.cumsum(lengths) - lengths)[turns == number]
        return cls(ends[number], starts - np.append(0, ends[number][:-1]))

    def behind(self, count: Ints, load: int) -> Ints:
        """The place behind the region's first `count` values, which go on over loads of `load` values of the stream."""
        loads, last = np.divmod(np.maximum(count - 1, 0), self.ends[-1])
        run = np.searchsorted(self.ends, last, side="right")
        return np.asarray(np.where(count > 0, loads * load + last + self.ahead[run] + 1, 0))
