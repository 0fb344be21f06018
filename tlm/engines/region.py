"""An encoded stream at a place in memory, and how it is cut into requests."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import attrs
import numpy as np

from ..codecs import GROUP, Codec, Format
from ..codecs.format import Bytes, Int64s
from ..workload.layer import Ints, storage_bytes

FIRST_RUN_VALUES = 256


@attrs.frozen(eq=False)
class Region:
    """One encoded stream of `count` values of a layer's operand, `size_bytes` long, from `address` on.

    `offsets` [groups + 1] are the containers' places in bits, the last one the size. `values` and `data`, the
    expected values and bytes, are there in a checked run only. `tensor` is the number of the workload's that it is;
    None: weights. It lies in one piece or, with `runs`, run by run: run r from byte `runs[0][r]` on at `runs[1][r]`.
    """

    layer: str
    operand: str
    part: str
    address: int
    count: int
    offsets: Int64s
    codec: Codec
    fmt: Format
    values: Ints | None = None
    data: Bytes | None = None
    tensor: int | None = None
    runs: tuple[list[int], list[int]] | None = None

    def address_of(self, begin: int) -> int:
        """Where byte `begin` lies."""
        if self.runs is None:
            return self.address + begin
        begins, addresses = self.runs
        run = bisect_right(begins, begin) - 1
        return addresses[run] + begin - begins[run]

    def pieces(self) -> Iterator[tuple[int, int, int]]:
        """(address, first byte, behind the last one) of each piece it lies in."""
        if self.runs is None:
            yield self.address, 0, self.size_bytes
        else:
            begins, addresses = self.runs
            yield from zip(addresses, begins, [*begins[1:], self.size_bytes], strict=True)

    @property
    def name(self) -> str:
        """For messages: "conv1 weights, tile 3"."""
        return f"{self.layer} {self.operand}, {self.part}"

    @property
    def size_bytes(self) -> int:
        """Encoded bytes, the last one padded."""
        return -(-int(self.offsets[-1]) // 8)

    @property
    def uncompressed_bytes(self) -> int:
        """Values times the storage width."""
        return storage_bytes(self.count, self.fmt.bits)


@attrs.frozen
class Cut:
    """How a region is cut: into runs of whole bursts, at most `request` bytes and `values` values, at least a burst.

    A run is what the DMA reserves room for, and issues, at once: as one transaction or, `by_burst`, as one for each
    burst. A region's first runs are short, for somebody may wait for them: each may be twice the one before.
    """

    burst: int
    request: int
    values: int
    by_burst: bool = False


class Piece(NamedTuple):
    """One transaction of a region: where it ends, in bytes, and how many values are complete, or needed, by then.

    `first` says whether it begins a run, which takes `room` values of a buffer and ends at `run_end` bytes.
    """

    end: int
    values: int
    first: bool
    room: int
    run_end: int


@attrs.frozen(eq=False)
class Load:
    """One reading of one region, or of several together as one stream, and when it is wanted.

    Of several, runs come in turns: `turns` [runs] says whose the next one is; None: one region after the other. After
    the first `needs[i]` values (rising) have arrived, pass `passes[i]` of the run can go on. `after` has for each
    region the index of the output that must be written first, None for data that lie in memory from the start; () is
    None for all. `layer` and `image` say whose operands they are.
    """

    regions: tuple[Region, ...]
    needs: Ints
    passes: Ints
    layer: int
    image: int
    after: tuple[int | None, ...] = ()
    turns: Ints | None = None

    @property
    def count(self) -> int:
        """Values of all regions."""
        return sum(region.count for region in self.regions)

    def wanted_by(self, values: Ints) -> Ints:
        """The first pass that needs more than the first `values` values, for each number of them."""
        places = np.searchsorted(self.needs, values, side="right")
        return np.asarray(self.passes[np.minimum(places, len(self.passes) - 1)])

    def written_by(self, number: int) -> int | None:
        """The output that must be written before region number `number` can be read."""
        return self.after[number] if self.after else None

    def runs(self, cut: Cut) -> Iterator[tuple[int, int, list[Piece]]]:
        """(number of the region, the first pass that wants it, its transactions) of every run, in order."""
        cut_into = [by_run(cut_reads(region, cut)) for region in self.regions]
        if self.turns is None:
            found = [(number, run) for number, runs in enumerate(cut_into) for run in runs]
        else:
            found = [(number, next(cut_into[number])) for number in self.turns.tolist()]
        rooms = np.array([run[0].room for _number, run in found], np.int64)
        wanted = self.wanted_by(np.cumsum(rooms) - rooms).tolist()
        return ((number, by, run) for (number, run), by in zip(found, wanted, strict=True))


def cut_reads(region: Region, cut: Cut) -> list[Piece]:
    """A region's transactions in order; `values` are complete once the bytes up to `end` have arrived."""
    ends = _burst_ends(region, cut.burst)
    groups = np.searchsorted(region.offsets[1:], 8 * ends, side="right")
    return _pieces(ends, np.minimum(GROUP * groups, region.count), cut)


