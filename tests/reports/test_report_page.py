"""The page as a whole: it loads nothing, believes nothing, says what every figure is, and is small enough."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import swept_stores
from page_parts import Page, parsed

from tlm.reports import page, read_results
from tlm.reports.page import island
from tlm.result import MARKS, REASONS

HOSTILE = "</script><img src=x onerror=alert(1)>"
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def hostile(documents: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of a document in which whatever is a name is an attack."""
    document = json.loads(json.dumps(documents["both"]))
    document["layers"][0] |= {"name": HOSTILE, "bound_by": HOSTILE, "stalls": {HOSTILE: 5}, "kind": HOSTILE}
    document["components"][0] |= {"name": HOSTILE, "kind": HOSTILE}
    document["timeline"]["components"][0]["name"] = HOSTILE
    document["timeline"]["levels"][0] |= {"name": HOSTILE, "unit": HOSTILE}
    document["timeline"]["moved"][0]["name"] = HOSTILE
    document["energy"][0] |= {"component": HOSTILE, "event": HOSTILE, "table": HOSTILE, "status": HOSTILE}
    document["area"][0]["component"] = HOSTILE
    document["scenario"] = {HOSTILE: HOSTILE, "workload": {"network": HOSTILE}}
    document["notes"] = [HOSTILE]
    document["versions"] = {HOSTILE: HOSTILE}
    document["accelerators"][0]["preset"] = HOSTILE
    folder = tmp_path_factory.mktemp("hostile")
    file = folder / "<img src=x>&.json"
    file.write_text(json.dumps(document))
    store = swept_stores.store(folder / "points.sqlite", 8, **{HOSTILE: HOSTILE, "accelerator.tiles": HOSTILE})
    return page(read_results([str(file), str(store)]))


def test_names_are_text_wherever_they_come_from(hostile: str) -> None:
    found = parsed(hostile)
    assert "<img" not in hostile
    assert not [tag for tag, with_ in found.elements if tag == "img" or any(name.startswith("on") for name in with_)]
    assert [with_.get("type") for with_, _ in found.scripts] == ["application/json", "application/json", None, None]
    assert HOSTILE in found.table("Cycles of each layer").column("layer")[0]
    assert HOSTILE in found.table("Points of points").heads


def test_charts_show_tags_and_do_not_take_them(hostile: str) -> None:
    """Plotly reads tags in what it draws."""
    text = json.dumps(parsed(hostile).charts)
    assert "<img" not in text and "</script" not in text
    assert "&lt;/script&gt;" in text


def test_an_island_ends_where_it_ends() -> None:
    odd = {"</script>": "<!--<script>&\u2028\u2029"}
    text = island(odd)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == odd


def test_nothing_is_loaded(hostile: str) -> None:
    found = parsed(hostile)
    for tag, with_ in found.elements:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            assert str(with_.get(name) or "#").startswith(("#", "data:")), (tag, with_)
        assert "url(" not in str(with_.get("style"))
    assert not any("url(" in style or "@import" in style for style in found.styles)


def test_the_policy_lets_these_scripts_run_and_no_other(hostile: str) -> None:
    found = parsed(hostile)
    policy = dict(part.split(" ", 1) for part in found.policy().split("; "))
    assert policy["default-src"] == "'none'"
    run = [text for with_, text in found.scripts if with_.get("type") is None]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run]
    assert policy["script-src"].split() == [f"'sha256-{one}'" for one in hashes]
    assert "http" not in found.policy() and "unsafe" not in policy["script-src"]


def test_the_library_is_there_once(hostile: str) -> None:
    assert len(re.findall(r"plotly\.js v\d", hostile)) == 1


# --- definitions


@pytest.fixture(scope="module")
def narrow(made: Path) -> Page:
    return parsed(page(read_results([str(made / "narrow.json"), str(swept_stores.store(made / "s.sqlite", 9))])))


def test_every_head_and_key_has_a_definition(narrow: Page) -> None:
    used = {with_["data-def"] for _, with_ in narrow.elements if "data-def" in with_}
    assert used == set(narrow.definitions)
    assert all(narrow.definitions.values())


def test_every_figure_stands_under_a_head_or_in_a_row_that_is_defined(narrow: Page) -> None:
    heads: list[bool] = []
    row, place = False, 0
    for tag, with_ in narrow.elements:
        if tag == "thead":
            heads = []
        elif tag == "th" and with_.get("scope") == "col":
            heads.append("data-def" in with_)
        elif tag == "tr":
            row, place = "data-def" in with_, 0
        elif tag in ("td", "th"):
            assert row or heads[place] or tag != "td", (tag, with_, heads)
            place += 1


def test_reasons_have_the_console_s_letters(narrow: Page) -> None:
    letters = dict(re.findall(r'data-def="reason\.(\w+)"><span class="swatch"[^>]*>(\w?)</span>', narrow.text))
    assert letters
    assert all(letters[name] == MARKS[name].letter for name in letters if name in MARKS)


def test_all_causes_are_marked_apart() -> None:
    causes = [name for name in MARKS if name in REASONS]
    assert len({MARKS[name].letter for name in causes}) == len(causes)
    assert len({mark.page for mark in MARKS.values()}) == len({mark.terminal for mark in MARKS.values()}) == len(MARKS)


# --- size


def test_a_page_of_one_run_is_small_enough(made: Path) -> None:
    assert len(page(read_results([str(made / "both.json")])).encode()) < MOST_BYTES


def test_a_page_of_500_points_is_small_enough(tmp_path: Path) -> None:
    store = swept_stores.store(tmp_path / "points.sqlite", 500)
    assert len(page(read_results([str(store)])).encode()) < MOST_BYTES


def test_two_pages_of_the_same_are_the_same(made: Path) -> None:
    results = [str(made / "narrow.json")]
    assert page(read_results(results)) == page(read_results(results))
