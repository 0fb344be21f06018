"""A scenario: the specs of its parts, and where each of its values was written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import attrs

from tlm.accelerators.spec import AcceleratorSpec
from tlm.engines.spec import CompressionSpec
from tlm.inputs.errors import BadInput
from tlm.inputs.located import Located, Place, located
from tlm.inputs.structure import ORIGIN, KeyPath
from tlm.memory.spec import MemorySpec
from tlm.workload.source import module_file
from tlm.workload.spec import WorkloadSpec

from .files import find_file
from .machines import Entry


@attrs.frozen
class Scenario:
    """What is run, on which machine; frozen, complete and checked.

    Where several accelerators share the memory, this is the first one's, with its `name`; `others` are theirs.

    `granularity` is how much one transaction moves. `unmodelled` is what becomes of a layer that the
    accelerator has no rule for. `check` (false unless asked for: it costs time) runs on the real encoded
    bytes and compares every accumulator.
    """

    accelerator: AcceleratorSpec
    memory: MemorySpec
    compression: CompressionSpec
    workload: WorkloadSpec
    granularity: Literal["coarse", "exact"] = "coarse"
    unmodelled: Literal["refuse", "pass"] = "refuse"
    check: bool = False
    source: Path | None = attrs.field(default=None, eq=False, metadata=ORIGIN)
    written: Located | None = attrs.field(default=None, eq=False, repr=False, metadata=ORIGIN)
    entry: Entry | None = attrs.field(default=None, eq=False, repr=False, metadata=ORIGIN)
    files: tuple[Path, ...] = attrs.field(default=(), eq=False, repr=False, metadata=ORIGIN)
    others: tuple[Scenario, ...] = attrs.field(default=(), metadata=ORIGIN)

    @property
    def name(self) -> str | None:
        """The accelerator's, where it is one of a list."""
        return self.entry.name if self.entry else None

    @property
    def machines(self) -> tuple[Scenario, ...]:
        """The scenario of each accelerator, in order, as if it were alone on the memory."""
        return (self, *self.others)

    def was_read_from(self, file: Path) -> bool:
        """Whether `file` is the scenario's own, one that it extends, or one that a value of it names."""
        return file.exists() and any(file.samefile(own) for own in (*self.files, *self._named()))

    def find(self, name: str) -> Path:
        """The file or folder `name`: looked for beside the file whose value names it, here, as installed.

        `name` is a value of the scenario, or what such a value has before its colon. Raises BadInput with
        the file, line and key that name it.
        """
        path = next((path for path, text in self._texts() if name in (text, text.partition(":")[0])), ())
        place = self._place(path)
        try:
            return find_file(name, place.folder if place else None)
        except BadInput as error:
            raise located(error, self._shown(path), place) from None

    def locate(self, error: BadInput, part: str = "") -> BadInput:
        """`error` with the file and line of the key it names, where it names one of ours and no file.

        `part` ("memory") stands before the key where the error's is short of it.
        """
        if not error.key:
            return error
        path = (*part.split("."), *error.key.split(".")) if part else tuple(error.key.split("."))
        return located(error, self._shown(path), self._place(path))

    def _named(self) -> Iterator[Path]:
        """The files, folders and modules that the workload's values name."""
        for one in self.machines:
            for name in (text for path, text in one._texts() if path[0] == "workload"):
                for part in (name, name.partition(":")[0]):
                    with suppress(BadInput):
                        yield one.find(part)
                module = module_file(name.partition(":")[0]) if ":" in name else None
                if module is not None:
                    yield module

    def _shown(self, path: KeyPath) -> KeyPath:
        return self.entry.shown(path) if self.entry else path

    def _texts(self) -> list[tuple[tuple[str, ...], str]]:
        return list(self.entry.tree.texts()) if self.entry else []

    def _place(self, path: tuple[str, ...]) -> Place | None:
        return self.entry.tree.place_of(path) if self.entry else None
