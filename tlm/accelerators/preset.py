"""Presets by name: a YAML file in `presets/` is one, and its file name registers it."""

from __future__ import annotations

from pathlib import Path

from tlm.core.errors import BadInput

FOLDER = Path(__file__).with_name("presets")


def preset_names() -> list[str]:
    """Every preset there is, in order of name."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def preset_file(name: str) -> Path:
    """The file of the preset `name`; BadInput where there is none."""
    names = preset_names()
    if name not in names:
        raise BadInput(f"there is no accelerator preset {name!r}", given=name, allowed=names)
    return FOLDER / f"{name}.yaml"
