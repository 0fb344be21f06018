"""The containers once more, bit by bit in plain Python, and the streams that the tests draw."""

from hypothesis import strategies as st

from tlm.codecs import CorruptContainer, Format


def field(value, width):
    return [value >> bit & 1 for bit in range(width)]


def to_bytes(bits):
    padded = bits + [0] * (-len(bits) % 8)
    return bytes(sum(bit << i for i, bit in enumerate(padded[at : at + 8])) for at in range(0, len(padded), 8))


def dpred_container(width, vector, codes):
    bits = field(width - 1, 4) + field(vector, 16)
    for code in codes:
        bits += field(code, width)
    return bits


def _dpred_group(group, fmt):
    vector = sum(1 << i for i, value in enumerate(group) if value)
    if not fmt.signed:
        width = max(1, *(value.bit_length() for value in group))
        return dpred_container(width, vector, [value for value in group if value])
    width = max(1, *(abs(value).bit_length() + 1 for value in group))
    escape = {-32768: 1}
    codes = [escape.get(value, abs(value) << 1 | (value < 0)) for value in group if value]
    return dpred_container(min(width, 16), vector, codes)


def _word(fmt):
    return 8 if fmt.bits <= 8 else 16 if fmt.bits <= 16 else 32


def _none_group(group, fmt):
    return [bit for value in group for bit in field(value, _word(fmt))]


def _profile_group(group, fmt):
    width = min(fmt.profile or fmt.bits, fmt.bits)
    return [bit for value in group for bit in field(value, width)]


def bitmap_container(word, vector, values):
    bits = field(vector, 16)
    for value in values:
        bits += field(value, word)
    return bits


def _bitmap_group(group, fmt):
    vector = sum(1 << i for i, value in enumerate(group) if value)
    return bitmap_container(_word(fmt), vector, [value for value in group if value])


def _ternary_group(group, fmt):
    codes = {0: [0, 0], 1: [1, 0], -1: [1, 1]}
    return [bit for value in group for bit in codes[value]]


def _pow2_group(group, fmt):
    exponents = [abs(value).bit_length() for value in group]
    return [bit for e, value in zip(exponents, group, strict=True) for bit in [*field(e, 5), int(value < 0)]]


def _binary_group(group, fmt):
    return [int(value == -1) for value in group]


GROUPS = {
    "none": _none_group,
    "profile": _profile_group,
    "dpred": _dpred_group,
    "bitmap": _bitmap_group,
    "ternary": _ternary_group,
    "pow2": _pow2_group,
    "binary": _binary_group,
}


def limits(name, fmt):
    """The least and the greatest integer that a codec stores."""
    if name == "ternary":
        return max(-1, fmt.low), min(1, fmt.high)
    if name == "profile":
        width = min(fmt.profile or fmt.bits, fmt.bits)
        return (-(1 << width - 1), (1 << width - 1) - 1) if fmt.signed else (0, (1 << width) - 1)
    return fmt.low, fmt.high


def stored(name, value, fmt):
    """The integer itself, or the nearest on its way to zero (binary: to one) that a codec stores."""
    low, high = limits(name, fmt)
    value = max(low, min(high, value))
    if name == "pow2":
        power = 1 << abs(value).bit_length() >> 1
        return -power if value < 0 else power
    if name == "binary":
        return -1 if value < 0 or high < 1 else 1
    return value


def plain_containers(name, values, fmt):
    """Each container as its list of bits, padding included."""
    containers = []
    for at in range(0, len(values), 16):
        bits = GROUPS[name](values[at : at + 16], fmt)
        containers.append(bits + [0] * (-len(bits) % (fmt.align_bits or 1)))
    return containers


@st.composite
def streams(draw, name, most_bits=16):
    """A format, and a list of values that the codec stores: zeros, narrow ones, extremes and any."""
    bits, align = draw(st.integers(1, most_bits)), draw(st.sampled_from([None, None, 64, 5, 100]))
    fmt = Format(bits, draw(st.booleans()), align, draw(st.none() | st.integers(1, bits + 1)))
    low, high = limits(name, fmt)
    narrow = st.integers(max(low, -3), min(high, 3))
    value = st.one_of(st.just(0), narrow, st.sampled_from([low, high]), st.integers(low, high))
    drawn = draw(st.lists(st.sampled_from([st.just(0), value]).flatmap(lambda s: s), max_size=70))
    return fmt, [stored(name, value, fmt) for value in drawn]


def check_tail(data, offsets):
    """The bits of a whole stream's last byte after its last container must be zero.

    A slice cannot be held to it: there those bits are the next container's.
    """
    rest = int(offsets[-1]) & 7
    if rest and data[int(offsets[-1]) >> 3] >> rest:
        raise CorruptContainer(offsets.size - 2, "the padding of the last byte is not zero")
