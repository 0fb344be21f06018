"""The committed checkpoints: integers predict what quantisation-aware training promised."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from nets import lenet
from nets.data import digits
from nets.training import checkpoint as ck
from tlm.workload.capture import capture, load_network
from tlm.workload.layer import Workload
from tlm.workload.spec import WorkloadSpec

CHECKPOINTS = ck.SHIPPED
IMAGES = 360


@cache
def lenet_digits(weights: str) -> Workload:
    spec = WorkloadSpec(
        network="nets.lenet:build", weights=str(CHECKPOINTS / weights), input="nets.data:digits", images=IMAGES
    )
    return load_network(spec, Path)[0]


def hits(workload: Workload) -> float:
    assert workload.labels is not None
    assert workload.predictions is not None
    return float(np.mean(np.array(workload.labels) == np.array(workload.predictions)))


@pytest.mark.parametrize("number_format", ["int8", "ternary"])
def test_integers_predict_what_fake_quantisation_does(number_format: str) -> None:
    workload = lenet_digits(f"lenet-{number_format}.pt")
    checkpoint = ck.load(CHECKPOINTS / f"lenet-{number_format}.pt")
    network = ck.restore(lenet.build(), checkpoint)
    images, _ = digits(IMAGES, (1, 28, 28))
    with torch.no_grad():
        fake = network(torch.from_numpy(images)).argmax(1).tolist()
    assert sum(one == two for one, two in zip(fake, workload.predictions or (), strict=True)) >= IMAGES - 1
    assert abs(hits(workload) - checkpoint["accuracy"]["test"]) <= 1 / IMAGES


def test_ternary_weights_are_ternary() -> None:
    layers = lenet_digits("lenet-ternary.pt").layers
    trained = ck.load(CHECKPOINTS / "lenet-ternary.pt")["weight_scales"]  # the first layer may be in full precision
    assert len(trained) >= 3
    assert all(set(np.unique(layer.weights)) == {-1, 0, 1} for layer in layers if layer.name in trained)
    assert {layer.bits for layer in layers} == {8}


def test_quantising_after_training_costs_at_most_half_a_percent() -> None:
    checkpoint = ck.load(CHECKPOINTS / "lenet-int8.pt")
    network = lenet.build()
    network.load_state_dict(ck.real_state(checkpoint))
    images, labels = digits(IMAGES, (1, 28, 28))
    with torch.no_grad():
        real = float((network.eval()(torch.from_numpy(images)).argmax(1).numpy() == labels).mean())
    found = capture(WorkloadSpec(network="nets.lenet:build"), network, images, tuple(labels.tolist()))
    assert abs(hits(found) - real) <= 0.005


def test_two_captures_are_identical() -> None:
    spec = WorkloadSpec(
        network="nets.vgg:build", weights=str(CHECKPOINTS / "vgg-int8.pt"), input="nets.data:digits", images=2
    )
    one, two = (load_network(spec, Path)[0] for _ in range(2))
    assert one.predictions == two.predictions == one.labels
    for first, second in zip(one.layers, two.layers, strict=True):
        assert np.array_equal(first.accumulators, second.accumulators)
