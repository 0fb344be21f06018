"""What a codec is: values in, containers out, and back."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np

from tlm.inputs.errors import BadInput

from .format import Bytes, Format, Int64s, Values


class CorruptContainer(ValueError):
    """Bytes that no encoder wrote: `group` is the container's index in the call, `reason` what is wrong."""

    def __init__(self, group: int, reason: str) -> None:
        self.group = group
        self.reason = reason
        super().__init__(f"container {group}: {reason}")


class OutsideDomain(BadInput):
    """A `value` that a codec does not store: `stores` says which it does, `position` where it was found."""

    def __init__(self, stores: str, value: Any, position: object) -> None:
        self.stores = stores
        self.value = value
        super().__init__(f"{stores}: value {value} at position {position} is outside")
        self.args = (stores, value, position)

    def within(self, tensor: Values) -> OutsideDomain:
        """The same, told of the tensor whose stream it was: the value's first place there, in torch's order."""
        there = tensor == self.value
        if not there.any():  # a user's codec may have refused what it made of the values
            return self
        place = np.unravel_index(int(there.argmax()), tensor.shape)
        return OutsideDomain(self.stores, self.value, f"{[int(index) for index in place]} of {list(tensor.shape)}")


@attrs.frozen(eq=False)
class Encoded:
    """An encoded stream.

    `data` uint8 [bytes], the last byte zero padded; `offsets` int64 [groups + 1] bits: where each container
    starts, and last the total. Bit k is bit k % 8, counted from the least significant, of byte k // 8.
    """

    data: Bytes
    offsets: Int64s


class Codec(Protocol):
    """Encodes a stream in groups of 16 values (the last may be short), one container a group.

    decode(encode(x)) equals x on the codec's domain; a value outside it raises OutsideDomain, which is BadInput naming
    the value and its position.
    """

    name: str
    engine: bool  # whether it takes an engine to expand and to encode; raw words need none

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits, padding to `align_bits` included; `values` is flat."""

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values of a run of whole containers, as int32 (int64 where 32 bits are unsigned), or floats.

        `offsets` [groups + 1] bits, relative to the first bit of `data`, say where the containers should be;
        they are a hint, verified against what arrived. Bits outside offsets[0]..offsets[-1] are not looked
        at. Raises CorruptContainer unless every container is exactly what encode would have written.
        """
