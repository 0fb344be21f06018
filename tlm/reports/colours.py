"""The page's colours: of reasons and states, of components, of operands, of runs."""

from __future__ import annotations

from collections.abc import Iterable

from ..result import MARKS

ACCENT = "#0072b2"
GREY = "#8a93a3"

#: What a component does besides waiting for a reason that has a mark.
STATES = {
    "busy": "#009e73",
    "idle": "rgba(138,147,163,0.16)",
    "weights": "#c98a1b",
    "broadcast": "#f0d245",
    "tiles": "#e0b040",
    "inputs": "#7a3e00",
    "offchip_write": "#cc79a7",
    "room": "#a4508b",
    "activate": "#d55e00",
    "refresh": "#0072b2",
    "conflict": "#7d6fb2",
    "turnaround": "#56b4e9",
    "bank_group": "#b8860b",
    "access": "#f0a077",
}
OPERANDS = {"weights": "#0072b2", "inputs": "#e69f00", "outputs": "#cc79a7"}
WRITTEN = {"weights": "#5fa8d3", "inputs": "#f3c766", "outputs": "#8d4f73"}
COMPONENTS = {
    "array": "#009e73",
    "dispatcher": "#2a9fc4",
    "memory": "#d55e00",
    "am": "#e69f00",
    "wm": "#0072b2",
    "decompressors": "#b35c9c",
    "compressors": "#e39ac8",
    "reducers": "#8fd3ee",
}
SPARE = ("#b8860b", "#56b4e9", "#7d6fb2", "#f0d245", "#6b8e23", "#b9bec9")


def of_reason(name: str) -> str:
    """A reason's, a state's, or grey."""
    return MARKS[name].page if name in MARKS else STATES.get(name, GREY)


def letter(name: str) -> str:
    """A reason's letter, as in a terminal."""
    return MARKS[name].letter if name in MARKS else ""


def of_components(names: Iterable[str]) -> dict[str, str]:
    """Each component's; a table's own take what is spare."""
    found: dict[str, str] = {}
    for name in names:
        spare = SPARE[len([one for one in found if one not in COMPONENTS]) % len(SPARE)]
        found.setdefault(name, COMPONENTS.get(name, spare))
    return found


def ink_on(colour: str) -> str:
    """Black or white, whichever is read more easily on a colour #rrggbb."""
    if not colour.startswith("#"):
        return "inherit"
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#fff"
