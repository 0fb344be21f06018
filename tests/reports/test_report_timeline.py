"""Charts over time: strips add up to windows, and to what the document says of components."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from page_parts import parsed

from tlm.reports import page, read_results
from tlm.reports.gauges import gauges
from tlm.reports.strips import strips
from tlm.reports.windows import widths_fs
from tlm.result import ComponentTimeline, LevelTimeline, Timeline

TILE = ComponentTimeline("soc.accelerator.tile0", "tile", [10, 4], {"weights": [0, 1]})
OTHER = ComponentTimeline("soc.accelerator.tile12", "tile", [0, 2], {"inputs": [5, 0], "weights": [1, 0]})
DMA = ComponentTimeline("soc.accelerator.dma", "dma", [10, 5], {})


def test_the_last_window_may_be_shorter() -> None:
    assert widths_fs(Timeline(10, 25, [], [], [])) == [10, 10, 5]
    assert widths_fs(Timeline(10, 20, [], [], [])) == [10, 10]
    assert widths_fs(Timeline(10, 4, [], [], [])) == [4]


def test_components_that_differ_in_numbers_are_taken_together() -> None:
    tiles, dma = strips([TILE, DMA, OTHER])
    assert (tiles.name, tiles.count) == ("tile* ×2", 2)  # noqa: RUF001
    assert tiles.states == {"busy": [10, 6], "weights": [1, 1], "inputs": [5, 0]}
    assert (dma.name, dma.count, dma.states) == ("dma", 1, {"busy": [10, 5]})


def test_idle_is_what_is_left_of_a_window() -> None:
    tiles, dma = strips([TILE, DMA, OTHER])
    assert tiles.shares("busy", [10, 5]) == [0.5, 0.6]
    assert tiles.shares("idle", [10, 5]) == pytest.approx([0.2, 0.3])
    assert dma.shares("idle", [10, 5]) == [0, 0]


def test_levels_of_another_capacity_stand_apart() -> None:
    levels = [
        LevelTimeline("soc.tile0.wm.values", "", 8, [1.0, 3.0], [2, 4]),
        LevelTimeline("soc.tile1.wm.values", "", 8, [2.0, 1.0], [3, 1]),
        LevelTimeline("soc.tile2.wm.values", "", 16, [5.0, 5.0], [5, 5]),
    ]
    both, other = gauges(levels)
    assert (both.mean, both.most, both.capacity) == ([1.5, 2.0], [3, 4], 8)
    assert (other.name, other.mean, other.capacity) == ("tile2.wm.values", [5.0, 5.0], 16)


def test_the_charts_are_the_documents(made: Path, documents: dict[str, dict[str, Any]]) -> None:
    timeline = documents["both"]["timeline"]
    found = parsed(page(read_results([str(made / "both.json")])))
    busy = found.table("Busy time of each component")
    assert busy.column("component") == [one["name"] for one in timeline["components"]]
    assert [float(text.replace(",", "")) for text in busy.column("busy")] == [
        one["busy_fs"] for one in documents["both"]["components"]
    ]
    width = timeline["window_fs"]
    heat = found.charts["busy-0"]["figure"]["data"][0]
    for one, row in zip(timeline["components"], heat["z"], strict=True):
        assert row[:-1] == [round(1000 * time / width) for time in one["busy_fs"][:-1]]
    (dma,) = [one for one in timeline["components"] if one["name"].endswith("large.dma")]
    strip = [
        one for one in found.charts["states-0"]["figure"]["data"] if "<b>large.dma</b>" in one.get("hovertemplate", "")
    ]
    assert strip[0]["customdata"][:-2] == [round(time / width, 5) for time in dma["busy_fs"][:-1]]
    moved = found.charts["moved-0"]["figure"]["data"]
    assert [one["customdata"][:-1] for one in moved] == [one["bytes"] for one in timeline["moved"]]


def test_a_run_without_a_timeline_says_how_to_record_one(made: Path) -> None:
    text = page(read_results([str(made / "hbm.json")]))
    assert "The timeline of hbm was not recorded: run it again with --timeline" in text


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"window_fs": 0}, "timeline.window_fs: must be above 0, not 0"),
        ({"end_fs": -1}, "timeline.end_fs: must be above 0"),
        ({"window_fs": 1}, "timeline.components.0.busy_fs: has "),
        ({"moved": [{"name": "port", "bytes": [1]}]}, "timeline.moved.0.bytes: has 1 windows"),
    ],
)
def test_windows_that_do_not_fit_are_refused(
    documents: dict[str, dict[str, Any]], tmp_path: Path, change: dict[str, Any], key: str
) -> None:
    document = {**documents["both"], "timeline": {**documents["both"]["timeline"], **change}}
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=key):
        read_results([str(file)])