def cut_writes(region: Region, cut: Cut) -> list[Piece]:
    """A region's transactions in order; `values` must be encoded before the bytes up to `end` can go."""
    ends = _burst_ends(region, cut.burst)
    groups = np.searchsorted(region.offsets[1:], 8 * ends, side="left") + 1
    return _pieces(ends, np.minimum(GROUP * groups, region.count), cut)


def by_run(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """The transactions of each run."""
    return (list(run) for _, run in groupby(pieces, key=attrgetter("run_end")))


def run_ends(region: Region, cut: Cut) -> Int64s:
    """[runs] values of a region that are complete when each of its runs, as they are read, has arrived."""
    pieces = cut_reads(region, attrs.evolve(cut, by_burst=False))
    return np.array([piece.values for piece in pieces], np.int64)


def interleaved(regions: Sequence[Region], cut: Cut, allocate: Callable[[int], int]) -> tuple[Region, ...]:
    """Regions that are read side by side, as one stream without gaps: the first run of each, the second of each, ..."""
    ends = [_run_bytes(region, cut) for region in regions]
    sizes = [np.diff(end, prepend=0) for end in ends]
    turn, owner = (np.concatenate(parts) for parts in zip(*_turns(sizes), strict=True))
    order = np.lexsort((owner, turn))
    size = np.concatenate(sizes)[order]
    place = np.empty_like(size)
    place[order] = np.cumsum(size) - size
    address = allocate(int(size.sum()))
    own = np.split(address + place, np.cumsum([len(end) for end in ends])[:-1])
    return tuple(
        attrs.evolve(region, address=int(at[0]), runs=((end - length).tolist(), at.tolist()))
        for region, at, end, length in zip(regions, own, ends, sizes, strict=True)
    )


def _turns(sizes: Sequence[Int64s]) -> Iterator[tuple[Int64s, Int64s]]:
    """(turn, owner) of the runs of each."""
    return ((np.arange(len(size)), np.full(len(size), owner)) for owner, size in enumerate(sizes))


def _run_bytes(region: Region, cut: Cut) -> Int64s:
    """[runs] where each of a region's runs ends, in bytes."""
    return np.array([piece.end for piece in cut_reads(region, attrs.evolve(cut, by_burst=False))], np.int64)


def _burst_ends(region: Region, burst: int) -> Int64s:
    return np.arange(1, -(-region.size_bytes // burst) + 1, dtype=np.int64) * burst


def _pieces(ends: Int64s, values: Int64s, cut: Cut) -> list[Piece]:
    pieces: list[Piece] = []
    last, complete = ends.tolist(), values.tolist()
    bursts = max(1, cut.request // cut.burst)
    place, before, limit = 0, 0, min(FIRST_RUN_VALUES, cut.values)
    while place < len(ends):
        by_values = bisect_right(complete, before + limit, place)
        limit = min(2 * limit, cut.values)
        stop = max(place + 1, min(place + bursts, by_values, len(ends)))
        room = complete[stop - 1] - before
        bursts_of_run = range(place, stop) if cut.by_burst else (stop - 1,)
        for burst in bursts_of_run:
            first = burst == bursts_of_run[0]
            pieces.append(Piece(last[burst], complete[burst], first, room * first, last[stop - 1]))
        place, before = stop, complete[stop - 1]
    return pieces
