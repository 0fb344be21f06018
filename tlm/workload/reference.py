"""The reference: accumulators in torch's int64 arithmetic, which nothing else in the model shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .layer import Ints, Kind

Pair = tuple[int, int]
#: Weights taken to int64 at a time: large fully connected layers would double their memory otherwise.
BLOCK = 2**24


def accumulate(
    kind: Kind, inputs: Ints, weights: Ints, *, stride: Pair, padding: Pair, groups: int
) -> npt.NDArray[np.int64]:
    """A layer's accumulators without bias: int64, conv [N, F, Oy, Ox], fc [N, F]; shapes as in Layer."""
    import torch  # only a cold run needs it

    activations = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.int64))
    if kind == "conv":
        kernels = torch.from_numpy(np.ascontiguousarray(weights, dtype=np.int64))
        sums = torch.nn.functional.conv2d(activations, kernels, None, stride, padding, 1, groups)
        return sums.numpy()
    filters, channels = weights.shape
    step = max(1, BLOCK // channels)
    blocks = (np.ascontiguousarray(weights[f : f + step], dtype=np.int64) for f in range(0, filters, step))
    return np.concatenate([(torch.from_numpy(b) @ activations.T).T.numpy() for b in blocks], axis=1)
