"""What all codecs share about containers: domain, grouping, places, and the checks of what arrived."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tlm.inputs.errors import BadInput

from .bits import READ_BITS, take
from .codec import CorruptContainer, OutsideDomain
from .format import GROUP, Bytes, Format, Int64s, Ints, Values


def check_domain(values: Values, fmt: Format, codec: str) -> None:
    """Refuse values that are no integers of `fmt`, naming the first and its position."""
    if fmt.floats or values.dtype.kind not in "iu":
        raise BadInput(f"{codec} of {fmt}, stores integers, not {'floats' if fmt.floats else values.dtype}")
    check_between(values, fmt.low, fmt.high, f"{codec} of {fmt}, stores {fmt.low} to {fmt.high}")


def check_between(values: Ints, low: int, high: int, stores: str) -> None:
    """Refuse values outside `low`..`high`, naming the first and its position; `stores` says who refuses them."""
    if not values.size or (low <= int(values.min()) and int(values.max()) <= high):
        return
    at = int(np.flatnonzero((values < low) | (values > high))[0])
    raise OutsideDomain(stores, values[at], at)


def groups_of(count: int) -> int:
    """How many groups `count` values make; the last may be short."""
    return -(-count // GROUP)


def aligned(sizes: Int64s, fmt: Format) -> Int64s:
    """Container sizes [groups] bits with their padding to `align_bits`."""
    return sizes if fmt.align_bits is None else -(-sizes // fmt.align_bits) * fmt.align_bits


def places(sizes: Int64s) -> Int64s:
    """Where containers of these sizes [groups] start, and the total: [groups + 1] bits."""
    return np.concatenate(([0], sizes.cumsum()))


def refuse(bad: npt.NDArray[np.bool_], reason: Callable[[int], str]) -> None:
    """Raise CorruptContainer for the first group that is `bad` [groups], with its reason."""
    if bad.any():
        group = int(bad.argmax())
        raise CorruptContainer(group, reason(group))


def check_extent(data: Bytes, offsets: Int64s, count: int, least: int) -> Int64s:
    """Container sizes [groups] bits as `offsets` have them; each is >= `least` and lies within `data`."""
    if offsets.size != groups_of(count) + 1 or offsets[0] < 0:
        raise ValueError(f"{offsets.size} offsets do not place {count} values")
    sizes: Int64s = offsets[1:] - offsets[:-1]
    refuse(sizes < least, lambda g: f"{sizes[g]} bits hold no container")
    if offsets[-1] > 8 * data.size:
        refuse(offsets[1:] > 8 * data.size, lambda g: f"data end at bit {8 * data.size} of {offsets[g + 1]}")
    return sizes


def check_sizes(used: Int64s, sizes: Int64s, fmt: Format) -> None:
    """The bits `used` by each container, with their padding, must be its size [groups] bits."""
    refuse(aligned(used, fmt) != sizes, lambda g: f"{used[g]} bits of content do not make {sizes[g]} bits")


def check_padding(view: Int64s, offsets: Int64s, used: Int64s) -> None:
    """The padding between each container's `used` bits [groups] and the next container must be zero."""
    starts, ends = offsets[:-1] + used, offsets[1:]
    for skip in range(0, int((ends - starts).max(initial=0)), READ_BITS):
        begin = np.minimum(starts + skip, ends)
        left = np.minimum(ends - begin, READ_BITS)
        refuse(take(view, begin) & ((1 << left) - 1) != 0, lambda g: "its padding is not zero")


def check_range(values: Ints, fmt: Format) -> None:
    """Decoded values must be integers of `fmt`."""
    check_decoded(values, fmt.low, fmt.high, f"{fmt.bits} bits")


def check_decoded(values: Ints, low: int, high: int, what: str) -> None:
    """Decoded values must lie in `low`..`high`; what does not is told to be no value of `what`."""
    if values.size and (values.min() < low or values.max() > high):
        at = int(((values < low) | (values > high)).argmax())
        raise CorruptContainer(at // GROUP, f"{values[at]} is no value of {what}")
