"""Where tables are printed."""

from __future__ import annotations

import sys

from rich.console import Console


def output(plain_width: int) -> Console:
    """Stdout, as wide as the terminal or, where there is none, `plain_width` columns."""
    return Console() if sys.stdout.isatty() else Console(width=plain_width)
