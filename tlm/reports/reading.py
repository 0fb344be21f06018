"""Results as they lie in files: recognised by what they say they are, checked, and refused in one message.

Files may come from anybody: they are data, read as JSON or as sqlite, and nothing in them is executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import attrs

from ..inputs.errors import BadInput, shown
from ..inputs.structure import structure
from ..result import OPERANDS, Result, Timeline
from ..result.document import SCHEMA as RESULT
from ..sweeps.kept import kept
from ..sweeps.outcome import DONE, MEASURES, Outcome
from ..sweeps.points import Point
from ..sweeps.told import NUMBERS, Told, told
from ..sweeps.told import SCHEMA as SWEEP
from .numbers import unlike

SQLITE = b"SQLite format 3\0"
WHAT = "a result document, a folder with a result.json, a sweep's store or a sweep's JSON document"
IN_A_FOLDER = "result.json"
BY = ("cycles", "energy_j")


@attrs.frozen
class Run:
    """One run: what the page calls it, and its result."""

    name: str
    result: Result


@attrs.frozen
class Swept:
    """One sweep: what the page calls it, and what is told of it."""

    name: str
    told: Told


@attrs.frozen
class Results:
    """All that a page is of."""

    runs: Sequence[Run]
    sweeps: Sequence[Swept]


def read_results(paths: Sequence[str], by: Sequence[str] = ()) -> Results:
    """What lies at `paths`, in their order; a sweep's front is of the measures `by`, else of its own or BY."""
    files = [_file(path) for path in paths]
    names = unlike([_name(Path(path), file) for path, file in zip(paths, files, strict=True)])
    runs, sweeps = [], []
    for name, file in zip(names, files, strict=True):
        found = _read(file, by)
        if isinstance(found, Result):
            runs.append(Run(name, found))
        else:
            sweeps.append(Swept(name, found))
    return Results(runs, sweeps)


def files_of(paths: Sequence[str]) -> list[Path]:
    """The files that are read."""
    return [_file(path) for path in paths]


def _file(path: str) -> Path:
    if "\0" in path:
        raise BadInput("there is no such file", file=path)
    file = Path(path)
    if file.is_dir():
        if not (file / IN_A_FOLDER).is_file():
            raise BadInput(f"there is no {IN_A_FOLDER} in this folder", file=path)
        return file / IN_A_FOLDER
    if not file.is_file():
        raise BadInput(f"there is no such file; name {WHAT}", file=path)
    return file


def _name(given: Path, file: Path) -> str:
    """What a result is called: its file's name, or its folder's where all are called alike."""
    return file.resolve().parent.name if file.name == IN_A_FOLDER else given.stem


def _read(file: Path, by: Sequence[str]) -> Result | Told:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror or error}", file=str(file)) from None
    if content.startswith(SQLITE):
        return _with_points(kept(file, by or BY), file)
    document = _json(content, file)
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == RESULT:
        return _result(document, file)
    if schema == SWEEP:
        return _with_points(_sweep(document, file, by), file)
    raise _another(schema, document, file)


def _json(content: bytes, file: Path) -> Any:
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise BadInput(f"is neither JSON nor a store; name {WHAT}", file=str(file)) from None
    except json.JSONDecodeError as error:
        what = f"is no whole JSON document: {error.msg}"
        raise BadInput(f"{what}; name {WHAT}", file=str(file), line=error.lineno) from None
    except (ValueError, RecursionError) as error:
        what = "is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise BadInput(f"is no document of ours: {what}", file=str(file)) from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON's")


def _another(schema: Any, document: Any, file: Path) -> BadInput:
    """What is wrong with a document that is none of those we know."""
    given = schema if isinstance(schema, str) else None
    if not isinstance(document, dict) or schema is None:
        message = f"is JSON, but not {WHAT}"
    elif given and given.rpartition("/")[0] in (RESULT.rpartition("/")[0], SWEEP.rpartition("/")[0]):
        message = f"is of another version of this program, {shown(schema)}: make it again with this one"
    else:
        message = f"is {shown(schema)}, of which there is no report"
    return BadInput(message, file=str(file), key="schema", allowed=(RESULT, SWEEP))


