"""What a person sees in a terminal: progress and a live view while a run lasts, tables at its end; and pictures."""

from .distributions import distribution_chart
from .live import LiveView
from .picture import svg
from .progress import Progress
from .stalls import stall_chart
from .statistics import statistics_lines, statistics_table
from .tables import component_table, show

__all__ = [
    "LiveView",
    "Progress",
    "component_table",
    "distribution_chart",
    "show",
    "stall_chart",
    "statistics_lines",
    "statistics_table",
    "svg",
]
