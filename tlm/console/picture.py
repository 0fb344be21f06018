"""Pictures of what the console shows: SVG that fetches nothing from anywhere."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

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
    console.print(renderable, end="")
    return console.export_svg(title=title, code_format=FORMAT)
