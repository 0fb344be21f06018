"""The workload of a scenario: where a network, its weights and its images come from."""

from __future__ import annotations

import re
from typing import Any

import attrs
from attrs import validators as check

from tlm.inputs.errors import BadInput
from tlm.inputs.ranges import Range

from .profile_tables import check_name

#: Each kind of workload, with the other keys that mean something beside it.
KINDS = {
    "network": ("weights", "input", "images", "bits", "ternary"),
    "onnx": ("weights", "input", "images", "bits", "ternary"),
    "traces": ("images", "bits"),
    "profile": ("seed", "images", "bits"),
}

#: The keys that mean something beside the very network, file, traces or profile that they were written for.
BOUND = {"weights", "input", "images"}

FUNCTION = re.compile(r"([^:]+\.py|[A-Za-z_]\w*(\.[A-Za-z_]\w*)*):[A-Za-z_]\w*")


def _is_function(_spec: Any, _field: Any, value: str) -> None:
    if not FUNCTION.fullmatch(value):
        raise BadInput(f"{value!r} names no function; write `module:function` or `file.py:function`")


def _is_input(_spec: Any, _field: Any, value: str | dict[str, Any]) -> None:
    if isinstance(value, dict):
        _is_shape_and_seed(value)
    elif not value.endswith(".npy") and not FUNCTION.fullmatch(value):
        raise BadInput(f"{value!r} is no input; write `module:function`, a .npy file, or {{shape: [...], seed: 1}}")


def _is_shape_and_seed(value: dict[str, Any]) -> None:
    unknown = next((key for key in value if key not in ("shape", "seed")), None)
    if unknown is not None:
        raise BadInput(f"unknown key {unknown!r}", given=unknown, allowed=("shape", "seed"))
    shape, seed = value.get("shape"), value.get("seed", 0)
    if not isinstance(shape, list) or not shape or not all(_is_natural(size) for size in shape):
        raise BadInput(f"`shape` is a list of positive whole numbers such as [3, 32, 32], not {shape!r}")
    if not _is_natural(seed + 1 if type(seed) is int else seed):
        raise BadInput(f"`seed` is a whole number from 0 on, not {seed!r}")


def _is_profile(_spec: Any, _field: Any, value: str) -> None:
    check_name(value)


def _is_natural(value: Any) -> bool:
    return type(value) is int and value > 0


@attrs.frozen
class WorkloadSpec:
    """Exactly one of `network`, `onnx`, `traces` and `profile`.

    `network` is a torch `module:function` or `file.py:function`, `onnx` a file, `traces` a folder.
    `profile` is a network whose precisions are published; its tensors are synthesised from `seed`.
    `input` is a `module:function`, a `.npy` file or {shape, seed}; None: the module's own `example_input`, or
    {shape, seed: 0} of the shape that an ONNX file tells.
    `bits` None means: the checkpoint's, else 8, for a network or an ONNX file; 16 for traces and profiles.
    """

    network: str | None = attrs.field(default=None, validator=check.optional(_is_function))
    onnx: str | None = None
    traces: str | None = None
    profile: str | None = attrs.field(default=None, validator=check.optional(_is_profile))
    weights: str | None = None
    input: str | dict[str, Any] | None = attrs.field(default=None, validator=check.optional(_is_input))
    images: int = attrs.field(default=1, validator=Range(above=0, most=1_000_000))
    bits: int | None = attrs.field(default=None, validator=Range(least=1, most=16, optional=True))
    ternary: bool = False
    seed: int = attrs.field(default=1, validator=Range(least=0, most=2**32 - 1))
