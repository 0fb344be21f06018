"""Statistics against plain loops, on layers with groups, strides, padding, dilation, signs and zeros that are codes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from reference_tensors import write_tensors, write_traces

from tlm.codecs import CODECS, Encoded, Format, entropy_bits
from tlm.codecs.format import Int64s, Ints
from tlm.inputs.errors import BadInput
from tlm.statistics import GROUPINGS, Distribution, OperandStatistics, measure
from tlm.statistics import operands as operands_module
from tlm.statistics import precisions as precisions_module
from tlm.workload.effectual import effectual_macs
from tlm.workload.layer import Layer, Pointwise, Workload, stream
from tlm.workload.traces import load_traces

DISCRETE = {"ternary", "pow2", "binary"}  # codecs that store few values


@pytest.fixture
def traces(tmp_path: Path) -> Workload:
    """Two images: a grouped strided convolution, signed activations over a map that is not square, and an fc layer."""
    rng = np.random.default_rng(4)
    rows = [("a", "conv", 2, 1), ("b", "conv", 1, 0), ("c", "fc", 1, 0)]
    folder = write_traces(tmp_path / "net", rows, [(9, 0, 7, 0), (8, 0, 8, 0), (8, 0, 9, 0)])
    draw = [((2, 40, 7, 9), 0, 300), ((2, 24, 6, 5), -90, 90), ((2, 77), 0, 255)]
    sizes = [(20, 20, 3, 2), (8, 24, 2, 3), (5, 77)]
    for (name, *_), (shape, low, high), size in zip(rows, draw, sizes, strict=True):
        acts = rng.integers(low, high, shape) * (rng.random(shape) < 0.5)
        kernels = rng.integers(-60, 60, size) * (rng.random(size) < 0.7)
        write_tensors(folder, name, acts, kernels)
    return load_traces(folder, 2, None)


def width(value: int, signed: bool) -> int:
    return max(1, int(value if value >= 0 else ~value).bit_length()) + signed


def mean_width(values: Sequence[int], signed: bool, size: int) -> float:
    found = [width(value, signed) for value in values]
    return float(np.mean([max(found[at : at + size]) for at in range(0, len(found), size)]))


def mean_step(layer: Layer, signed: bool) -> float:
    """The mean width of DStripes' steps over a convolution that is not folded."""
    steps = []
    (out_y, out_x), (pad_y, pad_x) = layer.out_size, layer.padding
    places = [(y * layer.stride[0], x * layer.stride[1]) for y in range(out_y) for x in range(out_x)]
    for image in layer.inputs:
        for group in np.split(np.pad(image, ((0, 0), (pad_y, pad_y), (pad_x, pad_x))), layer.groups):
            for first in range(0, len(places), 16):
                for y, x in np.ndindex(*layer.weights.shape[2:]):
                    for lane in range(0, len(group), 16):
                        seen = [group[lane : lane + 16, t + y, left + x] for t, left in places[first : first + 16]]
                        steps.append(max(width(value, signed) for value in np.concatenate(seen)))
    return float(np.mean(steps))


