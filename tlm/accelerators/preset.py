"""Presets: a YAML file in `presets/` is one by its file name; so are any YAML file and any machine in Python by path.

A preset may start from another, `extends: dstripes`: what it does not say itself is that one's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tlm.inputs.errors import BadInput
from tlm.inputs.located import YAML_FILES, Located, located, read
from tlm.inputs.usercode import Find, absolute, is_user_code

from .user_machine import machine_document

#: Finds the file of a name that stands in a folder, None: the working directory; BadInput where there is none.
FindBeside = Callable[[str, Path | None], Path]

FOLDER = Path(__file__).with_name("presets")
EXTENDS = "extends"


def preset_names() -> list[str]:
    """Every preset there is, in order of name."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def preset_file(name: str) -> Path:
    """The file of the preset `name`; BadInput where there is none."""
    names = preset_names()
    if name not in names:
        raise BadInput(f"there is no accelerator preset {name!r}", given=name, allowed=names)
    return FOLDER / f"{name}.yaml"


def preset_document(name: Any, folder: Path | None, find: FindBeside) -> Located:
    """What the preset `name` says, over what it extends; a bare name, a YAML file, or a machine as `my.py:Machine`.

    `folder` holds the file that names it. Its `preset` is the name by which it is found from everywhere. BadInput for
    all that cannot be used, a preset that extends itself in the end included.
    """
    return _document(name, folder, find, ())


def _document(name: Any, folder: Path | None, find: FindBeside, earlier: tuple[str, ...]) -> Located:
    """`earlier` are the presets on the way here, each of which extends the next."""
    if not isinstance(name, str):
        problem = "is missing" if name is None else f"expected text, not {getattr(name, '__name__', repr(name))}"
        raise BadInput(problem, allowed=preset_names())
    whole = _whole(name, lambda file: find(file, folder))
    if whole in earlier:
        raise BadInput("goes in a circle: " + " extends ".join([*earlier, whole]))
    document = _own(whole)
    if EXTENDS in document:
        base, place = document.pop(EXTENDS), document.places.pop(EXTENDS)
        try:
            document = document.over(_document(base, place.folder, find, (*earlier, whole)))
        except BadInput as error:
            raise located(error, (EXTENDS,), place) from None
    document.put("preset", whole, document.place)
    return document


def _whole(name: str, find: Find) -> str:
    """The same preset by a name that means it everywhere."""
    if is_user_code(name):
        return absolute(name, find)
    return str(find(name).resolve()) if name.endswith(YAML_FILES) else name


def _own(whole: str) -> Located:
    """What a preset itself says."""
    if is_user_code(whole):
        return machine_document(whole)
    return read(Path(whole) if whole.endswith(YAML_FILES) else preset_file(whole))
