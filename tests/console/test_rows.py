"""Names, folding and quantities: small functions, each by a table."""

from __future__ import annotations

import pytest

from tlm.console.cells import UNICODE, columns_of, cut, fit, shares, stacked, total
from tlm.console.quantities import clock, digits, duration, level_of, percent, printable, rate_of, size
from tlm.console.reading import Sample
from tlm.console.rows import Row, labels, make_rows, visible
from tlm.core import Rate

MACHINE = ["soc.m.dma", "soc.m.engines.engine*", "soc.m.am.array.read", "soc.m.tile*.wm.array.read", "soc.m.tile*"]


def sample(name: str, kind: str = "part", busy: int = 0, idle: int = 0, at_fs: int = 100, moved: int = 0) -> Sample:
    return Sample(name, kind, at_fs, "idle", {"busy": busy, "idle": idle}, Rate(moved, 1e15, "B"))


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (MACHINE, ["dma", "engine", "am.read", "wm.read", "tile"]),
        (["soc.a.dma", "soc.b.dma", "soc.b.am.read", "soc.b.wm.read"], ["a.dma", "b.dma", "am.read", "wm.read"]),
        (["soc.a.am.read", "soc.a.wm.read", "soc.b.am.read"], ["a.am.read", "wm.read", "b.read"]),
        (["a", "b.a"], ["a", "b.a"]),
        ([], []),
    ],
)
def test_a_label_is_the_shortest_that_is_clear(names: list[str], short: list[str]) -> None:
    assert labels(names) == short


def folded(*names_and_kinds: tuple[str, str]) -> list[tuple[str, int]]:
    rows = make_rows([sample(name, kind) for name, kind in names_and_kinds], {})
    return [(row.label, len(row.samples)) for row in rows]


def test_numbered_siblings_of_one_kind_fold_and_take_their_kind_as_name() -> None:
    assert folded(("s.e0", "engine"), ("s.e1", "engine"), ("s.dma", "dma")) == [("engine", 2), ("dma", 1)]


def test_one_of_a_kind_keeps_its_name() -> None:
    assert folded(("s.channel0", "memory channel")) == [("channel0", 1)]


def test_of_a_kind_that_is_in_two_places_each_has_its_place() -> None:
    names = [("s.a.t0", "tile"), ("s.a.t1", "tile"), ("s.b.t0", "tile"), ("s.b.t1", "tile")]
    assert folded(*names) == [("a.t", 2), ("b.t", 2)]


def test_numbered_machines_stay_apart() -> None:
    names = [
        (f"s.npu{n}.{part}", kind) for n in (0, 1) for part, kind in (("dispatcher", "dispatcher"), ("t0", "tile"))
    ]
    assert folded(*names) == [("npu0.dispatcher", 1), ("npu0.t0", 1), ("npu1.dispatcher", 1), ("npu1.t0", 1)]


def test_parts_of_numbered_parents_fold_too() -> None:
    assert folded(("s.t0", "tile"), ("s.t0.wm", "port"), ("s.t1", "tile"), ("s.t1.wm", "port")) == [
        ("tile", 2),
        ("port", 2),
    ]


def test_each_has_a_row_where_there_is_room_for_all() -> None:
    samples = [sample("s.e0"), sample("s.e1"), sample("s.x")]
    assert [row.label for row in make_rows(samples, {}, most=3)] == ["e0", "e1", "x"]
    assert [row.label for row in make_rows(samples, {}, most=2)] == ["e", "x"]


def test_a_folded_row_has_the_mean_the_busiest_and_the_sum_of_rates() -> None:
    row = Row("x", "part", (sample("a", busy=90, idle=10, moved=3), sample("b", busy=10, idle=90, moved=1)))
    assert (row.share("busy"), row.busiest, row.waiting) == (0.5, 0.9, 0.0)
    assert row.rate == Rate(4, 2e15, "B")
    assert row.rate_so_far == 4e13


