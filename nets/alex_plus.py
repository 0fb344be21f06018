"""ALEX+ of the precision study (Table II): ALEX with twice the filters, 332 thousand weights."""

from __future__ import annotations

from torch import nn

from nets import alex


def build() -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 32, 32]`."""
    return alex.build(width=64)
