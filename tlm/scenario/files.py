"""Where a file is that a scenario or a command names."""

from __future__ import annotations

from pathlib import Path

from tlm.core.errors import BadInput, nearest

#: The installed distribution: the folder that holds `tlm`, `nets` and `scenarios` side by side.
DISTRIBUTION = Path(__file__).resolve().parents[2]


def find_file(name: str, beside: Path | None = None) -> Path:
    """The file or folder `name`: beside the file that names it, else from here, else as installed.

    `beside` is the folder of the file that names it. Raises BadInput with the places looked in and the name
    there that is most like it.
    """
    candidates = list(dict.fromkeys(folder / name for folder in (beside or Path(), Path(), DISTRIBUTION)))
    for candidate in candidates:
        if name and _exists(candidate):
            return candidate
    raise BadInput(f"there is no {name!r}; looked for {_listed(candidates)}{_hint(name, candidates)}")


def scenario_file(name: str, beside: Path | None = None) -> Path:
    """A scenario by path, or a shipped one by its bare name (`dstripes_hbm`)."""
    shipped = shipped_scenarios()
    if name in shipped and not Path(name).is_file():
        return shipped[name]
    try:
        return find_file(name, beside)
    except BadInput as error:
        raise BadInput(f"{error}; shipped scenarios", given=name, allowed=shipped) from None


def shipped_scenarios() -> dict[str, Path]:
    """The bare names of the scenarios that are installed, with their files."""
    return {file.stem: file for file in sorted((DISTRIBUTION / "scenarios").glob("*.yaml"))}


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a character no file has
        return False


def _listed(candidates: list[Path]) -> str:
    *others, last = map(str, candidates)
    return f"{', '.join(others)} and {last}" if others else last


def _hint(name: str, candidates: list[Path]) -> str:
    folders = {path.parent for path in candidates}
    siblings = {sibling.name for folder in folders for sibling in _inside(folder)}
    match = nearest(Path(name).name, sorted(siblings))
    return f"; did you mean {str(Path(name).with_name(match))!r}?" if match else ""


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (OSError, ValueError):
        return []
