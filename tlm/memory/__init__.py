"""Memories: DRAM by standard, an ideal one, SRAM and eDRAM on chip, and a plain RAM."""

from .dram import Dram, make_memory
from .ideal import IdealMemory
from .onchip import OnChip, OnChipMemory, OnChipStats
from .onchip_macros import Macro, macro
from .onchip_spec import OnChipSpec
from .ram import Ram
from .spec import MemorySpec

__all__ = [
    "Dram",
    "IdealMemory",
    "Macro",
    "MemorySpec",
    "OnChip",
    "OnChipMemory",
    "OnChipSpec",
    "OnChipStats",
    "Ram",
    "macro",
    "make_memory",
]
