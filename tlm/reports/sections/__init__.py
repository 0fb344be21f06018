"""The page's sections, in their order: one file each, and a line here."""

from __future__ import annotations

from collections.abc import Callable

from ..blocks import Section
from ..definitions import Definitions
from ..reading import Results
from . import energy, layers, overview, repeated, roofline, stalls, sweep, timeline, traffic

#: What a section makes of the results; None where there is nothing to say.
Make = Callable[[Results, Definitions], Section | None]

SECTIONS: tuple[Make, ...] = (
    overview.section,
    stalls.section,
    layers.section,
    traffic.section,
    roofline.section,
    energy.section,
    timeline.section,
    repeated.section,
    sweep.section,
)
