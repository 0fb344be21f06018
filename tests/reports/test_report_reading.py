"""Files that anybody may have written: recognised by what they say, refused in one message, never executed."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import swept_stores

from tlm.inputs.errors import BadInput
from tlm.reports import read_results
from tlm.reports.definitions import definitions
from tlm.reports.sections import SECTIONS

Document = dict[str, Any]


def build(file: Path) -> None:
    """What a page would be made of, without its looks."""
    known, results = definitions(), read_results([str(file)])
    assert [section for make in SECTIONS if (section := make(results, known))]


def refused(file: Path) -> str:
    with pytest.raises(BadInput) as error:
        build(file)
    message = str(error.value)
    assert message.startswith(str(file))
    return message.removeprefix(str(file))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1: is no whole JSON document: Expecting value"),
        ("# notes", ":1: is no whole JSON document"),
        ('{"schema": "tlm-result/5",\n "cyc', ":2: is no whole JSON document"),
        ("[1, 2]", ": schema: is JSON, but not a result document"),
        ("{}", ": schema: is JSON, but not a result document"),
        ('{"schema": null}', ": schema: is JSON, but not a result document"),
        ('{"schema": 5}', ": schema: is 5, of which there is no report (allowed: tlm-result/"),
        ('{"schema": "tlm-play/1"}', ": schema: is 'tlm-play/1', of which there is no report (allowed: tlm-result/"),
        ('{"schema": "tlm-result/3"}', ": schema: is of another version of this program, 'tlm-result/3'"),
        ('{"schema": "tlm-sweep/99"}', ": schema: is of another version of this program, 'tlm-sweep/99'"),
        ('{"schema": NaN}', ": is no document of ours: NaN is no number of JSON's"),
        ("[" * 100_000, ": is no document of ours: is nested too deep"),
        ('{"schema": "tlm-sweep/1", "pareto": [], "front": [], "points": []}', ": points: has no points"),
        ('{"schema": "tlm-sweep/1", "pareto": ["speed"], "front": [], "points": []}', ": pareto: there is no measure"),
        ('{"schema": "tlm-sweep/1", "pareto": [], "front": []}', ": points: is missing"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "given.json"
    file.write_text(content)
    assert refused(file).startswith(message)


def test_a_document_that_was_cut_off_is_refused(made: Path, tmp_path: Path) -> None:
    file, text = tmp_path / "cut.json", (made / "hbm.json").read_text()
    for share in (0.1, 0.5, 0.99):
        file.write_text(text[: int(share * len(text))])
        assert ": is no whole JSON document" in refused(file)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_bytes(b"\x80\x03pickled")
    assert ": is neither JSON nor a store" in refused(file)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert ": there is no such file" in refused(tmp_path / "nothing.json")
    assert ": there is no result.json in this folder" in refused(tmp_path)
    with pytest.raises(BadInput, match="there is no such file"):
        read_results(["a\0b"])


def test_a_folder_is_its_result_and_called_by_its_name(made: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text((made / "hbm.json").read_text())
    found = read_results([str(tmp_path / "one"), str(tmp_path / "two" / "result.json"), str(tmp_path / "one")])
    assert [run.name for run in found.runs] == ["one", "two", "one (2)"]


def test_content_and_not_the_name_says_what_a_file_is(made: Path, tmp_path: Path) -> None:
    store = swept_stores.store(tmp_path / "points.json", 3)
    document = tmp_path / "run.sqlite"
    document.write_text((made / "hbm.json").read_text())
    found = read_results([str(store), str(document)])
    assert [run.name for run in found.runs] == ["run"]
    assert [swept.name for swept in found.sweeps] == ["points"]


def test_the_document_is_read_whole(made: Path, documents: dict[str, Document]) -> None:
    """What is read is what was written: nothing is lost, nothing rounded."""
    for name, document in documents.items():
        (run,) = read_results([str(made / f"{name}.json")]).runs
        assert json.loads(json.dumps(run.result.as_json())) == document


# --- anything in it may be wrong


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document; of a list its first entry stands for all."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def changed(document: Document, path: tuple[Any, ...], value: Any) -> Document:
    found = copy.deepcopy(document)
    owner = found
    for step in path[:-1]:
        owner = owner[step]
    owner[path[-1]] = value
    return found


@pytest.mark.parametrize("odd", ["text", {"a": 1}, [1], None, -1, 0])
def test_a_wrong_value_anywhere_is_shown_or_refused_with_its_key(
    documents: dict[str, Document], tmp_path: Path, odd: Any
) -> None:
    """Never a traceback; and a refusal names the key, the outermost one that is wrong or one inside it."""
    file, told = tmp_path / "odd.json", 0
    document = {**documents["narrow"], "timeline": None}
    for path in places(document):
        if path[0] == "scenario" and len(path) > 1:
            continue  # shown as it is
        file.write_text(json.dumps(changed(document, path, odd)))
        try:
            build(file)
        except BadInput as error:
            told += 1
            assert error.key and (error.key.split(".")[0] == path[0]), (path, error)
            assert error.file == str(file)
    assert told > 5


def test_a_missing_key_is_named(documents: dict[str, Document], tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    for key in ("layers", "time_fs", "accelerators"):
        document = {name: value for name, value in documents["hbm"].items() if name != key}
        file.write_text(json.dumps(document))
        assert refused(file) == f": {key}: is missing"


# --- stores


def test_a_store_is_not_written_to(tmp_path: Path) -> None:
    store = swept_stores.store(tmp_path / "points.sqlite", 3)
    before = store.read_bytes()
    store.chmod(0o444)
    assert len(read_results([str(store)]).sweeps[0].told.points) == 3
    assert store.read_bytes() == before


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    assert ": points: has no points" in refused(swept_stores.store(tmp_path / "points.sqlite", 0))


def test_a_store_in_which_all_failed_is_refused(tmp_path: Path) -> None:
    store = swept_stores.store(tmp_path / "points.sqlite", 7)
    execute(store, "DELETE FROM points WHERE status = 'done'")
    assert ": points: has no point that is done" in refused(store)


def test_points_that_are_no_longer_in_the_sweep_are_left_out(tmp_path: Path) -> None:
    store = swept_stores.store(tmp_path / "points.sqlite", 5)
    execute(store, "UPDATE points SET number = NULL WHERE number > 3")
    assert [point.number for point, _ in read_results([str(store)]).sweeps[0].told.points] == [1, 2, 3]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA application_id = 7", ": is no store of a sweep"),
        ("PRAGMA user_version = 99", ": is a store of another version of this program"),
        ("DROP TABLE points", ": cannot be read as a store: no such table: points"),
        ("UPDATE points SET settings = '[1'", ": settings: a point's settings are no mapping"),
        ("UPDATE points SET settings = '[1]'", ": settings: a point's settings are no mapping"),
        ("UPDATE points SET cycles = 'many' WHERE number = 1", ": point 1: cycles: not 'many'"),
        ("UPDATE points SET status = x'00' WHERE number = 1", ": point 1: status: not an object of type bytes"),
        ("UPDATE points SET energy_j = 9e999 WHERE number = 1", ": point 1: energy_j: not inf"),
    ],
)
def test_a_store_that_is_wrong_is_refused(tmp_path: Path, statement: str, message: str) -> None:
    store = swept_stores.store(tmp_path / "points.sqlite", 3)
    execute(store, statement)
    assert refused(store).startswith(message)


def test_a_store_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    store = swept_stores.store(tmp_path / "points.sqlite", 40)
    store.write_bytes(store.read_bytes()[:5000])
    assert ": cannot be read as a store: " in refused(store)


def execute(store: Path, statement: str) -> None:
    connection = sqlite3.connect(store, isolation_level=None)
    connection.execute(statement)
    connection.close()
