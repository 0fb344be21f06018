"""YAML files that are read again and again: what is kept of them is copied, and a change is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlm.inputs.errors import BadInput
from tlm.inputs.located import Located, read
from tlm.inputs.shelf import Shelf


def test_what_is_read_twice_is_the_callers_own_each_time(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: {b: [{c: 1}]}\nd: 2")
    first = read(file)
    first["a"]["b"][0].put("c", 9, first.place)
    first["a"]["b"].append(3)
    del first["d"], first.places["d"]
    again = read(file)
    assert again == {"a": {"b": [{"c": 1}]}, "d": 2}
    assert again.place_of(("d",)).line == 2 and again["a"]["b"][0].places["c"].line == 1


def test_a_file_that_has_changed_is_read_again_and_the_same_text_elsewhere_says_where_it_is(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    for file in (one, two):
        file.write_text("a: 1")
        assert read(file).place.file == str(file)
    one.write_text("a: 2")
    assert (read(one), read(two)) == ({"a": 2}, {"a": 1})


def test_what_is_made_of_a_document_is_made_again_only_where_it_or_what_it_extends_has_changed(tmp_path: Path) -> None:
    shelf, made = Shelf(tmp_path, "thing"), []

    def make(_path: Path, tree: Located) -> dict[str, object]:
        made.append(dict(tree))
        return made[-1]

    own, base = tmp_path / "own.yaml", tmp_path / "base.yaml"
    base.write_text("a: 1\nb: 2")
    own.write_text("extends: base\nb: 3")
    assert shelf.made(own, make) is shelf.made(own, make)
    base.write_text("a: true\nb: 2")  # equal to 1, in Python
    assert shelf.made(own, make)["a"] is True
    assert made == [{"a": 1, "b": 3}, {"a": True, "b": 3}]


def test_what_cannot_be_made_is_told_every_time(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1")

    def refuse(path: Path, _tree: Located) -> None:
        raise BadInput("no", file=str(path))

    shelf = Shelf(tmp_path, "thing")
    for _ in range(2):
        with pytest.raises(BadInput, match="no"):
            shelf.made(tmp_path / "a.yaml", refuse)
