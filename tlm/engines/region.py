"""An encoded stream at a place in memory, and how it is cut into requests."""

from __future__ import annotations

import attrs
import numpy as np

from ..codecs import GROUP, Codec, Format
from ..codecs.format import Bytes, Int64s
from ..workload.layer import Ints


@attrs.frozen(eq=False)
class Region:
    """One encoded stream of `count` values of a layer's operand, `size_bytes` long, at `address`.

    `offsets` [groups + 1] are the containers' places in bits, the last one the size. `values` and `data`, the expected values and bytes, are there in a checked
    run only.
    """

    layer: str
    operand: str
    part: str
    address: int
    count: int
    offsets: Int64s
    codec: Codec
    fmt: Format
    values: Ints | None = None
    data: Bytes | None = None

    @property
    def name(self) -> str:
        """For messages: "conv1 weights, tile 3"."""
        return f"{self.layer} {self.operand}, {self.part}"

    @property
    def size_bytes(self) -> int:
        """Encoded bytes, the last one padded."""
        return -(-int(self.offsets[-1]) // 8)

    @property
    def uncompressed_bytes(self) -> int:
        """Values times the storage width."""
        return -(-self.count * self.fmt.bits // 8)


@attrs.frozen(eq=False)
class Load:
    """One reading of a region, and when it is wanted.

    After its first `needs[i]` values (rising) have arrived, pass `passes[i]` of the run can go on; `after` is
    the index of the output that must be written first, None for data that lie in memory from the start.
    `layer` and `image` say whose operand it is.
    """

    region: Region
    needs: Ints
    passes: Ints
    layer: int
    image: int
    after: int | None = None

    def wanted_by(self, value: int) -> int:
        """The first pass that needs more than the first `value` values."""
        place = int(np.searchsorted(self.needs, value, side="right"))
        return int(self.passes[min(place, len(self.passes) - 1)])


@attrs.frozen
class Cut:
    """How a region is cut: whole bursts, at most `request` bytes and `values` values, at least one burst."""

    burst: int
    request: int
    values: int


def cut_reads(region: Region, cut: Cut) -> list[tuple[int, int]]:
    """A region's requests in order: (end in bytes, values complete once these bytes have arrived)."""
    ends = _burst_ends(region, cut.burst)
    groups = np.searchsorted(region.offsets[1:], 8 * ends, side="right")
    return _greedy(ends, np.minimum(GROUP * groups, region.count), cut)


def cut_writes(region: Region, cut: Cut) -> list[tuple[int, int]]:
    """A region's requests in order: (end in bytes, values that must be encoded before they can go)."""
    ends = _burst_ends(region, cut.burst)
    groups = np.searchsorted(region.offsets[1:], 8 * ends, side="left") + 1
    return _greedy(ends, np.minimum(GROUP * groups, region.count), cut)


def _burst_ends(region: Region, burst: int) -> Ints:
    return np.arange(1, -(-region.size_bytes // burst) + 1, dtype=np.int64) * burst


def _greedy(ends: Ints, values: Ints, cut: Cut) -> list[tuple[int, int]]:
    cuts: list[tuple[int, int]] = []
    bursts = max(1, cut.request // cut.burst)
    place, before = 0, 0
    while place < len(ends):
        by_values = int(np.searchsorted(values, before + cut.values, side="right"))
        place = max(place + 1, min(place + bursts, by_values, len(ends)))
        before = int(values[place - 1])
        cuts.append((int(ends[place - 1]), before))
    return cuts
