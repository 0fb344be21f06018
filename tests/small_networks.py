"""A small network captured through torch, and the scenarios the system's tests run it in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from tlm.scenario import Scenario, load
from tlm.workload.layer import Workload
from tlm.workload.spec import WorkloadSpec


@cache
def network() -> Workload:
    """conv 5x5 stride 2, max pool, grouped conv, average pool, conv, flatten, two fully connected layers."""
    import torch
    from torch import nn

    from tlm.workload.capture import capture

    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Conv2d(3, 20, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(20, 40, 3, padding=1, groups=2),
        nn.ReLU(),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.Conv2d(40, 24, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24 * 3 * 3, 300),
        nn.ReLU(),
        nn.Linear(300, 10),
    )
    inputs = np.random.default_rng(5).random((2, 3, 22, 22), dtype=np.float32)
    return capture(WorkloadSpec(network="small:network"), module, inputs, labels=(1, 2))


def scenario(*sets: str) -> Scenario:
    """The shipped LeNet scenario with `sets` laid over it; its workload is not what is run."""
    return load("lenet", sets)


def with_sets(sets: Sequence[tuple[str, object]]) -> Scenario:
    """The same from (key, value) pairs."""
    return scenario(*(f"{key}={value}" for key, value in sets))
