"""How fast codecs are, beside numpy's own unpacking and packing of as many bytes, in the same run.

`pytest benchmarks --benchmark-enable`; the ratio, and MB/s of 8-bit values, are in `extra_info`. Without it each runs
once.
"""

import timeit

import numpy as np
import pytest

from tlm.codecs import CODECS, Format

COUNT = 1_200_000
SLICE = range(1000, 1150)


def values_of(sort, name):
    """Signed values of 8 bits, cut to what the codec stores."""
    random = np.random.default_rng(0)
    dense = random.integers(-128, 128, COUNT)
    sparse = random.laplace(0, 6, COUNT).round().clip(-64, 63).astype(np.int64)
    values = dense if sort == "dense" else np.where(random.random(COUNT) < 0.4, sparse, 0)
    return values.clip(-1, 1) if name == "ternary" else values


def compare(benchmark, work, count, at_most):
    """Run `work`; where measured, its ratio to the baseline must stay below `at_most`."""
    result = benchmark(work)
    if benchmark.enabled:
        plain = np.zeros(count, np.uint8)
        baseline = min(timeit.repeat(lambda: np.packbits(np.unpackbits(plain)), number=20, repeat=5)) / 20
        benchmark.extra_info["MB/s"] = count / benchmark.stats.stats.min / 1e6
        benchmark.extra_info["ratio"] = benchmark.stats.stats.min / baseline
        assert benchmark.extra_info["ratio"] < at_most
    return result


@pytest.fixture(params=[(name, sort) for name in CODECS for sort in ("dense", "sparse")], ids="-".join)
def stream(request):
    name, sort = request.param
    fmt, values = Format(8, True, profile=8 if sort == "dense" else 7), values_of(sort, name)
    return CODECS[name], fmt, values, CODECS[name].encode(values, fmt)


def test_sizes(benchmark, stream):
    codec, fmt, values, encoded = stream
    sizes = compare(benchmark, lambda: codec.sizes_bits(values, fmt), COUNT, 20)
    assert (sizes == np.diff(encoded.offsets)).all()


def test_encode(benchmark, stream):
    codec, fmt, values, _ = stream
    encoded = compare(benchmark, lambda: codec.encode(values, fmt), COUNT, 150)
    assert encoded.offsets[-1] == codec.sizes_bits(values, fmt).sum()


def test_decode(benchmark, stream):
    codec, fmt, values, encoded = stream
    decoded = compare(benchmark, lambda: codec.decode(encoded.data, encoded.offsets, COUNT, fmt), COUNT, 100)
    assert (decoded == values).all()


def test_decode_a_slice(benchmark, stream):
    codec, fmt, values, encoded = stream
    begin, end = encoded.offsets[[SLICE.start, SLICE.stop]]
    data = encoded.data[begin // 8 : -(-end // 8)]
    offsets = encoded.offsets[SLICE.start : SLICE.stop + 1] - begin // 8 * 8
    count = 16 * len(SLICE)
    decoded = compare(benchmark, lambda: codec.decode(data, offsets, count, fmt), count, 100)
    assert (decoded == values[16 * SLICE.start :][:count]).all()
