"""Where a file is that a scenario or a command names."""

from __future__ import annotations

from pathlib import Path

from tlm.inputs.errors import BadInput, nearest, shown

#: The installed distribution: the folder that holds `tlm`, `nets` and `scenarios` side by side.
DISTRIBUTION = Path(__file__).resolve().parents[2]

_LONGEST = 255  # bytes of a file's name, on the usual file systems


def find_file(name: str, beside: Path | None = None) -> Path:
    """The file or folder `name`: beside the file that names it, else from here, else as installed.

    `beside` is the folder of the file that names it. Raises BadInput with the places looked in and the name
    there that is most like it.
    """
    candidates = _candidates(name, beside)
    for candidate in candidates:
        if name and _exists(candidate):
            return candidate
    raise BadInput(_missing(name, candidates) + _hint(name, candidates))


def scenario_file(name: str, beside: Path | None = None) -> Path:
    """A scenario by path, or a shipped one by its bare name (`dstripes_hbm`); BadInput for a folder too."""
    return _file_or_shipped(name, beside, shipped_scenarios(), "scenario")


def sweep_file(name: str) -> Path:
    """A sweep by path, or a shipped one by its bare name; BadInput likewise."""
    return _file_or_shipped(name, None, shipped_sweeps(), "sweep")


def shipped_scenarios() -> dict[str, Path]:
    """The bare names of the scenarios that are installed, with their files."""
    return _shipped("scenarios")


def shipped_sweeps() -> dict[str, Path]:
    """The same of the sweeps."""
    return _shipped("scenarios/sweeps")


def _shipped(folder: str) -> dict[str, Path]:
    return {file.stem: file for file in sorted((DISTRIBUTION / folder).glob("*.yaml"))}


def _file_or_shipped(name: str, beside: Path | None, shipped: dict[str, Path], what: str) -> Path:
    """The file `name`, or the one of `shipped` under that bare name, a `what` for messages."""
    if name in shipped and not Path(name).is_file():
        return shipped[name]
    try:
        file = find_file(name, beside)
    except BadInput:
        candidates = _candidates(name, beside)
        hint = "" if nearest(name, shipped) else _hint(name, candidates)
        message = f"{_missing(name, candidates)}{hint}; shipped {what}s"
        raise BadInput(message, given=name, allowed=shipped) from None
    if file.is_dir():
        raise BadInput(f"{name!r} is a folder: name a {what} file in it, or a shipped {what}", allowed=shipped)
    return file


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a character no file has
        return False


def _candidates(name: str, beside: Path | None) -> list[Path]:
    return list(dict.fromkeys(folder / name for folder in (beside or Path(), Path(), DISTRIBUTION)))


def _missing(name: str, candidates: list[Path]) -> str:
    if any(len(part) > _LONGEST for part in Path(name).parts):
        return f"there is no {shown(name)}: the name is too long"
    *others, last = map(str, candidates)
    looked = f"{', '.join(others)} and {last}" if others else last
    return f"there is no {name!r}; looked for {looked}"


def _hint(name: str, candidates: list[Path]) -> str:
    """The file most like `name` where it was looked for; where `name` has a suffix, of the same kind."""
    folders = {path.parent for path in candidates}
    siblings = {sibling.name for folder in folders for sibling in _inside(folder)}
    match = nearest(Path(name).name, sorted(one for one in siblings if _kind(name) in ("", _kind(one))))
    return f"; did you mean {str(Path(name).with_name(match))!r}?" if match else ""


def _kind(name: str) -> str:
    return Path(name).suffix.replace(".yml", ".yaml")


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (OSError, ValueError):
        return []
