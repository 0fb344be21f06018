"""Put a system together from a scenario, run it, and tell what it was."""

from .build import System, attach
from .collect import component, components, layers
from .comparing import compare, variants
from .run import run
from .widening import widen, widened

__all__ = [
    "System",
    "attach",
    "compare",
    "component",
    "components",
    "layers",
    "run",
    "variants",
    "widen",
    "widened",
]
