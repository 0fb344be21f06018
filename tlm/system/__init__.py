"""Put a system together from a scenario, run it, and tell what it was."""

from .build import System, attach
from .collect import accelerator, component, components, layers, rate_so_far
from .comparing import compare, variants
from .run import run
from .widening import widen, widened

__all__ = [
    "System",
    "accelerator",
    "attach",
    "compare",
    "component",
    "components",
    "layers",
    "rate_so_far",
    "run",
    "variants",
    "widen",
    "widened",
]
