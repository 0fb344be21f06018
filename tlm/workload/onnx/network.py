"""A scenario's ONNX file as a network and its images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
from torch import fx

from ...inputs.errors import BadInput
from ...inputs.usercode import Find
from ..checkpoint import Checkpoint
from ..images import Images, load_images
from ..spec import WorkloadSpec
from .conversion import converted
from .file import read_model
from .graph import Input, Model


@attrs.frozen(eq=False)
class FromFile:
    """A network, the codes that it was quantised to or None, its images, and the files that it was read from."""

    network: fx.GraphModule
    codes: Checkpoint | None
    images: Images
    files: tuple[Path, ...]


def load_onnx(spec: WorkloadSpec, search: Find) -> FromFile:
    """What `spec.onnx` names, for images of the shape that it or, where it leaves sizes open, `spec.input` tells."""
    assert spec.onnx is not None
    model = read_model(search(spec.onnx))
    images = load_images(spec, _example(spec, model), search)
    shape = images.inputs.shape[1:]
    _check(model, model.input, shape)
    network, codes = converted(model, shape)
    return FromFile(network, codes, images, model.files)


def _example(spec: WorkloadSpec, model: Model) -> np.ndarray | None:
    """An image of the shape that the file tells, its values as of `{shape: [...], seed: 0}`; None where it is open."""
    given = model.input
    if not given.open:
        sizes = [size for size in given.shape[1:] if isinstance(size, int)]
        return np.random.default_rng(0).random((spec.images, *sizes), dtype=np.float32)
    if spec.input is None or (isinstance(spec.input, str) and not spec.input.endswith(".npy")):
        said = (
            f"input {given.name!r} is {_written(given.shape)}: its {' and '.join(map(repr, given.open))} must be told"
        )
        raise BadInput(f"{said}, by `input: {{shape: [...]}}` or a .npy file", file=str(model.file))
    return None


def _check(model: Model, given: Input, shape: Sequence[int]) -> None:
    sizes = given.shape[1:]
    fits = len(sizes) == len(shape) and all(
        isinstance(one, str) or one == size for one, size in zip(sizes, shape, strict=True)
    )
    if not fits:
        message = f"has images of shape {list(shape)}, {model.file.name} takes {_written(given.shape)}"
        raise BadInput(message, key="workload.input")


def _written(shape: Sequence[int | str]) -> str:
    return f"[{', '.join(map(str, shape))}]"