def _result(document: dict[str, Any], file: Path) -> Result:
    for part in _compressions(document):
        part.pop("ratio", None)  # told beside the fields, and computed from them
    result, faults = structure(document, Result)
    if result is None:
        path, error = faults[0]
        raise _at(error, ".".join(path), file)
    if not result.accelerators:
        raise BadInput("is empty: a run has an accelerator at least", file=str(file), key="accelerators")
    for number, layer in enumerate(result.layers):
        if missing := [operand for operand in OPERANDS if operand not in layer.traffic]:
            raise BadInput("is missing", file=str(file), key=f"layers.{number}.traffic.{missing[0]}")
    if result.timeline is not None:
        _check_timeline(result.timeline, file)
    return result


def _check_timeline(timeline: Timeline, file: Path) -> None:
    """Every list has an entry a window."""
    for key, value in {"window_fs": timeline.window_fs, "end_fs": timeline.end_fs}.items():
        if value <= 0:
            raise BadInput(f"must be above 0, not {value}", file=str(file), key=f"timeline.{key}")
    windows = -(-timeline.end_fs // timeline.window_fs)
    lists: dict[str, Sequence[Any]] = {}
    for number, one in enumerate(timeline.components):
        lists[f"components.{number}.busy_fs"] = one.busy_fs
        lists |= {f"components.{number}.waiting_fs.{reason}": spans for reason, spans in one.waiting_fs.items()}
    for number, level in enumerate(timeline.levels):
        lists |= {f"levels.{number}.mean": level.mean, f"levels.{number}.max": level.max}
    lists |= {f"moved.{number}.bytes": one.bytes for number, one in enumerate(timeline.moved)}
    for key, found in lists.items():
        if len(found) != windows:
            message = f"has {len(found):,} windows, where the timeline has {windows:,}"
            raise BadInput(message, file=str(file), key=f"timeline.{key}")


def _compressions(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All compression tables of a document, wherever they are, as far as it has the form."""
    owners = [document, *(document["accelerators"] if isinstance(document.get("accelerators"), list) else [])]
    tables = [owner.get("compression") for owner in owners if isinstance(owner, dict)]
    return [part for table in tables if isinstance(table, dict) for part in table.values() if isinstance(part, dict)]


@attrs.frozen
class _SweptPoint:
    """A point as the sweep's document has it."""

    point: int
    key: str
    settings: dict[str, Any]
    status: str | None
    message: str | None
    cycles: int | None
    time_fs: int | None
    energy_j: float | None
    area_mm2: float | None
    offchip_bytes: int | None
    images_per_s: float | None
    wall_s: float | None


@attrs.frozen
class _SweepDocument:
    schema: str
    pareto: list[str]
    front: list[int]
    points: list[_SweptPoint]


def _sweep(document: dict[str, Any], file: Path, by: Sequence[str]) -> Told:
    found, faults = structure(document, _SweepDocument)
    if found is None:
        path, error = faults[0]
        raise _at(error, ".".join(path), file)
    for name in found.pareto:
        if name not in MEASURES:
            raise BadInput(f"there is no measure {name!r}", file=str(file), key="pareto", given=name, allowed=MEASURES)
    points = [Point(one.point, one.key, one.settings) for one in found.points]
    known = {
        one.key: Outcome(one.status, one.message, **{name: getattr(one, name) for name in NUMBERS})
        for one in found.points
        if one.status is not None
    }
    keys = dict.fromkeys(key for point in points for key in point.settings)
    return told(list(keys), points, known, by or found.pareto or BY)


def _with_points(found: Told, file: Path) -> Told:
    if not found.points:
        raise BadInput("has no points", file=str(file), key="points")
    if not any(outcome and outcome.status == DONE for _, outcome in found.points):
        raise BadInput("has no point that is done: there is nothing to show", file=str(file), key="points")
    return found


def _at(error: BadInput, key: str, file: Path) -> BadInput:
    return BadInput(error.message, file=str(file), key=key or None, given=error.given, allowed=error.allowed)
