"""How each reason is marked wherever it is drawn: a letter, a terminal's colour and, of the same kind, a page's.

The page's colours stay apart for eyes that do not tell red from green (Okabe and Ito's set, and shades of it), and the
letter says it without any.
"""

from __future__ import annotations

import attrs

from .insight import ARRAY


@attrs.frozen
class Mark:
    """`letter` of a reason that is a cause, else none; `terminal` is one of 16 colours, `page` is #rrggbb."""

    letter: str
    terminal: str
    page: str


MARKS = {
    ARRAY: Mark("", "green", "#009e73"),
    "offchip_bandwidth": Mark("B", "red", "#d55e00"),
    "offchip_latency": Mark("L", "bright_red", "#f0a077"),
    "decompression": Mark("D", "magenta", "#b35c9c"),
    "compression": Mark("C", "bright_magenta", "#e39ac8"),
    "onchip_bandwidth": Mark("O", "blue", "#0072b2"),
    "wm_capacity": Mark("W", "yellow", "#b8860b"),
    "am_capacity": Mark("A", "bright_yellow", "#f0d245"),
    "dispatch": Mark("P", "cyan", "#2a9fc4"),
    "reduce": Mark("R", "bright_cyan", "#8fd3ee"),
    "startup": Mark("S", "white", "#b9bec9"),
}
