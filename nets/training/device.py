"""Where a run computes."""

from __future__ import annotations

import torch


def pick(asked: str) -> str:
    """`cpu` or `cuda`: `auto` is a GPU where torch finds one. ValueError where there is none to have."""
    found = torch.cuda.is_available()
    if asked == "cuda" and not found:
        raise ValueError("--device cuda: torch finds no GPU here; leave it out, or give cpu")
    return "cuda" if asked != "cpu" and found else "cpu"
