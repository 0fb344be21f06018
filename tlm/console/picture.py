"""Pictures of what the console shows: SVG that fetches nothing from anywhere."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME, TerminalTheme

from ..result import MARKS

BLOCK = "█"
GAP_PX = 3  # between one line's background and the next one's, so that bars stay apart
LINE = re.compile(r'(<rect [^>]* height=")([\d.]+)(" shape-rendering="crispEdges"/>)')
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")

#: What rich fills in; a font that every reader's machine has, and nothing to fetch.
FORMAT = """\
<svg class="terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, "DejaVu Sans Mono", Consolas, monospace; font-size: {char_height}px; \
line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: Menlo, "DejaVu Sans Mono", Consolas, monospace; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>\
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def svg(renderable: RenderableType, width: int, title: str) -> str:
    """A terminal of `width` columns that shows `renderable`; the same text for the same picture, always."""
    console = Console(
        file=io.StringIO(),
        record=True,
        force_terminal=True,
        color_system="truecolor",
        width=width,
        legacy_windows=False,
    )
    console.print(_Solid(renderable), end="")
    made = console.export_svg(title=title, code_format=FORMAT, theme=_theme())
    return LINE.sub(lambda found: f"{found[1]}{float(found[2]) - GAP_PX:.2f}{found[3]}", made)


class _Solid:
    """What `renderable` shows, its full blocks as background: letters of a font would leave seams between them."""

    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._renderable, options):
            yield from _without_blocks(segment) if BLOCK in segment.text else (segment,)


def _without_blocks(segment: Segment) -> Iterator[Segment]:
    style = segment.style or Style()
    solid = style + Style(bgcolor=style.color or Color.parse("white"))
    for text in re.findall(f"{BLOCK}+|[^{BLOCK}]+", segment.text):
        yield Segment(" " * len(text), solid) if text[0] == BLOCK else Segment(text, style)


def _theme() -> TerminalTheme:
    """The terminal's colours as pages have them, where a reason has one."""
    pages = {mark.terminal: ColorTriplet(*bytes.fromhex(mark.page[1:])) for mark in MARKS.values()}
    names = [*NAMES, *(f"bright_{name}" for name in NAMES)]
    usual = SVG_EXPORT_THEME.ansi_colors
    colours: list[tuple[int, int, int]] = [pages.get(name, usual[place]) for place, name in enumerate(names)]
    back, ink = SVG_EXPORT_THEME.background_color, SVG_EXPORT_THEME.foreground_color
    return TerminalTheme(back, ink, colours[: len(NAMES)], colours[len(NAMES) :])
