"""YAML files of one kind: those in a folder are known by their names, a user's own by their paths; one may extend
another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

from .errors import BadInput
from .located import YAML_FILES, Located, located, read

EXTENDS = "extends"

Made = TypeVar("Made")


@attrs.frozen
class Shelf:
    """The files of `folder`, each of them a `what` ("memory standard"); `own` are keys that are not inherited."""

    folder: Path
    what: str
    own: Sequence[str] = ()
    _made: dict[Path, tuple[str, Any]] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    def names(self) -> list[str]:
        """What comes with the model, in order of name."""
        return sorted(file.stem for file in self.folder.glob("*.yaml"))

    def file(self, name: str, key: str | None = None) -> Path:
        """The file called `name`, or a user's own at that path; BadInput, at `key`, where no such name is known."""
        if name.endswith(YAML_FILES) or "/" in name:
            return Path(name)
        if name not in self.names():
            raise BadInput(
                f"there is no {self.what} {name!r}; name one, or a YAML file by its path",
                key=key,
                given=name,
                allowed=self.names(),
            )
        return self.folder / f"{name}.yaml"

    def made(self, path: Path, make: Callable[[Path, Located], Made]) -> Made:
        """What `make` makes of `path` and its document; again only where the document has changed."""
        tree = self.document(path)
        said = repr(tree)
        if self._made.get(path, ("",))[0] != said:
            self._made[path] = (said, make(path, tree))
        found: Made = self._made[path][1]
        return found

    def document(self, path: Path, earlier: tuple[Path, ...] = ()) -> Located:
        """What the file at `path` says, over what it `extends`: another by name, or a file beside it.

        `earlier` are the files on the way here.
        """
        tree = read(path)
        if EXTENDS not in tree:
            return tree
        base, place = tree.pop(EXTENDS), tree.places.pop(EXTENDS)
        try:
            file = self._base_file(base, path, earlier)
        except BadInput as error:
            raise located(error, (EXTENDS,), place) from None
        below = self.document(file, (*earlier, path.resolve()))
        for key in self.own:
            below.pop(key, None)
        return tree.over(below)

    def _base_file(self, base: Any, path: Path, earlier: tuple[Path, ...]) -> Path:
        """The file of `base`, by name or beside `path`; BadInput where there is none, or in a circle."""
        if base in self.names():
            return self.folder / f"{base}.yaml"
        if not isinstance(base, str) or not base.endswith(YAML_FILES):
            raise BadInput(f"there is no {self.what} {base!r}", given=str(base), allowed=self.names())
        file = path.parent / base
        if file.resolve() in (*earlier, path.resolve()):
            raise BadInput("goes in a circle")
        return file
