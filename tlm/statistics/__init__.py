"""What the tensors of a workload are like: precisions, zeros, effectual work, compressed sizes; no time, no run."""

from .layers import LayerStatistics, WorkloadStatistics, measure
from .operands import OperandStatistics
from .precisions import GROUPINGS, Distribution

__all__ = [
    "GROUPINGS",
    "Distribution",
    "LayerStatistics",
    "OperandStatistics",
    "WorkloadStatistics",
    "measure",
]
