"""Looking inside a run: one stream of what happens, as a Perfetto trace, as a VCD file, and summed up in windows."""

from .trace import Trace
from .windows import Windows

__all__ = ["Trace", "Windows"]
