"""What the layers of a file are called in the network that it was exported from.

Weights tell it: an initialiser `features.0.weight` is a module's. Nodes do, too: torch's newer exporter keeps the
modules around an operation, its older one puts them into the node's name, as "/layer1/layer1.0/conv1/Conv".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from .graph import Node

_TORCH_MODULE = re.compile(r"torch\.nn\.modules\.(?!container\.|\w+\.(MultiheadAttention|Transformer))")
_RECURRENT = ("LSTM", "GRU", "RNN")
_WEIGHTS = (".weight", ".running_mean")


class Names:
    """The paths of modules, by node."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        scopes = Counter(_scope(node.name) for node in nodes)
        self._outer = {scope[:length] for scope in scopes for length in range(len(scope))}
        self._levels: dict[str, list[Node]] = {}
        for node in nodes:
            if node.operator in _RECURRENT:
                self._levels.setdefault(self.layer(node), []).append(node)

    def module(self, node: Node, weights: Iterable[str] = ()) -> str:
        """The path of the module that `node` is, or is part of: by its `weights`, or else by itself; "" for none."""
        for name in weights:
            for ending in _WEIGHTS:
                if name.endswith(ending):
                    return name.removesuffix(ending)
        if node.scopes:
            whole = len(node.scopes) > 1 and len(node.classes) > 1 and _TORCH_MODULE.match(node.classes[-2])
            return node.scopes[-2] if whole else ""
        scope = _scope(node.name)
        return ".".join(scope) if scope and scope not in self._outer else ""

    def layer(self, node: Node, weights: Iterable[str] = ()) -> str:
        """The same for an operation that has weights, and so a name in any case: else the node's own."""
        return self.module(node, weights) or _plain(node.name) or node.operator.lower()

    def level(self, node: Node) -> str:
        """The same for a recurrent operator: of a module of several levels each is one."""
        path = self.layer(node)
        levels = self._levels[path]
        return path if len(levels) == 1 else f"{path}.l{levels.index(node)}"


def _scope(name: str) -> tuple[str, ...]:
    """The modules around a node, as torch's older exporter writes them: ("layer1", "0", "conv1")."""
    if not name.startswith("/"):
        return ()
    found: list[str] = []
    before = ""
    for part in name.split("/")[1:-1]:
        found += part.removeprefix(f"{before}.").split(".") if before else part.split(".")
        before = part
    return tuple(found)


def _plain(name: str) -> str:
    """A node's name as the name of a layer: other tools have folders in theirs."""
    return re.sub(r"[^\w.]+", ".", name).strip(".")
