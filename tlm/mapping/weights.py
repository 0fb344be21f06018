"""What of a layer's weights stays in the tiles' weight memories, and the orders in which the layer can run for it."""

from __future__ import annotations

from functools import cached_property

import attrs
import numpy as np

from ..accelerators.order import Order
from ..accelerators.program import Program
from ..engines import Region
from .planes import units_in_planes


@attrs.frozen(eq=False)
class Weights:
    """A layer's weights, and `capacity` values of a tile's WM for them, in which one of its requests takes `request`.

    `program` is the layer in any order; `regions` [tiles][in order of loading] are the weights as they are stored.
    """

    program: Program
    capacity: int
    request: int
    regions: tuple[tuple[Region, ...], ...]

    @cached_property
    def moved_bytes(self) -> int:
        """What loading all of them once moves, encoded."""
        return sum(region.size_bytes for tile in self.regions for region in tile)

    @property
    def all_stay(self) -> bool:
        """Those of all groups."""
        return self.program.geometry.groups * self.program.tiles[0].group_values <= self.capacity

    @property
    def group_stays(self) -> bool:
        """Those of one group, while the next one's come."""
        return self.all_stay or self.program.tiles[0].group_values + self.request <= self.capacity

    @property
    def filter_set_stays(self) -> bool:
        """Those of one filter set, while the next one's come."""
        return int(np.diff(self.program.tiles[0].starts).max()) + self.request <= self.capacity

    @cached_property
    def block_by_block(self) -> list[Order]:
        """Orders in which a block of windows is done with before the next one begins: these need least of AM."""
        found = [Order(weights_stay=self.group_stays)]
        if self._bands and self.program.geometry.groups > 1 and self.group_stays:
            found.append(Order(weights_stay=self.all_stay, groups_inside=True))
        if self._units > 1:
            found.append(Order(weights_stay=self.group_stays, input_loads=self._units))
        return found

    @cached_property
    def in_bands(self) -> list[Order]:
        """Orders that spare loads of the weights, and the fewer bands they have the more; of one band here."""
        if not self._bands or not self.filter_set_stays:
            return []
        return [attrs.evolve(one, bands=1) for one in self.block_by_block if not one.weights_stay]

    @cached_property
    def whole(self) -> list[Order]:
        """Orders in which a filter set is done with for all windows before the next one begins.

        Where weights do not stay, these are loaded once all the same, and the inputs for each filter set.
        """
        if not self._bands:
            return []
        found = [attrs.evolve(one, bands=1) for one in self.block_by_block if one.weights_stay]
        units = self.program.geometry.groups * self.program.geometry.filter_sets
        if self.in_bands and units > self._units:
            found.append(Order(1, weights_stay=False, input_loads=units))
        return found

    @property
    def _bands(self) -> bool:
        """Whether the layer's windows may be cut into bands at all."""
        return self.program.layer.kind == "conv" and self.program.layout == "bricks"

    @property
    def _units(self) -> int:
        """Times that the inputs are loaded where they do not stay while groups, or filter sets, take their turns."""
        if self.program.layout == "planes":
            return units_in_planes(self.program.geometry)
        return self.program.geometry.filter_sets if self.program.layer.kind == "fc" else self.program.geometry.groups
