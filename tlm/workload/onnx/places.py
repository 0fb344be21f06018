"""Where the modules of a converted file lie in the whole: at the paths that they had in the network."""

from __future__ import annotations

from itertools import chain

import torch
from torch import nn


class Places:
    """The modules inside `root`, by path."""

    def __init__(self, root: nn.Module) -> None:
        self._root = root
        self._modules: dict[str, nn.Module] = {}
        self._weights: set[int] = set()

    def placed(self, path: str, module: nn.Module) -> str:
        """The path where `module` lies from now on; another of the same path with the same weights is it."""
        number, unused = 1, path
        while not self._is_free(unused):
            there = self._modules.get(unused)
            if there is not None and _is_same(there, module):
                return unused
            number += 1
            unused = f"{path.replace('.', '_')}_{number}"
        *outer, last = unused.split(".")
        holder = self._root
        for part in outer:
            if part not in holder._modules:
                holder.add_module(part, nn.Module())
            holder = holder.get_submodule(part)
        holder.add_module(last, module)
        self._modules[unused] = module
        self._own_weights(module)
        return unused

    def _own_weights(self, module: nn.Module) -> None:
        """Weights that are another module's too become copies: exporters keep equal ones once."""
        for one in chain(module.parameters(), module.buffers()):
            if one.data_ptr() in self._weights:
                one.data = one.data.clone()
            self._weights.add(one.data_ptr())

    def _is_free(self, path: str) -> bool:
        """Whether a module may lie at `path`: neither taken, nor inside another module, nor around one."""
        parts = path.split(".")
        around = (".".join(parts[:length]) for length in range(1, len(parts)))
        if parts[0] in self._root._buffers or not all(part and not hasattr(nn.Module, part) for part in parts):
            return False
        holder: nn.Module | None = self._root
        for part in parts:
            holder = None if holder is None else holder._modules.get(part)
        return holder is None and not any(one in self._modules for one in around)


def _is_same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules are of one kind, with the same options and the same weights."""
    mine, others = one.state_dict(), other.state_dict()
    alike = repr(one) == repr(other) and mine.keys() == others.keys()
    return alike and all(torch.equal(mine[name], others[name]) for name in mine)
