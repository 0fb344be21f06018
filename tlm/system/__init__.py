"""Put a system together from a scenario, run it, and tell what it was."""

from .build import System
from .run import run

__all__ = ["System", "run"]
