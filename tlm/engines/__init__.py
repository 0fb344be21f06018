"""What stands between the DRAM and the chip: encoded regions, DMA, decompressors, compressors."""

from .causes import walk
from .compressor import Compressor, OutputStream
from .decompressor import Decompressor, Decompressors
from .dma import Dma
from .flow import Cause, Move, ReadStream, Request, Write
from .region import Cut, Load, Piece, Region, cut_reads, cut_writes, interleaved, run_ends
from .spec import CompressionSpec
from .transfer import TransferError

__all__ = [
    "Cause",
    "CompressionSpec",
    "Compressor",
    "Cut",
    "Decompressor",
    "Decompressors",
    "Dma",
    "Load",
    "Move",
    "OutputStream",
    "Piece",
    "ReadStream",
    "Region",
    "Request",
    "TransferError",
    "Write",
    "cut_reads",
    "cut_writes",
    "interleaved",
    "run_ends",
    "walk",
]
