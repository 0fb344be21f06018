"""Products as a folder of traces, which the simulator runs as a workload: `workload.traces`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from nets.training.step import Product


def write(products: Sequence[Product], folder: Path) -> None:
    """model.csv, precision.txt with the widths that hold every value, and two tensors a product, x before y."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{one.name},{one.kind},{one.stride},{one.padding}\n" for one in products]
    (folder / "model.csv").write_text("".join(lines), encoding="utf-8")
    rows = (
        [width(one.inputs, bool((one.inputs < 0).any())) for one in products],
        [0] * len(products),
        [width(one.weights, True) for one in products],
        [0] * len(products),
    )
    title = "activation bits; fraction; weight bits; fraction\n"
    (folder / "precision.txt").write_text(title + "".join(f"{';'.join(map(str, row))}\n" for row in rows), "utf-8")
    for one in products:
        for name, values in ((f"act-{one.name}-0", one.inputs), (f"wgt-{one.name}", one.weights)):
            np.save(folder / f"{name}.npy", _turned(values).astype(np.int32))


def width(values: Tensor, signed: bool) -> int:
    """The bits of the widest value, with its sign where they are `signed`."""
    most = int(np.maximum(values.numpy(), ~values.numpy()).max())
    return max(1, most.bit_length()) + signed


def _turned(values: Tensor) -> np.ndarray:
    return values.transpose(2, 3).contiguous().numpy() if values.ndim == 4 else values.numpy()
