"""The workload a scenario asks for, from the cache where it is there."""

from __future__ import annotations

import os
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import attrs

from ..inputs.usercode import Find
from .cache import Cached, cached
from .layer import Workload
from .profile_tables import NETWORKS, PRECISIONS
from .spec import WorkloadSpec


def load_workload(spec: WorkloadSpec, find: Find) -> Workload:
    """The layers of `spec`, executed once; `find` gives the file or folder that a value of `spec` names."""
    return load_cached(spec, find).workload


def load_cached(spec: WorkloadSpec, find: Find) -> Cached:
    """The same with the digests of the files they were made from."""
    if spec.traces is not None:
        return _traces(spec, spec.traces, find)
    if spec.profile is not None:
        return _profile(spec, spec.profile)

    named = [name for name in (spec.network, spec.onnx, spec.weights, spec.input) if isinstance(name, str)]
    where = [_location(name, find) for name in named]

    def make() -> tuple[Workload, list[Path]]:
        from .capture import load_network

        workload, depends = load_network(spec, find)
        return workload, [*depends, *filter(None, where)]

    return cached({"spec": attrs.asdict(spec), "where": list(map(str, where)), "data": _data_folder()}, make)


def _data_folder() -> str | None:
    """Where a network's or an input's code finds its data sets, as docs/command.md has it; None: there is nothing."""
    folder = Path(os.environ.get("TLM_DATA") or "data").resolve()
    return str(folder) if folder.is_dir() else None


def _traces(spec: WorkloadSpec, name: str, find: Find) -> Cached:
    folder = find(name).resolve()
    files = sorted(file for file in folder.glob("*") if file.is_file())

    def make() -> tuple[Workload, list[Path]]:
        from .traces import load_traces

        return load_traces(folder, spec.images, spec.bits), files

    return cached({"spec": attrs.asdict(spec), "where": list(map(str, files))}, make)


def _profile(spec: WorkloadSpec, name: str) -> Cached:
    def make() -> tuple[Workload, list[Path]]:
        from .profiles import load_profile

        return load_profile(name, spec.seed, spec.images, spec.bits), [NETWORKS, PRECISIONS]

    return cached({"spec": attrs.asdict(spec)}, make)


def _location(name: str, find: Find) -> Path | None:
    """The file that `name` means here: the same words in another folder may mean another file.

    BadInput where it names a file that is not there; a module that is not there is left to the capture.
    """
    module, colon, _function = name.partition(":")
    if not colon or module.endswith(".py"):
        return find(module).resolve()
    return module_file(module)


def module_file(module: str) -> Path | None:
    """Where the source of a module lies, found without running any of it; None where there is none."""
    folders: Any = None
    origin = None
    for part in module.split("."):
        found = PathFinder.find_spec(part, folders)
        if found is None:
            return None
        origin, folders = found.origin, found.submodule_search_locations
    return Path(origin) if origin and Path(origin).is_file() else None
