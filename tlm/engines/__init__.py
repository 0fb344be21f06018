"""What stands between the DRAM and the chip: encoded regions, DMA, decompressors, compressors."""

from .compressor import Compressor, OutputStream
from .decompressor import Decompressor, Decompressors
from .dma import Dma
from .flow import Cause, ReadStream, Request, Write, walk
from .region import Cut, Load, Piece, Region, cut_reads, cut_writes
from .spec import CompressionSpec

__all__ = [
    "Cause",
    "CompressionSpec",
    "Compressor",
    "Cut",
    "Decompressor",
    "Decompressors",
    "Dma",
    "Load",
    "OutputStream",
    "Piece",
    "ReadStream",
    "Region",
    "Request",
    "Write",
    "cut_reads",
    "cut_writes",
    "walk",
]
