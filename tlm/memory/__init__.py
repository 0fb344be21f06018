"""Memories: DRAM by standard, an ideal one, and the banks on chip."""

from .dram import Dram, IdealMemory, make_memory
from .onchip import OnChipMemory, Organisation
from .ram import Ram
from .spec import MemorySpec

__all__ = ["Dram", "IdealMemory", "MemorySpec", "OnChipMemory", "Organisation", "Ram", "make_memory"]
