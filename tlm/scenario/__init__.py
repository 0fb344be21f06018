"""The scenario file: read, layered, checked; every fault with its file, line, key and the nearest match."""

from .files import find_file, scenario_file, shipped_scenarios, sweep_file
from .load import load, resolved, varied
from .spec import Scenario

__all__ = ["Scenario", "find_file", "load", "resolved", "scenario_file", "shipped_scenarios", "sweep_file", "varied"]
