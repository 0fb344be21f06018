"""What an ONNX file holds, as plain data: its nodes in order, its constants, its input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from torch import Tensor

KEY = "workload.onnx"


@attrs.frozen(eq=False)
class Node:
    """An operator: names of its inputs ("": left out) and outputs, its attributes, and where torch had it.

    `scopes` and `classes` are torch's record of the modules around an operation, outermost first, the operation last:
    names in the network, and types. Both are empty in files of other tools.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    scopes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The node for a message."""
        return f"node {self.name or self.outputs[0]!r} ({self.operator})"


@attrs.frozen(eq=False)
class Input:
    """What the network is given: one size a direction, a name where the file leaves it open."""

    name: str
    shape: tuple[int | str, ...]
    dtype: Any

    @property
    def open(self) -> list[str]:
        """The names of sizes that are open, other than that of the batch."""
        return [size for size in self.shape[1:] if isinstance(size, str)]


@attrs.frozen(eq=False)
class Model:
    """A file's graph; `constants` are its initialisers, `files` it and the files that hold its weights."""

    file: Path
    opset: int
    input: Input
    outputs: tuple[str, ...]
    constants: Mapping[str, Tensor]
    nodes: tuple[Node, ...]
    files: tuple[Path, ...]


@attrs.frozen
class Codes:
    """What codes stand for, real = (code - zero) * scale, whether they have a sign, and a constant's own `values`."""

    scale: float
    zero: int
    signed: bool
    values: Tensor | None = attrs.field(default=None, eq=False)


class Refused(Exception):
    """Why a node cannot be a torch operation: a sentence that lacks its subject, the node."""


def decimal(value: float) -> float:
    """The number that a 32-bit one was written as: the shortest decimal that is rounded to it, such as 0.1."""
    return float(str(np.float32(value)))
