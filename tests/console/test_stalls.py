"""The stall chart, and the pictures that are made of it and of the live view."""

from __future__ import annotations

import io
import re
import runpy
from pathlib import Path

import attrs
import pytest
from rich.console import Console

from tlm.console import stall_chart, svg
from tlm.console.stalls import StallChart
from tlm.result import REASONS, LayerResult, Result

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
MADE = runpy.run_path(str(PICTURES / "make.py"))["PICTURES"]


def layer(name: str, cycles: int, compute: int | None, **stalls: int) -> LayerResult:
    other = dict.fromkeys(field.name for field in attrs.fields(LayerResult))
    return LayerResult(**other | {"name": name, "cycles": cycles, "compute_cycles": compute, "stalls": stalls})


LAYERS = [
    layer("long", 100, 50, reduce=10, offchip_bandwidth=40),
    layer("short", 30, None, startup=30),
    layer("tiny", 1, 0, decompression=1),
    layer("none", 0, 0),
]


def drawn(layers: list[LayerResult], width: int, encoding: str = "utf-8") -> list[str]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width)
    with console.capture() as captured:
        console.print(StallChart(layers, "title"), end="")
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_bar_is_as_long_as_the_layer_took_and_is_tiled_by_what_it_went_to() -> None:
    assert drawn(LAYERS, 30) == [
        "title",
        "long  100 ██████████BBBBBBBBRR",
        "short  30 SSSSSS",
        "tiny    1 D",
        "none    0",
        "█ array 38%",
        "B offchip_bandwidth 31%",
        "S startup 23%   R reduce 8%",
        "D decompression 1%",
    ]


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert drawn(LAYERS, 30, "ascii")[1] == "long  100 ##########BBBBBBBBRR"


def test_reasons_that_are_no_causes_get_letters_too() -> None:
    shown = drawn([layer("x", 3, 0, inputs=1, tiles=1, gremlins=1)], 40)
    assert shown[1] == "x 3 ccccccccccccbbbbbbbbbbbbaaaaaaaaaaaa"
    assert set("   ".join(shown[2:]).split("   ")) == {"a gremlins 33%", "b inputs 33%", "c tiles 33%"}


def test_every_cause_of_the_documented_list_has_its_own_letter() -> None:
    reasons = list(REASONS)[: list(REASONS).index("startup") + 1]
    shown = drawn([layer("x", len(reasons), 0, **dict.fromkeys(reasons, 1))], 200)
    letters = re.findall(r"(\S) (\w+) \d+%", " ".join(shown[2:]))
    assert {name for _, name in letters} == set(reasons)
    assert len({mark for mark, _ in letters}) == len(reasons)


def test_no_layers_no_bars() -> None:
    assert drawn([], 40) == ["title", ""]


def test_several_machines_name_theirs() -> None:
    assert drawn([attrs.evolve(layer("x", 1, 1), accelerator="left")], 40)[1].startswith("left: x 1 █")


def test_a_partial_run_is_called_so() -> None:
    other = dict.fromkeys(field.name for field in attrs.fields(Result) if field.init)
    assert "partial" in stall_chart(Result(**other | {"partial": True, "layers": LAYERS})).title
    assert "partial" not in stall_chart(Result(**other | {"partial": False, "layers": LAYERS})).title


def test_a_picture_fetches_nothing_and_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = svg(StallChart(LAYERS, "title"), 60, "a < b")
    monkeypatch.setenv("NO_COLOR", "1")
    assert svg(StallChart(LAYERS, "title"), 60, "a < b") == picture
    assert re.findall(r"https?://[^\"' ]*", picture) == ["http://www.w3.org/2000/svg"]
    assert "font-face" not in picture
    assert "a&#160;&lt;&#160;b" in picture
    assert "BBBB" in picture


@pytest.mark.parametrize("name", list(MADE))
def test_the_pictures_are_what_the_script_makes(name: str) -> None:
    assert (PICTURES / name).read_text(encoding="utf-8") == MADE[name](), "run `make pictures` and look at the diff"


def test_every_picture_is_made_by_the_script() -> None:
    assert {path.name for path in PICTURES.glob("*.svg")} == set(MADE)
