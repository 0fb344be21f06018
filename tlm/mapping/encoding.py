"""Operands as they are stored: encoded streams, their places in memory, and what a codec refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
import numpy as np

from ..codecs import GROUP, Codec, Format, OutsideDomain
from ..codecs.containers import places
from ..codecs.format import Bytes, Int64s
from ..core import BadInput
from ..engines import Cut, Region, interleaved
from ..workload.layer import Ints, Layer


@attrs.frozen(eq=False)
class Operand:
    """The weights of a layer, or the `tensor` of that number: all its `values`, in torch's order.

    `precision` is the profile's, in bits. `layer` is whose it is for messages and files, `name` what of it.
    """

    layer: Layer
    name: str
    values: Ints
    precision: int
    tensor: int | None = None
    signed: bool = attrs.field(init=False)

    @signed.default
    def _any_negative(self) -> bool:
        return bool(self.values.size) and int(self.values.min()) < 0

    @classmethod
    def weights(cls, layer: Layer) -> Operand:
        """A layer's weights."""
        return cls(layer, "weights", layer.weights, layer.weight_bits)


#: (operand, which part of it, that part's stream of values) -> a region.
Encode = Callable[[Operand, str, Ints], Region]


@attrs.frozen(eq=False)
class Encoding:
    """How streams become regions: with `codec`, which the scenario's `key` names."""

    codec: Codec
    key: str
    align_bits: int | None
    check: bool
    allocate: Callable[[int], int]

    def region(self, operand: Operand, part: str, values: Ints) -> Region:
        """A region for `values`, flat: sizes only or, in a checked run, bytes. BadInput where the codec refuses one."""
        region = self._unplaced(operand, part, values)
        return attrs.evolve(region, address=self.allocate(region.size_bytes))

    def side_by_side(self, operand: Operand, streams: Iterable[tuple[str, Ints]], cut: Cut) -> tuple[Region, ...]:
        """The same for several (part, values) that are read in turns, in requests of `cut`, taken one by one."""
        regions = [self._unplaced(operand, part, values) for part, values in streams]
        return interleaved(regions, cut, self.allocate) if regions else ()

    def _unplaced(self, operand: Operand, part: str, values: Ints) -> Region:
        fmt = self._format(operand)
        try:
            offsets, data = self._encoded(values, fmt)
        except OutsideDomain as error:
            message = f"layer {operand.layer.name}, {operand.name}: {error.within(operand.values).message}"
            raise BadInput(message, key=self.key) from None
        return Region(
            operand.layer.name,
            operand.name,
            part,
            0,
            len(values),
            offsets,
            self.codec,
            fmt,
            values if self.check else None,
            data,
            operand.tensor,
        )

    def stores(self, operand: Operand) -> bool:
        """Whether all of it is of the codec's domain."""
        try:
            self.codec.sizes_bits(operand.values.reshape(-1), self._format(operand))
        except OutsideDomain:
            return False
        return True

    def most_in_burst(self, layer: Layer, burst: int) -> int:
        """Weights that a burst can complete: in the smallest containers, and cut ones at both ends."""
        fmt = Format(layer.bits, False, self.align_bits, layer.weight_bits)
        return GROUP * (2 + 8 * burst // max(1, self._smallest(fmt)))

    def _smallest(self, fmt: Format) -> int:
        """The bits of a container of zeros or, where the codec has none, of ones."""
        try:
            sizes = self.codec.sizes_bits(np.zeros(GROUP, np.int64), fmt)
        except OutsideDomain:
            sizes = self.codec.sizes_bits(np.ones(GROUP, np.int64), fmt)
        return int(sizes[0])

    def _format(self, operand: Operand) -> Format:
        return Format(operand.layer.bits, operand.signed, self.align_bits, operand.precision)

    def _encoded(self, values: Ints, fmt: Format) -> tuple[Int64s, Bytes | None]:
        """Where containers are and, in a checked run, what is in them."""
        if not self.check:
            return places(self.codec.sizes_bits(values, fmt)), None
        encoded = self.codec.encode(values, fmt)
        return encoded.offsets, encoded.data
