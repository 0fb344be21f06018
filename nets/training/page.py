"""The tables of `docs/training.md` that commands write, each between two markers."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "training.md"


def put(marker: str, table: str, page: Path = PAGE) -> None:
    """Write `table` between `<!-- marker -->` and `<!-- end of marker -->`; an installed copy has no page."""
    if page.exists():
        text = page.read_text(encoding="utf-8")
        page.write_text(between(marker).sub(lambda _: f"\n{table}\n", text), encoding="utf-8")


def between(marker: str) -> re.Pattern[str]:
    """What stands between the two."""
    return re.compile(rf"(?<=<!-- {marker} -->\n).*(?=<!-- end of {marker} -->)", re.DOTALL)
