"""Compute cycles from published precisions alone: steps by the machines' own rules and geometry, no tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from ..accelerators.rules import Geometry, Rule, rule
from ..accelerators.spec import AcceleratorSpec
from ..scenario import load
from ..workload.layer import Layer
from ..workload.profile_tables import ProfileLayer
from ..workload.profiles import outlines

#: What is published of each layer, and its shape.
Layers = Sequence[tuple[ProfileLayer, Layer]]


@cache
def machine(accelerator: str) -> AcceleratorSpec:
    """The numbers of a scenario's `accelerator`."""
    return load("ideal", [f"accelerator={accelerator}"]).accelerator


@cache
def layers(network: str) -> Layers:
    """The layers of a published network."""
    return tuple(outlines(network))


def step_cycles(of: Layers, accelerator: str, cycles: Callable[[ProfileLayer], float]) -> float:
    """Cycles of layers whose every step takes `cycles`, a fraction too; to the last digit the same in any Python."""
    spec = machine(accelerator)
    return math.fsum(steps(layer, spec) * cycles(published) for published, layer in of)


def rule_cycles(of: Layers, accelerator: str) -> int:
    """The cycles of layers by a rule that looks at shapes and profiles alone."""
    return sum(completed(layer, machine(accelerator)) for _, layer in of)


def steps(layer: Layer, spec: AcceleratorSpec) -> int:
    """How many steps a layer takes on a machine."""
    return int(np.prod(Geometry.of(layer, rule_of(layer, spec).grid(layer, spec)).shape))


def completed(layer: Layer, spec: AcceleratorSpec) -> int:
    """When the first image of a layer is done, by its machine's rule."""
    return int(rule_of(layer, spec).completion(layer, 0, spec).max())


def rule_of(layer: Layer, spec: AcceleratorSpec) -> Rule:
    """The rule that a machine has for a layer."""
    assert layer.kind != "other"
    return rule(spec.rules[layer.kind], layer.kind)


def mean_bits(of: Layers) -> float:
    """The mean profile precision, each layer counted by its multiplications."""
    return math.fsum(layer.macs * published.act_bits for published, layer in of) / sum(layer.macs for _, layer in of)
