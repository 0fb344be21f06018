"""Looking inside a run: one stream of what happens, written as a Perfetto trace and as a VCD file."""

from .trace import Trace

__all__ = ["Trace"]