def effectual(layer: Layer) -> int:
    """Pairs of values that are both not zero, one by one."""
    if layer.kind == "fc":
        return sum(int(((image != 0) & (row != 0)).sum()) for image in layer.inputs for row in layer.weights)
    count, (out_y, out_x) = 0, layer.out_size
    (pad_y, pad_x), (gap_y, gap_x) = layer.padding, layer.dilation
    per_group, channels = len(layer.weights) // layer.groups, layer.weights.shape[1]
    for image in layer.inputs:
        padded = np.pad(image, ((0, 0), (pad_y, pad_y + 9), (pad_x, pad_x + 9)), constant_values=layer.input_zero)
        for f, c, y, x in np.ndindex(*layer.weights.shape):
            if layer.weights[f, c, y, x] == layer.weight_zero:
                continue
            plane = padded[f // per_group * channels + c]
            for oy, ox in np.ndindex(out_y, out_x):
                value = plane[oy * layer.stride[0] + y * gap_y, ox * layer.stride[1] + x * gap_x]
                count += int(value != layer.input_zero)
    return count


def test_widths_zeros_and_work_equal_plain_loops(traces: Workload) -> None:
    found = measure(traces, CODECS)
    assert (found.name, found.images, [layer.name for layer in found.layers]) == ("net", 2, ["a", "b", "c"])
    for layer, told in zip(traces.layers, found.layers, strict=True):
        assert told.macs == 2 * layer.macs
        assert told.effectual_macs == effectual(layer)
        assert told.weights is not None
        filters = np.moveaxis(layer.weights, 1, -1).reshape(-1).tolist()
        assert (told.weights.values, told.weights.zeros) == (len(filters), filters.count(0))
        assert [one.mean for one in told.weights.widths] == pytest.approx(
            [mean_width(filters, True, size) for size in (1, 16, 256)]
        )
        check_activations(layer, told.activations)


def check_activations(layer: Layer, told: OperandStatistics) -> None:
    signed = bool((layer.inputs < 0).any())
    streams = [stream(image).tolist() for image in layer.inputs]
    assert told.values == sum(map(len, streams)) and told.zeros == sum(one.count(0) for one in streams)
    for place, size in enumerate((1, 16, 256)):
        if layer.kind == "conv" and size == 256:
            expected = mean_step(layer, signed)
        else:
            groups = [-(-len(one) // size) for one in streams]
            expected = float(np.average([mean_width(one, signed, size) for one in streams], weights=groups))
        assert told.widths[place].mean == pytest.approx(expected)
    assert told.widths[0].widest == max(width(value, signed) for one in streams for value in one)


@pytest.mark.parametrize("align", [None, 64])
def test_sizes_are_the_codecs_and_the_limit_is_the_entropy(traces: Workload, align: int | None) -> None:
    for layer, told in zip(traces.layers, measure(traces, CODECS, align).layers, strict=True):
        assert told.weights is not None
        filters = np.moveaxis(layer.weights, 1, -1).reshape(-1)
        images = [stream(image) for image in layer.inputs]
        signed = bool((layer.inputs < 0).any())
        for name, codec in CODECS.items():
            if name in DISCRETE:
                continue
            bits = int(codec.sizes_bits(filters, Format(16, True, align, layer.weight_bits)).sum())
            assert told.weights.encoded_bytes[name] == -(-bits // 8)
            sums = [int(codec.sizes_bits(one, Format(16, signed, align, layer.act_bits)).sum()) for one in images]
            assert told.activations.encoded_bytes[name] == sum(-(-bits // 8) for bits in sums)
        assert told.activations.entropy_bytes == pytest.approx(sum(map(entropy_bits, images)) / 8)
        assert told.activations.uncompressed_bytes == 2 * layer.inputs.size


def test_all_is_the_sum_of_the_layers(traces: Workload) -> None:
    found = measure(traces, CODECS)
    weights = [layer.weights for layer in found.layers if layer.weights is not None]
    assert found.all.macs == sum(layer.macs for layer in found.layers)
    assert found.all.effectual_macs == sum(layer.effectual_macs or 0 for layer in found.layers)
    assert found.all.weights is not None
    assert found.all.weights.values == sum(one.values for one in weights)
    assert found.all.weights.profile_bits is None
    assert found.all.weights.encoded_bytes["dpred"] == sum(one.encoded_bytes["dpred"] or 0 for one in weights)
    for place, _ in enumerate(GROUPINGS):
        counts = [one.widths[place].counts for one in weights]
        assert (found.all.weights.widths[place].counts == sum(counts)).all()


def test_blocks_change_nothing(traces: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure(traces, CODECS).as_json()
    monkeypatch.setattr(operands_module, "BLOCK", 256)
    monkeypatch.setattr(precisions_module, "BLOCK", 256)
    assert measure(traces, CODECS).as_json() == whole


def test_dilation_and_codes_of_zero(traces: Workload) -> None:
    layer = attrs.evolve(
        traces.layers[1],
        dilation=(2, 1),
        accumulators=np.zeros((2, 8, 3, 4), np.int64),
        stride=(2, 1),
        padding=(1, 0),
        input_zero=7,
        weight_zero=-3,
    )
    found = effectual_macs(layer)
    assert found is not None and found.sum() == effectual(layer)


def test_a_layer_without_weights_has_only_activations(traces: Workload) -> None:
    other = attrs.evolve(traces.layers[1], kind="pointwise", weights=np.zeros(0, np.int8))
    found = measure(attrs.evolve(traces, layers=(*traces.layers[:1], other)), CODECS)
    told = found.layers[1]
    assert (told.macs, told.effectual_macs, told.effectual_share, told.weights) == (0, None, None, None)
    assert found.all.macs == found.layers[0].macs
    assert told.as_json()["weights"] is None
    alone = measure(attrs.evolve(traces, layers=(other,)), CODECS)
    assert (alone.all.weights, alone.all.effectual_macs) == (None, None)


def test_operands_of_a_sum_are_measured_by_themselves_each_with_its_own_sign(traces: Workload) -> None:
    rng = np.random.default_rng(7)
    parts = (rng.integers(0, 256, (2, 3, 5, 5)), rng.integers(-60, 60, (2, 3, 5, 5)))
    joined = np.concatenate([part.reshape(2, -1) for part in parts], axis=1)
    both = attrs.evolve(
        traces.layers[1], kind="pointwise", weights=np.zeros(0, np.int8), bits=8, act_bits=9, inputs=joined,
        parts=parts, pointwise=Pointwise("add", (1, 1), (0, 5)),
    )  # fmt: skip
    (told,) = measure(attrs.evolve(traces, layers=(both,)), CODECS).layers
    found = told.activations
    streams = [stream(image) for part in parts for image in part]
    signs = [False, False, True, True]
    formats = [Format(8, signed) for signed in signs]
    assert set(found.refused) == DISCRETE
    for name in set(CODECS) - set(found.refused):
        bits = [int(CODECS[name].sizes_bits(one, fmt).sum()) for one, fmt in zip(streams, formats, strict=True)]
        assert found.encoded_bytes[name] == sum(-(-size // 8) for size in bits)
    for place, size in enumerate((1, 16, 256)):
        means = [mean_width(one.tolist(), signed, size) for one, signed in zip(streams, signs, strict=True)]
        assert found.widths[place].mean == pytest.approx(np.mean(means))  # streams are of one length
    assert found.zeros == (parts[0] == 0).sum() + (parts[1] == 5).sum()
    assert (found.values, found.uncompressed_bytes, found.widths[0].widest) == (300, 300, 8)
    assert found.profile_bits == 8


class Positive:
    """A codec that takes no negative values."""

    name, engine = "positive", True

    def sizes_bits(self, values: Ints, fmt: Format) -> Int64s:
        if (values < 0).any():
            raise BadInput("positive stores no negative values")
        return np.full(-(-values.size // 16), 10)

    def encode(self, values: Ints, fmt: Format) -> Encoded:
        raise NotImplementedError

    def decode(self, data: Any, offsets: Any, count: int, fmt: Format) -> Ints:
        raise NotImplementedError


def test_a_codec_that_does_not_take_a_tensor_is_skipped_and_says_why(traces: Workload) -> None:
    found = measure(traces, {**CODECS, "positive": Positive()})
    first, second, _ = found.layers
    assert first.activations.ratio("positive") is not None
    assert second.activations.encoded_bytes["positive"] is None
    assert second.activations.ratio("positive") is None
    assert second.activations.refused["positive"] == "positive stores no negative values"
    assert found.all.activations.encoded_bytes["positive"] is None
    assert found.all.activations.encoded_bytes["dpred"] is not None


def test_what_is_refused_is_told_of_the_tensor(traces: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operands_module, "BLOCK", 256)
    layer = attrs.evolve(traces.layers[0], weights=np.zeros((20, 20, 3, 2), np.int64))
    layer.weights[17, 3, 1, 0] = layer.weights[3, 4, 2, 1] = 2
    found = measure(attrs.evolve(traces, layers=(layer,)), CODECS).layers[0]
    assert found.weights is not None
    told = "ternary stores -1, 0 and 1: value 2 at position [3, 4, 2, 1] of [20, 20, 3, 2] is outside"
    assert found.weights.refused["ternary"] == told


def test_several_operands_are_encoded_each_by_itself(traces: Workload) -> None:
    unsigned, signed = np.full((2, 4, 3, 3), 200), np.full((2, 4, 3, 3), -100)
    both = np.concatenate([unsigned, signed], axis=1)
    layer = attrs.evolve(
        traces.layers[1], kind="pointwise", inputs=both, parts=(unsigned, signed), sources=(0, 1), bits=8, act_bits=9
    )
    found = measure(attrs.evolve(traces, layers=(layer,), inputs=2), CODECS).layers[0].activations
    assert (found.values, found.widths[0].widest, found.uncompressed_bytes) == (144, 8, 144)
    assert [found.encoded_bytes[name] for name in ("none", "profile")] == [144, 144]
    assert found.refused.keys() == DISCRETE


def test_a_distribution() -> None:
    one = Distribution(np.array([0, 1, 0, 3, 0, 0]))
    assert (one.mean, one.widest) == (2.5, 3)
    assert one.cumulative == [0.0, 0.25, 0.25, 1.0]
    assert (one + one).counts.tolist() == [0, 2, 0, 6, 0, 0]
    nothing = Distribution(np.zeros(4, np.int64))
    assert (nothing.mean, nothing.widest, nothing.cumulative) == (0.0, 0, [0.0])
