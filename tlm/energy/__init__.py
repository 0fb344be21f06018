"""What counted events and parts of a machine cost: cited tables, as data."""

from .charge import Charge
from .events import EVENTS, PARTS
from .spec import EnergySpec
from .table import TABLES, Area, Cost, EnergyTable, Figures, figures_of, load_table

__all__ = [
    "EVENTS",
    "PARTS",
    "TABLES",
    "Area",
    "Charge",
    "Cost",
    "EnergySpec",
    "EnergyTable",
    "Figures",
    "figures_of",
    "load_table",
]
