"""What actually arrived, in a checked run: bytes collected, decoded container by container, and compared."""

from __future__ import annotations

import numpy as np

from ..codecs import GROUP, CorruptContainer
from ..codecs.format import Bytes, Int64s
from ..core import CheckFailed
from ..workload.layer import Ints, first_difference
from .flow import Request
from .region import Region


class Receiver:
    """Decodes one stream's requests, in order; a container may straddle them."""

    def __init__(self) -> None:
        self._bytes: Bytes = np.zeros(0, np.uint8)
        self._begin = 0
        self._values = 0

    def take(self, request: Request) -> tuple[int, Ints]:
        """(place of the first in its region, values) of what the request completes.

        Raises CheckFailed, naming layer, operand and position, where a container is broken, a value is not what
        was encoded, or a padding bit was changed.
        """
        region = request.load.region
        if request.begin == 0:
            self._bytes, self._begin, self._values = np.zeros(0, np.uint8), 0, 0
        fresh = np.frombuffer(request.payload.data, np.uint8)
        self._bytes = np.concatenate([self._bytes, fresh])
        first, self._values = self._values, self._values + request.values
        values = self._decode(region, first, self._values)
        compare_bytes(region, request.begin, fresh)
        keep = int(region.offsets[-(-self._values // GROUP)]) // 8 - self._begin
        self._bytes, self._begin = self._bytes[keep:], self._begin + keep
        return first, values

    def _decode(self, region: Region, first: int, last: int) -> Ints:
        if first == last:
            return np.zeros(0, np.int64)
        group = first // GROUP
        offsets: Int64s = region.offsets[group : -(-last // GROUP) + 1] - 8 * self._begin
        try:
            values: Ints = region.codec.decode(self._bytes, offsets, last - first, region.fmt)
        except CorruptContainer as error:
            place = GROUP * (group + error.group)
            raise CheckFailed(f"{region.name}: the container of values {place}.. is corrupt: {error.reason}") from error
        assert region.values is not None
        wrong = first_difference(values, region.values[first:last])
        if wrong is not None:
            place = first + wrong
            raise CheckFailed(f"{region.name}: value {place} arrived as {values[wrong]}, not {region.values[place]}")
        return values


def compare_bytes(region: Region, begin: int, arrived: Ints) -> None:
    """Refuse bytes that differ from the region's, padding behind its end included."""
    assert region.data is not None
    expected = np.zeros(len(arrived), np.uint8)
    known = region.data[begin : begin + len(arrived)]
    expected[: len(known)] = known
    wrong = first_difference(arrived, expected)
    if wrong is not None:
        place = begin + wrong
        raise CheckFailed(
            f"{region.name}: byte {place} (padding) arrived as 0x{arrived[wrong]:02x}, not 0x{expected[wrong]:02x}"
        )
