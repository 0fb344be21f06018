"""What every window of a layer takes in, step by step: its map padded and folded, and cut into bricks."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Layer

from .geometry import Geometry

Kind = TypeVar("Kind", bound=np.generic)


def padded_maps(values: npt.NDArray[Kind], geometry: Geometry, padding: Any) -> npt.NDArray[Kind]:
    """[groups, folded channels, H', W']: one image's [C, H, W] or [C], with `padding` around it, and folded."""
    folded = _fold(_as_map(values), geometry, padding)
    return folded.reshape(geometry.groups, geometry.folded_channels, *folded.shape[1:])


def by_window(bricks: npt.NDArray[Kind], geometry: Geometry) -> npt.NDArray[Kind]:
    """[groups, window sets, columns, steps]: what a window takes in a step, of `bricks` [groups, H', W', bricks].

    The absent windows of the last set have 0.
    """
    stride = tuple(step // fold for step, fold in zip(geometry.stride, geometry.fold, strict=True))
    views = np.lib.stride_tricks.sliding_window_view(bricks, geometry.reach, axis=(1, 2))
    views = views[:, :: stride[0], :: stride[1]][:, : geometry.out_size[0], : geometry.out_size[1]]
    views = views[..., :: geometry.dilation[0], :: geometry.dilation[1]]
    windows = views.transpose(0, 1, 2, 4, 5, 3).reshape(geometry.groups, geometry.windows, geometry.steps)
    columns = geometry.grid.columns
    result = np.zeros((geometry.groups, geometry.window_sets * columns, geometry.steps), dtype=bricks.dtype)
    result[:, : geometry.windows] = windows
    return result.reshape(geometry.groups, geometry.window_sets, columns, geometry.steps)


def non_zero(layer: Layer, image: int, geometry: Geometry) -> npt.NDArray[np.bool_]:
    """[groups, window sets, columns, steps] whether a window's activation is not zero, on grids of one lane."""
    there = padded_maps(layer.inputs[image] != layer.input_zero, geometry, False)
    return by_window(np.moveaxis(there, 1, 3), geometry)


def _as_map(tensor: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """[C, H, W]; a fully connected layer's [C] is a map of one position."""
    return tensor if tensor.ndim == 3 else tensor.reshape(-1, 1, 1)


def _fold(tensor: npt.NDArray[Kind], geometry: Geometry, padding: Any) -> npt.NDArray[Kind]:
    """[C, H, W] padded with `padding` to whole multiples of the fold, and folded: [C * fy * fx, H', W']."""
    (fold_y, fold_x), (height, width) = geometry.fold, geometry.padded_size
    (top, left), (in_y, in_x) = geometry.padding, geometry.in_size
    around = ((0, 0), (top, height - in_y - top), (left, width - in_x - left))
    padded = np.pad(tensor, around, constant_values=padding)
    phases = padded.reshape(len(tensor), height // fold_y, fold_y, width // fold_x, fold_x)
    return phases.transpose(2, 4, 0, 1, 3).reshape(-1, height // fold_y, width // fold_x)
