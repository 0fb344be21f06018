"""The precision study's tile against plain loops, and its formats."""

from __future__ import annotations

import math
from fractions import Fraction

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layers import convolutions, fully_connected, machine, random_layer

from tlm.accelerators.formats import FORMATS, OperandFormats
from tlm.accelerators.rules import Geometry, rule
from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.workload.layer import Layer

tiles = st.builds(machine, tiles=st.just(1), rows=st.integers(1, 6), lanes=st.integers(1, 5), fill=st.integers(0, 9))
LAYER = {"size": (9, 7), "kernel": (3, 5), "stride": (1, 1), "padding": (1, 2), "groups": 1, "channels": 3}


def completion(layer: Layer, spec: AcceleratorSpec) -> list[int]:
    """The rule's answer, flat, its shape checked."""
    entry = rule("nfu", layer.kind)
    done = entry.completion(layer, 0, spec)
    assert done.dtype == np.int64
    assert done.shape == Geometry.of(layer, entry.grid(layer, spec)).shape
    return done.reshape(-1).tolist()


def plain(layer: Layer, neurons: int, synapses: int, fill: int) -> list[int]:
    """When each channel of each set of windows and filters is done, its outputs handed to the neurons one by one."""
    clock, ends = fill, []
    filters = layer.filters // layer.groups
    channels, kernel_y, kernel_x = layer.weights.shape[1:]
    for _ in range(layer.groups):
        for first in range(0, math.prod(layer.out_size), neurons):
            windows = min(neurons, math.prod(layer.out_size) - first)
            given_out = 0  # turns of all neurons that outputs of these windows have begun
            for start in range(0, filters, neurons):
                outputs = windows * min(start + neurons, filters)
                turns = 0
                while (given_out + turns) * neurons < outputs:
                    turns += 1
                given_out += turns
                for _ in range(channels):
                    for _ in range(turns):
                        for _ in range(0, kernel_y * kernel_x, synapses):
                            clock += 1
                    ends.append(clock)
    return ends


@settings(max_examples=80, deadline=None)
@given(convolutions(), tiles)
def test_a_convolution_is_that_of_a_plain_loop(layer: Layer, spec: AcceleratorSpec) -> None:
    assert completion(layer, spec) == plain(layer, spec.rows, spec.lanes, spec.fill)


@settings(max_examples=80, deadline=None)
@given(convolutions(), tiles)
def test_outputs_fill_the_neurons_without_a_gap(layer: Layer, spec: AcceleratorSpec) -> None:
    """But for the last ones of a group: no more than one turn of a channel above the fraction."""
    kernel = -(-math.prod(layer.weights.shape[2:]) // spec.lanes) * layer.weights.shape[1]
    outputs = math.prod(layer.out_size) * layer.filters // layer.groups
    exact = Fraction(outputs, spec.rows) * kernel * layer.groups
    assert completion(layer, spec)[-1] - spec.fill == math.ceil(Fraction(outputs, spec.rows)) * kernel * layer.groups
    assert 0 <= completion(layer, spec)[-1] - spec.fill - exact < kernel * layer.groups


@settings(max_examples=40, deadline=None)
@given(fully_connected(), tiles)
def test_a_fully_connected_layer_takes_a_brick_and_a_set_of_filters_a_cycle(
    layer: Layer, spec: AcceleratorSpec
) -> None:
    steps = math.ceil(layer.weights.shape[1] / spec.lanes) * math.ceil(layer.filters / spec.rows)
    assert completion(layer, spec) == [spec.fill + step for step in range(1, steps + 1)]


def test_filters_that_are_no_whole_set_share_the_neurons() -> None:
    layer = random_layer({**LAYER, "filters": 20}, False, 1)  # 63 windows: three sets of 16 and one of 15
    done = rule("nfu", "conv").completion(layer, 0, machine(tiles=1))
    turns = np.diff(done[0, :, :, 0].reshape(-1), prepend=0)[1:]
    assert done.shape == (1, 4, 2, 3)
    assert done[0, 0, :, -1].tolist() == [48, 60]  # 16 windows x 16 and x 4 filters, of 3 channels, 15 of 16 places
    assert done[0, -1, -1, -1] == 3 * math.ceil(63 * 20 / 16)
    assert turns.tolist()[:2] == [48 + 4 - 16, 60 + 16 - 52]


def test_more_than_one_tile_is_refused() -> None:
    layer = random_layer({**LAYER, "filters": 4}, False, 1)
    with pytest.raises(BadInput, match=r"accelerator\.tiles: must be 1"):
        rule("nfu", "conv").grid(layer, machine(tiles=2))


# --- formats


HELD = {  # values, and in which formats they are not
    (0, 1, -1): {"binary"},
    (1, -1): set(),
    (0, 4, -64): {"binary", "fixed4"},
    (3, -7): {"binary", "pow2"},
    (3, -8): {"binary", "pow2"},
    (3, -9): {"binary", "pow2", "fixed4"},
    (15, 0): {"binary", "pow2"},
    (16, 0): {"binary", "fixed4"},
    (255, 7): {"binary", "pow2", "fixed4"},
    (255, -7): {"binary", "pow2", "fixed4", "fixed8"},
    (-32768, 0): {"binary", "fixed4", "fixed8"},
}


@pytest.mark.parametrize("values", HELD)
def test_what_a_format_holds(values: tuple[int, ...]) -> None:
    found = np.array(values, np.int16)
    assert {name for name, form in FORMATS.items() if not form.holds(found)} == HELD[values]


def test_operands_of_other_formats_are_named() -> None:
    layer = random_layer({**LAYER, "filters": 4}, True, 1)
    signs = attrs.evolve(layer, name="signs", weights=np.where(layer.weights < 0, -1, 1))
    formats = OperandFormats("binary", "fixed16")
    assert formats.others([layer, signs]) == {"weights": ["random"]}
    assert OperandFormats("fixed8", "fixed8").others([layer, signs]) == {"inputs": ["random", "signs"]}
    assert OperandFormats("fp32", "fp32").others([layer, signs]) == {}
    both = attrs.evolve(signs, parts=(np.full((1, 2), 255), np.full((1, 2), -128)))  # each of 8 bits, joined not
    assert OperandFormats("fixed8", "fixed8").others([both]) == {}
    assert (formats.weight_bits, formats.activation_bits) == (1, 16)


def test_a_format_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadInput, match=r"no number format 'pow3'.*did you mean 'pow2'"):
        OperandFormats("pow3", "fixed16")
