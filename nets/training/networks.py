"""Networks by name: `lenet`, or any function that builds one, as `module:function` or `file.py:function`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlm.inputs.blame import blamed_on_user
from tlm.inputs.usercode import is_user_code, load

if TYPE_CHECKING:
    from torch import nn

#: What messages call the argument that names a network.
KEY = "NET"


def full_name(given: str) -> str:
    """`lenet` as `nets.lenet:build`; what names a function stays as it is."""
    return given if is_user_code(given) else f"nets.{given}:build"


def short_name(given: str) -> str:
    """`lenet` of `lenet`, of `nets.lenet:build` and of `a/lenet.py:build`."""
    place = given.rpartition(":")[0] or given
    return Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]


def build(name: str, options: Mapping[str, int]) -> nn.Module:
    """The untrained network, which has an `example_input`.

    ValueError where there is none of that name, where it takes other options, or where its own code fails.
    """
    from torch import Tensor, nn

    code = load(full_name(name), KEY, what="function")
    _check_options(code.value, code.shown, options)
    with code.running(f"{code.shown}()"):
        network = code.value(**options)
    if not isinstance(network, nn.Module):
        raise code.fault(f"{code.shown}() must give a torch.nn.Module, not {type(network).__name__}")
    example = getattr(network, "example_input", None)
    if not isinstance(example, Tensor) or example.ndim < 2 or not len(example):
        told = "has no `example_input`" if example is None else "has an `example_input` that is none"
        raise code.fault(f"{code.shown}() gives a module that {told}: set it to an image, torch.rand(1, 3, 32, 32)")
    return network


def blamed_on_network(doing: str) -> Any:
    """Around a call of a network: what it raises is a ValueError that says what was being done, and where."""
    return blamed_on_user(KEY, doing)


def _check_options(function: Any, called: str, options: Mapping[str, int]) -> None:
    try:
        inspect.signature(function).bind(**options)
    except TypeError as error:
        given = ", ".join(f"{name}={value}" for name, value in options.items())
        raise ValueError(f"{called} cannot be called as {called.rpartition(':')[2]}({given}): {error}") from None
