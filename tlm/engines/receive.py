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
    """Decodes what arrives of each region, its requests in order."""

    def __init__(self) -> None:
        self._arriving: dict[Region, _Arriving] = {}

    def take(self, request: Request) -> tuple[int, Ints]:
        """(place of the first in its region, values) of what the request completes.

        Raises CheckFailed, naming layer, operand and position, where a container is broken, a value is not what
        was encoded, or a padding bit was changed.
        """
        region = request.region
        if request.begin == 0:
            self._arriving[region] = _Arriving(region)
        arriving = self._arriving[region]
        taken = arriving.take(request)
        if arriving.values == region.count:
            del self._arriving[region]
        return taken


class _Arriving:
    """One reading of a region: bytes that are not yet decoded, from byte `begin` on, behind its first `values` values.

    A container may straddle requests.
    """

    def __init__(self, region: Region) -> None:
        self.values = 0
        self._region = region
        self._bytes: Bytes = np.zeros(0, np.uint8)
        self._begin = 0

    def take(self, request: Request) -> tuple[int, Ints]:
        """As `Receiver.take`."""
        region = self._region
        fresh = np.frombuffer(request.payload.data, np.uint8)
        self._bytes = np.concatenate([self._bytes, fresh])
        first, self.values = self.values, self.values + request.values
        values = self._decode(first, self.values)
        compare_bytes(region, request.begin, fresh)
        keep = int(region.offsets[-(-self.values // GROUP)]) // 8 - self._begin
        self._bytes, self._begin = self._bytes[keep:], self._begin + keep
        return first, values

    def _decode(self, first: int, last: int) -> Ints:
        if first == last:
            return np.zeros(0, np.int64)
        region, group = self._region, first // GROUP
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
