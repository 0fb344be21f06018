"""A machine and a codec of one's own, which `own_machine.yaml` brings by path. Nothing in tlm knows them."""

import attrs
import numpy as np

from tlm.accelerators.rules import Geometry, Grid
from tlm.accelerators.rules.widths import set_widths, widths
from tlm.codecs import GROUP, Encoded
from tlm.codecs.bits import as_bytes, empty_words, put, take, windows
from tlm.codecs.containers import aligned, check_domain, check_sizes, groups_of, places

ONES = np.array([value.bit_count() for value in range(1 << 16)])


def essential_bits(layer, image, spec):
    """Bit-Pragmatic (Albericio et al., MICRO 2017): a value takes a cycle for each of its bits that is 1.

    All 256 values of a step wait for the one with the most, and a step takes a cycle at least. Cycles until every
    step is done, [groups, window sets, filter sets, steps].
    """
    geometry = Geometry.of(layer, Grid.of(spec))
    as_wide = (1 << ONES[np.abs(layer.inputs)]) - 1  # n ones: as wide as the value has
    busy = set_widths(attrs.evolve(layer, inputs=as_wide), image, geometry)[:, :, None]
    return np.cumsum(np.broadcast_to(busy, geometry.shape)).reshape(geometry.shape)


class Pragmatic:
    """DStripes' numbers, and its rule for fully connected layers, with a rule of its own for convolutions."""

    extends = "dstripes"
    conv = essential_bits


class Dense:
    """DPRed's container without its zero vector, for weights of few zeros: 4 bits width - 1, then 16 values."""

    name = "dense"

    def encode(self, values, fmt):
        """The containers of the flat stream `values`; zeros fill up the last."""
        check_domain(values, fmt, self.name)
        padded = np.zeros(groups_of(values.size) * GROUP, np.int64)
        padded[: values.size] = values
        width = widths(padded, fmt.signed).reshape(-1, GROUP).max(axis=1).astype(np.int64)
        offsets = places(aligned(4 + GROUP * width, fmt))
        words = empty_words(int(offsets[-1]))
        put(words, offsets[:-1], width - 1)
        put(words, slots(offsets, width), padded & mask(width))
        return Encoded(as_bytes(words, int(offsets[-1])), offsets)

    def decode(self, data, offsets, count, fmt):
        """The `count` values of the containers at `offsets`; CorruptContainer where a width does not fit its size."""
        view = windows(data)
        width = (take(view, offsets[:-1]) & 15) + 1
        check_sizes(4 + GROUP * width, np.diff(offsets), fmt)
        values = take(view, slots(offsets, width)) & mask(width)
        if fmt.signed:
            values -= (values << 1) & (mask(width) + 1)  # two's complement: the top bit counts negative
        return values[:count]


def slots(offsets, width):
    """Where every value of containers at `offsets`, of `width` [groups] bits a value, lies: bits."""
    return (offsets[:-1, None] + 4 + np.arange(GROUP) * width[:, None]).reshape(-1)


def mask(width):
    """The bits of every value."""
    return ((1 << width) - 1).repeat(GROUP)
