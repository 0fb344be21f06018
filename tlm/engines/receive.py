"""What actually arrived, in a checked run: bytes collected, decoded container by container, and compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..codecs import GROUP, CorruptContainer
from ..codecs.format import Bytes, Int64s
from ..core import CheckFailed
from ..workload.layer import Ints, first_difference
from .flow import Request
from .region import Region

#: So many bytes of a region are decoded at once, unless they are asked for before.
BATCH = 1 << 16

#: What is done with values that have arrived: (last of their requests, place of the first in its region, values).
Keep = Callable[[Request, int, Ints], None]


class Receiver:
    """Decodes what arrives of each region, its requests in order and many of them at once, for `keep`.

    Raises CheckFailed, naming layer, operand and position, where a container is broken, a value is not what was
    encoded, or a padding bit was changed.
    """

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._arriving: dict[Region, _Arriving] = {}

    def take(self, request: Request) -> None:
        """A request's bytes are here."""
        if request.begin == 0:
            self._arriving[request.region] = _Arriving(request.region)
        arriving = self._arriving[request.region]
        arriving.add(request)
        if arriving.is_whole:
            del self._arriving[request.region]
        if arriving.is_whole or arriving.waiting >= BATCH:
            self._keep(request, *arriving.decoded())

    def catch_up(self) -> None:
        """Decode all that is here."""
        for arriving in self._arriving.values():
            if arriving.requests:
                self._keep(arriving.requests[-1], *arriving.decoded())


class _Arriving:
    """One reading of a region: `requests`, of `waiting` bytes, that are not yet decoded, behind its first values.

    A container may straddle requests: `_bytes`, from byte `_begin` on, are what is left of those before.
    """

    def __init__(self, region: Region) -> None:
        self.requests: list[Request] = []
        self.waiting = 0
        self._region = region
        self._arrived = self._values = 0  # so many values, of which so many are decoded
        self._bytes: Bytes = np.zeros(0, np.uint8)
        self._begin = 0

    @property
    def is_whole(self) -> bool:
        """Whether the last values are here."""
        return self._arrived == self._region.count

    def add(self, request: Request) -> None:
        """One more, behind those before."""
        self.requests.append(request)
        self.waiting += request.payload.data_length
        self._arrived += request.values

    def decoded(self) -> tuple[int, Ints]:
        """(place of the first, values) of what is waiting."""
        region, requests = self._region, self.requests
        fresh = np.frombuffer(b"".join(request.payload.data for request in requests), np.uint8)
        self._bytes = np.concatenate([self._bytes, fresh])
        first, self._values = self._values, self._arrived
        values = self._decode(first, self._values)
        compare_bytes(region, requests[0].begin, fresh)
        keep = int(region.offsets[-(-self._values // GROUP)]) // 8 - self._begin
        self._bytes, self._begin = self._bytes[keep:], self._begin + keep
        self.requests, self.waiting = [], 0
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
