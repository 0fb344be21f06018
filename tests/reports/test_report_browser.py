"""The page in a real browser: `make browser`. A browser is looked for on the PATH."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import swept_stores

from tlm.reports import page, read_results

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NARROW, WIDE = 390, 1440
HOSTILE = "</script><img src=x onerror=alert(1)>"
DRAW_ALL = "() => document.querySelectorAll('.plot').forEach(draw)"
DRAWN = "() => [...document.querySelectorAll('.plot')].every((one) => one.dataset.drawn)"


@attrs.define
class Seen:
    """A page that is open, and what happened on it."""

    page: Any
    told: list[str] = attrs.field(factory=list)  # console errors, exceptions, dialogs
    asked: list[str] = attrs.field(factory=list)  # what it wanted to load

    def draw(self) -> None:
        """Draw every chart, as scrolling to each would."""
        self.page.evaluate(DRAW_ALL)
        self.page.wait_for_function(DRAWN)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail(f"no browser is installed: one of {', '.join(BROWSERS)} must be on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


Look = Callable[..., Seen]


@pytest.fixture
def look(browser: Any) -> Iterator[Look]:
    """Opens a file at a width, in light or dark."""
    opened = []

    def look_at(file: Path, width: int = WIDE, scheme: str = "light") -> Seen:
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.append(tab)
        seen = Seen(tab)
        tab.on("console", lambda said: seen.told.append(said.text) if said.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: seen.told.append(str(error)))
        tab.on("dialog", lambda dialog: (seen.told.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: seen.asked.append(request.url))
        tab.goto(file.as_uri())
        return seen

    yield look_at
    for tab in opened:
        tab.close()


@pytest.fixture(scope="module")
def html(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs, one of two accelerators, and a sweep."""
    folder = tmp_path_factory.mktemp("pages")
    store = swept_stores.store(folder / "points.sqlite", 30)
    given = [str(made / f"{name}.json") for name in ("narrow", "both", "ideal")]
    file = folder / "page.html"
    file.write_text(page(read_results([*given, str(store)])), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def single(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pages") / "single.html"
    file.write_text(page(read_results([str(made / "narrow.json")])), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_it_draws_every_chart_loads_nothing_and_fits(look: Look, html: Path, width: int, scheme: str) -> None:
    seen = look(html, width, scheme)
    seen.draw()
    assert seen.told == []
    assert seen.asked == [html.as_uri()]
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    assert seen.page.locator(".plot").count() > 20


def test_charts_are_drawn_as_they_come_into_view(look: Look, single: Path) -> None:
    seen = look(single)
    last = seen.page.locator(".plot").last
    assert last.get_attribute("data-drawn") is None
    last.scroll_into_view_if_needed()
    seen.page.wait_for_function("() => [...document.querySelectorAll('.plot')].at(-1).dataset.drawn")


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_pointing_at_a_figure_says_what_it_is(look: Look, single: Path, width: int) -> None:
    tab = look(single, width).page
    tab.locator("#layers tbody tr").nth(1).locator("td").nth(1).hover()
    assert "multiply-accumulates, padding included" in tab.locator("#tip").inner_text()
    tab.mouse.move(2, 2)
    assert tab.locator("#tip").is_hidden()


def test_the_keyboard_reaches_heads_and_cells(look: Look, single: Path) -> None:
    tab = look(single).page
    tab.locator("#layers thead button").nth(2).focus()
    assert "multiply-accumulates, padding included" in tab.locator("#tip").inner_text()
    tab.locator("#layers tbody td").first.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    cell = tab.locator("#layers tbody tr").nth(1).locator("td").nth(1)
    assert cell.evaluate("(cell) => cell === document.activeElement")
    assert cell.get_attribute("aria-describedby") == "tip"
    assert "multiply-accumulates" in tab.locator("#tip").inner_text()
    tab.keyboard.press("Escape")
    assert tab.locator("#tip").is_hidden()


def test_a_legend_s_entry_says_what_it_is_and_hides_its_bars(look: Look, single: Path) -> None:
    seen = look(single)
    seen.draw()
    key = seen.page.locator("#stalls .keys button").first
    key.focus()
    assert "cycle rule" in seen.page.locator("#tip").inner_text()
    key.click()
    assert key.get_attribute("aria-pressed") == "false"
    assert seen.page.evaluate("() => document.querySelector('#stalls .plot').data[0].visible") is False


def test_pointing_at_a_bar_says_what_it_is(look: Look, single: Path) -> None:
    seen = look(single)
    seen.draw()
    seen.page.locator("#stalls .plot").scroll_into_view_if_needed()
    seen.page.locator("#stalls .plot .bars path").first.hover(force=True)
    seen.page.wait_for_function("() => document.querySelector('#stalls .hoverlayer .hovertext')")
    assert "operand on chip" in seen.page.locator("#stalls .hoverlayer").first.text_content()


def test_stalls_can_be_seen_as_shares(look: Look, single: Path) -> None:
    seen = look(single)
    seen.draw()
    seen.page.locator("#stalls .choices label").nth(1).click()
    seen.page.wait_for_function("() => document.querySelector('#stalls .plot').layout.barnorm === 'percent'")
    ends = seen.page.evaluate("() => document.querySelector('#stalls .plot')._fullLayout.xaxis.range")
    assert 100 <= ends[1] < 110


def test_tables_sort_by_their_heads(look: Look, single: Path, documents: dict[str, Any]) -> None:
    tab = look(single).page
    head = tab.locator("#layers thead th").filter(has_text="MACs").first
    macs = sorted(layer["macs"] for layer in documents["narrow"]["layers"])

    def column() -> list[int]:
        cells = tab.locator("#layers tbody tr td:nth-child(3)").all_inner_texts()
        return [int(cell.replace(",", "")) for cell in cells]

    head.locator("button").click()
    assert (column(), head.get_attribute("aria-sort")) == (macs, "ascending")
    head.locator("button").click()
    assert (column(), head.get_attribute("aria-sort")) == (macs[::-1], "descending")


def test_a_sweep_s_measures_can_be_chosen_and_its_points_are_marked(look: Look, html: Path) -> None:
    seen = look(html)
    seen.draw()
    tab = seen.page
    tab.locator("#front-0 select").first.select_option("offchip_bytes")
    tab.wait_for_function("() => document.querySelector('#front-0 .plot').layout.xaxis.title.text === 'off-chip'")
    axes = tab.evaluate("() => charts['front-0'].axes")
    drawn = tab.evaluate("() => document.querySelector('#front-0 .plot').data.map((trace) => trace.x)")
    assert drawn[0] == axes["columns"]["offchip_bytes"]
    front = axes["fronts"]["energy_j offchip_bytes"]
    assert drawn[1] == [axes["columns"]["offchip_bytes"][place] for place in front]
    row = tab.locator("table[data-points] tbody tr").nth(2)
    row.hover()
    assert "marked" in row.get_attribute("class")
    marked = tab.evaluate("() => document.querySelector('#front-0 .plot').data[2].x")
    assert marked == [axes["columns"]["offchip_bytes"][2]]
    assert len(tab.evaluate("() => document.querySelector('#parallel-0 .plot').data[2].x")) == 8


def test_dark_is_dark(look: Look, single: Path) -> None:
    def lightness(scheme: str) -> int:
        tab = look(single, scheme=scheme).page
        return int(tab.evaluate("() => +getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))

    assert lightness("dark") < 60
    assert lightness("light") > 200


def test_charts_follow_when_it_gets_dark(look: Look, single: Path) -> None:
    seen = look(single)
    seen.draw()
    colour = "() => document.querySelector('#stalls .plot')._fullLayout.font.color"
    light = seen.page.evaluate(colour)
    seen.page.emulate_media(color_scheme="dark")
    seen.page.wait_for_function(f"(light) => ({colour})() !== light", arg=light)
    assert seen.told == []


def test_hostile_names_do_nothing_and_are_seen(look: Look, documents: dict[str, Any], tmp_path: Path) -> None:
    document = json.loads(json.dumps(documents["both"]))
    document["layers"][0] |= {"name": HOSTILE, "bound_by": HOSTILE, "stalls": {HOSTILE: 5000}}
    document["timeline"]["levels"][0]["name"] = document["timeline"]["components"][0]["name"] = HOSTILE
    document["notes"] = [HOSTILE]
    (tmp_path / "run.json").write_text(json.dumps(document))
    store = swept_stores.store(tmp_path / "points.sqlite", 8, **{HOSTILE: HOSTILE})
    file = tmp_path / "page.html"
    file.write_text(page(read_results([str(tmp_path / "run.json"), str(store)])), encoding="utf-8")
    seen = look(file)
    seen.draw()
    seen.page.locator("#stalls .plot .bars path").first.hover(force=True)
    seen.page.locator("table[data-points] tbody tr").first.hover()
    assert (seen.told, seen.asked) == ([], [file.as_uri()])
    assert seen.page.locator("img").count() == 0
    assert HOSTILE in seen.page.locator("#layers tbody th").first.inner_text()
    assert "</scri" in seen.page.locator("#parallel-0 .xaxislayer-above").text_content()


def test_many_layers_and_many_points_stay_usable(look: Look, documents: dict[str, Any], tmp_path: Path) -> None:
    document = json.loads(json.dumps(documents["hbm"]))
    names = [f"stage{place // 9}.block{place}.conv.with.a.long.name" for place in range(150)]
    document["layers"] = [{**document["layers"][place % 4], "name": name} for place, name in enumerate(names)]
    (tmp_path / "run.json").write_text(json.dumps(document))
    store = swept_stores.store(tmp_path / "points.sqlite", 500)
    file = tmp_path / "page.html"
    file.write_text(page(read_results([str(tmp_path / "run.json"), str(store)])), encoding="utf-8")
    for width in (NARROW, WIDE):
        seen = look(file, width)
        seen.draw()
        assert seen.told == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
        assert seen.page.locator("#stalls .frame").first.evaluate("(frame) => frame.clientHeight") <= 860
        labels = seen.page.locator("#stalls .yaxislayer-above text")
        assert labels.count() == 150
