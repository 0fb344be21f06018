"""Where the values of an operand lie that is read position by position, of its own size or broadcast."""

from __future__ import annotations

import attrs
import numpy as np

from ..workload.layer import Ints, Layer


@attrs.frozen
class Elementwise:
    """An operand of `channels` and a map of `size` (y, x); of size 1 along a direction it stands for all of that."""

    channels: int
    size: tuple[int, int]

    @classmethod
    def of(cls, operand: Ints, layer: Layer) -> Elementwise:
        """The operand [N, C, H, W] or [N, C]; where the layer has no map, all of it lies along the channels."""
        if operand.ndim == 2 or layer.accumulators.ndim == 2:
            return cls(int(operand[0].size), (1, 1))
        return cls(int(operand.shape[1]), (int(operand.shape[2]), int(operand.shape[3])))

    def positions(self, windows: Ints, out_size: tuple[int, int]) -> Ints:
        """[windows] the position of its map that stands beside each window of a map of `out_size`."""
        y, x = np.divmod(windows, out_size[1])
        height, width = self.size
        return np.asarray((y if height > 1 else 0 * y) * width + (x if width > 1 else 0 * x))

    def channel(self, filters: Ints) -> Ints:
        """[filters] the channel that stands beside each filter."""
        return filters if self.channels > 1 else 0 * filters

    def places(self, filters: Ints, windows: Ints, out_size: tuple[int, int]) -> Ints:
        """[filters, windows] the places in the operand's stream."""
        return self.positions(windows, out_size) * self.channels + self.channel(filters)[:, None]
