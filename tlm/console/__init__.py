"""What a person sees in a terminal: progress and a live view while a run lasts, tables at its end; and pictures."""

from .curves import curve_chart
from .distributions import distribution_chart
from .fronts import front_chart
from .live import LiveView
from .output import output
from .papers import BarChart, paper_notes, paper_page, paper_table
from .picture import svg
from .progress import Progress
from .scatter import ScatterChart
from .stalls import stall_chart
from .statistics import size_table, statistics_lines, width_table
from .sweeps import point_lines, point_tables
from .tables import component_table, show

__all__ = [
    "BarChart",
    "LiveView",
    "Progress",
    "ScatterChart",
    "component_table",
    "curve_chart",
    "distribution_chart",
    "front_chart",
    "output",
    "paper_notes",
    "paper_page",
    "paper_table",
    "point_lines",
    "point_tables",
    "show",
    "size_table",
    "stall_chart",
    "statistics_lines",
    "svg",
    "width_table",
]
