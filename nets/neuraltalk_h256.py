"""NeuralTalk's caption generator with its default of 256 hidden units: 2.2 million weights."""

from __future__ import annotations

from nets import neuraltalk_h512


def build() -> neuraltalk_h512.CaptionStep:
    """Untrained; `example_input` is `[1, 4096]`."""
    return neuraltalk_h512.build(hidden=256)
