"""Definitions: the page's are the documentation's, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tlm.reports.definitions import FILE, definitions
from tlm.result import REASONS

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))


def documented(page: str, heading: str) -> dict[str, str]:
    """What the table under a heading says in its last column, without links and marks of code."""
    text = (DOCS / page).read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1]
    rows = re.findall(
        r"^\| `([\w.-]+)` \|(.*)\|$", re.split(r"^#+ ", text, maxsplit=1, flags=re.MULTILINE)[0], re.MULTILINE
    )
    return {name: plain(cells.split(" | ")[-1]) for name, cells in rows}


def plain(cell: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").strip()


@pytest.mark.parametrize("heading", [name for name in WRITTEN if name != "Report"])
def test_a_result_s_are_those_of_its_page(heading: str) -> None:
    told, wanted = WRITTEN[heading], documented("result.md", heading)
    assert {name: text.strip() for name, text in told.items()} == {name: wanted[name] for name in told}


def test_the_report_s_own_are_those_of_its_page() -> None:
    assert {name: text.strip() for name, text in WRITTEN["Report"].items()} == documented("report.md", "Figures")


def test_every_reason_is_defined() -> None:
    assert {f"reason.{name}" for name in REASONS} <= set(definitions().all)
