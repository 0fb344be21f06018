"""What a run was: the result document, and the reasons its time is told in."""

from .curves import Curves
from .document import (
    OPERANDS,
    AcceleratorResult,
    AreaRow,
    Comparison,
    Component,
    Compression,
    EnergyRow,
    LayerOrder,
    LayerResult,
    Reentries,
    Result,
    Traffic,
    Widening,
)
from .insight import ARRAY, RESOURCES, bound_by, gains, total
from .marks import MARKS, Mark
from .reasons import REASONS
from .row import Row
from .timeline import ComponentTimeline, LevelTimeline, MovedTimeline, Timeline

__all__ = [
    "ARRAY",
    "MARKS",
    "OPERANDS",
    "REASONS",
    "RESOURCES",
    "AcceleratorResult",
    "AreaRow",
    "Comparison",
    "Component",
    "ComponentTimeline",
    "Compression",
    "Curves",
    "EnergyRow",
    "LayerOrder",
    "LayerResult",
    "LevelTimeline",
    "Mark",
    "MovedTimeline",
    "Reentries",
    "Result",
    "Row",
    "Timeline",
    "Traffic",
    "Widening",
    "bound_by",
    "gains",
    "total",
]