def test_the_rate_now_is_of_the_time_since_the_last_look() -> None:
    before, after = sample("a", at_fs=100, moved=10), sample("a", at_fs=300, moved=14)
    assert Row("a", "part", (after,), (before,)).rate_lately == 4 / 200 * 1e15
    assert Row("a", "part", (after,), (after,)).rate_lately is None
    assert Row("a", "part", (after,)).rate_lately is None


def test_rows_of_minor_kinds_are_hidden_first_and_the_order_is_kept() -> None:
    rows = [Row(kind, kind, (sample(kind, kind),)) for kind in ("reducer", "tile", "on-chip port", "dma")]
    assert [row.label for row in visible(rows, 3)] == ["reducer", "tile", "dma"]
    assert [row.label for row in visible(rows, 1)] == ["tile"]
    assert visible(rows, 0) == []


def test_time_zero_has_no_shares() -> None:
    row = Row("a", "part", (sample("a"),))
    assert row.total_fs == 0
    assert shares(row, UNICODE, 4) == [("    ", "")]
    assert row.lately == ("idle", 1.0)


@pytest.mark.parametrize("width", range(5, 200, 7))
def test_columns_fit_their_width(width: int) -> None:
    rows = make_rows([sample(f"s.engine{n}", busy=n) for n in range(12)], {})
    for live in (False, True):
        columns = columns_of(rows, width, live=live)
        assert total(columns) <= width or len(columns) == 1
        assert columns[0].title == "component"


@pytest.mark.parametrize(
    ("parts", "bar"),
    [
        ([(0.5, "a"), (0.5, "b")], "aabb"),
        ([(0.1, "a"), (0.9, "b")], "bbbb"),
        ([(1 / 3, "a"), (1 / 3, "b"), (1 / 3, "c")], "abbc"),
        ([(0.5, "a")], "aa  "),
        ([], "    "),
    ],
)
def test_the_parts_of_a_bar_tile_it(parts: list[tuple[float, str]], bar: str) -> None:
    assert "".join(text for text, _ in stacked([(share, glyph, "") for share, glyph in parts], 4)) == bar


def test_text_is_padded_or_cut_to_its_column() -> None:
    assert fit([("ab", "")], 4, "…") == [("ab  ", "")]
    assert fit([("ab", "")], 4, "…", right=True) == [("  ab", "")]
    assert "".join(text for text, _ in fit([("abcdef", "")], 4, "…")) == "abc…"
    assert "".join(text for text, _ in cut([("ab", ""), ("cd", ""), ("ef", "")], 4, "…")) == "abc…"
    assert "".join(text for text, _ in fit([("日本語", "")], 4, "…")) == "日 …"


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (digits(0), "0"),
        (digits(0.001), "<0.01"),
        (digits(9.994), "9.99"),
        (digits(9.996), "10.0"),
        (digits(99.96), "100"),
        (digits(12345), "12,345"),
        (percent(0), "0%"),
        (percent(0.0049), "<1%"),
        (percent(0.995), ">99%"),
        (percent(1), "100%"),
        (duration(0), "0 fs"),
        (duration(999), "999 fs"),
        (duration(65_849_989_464), "65.8 us"),
        (duration(2 * 10**15), "2.00 s"),
        (size(0), "0 B"),
        (size(1023), "1,023 B"),
        (size(1536), "1.50 KiB"),
        (rate_of(58.5e9, 128e9, "B"), "58.5/128 GB/s"),
        (rate_of(1e6, 2e12, "values"), "<0.01/2.00 Tval/s"),
        (rate_of(2.5, float("inf"), "frames"), "2.50 frames/s"),
        (level_of("in_flight_bytes", 7296, 65536), "in flight 7.12/64.0 KiB"),
        (level_of("in_flight_bytes", 7296, 65536, words=False), "7.12/64.0 KiB"),
        (level_of("wm values", 279_840, 327_680), "wm 280/328 kval"),
        (level_of("requests", 3, 16), "3/16 requests"),
        (clock(None), "-:--"),
        (clock(59.6), "1:00"),
        (clock(3725), "1:02:05"),
        (printable("a\x1b[2Jb"), "a?[2Jb"),
    ],
)
def test_quantities_as_people_read_them(told: str, text: str) -> None:
    assert told == text
