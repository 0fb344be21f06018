"""The order of a layer's loop nest, which says what is loaded again where operands do not fit on the chip."""

from __future__ import annotations

from typing import Literal

import attrs

BLOCKS = 2**30  # bands: more than any layer has blocks of windows, so each is one
Name = Literal["once", "keep weights", "keep activations", "bands", "load both again"]


@attrs.frozen
class Order:
    """Groups, bands of windows, filter sets, blocks of a band, slices of steps: outer to inner.

    A layer's blocks of windows are shared out evenly over `bands`, of one block at least. Where `groups_inside`, the
    bands are outermost and all groups take their turn in each. Weights that stay in WM (`weights_stay`) are loaded
    once; else every band loads them again. The inputs are loaded `input_loads` times.
    """

    bands: int = BLOCKS
    weights_stay: bool = True
    input_loads: int = 1
    groups_inside: bool = False

    def weight_loads(self, blocks: int) -> int:
        """Times the weights are loaded, in a layer of so many blocks of windows."""
        return 1 if self.weights_stay else min(self.bands, blocks)

    def name(self, blocks: int) -> Name:
        """What is kept on the chip, in a layer of so many blocks of windows: of which operand nothing is read twice."""
        weights, inputs = self.weight_loads(blocks) == 1, self.input_loads == 1
        if weights:
            return "once" if inputs else "keep weights"
        if not inputs:
            return "load both again"
        return "keep activations" if self.bands >= blocks else "bands"
