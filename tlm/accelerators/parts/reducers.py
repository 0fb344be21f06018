"""Reducers, one a tile: they collect finished outputs and write them to AM (DPRed, section 5.3.1)."""

from __future__ import annotations

from collections import Counter

from ...core import Module
from ...workload.layer import storage_bytes
from ..program import Pass, Program
from .memories import ActivationMemory, ByLayer


class Reducer(Module):
    """One tile's reducer."""

    kind = "reducer"


class Reducers(Module):
    """All tiles' reducers; outputs leave the array's registers for theirs, and from there AM, in order.

    Each inner-product unit has one output register beside its accumulator: a pass's outputs move there once those of
    the pass before have been written. `values` counts the outputs of each layer.
    """

    def __init__(self, parent: Module, tiles: int, am: ActivationMemory) -> None:
        super().__init__(parent, "reducers")
        self.reducers = [Reducer(self, f"reducer{tile}") for tile in range(tiles)]
        self.values: ByLayer = Counter()
        self.registers_free_fs = 0
        self.done_fs = 0
        self._written = am.written_bytes
        self._write = am.array.writer()

    def collect(self, now_fs: int, layer: int, program: Program, work: Pass, windows: int) -> int:
        """The outputs of a pass of a layer are complete now; returns when they are in AM, in fs.

        What is pooled on the way is written once: the share of the pooled map in the layer's own.
        """
        self.registers_free_fs = max(now_fs, self.done_fs)
        filters = [tile.filters[work.filter_set] for tile in program.tiles]
        outputs = sum(filters) * windows
        kept = -(-outputs * program.layer.outputs[0].size // (program.layer.filters * program.geometry.windows))
        length = storage_bytes(int(kept), program.activation_bits)
        self.done_fs = self._write(self.registers_free_fs, length)
        for reducer, count in zip(self.reducers, filters, strict=True):
            if count:
                reducer.probe.span(self.registers_free_fs, self.done_fs)
        self.values[layer] += outputs
        self._written[layer] += length
        return self.done_fs
