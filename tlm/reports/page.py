"""The page: sections drawn by templates, figures as data, one script that draws them; nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..inputs.extras import needs
from .blocks import Block, Chart, Facts, Fold, Panes, Section, Table
from .colours import ink_on
from .definitions import definitions
from .reading import Results
from .sections import SECTIONS

TEMPLATES = Path(__file__).with_name("templates")
SCRIPTS = ("terms.js", "tables.js", "charts.js", "sweeps.js")
STYLES = ("page.css",)


def page(results: Results) -> str:
    """The whole page; BadInput where what it is made with is not installed."""
    environment, plotly = _libraries()
    known = definitions()
    made = (make(results, known) for make in SECTIONS)
    sections = [section for section in made if section is not None]
    charts = {chart.name: _data(chart) for chart in _charts(sections)}
    scripts = [plotly, "\n".join(_text(name) for name in SCRIPTS)]
    from markupsafe import Markup

    named = ", ".join([*(run.name for run in results.runs), *(swept.name for swept in results.sweeps)])
    return str(
        environment.get_template("page.html").render(
            title=f"tlm report: {named}",
            named=named,
            sections=sections,
            glossary=(used := _used(sections, known.all)),
            glossary_data=Markup(island(used)),
            policy=_policy(scripts),
            style=Markup("\n".join(_text(name) for name in STYLES)),
            data=Markup(island(charts)),
            scripts=[Markup(script) for script in scripts],
            kind=_kind,
            ink_on=ink_on,
        )
    )


def island(data: Any) -> str:
    """JSON that can stand inside a script element: nothing in it ends that, or begins a comment."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _libraries() -> tuple[Any, str]:
    """jinja2's environment, and plotly's script: imported only here."""
    needs("report", "jinja2", "plotly")
    import jinja2
    from plotly.offline import get_plotlyjs

    loader = jinja2.FileSystemLoader(TEMPLATES)
    options: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "undefined": jinja2.StrictUndefined}
    return jinja2.Environment(loader=loader, autoescape=True, **options), get_plotlyjs()


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    """What the page may do: run these very scripts, and draw; load nothing."""
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    drawing = "style-src 'unsafe-inline'; img-src data:"
    return f"default-src 'none'; script-src {hashes}; {drawing}; base-uri 'none'; form-action 'none'"


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def _data(chart: Chart) -> dict[str, Any]:
    """What the script is told of a chart."""
    found: dict[str, Any] = {"figure": chart.figure}
    if chart.choices:
        found["choices"] = [{"layout": choice.layout, "data": choice.data} for choice in chart.choices]
    if chart.axes:
        found["axes"] = chart.axes
    return found


def _charts(sections: Sequence[Section]) -> Iterator[Chart]:
    for block in _all(block for section in sections for block in section.blocks):
        if isinstance(block, Chart):
            yield block


def _all(blocks: Any) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Panes):
            yield from _all(inner for _, own in block.panes for inner in own)
        elif isinstance(block, Fold):
            yield from _all(block.blocks)
        elif isinstance(block, Chart) and block.table:
            yield block.table


def _used(sections: Sequence[Section], known: Mapping[str, str]) -> dict[str, str]:
    """The definitions that something on the page refers to, by name."""
    names: set[str | None] = set()
    for block in _all(block for section in sections for block in section.blocks):
        if isinstance(block, Table):
            names |= {column.define for column in block.columns} | {row.define for row in block.rows}
        elif isinstance(block, Facts):
            names |= {fact.define for fact in block.facts}
        elif isinstance(block, Chart):
            names |= {key.define for key in block.keys}
    return {name: known[name] for name in sorted(one for one in names if one is not None)}
