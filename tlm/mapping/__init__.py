"""Layer x machine x capacities -> passes, byte ranges and their order; pure functions, no time."""

from .plan import make_plan

__all__ = ["make_plan"]
