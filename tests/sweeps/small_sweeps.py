"""A sweep small enough to be run again and again: LeNet's shape on an ideal memory, and files to write it in."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """\
accelerator: dstripes
memory: ideal
compression: none
workload: {network: "nets.lenet:build"}
"""
SWEEP = """\
scenario: s.yaml
axes:
  accelerator.tiles: [2, 4]
  compression.codec: [none, dpred]
"""

#: Of its four points the third cannot be: 32 B are less than a burst of 64 bits.
CLASHING = """\
scenario: s.yaml
axes: {memory: [{standard: ddr4-3200, width: 32}, ddr4-3200], memory.request: ["32 B", "4 KiB"]}
"""


def write(folder: Path, sweep: str = SWEEP, scenario: str = SCENARIO) -> Path:
    """The sweep and its scenario in `folder`; the sweep's file."""
    (folder / "s.yaml").write_text(scenario)
    file = folder / "sweep.yaml"
    file.write_text(sweep)
    return file
