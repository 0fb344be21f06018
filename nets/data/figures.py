"""The ten classes of the drawn images: six shapes, and four textures that fill a shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.floating[Any]]

# --- shapes: how far a point is inside, in units of the shape's size; u and v [N, H, W] reach from -1 to 1 on it


def _disc(u: Field, v: Field) -> Field:
    return 0.95 - np.hypot(u, v)


def _square(u: Field, v: Field) -> Field:
    return 0.8 - np.maximum(np.abs(u), np.abs(v))


def _triangle(u: Field, v: Field) -> Field:
    sides = np.maximum(u, 0.866 * np.abs(v) - 0.5 * u)
    inside: Field = 0.55 - sides
    return inside


def _ring(u: Field, v: Field) -> Field:
    radius: Field = np.hypot(u, v)
    inside: Field = np.minimum(radius - 0.5, 0.94 - radius)
    return inside


def _cross(u: Field, v: Field) -> Field:
    along, across = np.abs(u), np.abs(v)
    return np.maximum(np.minimum(0.28 - along, 0.95 - across), np.minimum(0.28 - across, 0.95 - along))


def _star(u: Field, v: Field) -> Field:
    reach: Field = 0.66 + 0.3 * np.cos(5 * np.arctan2(v, u))
    return reach - np.hypot(u, v)


SHAPES = (_disc, _square, _triangle, _ring, _cross, _star)
OUTLINES = (_disc, _square, _triangle)

# --- textures: positive in one colour, negative in the other; `pitch` is how many waves there are on the shape


def _stripes(u: Field, v: Field, pitch: Field) -> Field:
    return np.sin(pitch * u)


def _checks(u: Field, v: Field, pitch: Field) -> Field:
    return 2 * np.sin(pitch * u) * np.sin(pitch * v)


def _waves(u: Field, v: Field, pitch: Field) -> Field:
    return np.sin(pitch * np.hypot(u, v))


def _dots(u: Field, v: Field, pitch: Field) -> Field:
    return np.cos(pitch * u) + np.cos(pitch * v) - 0.6


TEXTURES = (_stripes, _checks, _waves, _dots)
CLASSES = tuple(function.__name__[1:] for function in (*SHAPES, *TEXTURES))
