"""The reference: accumulators in torch's exact arithmetic, which nothing else in the model shares.

Sums of products are taken in float64 where none can reach 2^53, for there they are exact, whatever their order; in
int64, which is several times slower, elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .layer import Ints, Kind

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Pair = tuple[int, int]
#: Values taken to 64 bits at a time: large layers would need several times their memory otherwise.
BLOCK = 2**24
#: Values of torch's intermediate matrix at a time, in a convolution.
STRIP = 2**21
EXACT = 2**53


def accumulate(
    kind: Kind,
    inputs: Ints,
    weights: Ints,
    *,
    stride: Pair,
    padding: Pair,
    groups: int,
    dilation: Pair = (1, 1),
    out: Pair | None = None,
    zeros: Pair = (0, 0),
) -> npt.NDArray[np.int64]:
    """A layer's accumulators without bias: int64, conv [N, F, Oy, Ox], fc [N, F]; shapes as in Layer.

    `out` is (Oy, Ox), by default what `padding` on all sides gives. `zeros` are the codes of real 0 of inputs and
    weights, which are subtracted first; then padding is 0.
    """
    import torch  # only a cold run needs it

    most = (_magnitude(inputs) + abs(zeros[0])) * (_magnitude(weights) + abs(zeros[1]))
    exact = most * (weights[0].size if len(weights) else 0) < EXACT
    kind_of_sum = torch.float64 if exact else torch.int64
    if kind == "conv":
        return _convolve(inputs, weights, zeros, kind_of_sum, (stride, padding, dilation, groups), out)
    filters, channels = weights.shape
    activations = _wide(inputs, zeros[0], kind_of_sum).T
    step = max(1, BLOCK // max(channels, 1))
    sums = np.empty((len(inputs), filters), np.int64)
    for first in range(0, filters, step):
        block = _wide(weights[first : first + step], zeros[1], kind_of_sum) @ activations
        sums[:, first : first + step] = block.T.to(torch.int64).numpy()
    return sums


def _convolve(
    inputs: Ints,
    weights: Ints,
    zeros: Pair,
    dtype: torch.dtype,
    geometry: tuple[Pair, Pair, Pair, int],
    out: Pair | None,
) -> npt.NDArray[np.int64]:
    """Strip by strip: as many rows of windows, of as many images, as keep torch's own buffers small."""
    import torch

    stride, padding, dilation, groups = geometry
    reach = [(size - 1) * step + 1 for size, step in zip(weights.shape[2:], dilation, strict=True)]
    height, width = out or _out_size(inputs, padding, reach, stride)
    size = [(count - 1) * step + one for count, step, one in zip((height, width), stride, reach, strict=True)]
    padded = _padded(inputs, zeros[0], padding, size)
    kernels = _wide(weights, zeros[1], dtype)
    row = max(inputs.shape[1] * weights.shape[2] * weights.shape[3] * width, 1)
    rows = min(max(1, STRIP // row), height)
    images = max(1, STRIP // (row * rows))
    sums = np.empty((len(inputs), len(weights), height, width), np.int64)
    for first in range(0, len(inputs), images):
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            strip = padded[first : first + images, :, top * stride[0] : (bottom - 1) * stride[0] + reach[0]]
            values = _wide(strip, zeros[0], dtype)
            made = torch.nn.functional.conv2d(values, kernels, None, stride, (0, 0), dilation, groups)
            sums[first : first + images, :, top:bottom] = made.numpy()
    return sums


def _out_size(inputs: Ints, padding: Pair, reach: Sequence[int], stride: Pair) -> Pair:
    """(Oy, Ox) with `padding` on all sides."""
    height, width = ((inputs.shape[2 + axis] + 2 * padding[axis] - reach[axis]) // stride[axis] + 1 for axis in (0, 1))
    return height, width


def _padded(inputs: Ints, zero: int, padding: Pair, size: Sequence[int]) -> Ints:
    """Maps as far as windows reach, (height, width) `size`: `zero` all around."""
    if padding == (0, 0) and tuple(size) == inputs.shape[2:]:
        return inputs
    made = np.full((*inputs.shape[:2], *size), zero, inputs.dtype)
    height, width = (min(inputs.shape[2 + axis], size[axis] - padding[axis]) for axis in (0, 1))
    made[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width] = inputs[:, :, :height, :width]
    return made


def _wide(values: Ints, zero: int, dtype: torch.dtype) -> Tensor:
    import torch

    wide = torch.from_numpy(np.ascontiguousarray(values)).to(dtype)
    return wide - zero if zero else wide


def _magnitude(values: Ints) -> int:
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
