"""What a person sees in a terminal: progress while a run lasts, tables at its end."""

from .progress import Progress
from .tables import show

__all__ = ["Progress", "show"]
