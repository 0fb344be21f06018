"""How regions are cut: whole bursts, bounded both ways, nothing lost; the same values in both granularities."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm.codecs import Format, codec
from tlm.engines import Cut, Load, ReadStream, Region, cut_reads, cut_writes, interleaved, run_ends


def region(values: int, seed: int, name: str = "dpred") -> Region:
    """Sparse 8-bit values at address 4096."""
    rng = np.random.default_rng(seed)
    numbers = np.where(rng.random(values) < 0.6, 0, rng.integers(0, 256, values))
    fmt = Format(8, signed=False)
    encoded = codec(name).encode(numbers, fmt)
    return Region("conv1", "weights", "tile 0", 4096, values, encoded.offsets, codec(name), fmt, numbers, encoded.data)


regions = st.builds(region, st.integers(1, 3000), st.integers(0, 99), st.sampled_from(["dpred", "none"]))
cuts = st.builds(
    Cut, st.sampled_from([16, 64]), st.sampled_from([16, 64, 512, 2048]), st.integers(16, 2048), st.booleans()
)


@given(regions, cuts)
@settings(max_examples=80, deadline=None)
def test_reads_cover_the_region_once_and_complete_what_has_arrived(stream: Region, cut: Cut) -> None:
    pieces = cut_reads(stream, cut)
    assert pieces[-1].end == -(-stream.size_bytes // cut.burst) * cut.burst
    assert pieces[-1].values == stream.count
    assert sum(piece.room for piece in pieces) == stream.count
    before = 0
    for piece in pieces:
        assert piece.end > before and piece.end % cut.burst == 0
        whole = int((stream.offsets[1:] <= 8 * piece.end).sum())
        assert piece.values == min(16 * whole, stream.count)
        before = piece.end


@given(regions, cuts)
@settings(max_examples=80, deadline=None)
def test_a_run_is_bounded_in_bytes_and_in_values(stream: Region, cut: Cut) -> None:
    begin = 0
    for piece in cut_reads(stream, attrs.evolve(cut, by_burst=False)):
        assert piece.first and piece.run_end == piece.end
        if piece.end - begin > cut.burst:
            assert piece.end - begin <= cut.request
            assert piece.room <= cut.values
        begin = piece.end


@given(regions, cuts)
@settings(max_examples=60, deadline=None)
def test_by_burst_cuts_the_same_runs_into_bursts(stream: Region, cut: Cut) -> None:
    whole = cut_reads(stream, attrs.evolve(cut, by_burst=False))
    bursts = cut_reads(stream, attrs.evolve(cut, by_burst=True))
    assert [piece.end for piece in bursts] == list(range(cut.burst, whole[-1].end + 1, cut.burst))
    assert [piece.room for piece in bursts if piece.first] == [piece.room for piece in whole]
    assert sorted({piece.run_end for piece in bursts}) == [piece.end for piece in whole]


@given(regions, cuts)
@settings(max_examples=60, deadline=None)
def test_a_write_goes_when_the_groups_its_bytes_hold_are_encoded(stream: Region, cut: Cut) -> None:
    for piece in cut_writes(stream, cut):
        groups = -(-piece.values // 16)
        last_bit = min(8 * piece.end, int(stream.offsets[-1]))
        assert stream.offsets[groups] >= last_bit
        assert groups == 1 or stream.offsets[groups - 1] < last_bit


@pytest.mark.parametrize(("value", "wanted"), [(0, 3), (15, 3), (16, 7), (39, 7), (40, 9), (500, 9)])
def test_a_load_is_wanted_by_the_first_pass_that_needs_more(value: int, wanted: int) -> None:
    load = Load((region(64, 1),), np.array([16, 40, 64]), np.array([3, 7, 9]), layer=0, image=0)
    assert load.wanted_by(np.array([value])).tolist() == [wanted]


def test_runs_of_several_regions_come_in_turns_and_count_as_one_stream() -> None:
    first, second = region(200, 1), region(100, 2)
    cut = Cut(burst=16, request=64, values=64)
    turns = np.array([1, *[0] * len(run_ends(first, cut)), *[1] * (len(run_ends(second, cut)) - 1)])
    load = Load((first, second), np.array([300]), np.array([0]), 0, 0, after=(None, 7), turns=turns)
    env = simpy.Environment()
    asked: list[tuple[int, int]] = []

    def ready(after: int, end: int) -> bool:
        asked.append((after, end))
        return True

    stream = ReadStream(env, 10**6, iter([load]), cut, "am_capacity", ready)
    seen = []
    while stream.head is not None:
        assert stream.can_issue()
        seen.append((stream.head.number, stream.head.begin, stream.head.values, stream.head.upto))
        stream.take()
    assert [number for number, *_ in seen] == turns.tolist()
    assert [upto for *_, upto in seen] == np.cumsum([values for _, _, values, _ in seen]).tolist()
    assert [sum(values for number, _, values, _ in seen if number == own) for own in (0, 1)] == [200, 100]
    assert stream.reserved == 300
    assert {after for after, _ in asked} == {7}  # the other region lies in memory from the start
    assert max(end for _, end in asked) == -(-second.size_bytes // 16) * 16


@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 99)), min_size=1, max_size=5), cuts)
@settings(max_examples=60, deadline=None)
def test_interleaved_regions_are_one_stream_without_gaps(found: list[tuple[int, int]], cut: Cut) -> None:
    """Read in turns, run by run, they are the bytes from the first address on, one after the other."""
    asked: list[int] = []

    def allocate(size: int) -> int:
        asked.append(size)
        return 8192

    placed = interleaved([region(*one) for one in found], cut, allocate)
    ends = [[piece.end for piece in cut_reads(one, attrs.evolve(cut, by_burst=False))] for one in placed]
    at, begins = 8192, [0] * len(placed)
    for turn in range(max(map(len, ends))):
        for number, one in enumerate(placed):
            if turn < len(ends[number]):
                end = ends[number][turn]
                length = end - begins[number]
                places = [one.address_of(byte) for byte in (begins[number], end - 1)]
                assert places == [at, at + length - 1]
                at, begins[number] = at + length, end
    assert asked == [at - 8192]
    for one in placed:
        held = [(address, end - begin) for address, begin, end in one.pieces()]
        assert sum(length for _, length in held) == one.size_bytes
        assert held[0][0] == one.address
