"""Layers of published shapes whose zeros are drawn at random, for machines that look at nothing else of a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workload.layer import Layer
from ..workload.profile_tables import shapes

SEED = 1
#: The shares of a layer's weights and of its activations that are not zero.
Shares = tuple[float, float]


def drawn(network: str, shares: Callable[[str], Shares]) -> list[Layer]:
    """The convolutions of a published network, one image each, with so much of their operands not zero.

    Zeros are independent of each other; accumulators are not computed.
    """
    rows = [row for row in shapes(network) if row["type"] == "conv"]
    return [_layer(row, index, shares(row["name"])) for index, row in enumerate(rows)]


def of_shares(shares: Shares, filters: int, side: int, channels: int) -> Layer:
    """A layer of one tap with `side` x `side` windows."""
    size = [side, side]
    row = {"name": "drawn", "inp": [*size, channels], "out": [*size, filters], "kernel": [1, 1], "stride": 1, "pad": 0}
    return _layer(row, 0, shares)


def _layer(row: dict[str, Any], seed: int, shares: Shares) -> Layer:
    (height, width, channels), (out_y, out_x, filters) = row["inp"], row["out"]
    random = np.random.default_rng((SEED, seed))
    weights = random.random((filters, channels, *row["kernel"]), np.float32) < shares[0]
    inputs = random.random((1, channels, height, width), np.float32) < shares[1]
    none = np.broadcast_to(np.int64(0), (1, filters, out_y, out_x))
    return Layer(
        name=row["name"],
        kind="conv",
        inputs=inputs.astype(np.int8),
        weights=weights.astype(np.int8),
        bias=None,
        accumulators=none,
        outputs=none,
        stride=(row["stride"],) * 2,
        padding=(row["pad"],) * 2,
        groups=1,
        bits=8,
        act_bits=1,
        weight_bits=2,
    )
