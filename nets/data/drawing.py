"""Drawn images of our own: ten classes of shapes and textures, 32x32 pixels in colour, 3,200 to train and 800 to test.

Six classes are shapes of one colour, four are textures of two colours within a shape. Everything else is drawn at
random and says nothing about the class: colours, place, size, turn, stretch, the shape around a texture, the
background, bars and spots over and under it, the light and the noise. The same numbers in every process.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from nets.data.examples import Bytes, Examples, Labels, Part, Shape, from_bytes
from nets.data.figures import CLASSES, OUTLINES, SHAPES, TEXTURES, Field

SIZE = 32
IMAGES = {"train": 3200, "test": 800}
SEEDS = {"train": 1, "test": 2}
BATCH = 400  # images drawn at once

Range = tuple[float, float]

#: Pixel centres of a row, -1..1; transposed, of a column.
GRID: Field = ((np.arange(SIZE, dtype=np.float32) + 0.5) * 2 / SIZE - 1)[np.newaxis]

# What is drawn at random, from least to most.
SIZES = (0.5, 0.8)  # of an object, half the image being 1
OFF_CENTRE = (-0.2, 0.2)
TURN = (-0.35, 0.35)  # radians
STRETCH = (0.85, 1.2)
PITCH = (8.0, 12.0)  # of a texture, radians on half an object
DARK, CONTRAST = (0.0, 0.5), (0.15, 0.5)  # a dark channel, and how much more a light one has
NOISE = (0.02, 0.1)
ANY_TURN, ANYWHERE = (-3.15, 3.15), (-0.9, 0.9)
UNDER, OVER = 2, 1  # bars and spots under and over the object


def read(part: Part, images: int | None, shape: Shape | None) -> Examples:
    """The first `images` of a part, `[N, 3, H, W]` in 0..1, 32x32 pixels unless `shape` says otherwise."""
    pixels, labels = draw(part)
    return from_bytes("patterns", pixels[:images], shape), labels[:images].copy()


@cache
def draw(part: Part) -> tuple[Bytes, Labels]:
    """A part's images `[N, 3, 32, 32]` of 0..255 and their classes, each as often as the others."""
    rng = np.random.default_rng(SEEDS[part])
    labels = np.arange(IMAGES[part]) % len(CLASSES)
    batches = np.split(labels, len(labels) // BATCH)
    return np.concatenate([_draw_images(rng, batch) for batch in batches]), labels


def _draw_images(rng: np.random.Generator, labels: Labels) -> Bytes:
    """An image of each label's class."""
    colours = _colours(rng, len(labels))
    scene = _background(rng, colours[:, 2])
    scene = _clutter(rng, scene, UNDER)
    scene = _object(rng, scene, labels, colours)
    scene = _clutter(rng, scene, OVER)
    return _photograph(rng, scene)


def _object(rng: np.random.Generator, scene: Field, labels: Labels, colours: Field) -> Field:
    """`scene` [N, 3, H, W] with an object of every label's class in its fill and second colour [N, 3, 3]."""
    size = _draw(rng, len(labels), *SIZES)
    u, v = _local(rng, size, TURN)
    pitch, outlines = _draw(rng, len(labels), *PITCH), rng.integers(len(OUTLINES), size=len(labels))
    inside, second = np.zeros_like(u), np.zeros_like(u)
    for label, shape in enumerate(SHAPES):
        own = labels == label
        inside[own] = shape(u[own], v[own])
    for outline, shape in enumerate(OUTLINES):
        own = (labels >= len(SHAPES)) & (outlines == outline)
        inside[own] = shape(u[own], v[own])
    for label, texture in enumerate(TEXTURES, len(SHAPES)):
        own = labels == label
        second[own] = np.clip(0.5 + 2 * texture(u[own], v[own], pitch[own]), 0, 1)
    filled = _mix(_plain(colours[:, 0]), _plain(colours[:, 1]), second)
    return _mix(scene, filled, np.clip(0.5 + inside * size * SIZE / 2, 0, 1))


def _clutter(rng: np.random.Generator, scene: Field, count: int) -> Field:
    """`scene` with `count` bars or spots over it, each of a colour of its own."""
    for _ in range(count):
        images = len(scene)
        u, v = _local(rng, np.ones((images, 1, 1), np.float32), off_centre=ANYWHERE)
        long, wide = _draw(rng, images, 0.1, 0.7), _draw(rng, images, 0.03, 0.12)
        spot = 0.6 * np.sqrt(long * wide) - np.hypot(u, v)
        bar = np.minimum(long - np.abs(u), wide - np.abs(v))
        inside = np.where(rng.random((images, 1, 1)) < 0.5, spot, bar)
        colour = rng.random((images, 3), np.float32)
        scene = _mix(scene, _plain(colour), np.clip(0.5 + inside * SIZE / 2, 0, 1))
    return scene


def _background(rng: np.random.Generator, colour: Field) -> Field:
    """A colour [N, 3] that changes slowly over the image, in each channel its own way, with waves in it."""
    slope = rng.normal(0, 0.08, (2, len(colour), 3, 1, 1)).astype(np.float32)
    ramp: Field = slope[0] * GRID + slope[1] * GRID.T
    u, _ = _local(rng, np.ones((len(colour), 1, 1), np.float32))
    waves = _draw(rng, len(colour), 0.0, 0.12) * np.sin(_draw(rng, len(colour), 3, 20) * u)
    return _plain(colour) + ramp + waves[:, np.newaxis]


def _photograph(rng: np.random.Generator, scene: Field) -> Bytes:
    """`scene` in a light that falls from one side, with noise, in 0..255."""
    images = len(scene)
    u, _ = _local(rng, np.ones((images, 1, 1), np.float32))
    light = _draw(rng, images, 0.65, 1.1) + _draw(rng, images, 0.0, 0.25) * u
    noise = rng.standard_normal(scene.shape, np.float32) * _draw(rng, images, *NOISE)[:, np.newaxis]
    return np.rint(255 * np.clip(scene * light[:, np.newaxis] + noise, 0, 1)).astype(np.uint8)


def _colours(rng: np.random.Generator, images: int) -> Field:
    """The object's light fill, its dark second colour and the dark background, `[N, 3, 3]`."""
    dark = rng.uniform(*DARK, (images, 2, 3)).astype(np.float32)
    light = dark.max(axis=1, keepdims=True) + rng.uniform(*CONTRAST, (images, 1, 3)).astype(np.float32)
    return np.concatenate([light, dark], axis=1)


def _local(
    rng: np.random.Generator, size: Field, turn: Range = ANY_TURN, off_centre: Range = OFF_CENTRE
) -> tuple[Field, Field]:
    """Coordinates `[N, H, W]` of a thing of `size` [N, 1, 1] that lies turned, stretched and off the centre."""
    images = len(size)
    x, y = GRID - _draw(rng, images, *off_centre), GRID.T - _draw(rng, images, *off_centre)
    angle, stretch = _draw(rng, images, *turn), _draw(rng, images, *STRETCH)
    u = (np.cos(angle) * x + np.sin(angle) * y) / (size * stretch)
    v = (np.cos(angle) * y - np.sin(angle) * x) / (size / stretch)
    return u, v


def _draw(rng: np.random.Generator, images: int, low: float, high: float) -> Field:
    """One number an image, `[N, 1, 1]`."""
    return rng.uniform(low, high, (images, 1, 1)).astype(np.float32)


def _plain(colour: Field) -> Field:
    """Images `[N, 3, 1, 1]` of one colour `[N, 3]`."""
    return colour[:, :, np.newaxis, np.newaxis]


def _mix(under: Field, over: Field, share: Field) -> Field:
    """`over` in front of `under` [N, 3, H, W] where `share` [N, H, W] is 1."""
    return under + (over - under) * share[:, np.newaxis]
