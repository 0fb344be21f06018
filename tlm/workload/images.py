"""The images of a run: from a function, a .npy file, a shape and a seed, or the network's own example.

An input function is `function(images, shape)`: how many images and the shape of one. It gives `(inputs, labels)`:
numbers `[images, *shape]`, and one label an image or None. A ValueError it raises is shown as a message.
"""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from ..inputs.errors import BadInput, first_line
from ..inputs.sources import sources
from ..inputs.usercode import Find
from .loading import load_function
from .quantisation import Reals
from .spec import WorkloadSpec

KEY = "workload.input"


@attrs.frozen(eq=False)
class Images:
    """`inputs` float32 [N, ...]; one label an image, or None; the files they came from."""

    inputs: Reals
    labels: tuple[int, ...] | None = None
    files: tuple[Path, ...] = ()


def load_images(spec: WorkloadSpec, example: Reals | None, search: Find) -> Images:
    """As many images as `spec` asks for; `example` [1, ...] is the network's own `example_input`, or None."""
    found = _load(spec, example, search)
    inputs = _checked(found.inputs, example)
    if len(inputs) < spec.images:
        raise BadInput(f"{spec.images} images are asked for, the input has {len(inputs)}", key="workload.images")
    if found.labels is not None and len(found.labels) != len(inputs):
        raise BadInput(f"has {len(inputs)} images and {len(found.labels)} labels", key=KEY)
    labels = None if found.labels is None else found.labels[: spec.images]
    return Images(inputs[: spec.images], labels, found.files)


def _load(spec: WorkloadSpec, example: Reals | None, search: Find) -> Images:
    source = spec.input
    if isinstance(source, dict):
        return Images(_random(source, spec.images))
    if source is not None and source.endswith(".npy"):
        return _from_file(search(source))
    if example is None:
        raise BadInput(
            "the network has no `example_input` to tell its shape: give it one, or name a .npy file or a shape",
            key=KEY,
        )
    return _from_function(source, spec.images, example.shape[1:], search) if source else Images(example)


def _from_function(name: str, images: int, shape: tuple[int, ...], search: Find) -> Images:
    function = load_function(name, KEY, search)
    given = function(images, tuple(shape))
    if not isinstance(given, tuple) or len(given) != 2:
        raise BadInput(f"{name!r} must give (inputs, labels or None)", key=KEY)
    inputs, labels = given
    return Images(_array(name, inputs), _labels(name, labels), sources(function.code))


def _array(name: str, given: Any) -> Reals:
    """An array, a tensor or nested lists of numbers as an array."""
    try:
        return np.asarray(given.detach() if hasattr(given, "detach") else given)
    except Exception as error:
        raise BadInput(f"{name!r} gives inputs that are no array: {first_line(error)}", key=KEY) from error


def _labels(name: str, given: Any) -> tuple[int, ...] | None:
    try:
        return None if given is None else tuple(int(operator.index(label)) for label in given)
    except Exception as error:
        message = f"{name!r} must give labels that are whole numbers, one an image, or None: {first_line(error)}"
        raise BadInput(message, key=KEY) from error


def _from_file(path: Path) -> Images:
    try:
        with path.open("rb") as file:
            inputs = np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:  # a corrupt header fails in many ways, a huge shape with MemoryError
        raise BadInput(f"is not a .npy file of numbers: {first_line(error)}", file=str(path), key=KEY) from error
    return Images(inputs, files=(path.resolve(),))


def _random(given: dict[str, Any], images: int) -> Reals:
    """Uniform in 0..1, like the pixels of an image: `{shape: [3, 32, 32], seed: 1}`, seed 0 by default."""
    rng = np.random.default_rng(given.get("seed", 0))
    try:
        return rng.random((images, *given["shape"]), dtype=np.float32)
    except (MemoryError, ValueError) as error:  # too much for this machine, or for any
        raise BadInput(f"{images} image(s) of shape {given['shape']} do not fit in memory", key=KEY) from error


def _checked(inputs: Reals, example: Reals | None) -> Reals:
    if inputs.dtype.kind not in "fiub":
        raise BadInput(f"must hold numbers, not {inputs.dtype}", key=KEY)
    if inputs.ndim < 2 or (example is not None and inputs.shape[1:] != example.shape[1:]):
        needed = "[N, ...]" if example is None else f"[N, {', '.join(map(str, example.shape[1:]))}]"
        raise BadInput(f"has shape {list(inputs.shape)}, the network needs {needed}", key=KEY)
    with np.errstate(over="ignore"):
        values = inputs.astype(np.float32)
    if not np.isfinite(values).all():
        raise BadInput("holds values that are not finite numbers, or too large for 32 bits", key=KEY)
    return values
