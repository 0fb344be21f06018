"""Networks by name: `lenet`, or `module:function` for any function that builds one."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import nn


def full_name(given: str) -> str:
    """`lenet` as `nets.lenet:build`; what names a function stays as it is."""
    return given if ":" in given else f"nets.{given}:build"


def build(name: str, options: Mapping[str, int]) -> nn.Module:
    """The untrained network; ImportError, AttributeError or ValueError where there is none or an option is unknown."""
    module, _, function = full_name(name).partition(":")
    builder = getattr(importlib.import_module(module), function)
    known = inspect.signature(builder).parameters
    for option in options:
        if option not in known:
            raise ValueError(f"{module}:{function} has no {option!r} (it takes: {', '.join(known) or 'nothing'})")
    return cast("nn.Module", builder(**options))
