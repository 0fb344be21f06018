"""Small random layers and machines for the rules' tests, and a plain reading of a layer's padded input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tlm.accelerators.rules import Grid
from tlm.accelerators.spec import AcceleratorSpec
from tlm.memory import OnChipSpec
from tlm.workload.layer import Layer


def machine(**numbers: Any) -> AcceleratorSpec:
    """A machine with the numbers given; its grid is 16 of each by default."""
    memory = OnChipSpec(banks=1, width_bits=1)
    grid = {"tiles": 16, "rows": 16, "columns": 16, "lanes": 16, **numbers}
    return AcceleratorSpec("test", {}, clock=1e9, am=1, wm=1, activation_memory=memory, weight_memory=memory, **grid)


machines = st.builds(
    machine,
    tiles=st.integers(1, 3),
    rows=st.integers(1, 2),
    columns=st.integers(1, 8),
    lanes=st.integers(1, 5),
    registers=st.integers(0, 5),
    serial_bits=st.integers(1, 3),
)


def random_layer(shape: dict[str, Any], signed: bool, seed: int) -> Layer:
    """A convolution over two images of random values, the second's small.

    `shape` has the pairs size, kernel, stride and padding, groups, and the channels and filters of one group; it may
    have the pairs dilation and more (windows beyond those that fit), and the code `zero` of padding.
    """
    rng = np.random.default_rng(seed)
    groups, size = shape["groups"], shape["size"]
    low = -300 if signed else 0
    inputs = rng.integers(low, 300, (2, shape["channels"] * groups, *size)) >> rng.integers(0, 9, size)
    inputs[1] //= 16
    dilation, more = shape.get("dilation", (1, 1)), shape.get("more", (0, 0))
    out = [
        (size[axis] + 2 * shape["padding"][axis] - dilation[axis] * (shape["kernel"][axis] - 1) - 1)
        // shape["stride"][axis]
        + 1
        + more[axis]
        for axis in (0, 1)
    ]
    filters = shape["filters"] * groups
    return Layer(
        name="random",
        kind="conv",
        inputs=inputs,
        weights=rng.integers(-9, 9, (filters, shape["channels"], *shape["kernel"])),
        bias=None,
        accumulators=np.zeros((2, filters, *out), dtype=np.int64),
        outputs=inputs,
        stride=shape["stride"],
        padding=shape["padding"],
        groups=groups,
        bits=16,
        act_bits=10,
        weight_bits=5,
        dilation=dilation,
        input_zero=shape.get("zero", 0),
    )


@st.composite
def convolutions(draw: st.DrawFn) -> Layer:
    """Any convolution: strides, padding, gaps and kernels of their own in y and x, groups, folded first layers."""
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 3), (2, 2)]))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    shape = {
        "kernel": kernel,
        "padding": padding,
        "dilation": dilation,
        "more": draw(st.sampled_from([(0, 0), (0, 0), (1, 0), (1, 2)])),
        "zero": draw(st.sampled_from([0, 0, 9, 200, -3])),
        "size": tuple(draw(st.integers(side, side + 5)) for side in least),
        "stride": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "groups": draw(st.integers(1, 2)),
        "channels": draw(st.sampled_from([1, 2, 3, 3, 5, 7])),
        "filters": draw(st.integers(1, 5)),
    }
    return random_layer(shape, draw(st.booleans()), draw(st.integers(0, 99)))


@st.composite
def fully_connected(draw: st.DrawFn) -> Layer:
    """Any fully connected layer."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    channels, filters = draw(st.integers(1, 40)), draw(st.integers(1, 20))
    inputs = rng.integers(-300 * draw(st.booleans()), 300, (2, channels)) >> rng.integers(0, 9, channels)
    return Layer(
        name="random",
        kind="fc",
        inputs=inputs,
        weights=rng.integers(-9, 9, (filters, channels)),
        bias=None,
        accumulators=np.zeros((2, filters), dtype=np.int64),
        outputs=inputs,
        stride=(1, 1),
        padding=(0, 0),
        groups=1,
        bits=16,
        act_bits=10,
        weight_bits=5,
    )


def is_folded(layer: Layer) -> bool:
    """Exactly 3 input channels, no gaps and a stride above 1."""
    three = layer.inputs.shape[1] == 3 == layer.weights.shape[1]
    return layer.kind == "conv" and three and max(layer.stride) > 1 and layer.dilation == (1, 1)


def folded_steps(layer: Layer, lanes: int) -> Iterator[list[tuple[int, int, int]]]:
    """For every step of one group, the (channel, ky, kx) its lanes stand for, missing weights included."""
    _, channels, kernel_y, kernel_x = layer.weights.shape
    fold_y, fold_x = layer.stride if is_folded(layer) else (1, 1)
    for outer_y in range(0, kernel_y, fold_y):
        for outer_x in range(0, kernel_x, fold_x):
            taps = [
                (channel, outer_y + j, outer_x + i)
                for j in range(fold_y)
                for i in range(fold_x)
                for channel in range(channels)
            ]
            for start in range(0, len(taps), lanes):
                yield taps[start : start + lanes]


def value_at(layer: Layer, image: int, channel: int, y: int, x: int) -> int:
    """The activation at a position of the map, or the code of zero outside it."""
    _, _, height, width = layer.inputs.shape
    return int(layer.inputs[image, channel, y, x]) if 0 <= y < height and 0 <= x < width else layer.input_zero


def width_of(value: int, signed: bool) -> int:
    """The position of the leading one, at least 1, and the sign."""
    bits = 1
    while (value if value >= 0 else -value - 1) >= 2**bits:
        bits += 1
    return bits + signed


def column_brick_widths(layer: Layer, image: int, grid: Grid) -> list[list[list[list[int]]]]:
    """[group][window set][step][column present]: the widest value of every brick, by plain loops."""
    signed = bool((layer.inputs < 0).any()) or layer.input_zero < 0
    out_y, out_x = layer.out_size
    windows = [(oy * layer.stride[0], ox * layer.stride[1]) for oy in range(out_y) for ox in range(out_x)]
    sets = [windows[start : start + grid.columns] for start in range(0, len(windows), grid.columns)]
    cg = layer.weights.shape[1]

    def brick(group: int, y: int, x: int, taps: list[tuple[int, int, int]]) -> int:
        top, left = y - layer.padding[0], x - layer.padding[1]
        gap_y, gap_x = layer.dilation
        values = [value_at(layer, image, group * cg + c, top + gap_y * ky, left + gap_x * kx) for c, ky, kx in taps]
        return max(width_of(value, signed) for value in values)

    return [
        [[[brick(g, y, x, taps) for y, x in of_set] for taps in folded_steps(layer, grid.lanes)] for of_set in sets]
        for g in range(layer.groups)
    ]
