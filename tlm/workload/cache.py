"""A disk cache of captured workloads by content: a warm run needs neither torch nor a data-set library.

An entry is a folder named by what was asked for and by the code that answers it. Its `manifest.json` holds
the digest of every file the capture read, and of the arrays beside it; an entry of which any file has changed, is
gone or is damaged counts as none. A file whose size, time of change and place on disk are those it had when its digest
was taken is not read for that, for arrays may have gigabytes; one that had only just been changed then, is. The
versions of numpy and torch are no part of it: a captured network is exact integer arithmetic, the same in all of them.
"""

from __future__ import annotations

import hashlib
import json
import operator
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_origin

import attrs
import cattrs
import numpy as np

from .layer import Ints, Workload

SCHEMA = 2
#: A file changed so shortly before its digest was taken may change again within one tick of its clock.
UNSETTLED_NS = 2 * 10**9
MANIFEST = "manifest.json"
CODE = Path(__file__).parent


@attrs.frozen
class Cached:
    """A workload, and the digest of every file it depends on, by its absolute path."""

    workload: Workload
    depends: dict[str, str]


def cached(key: dict[str, Any], make: Callable[[], tuple[Workload, list[Path]]]) -> Cached:
    """The workload for `key` (anything JSON holds): from disk, else `make`'s, kept for the next time.

    `make` returns the workload and every file it depends on. Arrays from disk are read-only. Where the cache
    cannot be written, this works without.
    """
    folder = cache_folder()
    entry = folder / _digest_of_text(_entry_name(key)) if folder else None
    found = _load(entry) if entry else None
    if found is not None:
        return found
    workload, depends = make()
    stored = _load(entry) if entry and _store(entry, workload, depends) else None
    return stored or Cached(workload, {str(file.resolve()): _digest(file) for file in depends})


def cache_folder() -> Path | None:
    """$TLM_CACHE, else $XDG_CACHE_HOME/tlm, else ~/.cache/tlm; None where there is no home."""
    if os.environ.get("TLM_CACHE"):
        return Path(os.environ["TLM_CACHE"])
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tlm"
    except RuntimeError:
        return None


def _entry_name(key: dict[str, Any]) -> str:
    code = [_digest(file) for file in sorted(CODE.rglob("*.py"))]
    return json.dumps({"schema": SCHEMA, "key": key, "code": code}, sort_keys=True)


def _load(entry: Path) -> Cached | None:
    """The entry's workload, or None where it is missing, out of date or damaged."""
    try:
        manifest = json.loads((entry / MANIFEST).read_text(encoding="utf-8"))
        expected = {**manifest["depends"], **{entry / name: seal for name, seal in manifest["arrays"].items()}}
        if not all(_is_as_sealed(Path(file), seal) for file, seal in expected.items()):
            return None
        arrays = [_mapped(entry / name) for name in manifest["arrays"]]
        workload = _converter(arrays).structure(manifest["workload"], Workload)
        return Cached(workload, {file: seal[0] for file, seal in manifest["depends"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, cattrs.BaseValidationError):
        return None


def _store(entry: Path, workload: Workload, depends: Iterable[Path]) -> bool:
    """Write the entry beside its place and move it there in one step; whether that worked."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".new-") as temporary:
            new = Path(temporary) / "entry"
            new.mkdir()
            _write(new, workload, depends)
            _replace(new, entry, Path(temporary) / "old")
    except OSError:
        return False
    return True


def _write(folder: Path, workload: Workload, depends: Iterable[Path]) -> None:
    arrays: list[Ints] = []
    document = _converter(arrays).unstructure(workload)
    for index, array in enumerate(arrays):
        np.save(folder / _array_name(index), array, allow_pickle=False)
    manifest = {
        "depends": {str(file.resolve()): _sealed(file, settled=time.time_ns() - UNSETTLED_NS) for file in depends},
        "arrays": {_array_name(index): _sealed(folder / _array_name(index)) for index in range(len(arrays))},
        "workload": document,
    }
    text = json.dumps(manifest, default=operator.index)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def _replace(new: Path, entry: Path, old: Path) -> None:
    """Put `new` where `entry` is; readers see the one or the other, or none for a moment."""
    if entry.exists():
        entry.rename(old)
    try:
        new.rename(entry)
    except OSError:
        if not entry.exists():  # else another run has just written the same
            raise


def _mapped(file: Path) -> Ints:
    """The array in `file`, mapped read-only; a plain ndarray, whose slices cost less than a memmap's."""
    mapped = np.load(file, mmap_mode="r", allow_pickle=False)
    return np.asarray(mapped).view(np.ndarray)


def _converter(arrays: list[Ints]) -> cattrs.Converter:
    """Takes workloads apart and together; arrays go to and come from `arrays`, each once."""
    converter = cattrs.Converter()
    numbers: dict[int, int] = {}

    def number(array: Ints) -> int:
        if id(array) not in numbers:
            numbers[id(array)] = len(arrays)
            arrays.append(array)
        return numbers[id(array)]

    converter.register_unstructure_hook_func(_is_array, number)
    converter.register_structure_hook_func(_is_array, lambda index, _kind: arrays[index])
    return converter


def _is_array(kind: Any) -> bool:
    return kind is np.ndarray or get_origin(kind) is np.ndarray


def _array_name(index: int) -> str:
    return f"{index}.npy"


def _sealed(file: Path, settled: int | None = None) -> list[str]:
    """A file's digest and its stamp; without that where it was changed since `settled` (ns; None: trust it anyway)."""
    stamp, changed = _stamp(file), file.stat().st_mtime_ns
    return [_digest(file), *([stamp] if settled is None or changed < settled else [])]


def _is_as_sealed(file: Path, seal: list[str]) -> bool:
    digest, *stamps = seal
    return _stamp(file) in stamps or _digest(file) == digest


def _stamp(file: Path) -> str:
    """What changes when a file does: its size, when it was last changed, where it lies on the disk."""
    found = file.stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
