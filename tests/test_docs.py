"""The documentation: examples run and print what is shown, tables name what there is, links lead somewhere."""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import attrs
import documents
import pytest
from documents import PAGES, ROOT, Block, Example, Listing, blocks, examples, lasting, listings, recipe

from tlm import play, report, reproduce, stats, sweep
from tlm import run as command
from tlm.accelerators.preset import preset_names
from tlm.accelerators.rules import RULES
from tlm.codecs import CODECS
from tlm.energy import EVENTS, PARTS, TABLES
from tlm.inputs.structure import hidden, known_keys
from tlm.inputs.units import written
from tlm.memory.standards import standard_names
from tlm.result import (
    REASONS,
    AcceleratorResult,
    AreaRow,
    Comparison,
    Component,
    Compression,
    EnergyRow,
    LayerResult,
    Result,
    Traffic,
    Widening,
)
from tlm.scenario import Scenario
from tlm.sweeps.axes import Draw
from tlm.sweeps.outcome import MEASURES
from tlm.sweeps.spec import SearchSpec, SweepSpec
from tlm.sweeps.store import COLUMNS

ALL = [example for page in PAGES for example in examples(page)]
RUN = [page for page in PAGES if any(example.code.page == page for example in ALL)]
MAKE_ONLY = re.compile(r"(make (?!run$)\w+\n)+", re.MULTILINE)
DOCS = ROOT / "docs"


def of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where examples run: they share the cache of captured networks."""
    return tmp_path_factory.mktemp("examples")


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_examples_run_in_the_page_s_order_and_print_what_is_shown(page: Path, folder: Path, tmp_path: Path) -> None:
    for example in examples(page):
        if MAKE_ONLY.fullmatch(example.code.text):
            continue
        printed = documents.run(example.code, tmp_path, folder / "cache")
        if example.shown is not None:
            told = f"{example.code.name}: look at the difference, then `make accept`"
            assert lasting(printed) == lasting(example.shown.text), told


@pytest.mark.parametrize("example", [e for e in ALL if MAKE_ONLY.fullmatch(e.code.text)], ids=lambda e: e.code.name)
def test_a_make_target_that_is_named_is_there(example: Example) -> None:
    for line in example.code.text.splitlines():
        assert recipe(line.removeprefix("make "))


@pytest.mark.parametrize("listing", [one for page in PAGES for one in listings(page)], ids=lambda one: one.block.name)
def test_a_file_that_is_shown_is_shown_word_for_word(listing: Listing) -> None:
    assert listing.block.text == listing.file.read_text(encoding="utf-8"), "look at the difference, then `make accept`"


def test_every_example_is_shown() -> None:
    shown = {one.file.resolve() for page in PAGES for one in listings(page)}
    files = {file for file in (ROOT / "examples").rglob("*") if file.suffix in (".py", ".yaml")}
    assert files and files <= shown


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in p.read_text(encoding="utf-8")], ids=lambda p: p.name)
def test_the_sessions_of_a_page(page: Path) -> None:
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("block", [b for p in PAGES for b in blocks(p) if b.kind == "yaml"], ids=lambda b: b.name)
def test_a_scenario_that_is_shown_runs(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "shown.yaml").write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TLM_CACHE", str(folder / "cache"))
    assert command.main(["shown.yaml", "--no-live", "--json", "shown.json"]) == 0
    assert json.loads(Path("shown.json").read_text(encoding="utf-8"))["checked"] is True


def test_the_first_page_shows_the_shipped_run_and_the_tests() -> None:
    first, second = [block.text for block in blocks(ROOT / "README.md") if block.kind == "bash"][:2]
    assert (first, second) == ("make run\n", "make test\n")
    assert recipe("run") == "python -m tlm.run scenarios/dstripes_hbm.yaml"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name}: {target}"
        if heading:
            assert heading in anchors(file), f"{page.name}: {target}"


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return documents.FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {title.lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_that_are_named_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tlm|nets|docs|scenarios|tests)/[\w./-]*)`", text):
        assert (ROOT / name).exists(), f"{page.name}: {name}"


# --- the tables of keys, fields, reasons and options


def rows(text: str) -> dict[str, list[str]]:
    """The rows of all tables of a text whose first cell is `code`: the other cells, by it."""
    found = re.findall(r"^\| `([\w.-]+)` \|(.*)\|$", text, re.MULTILINE)
    assert len({name for name, _ in found}) == len(found), "a row is there twice"
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in found}


def section(text: str, title: str) -> str:
    """What stands under a heading, to the next one."""
    return re.split(r"^#+ ", text.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def keys(spec: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a spec and of those inside it: (dotted name, field)."""
    attrs.resolve_types(spec)
    for field in attrs.fields(spec):
        if not hidden(field):
            yield prefix + field.name, field
            if attrs.has(field.type):
                yield from keys(field.type, f"{prefix}{field.name}.")


def default_of(name: str, field: Any) -> str:
    """A key's default as docs/scenario.md writes it."""
    value = field.default
    if value is attrs.NOTHING:
        machine = name.startswith("accelerator.") and name != "accelerator.preset"
        return "preset" if machine else "required"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{written(value, field.metadata['unit']) if 'unit' in field.metadata else value}`"


def test_every_key_of_a_scenario_is_documented_with_its_default() -> None:
    documented = rows(of("scenario.md"))
    expected = {name: default_of(name, field) for name, field in keys(Scenario)}
    assert {name: cells[1].partition(":")[0] for name, cells in documented.items()} == expected


def test_every_choice_of_a_key_is_documented() -> None:
    documented = rows(of("scenario.md"))
    for name, field in keys(Scenario):
        if get_origin(field.type) is not None:
            for choice in get_args(field.type):
                assert not isinstance(choice, str) or f"`{choice}`" in documented[name][0], name


@pytest.mark.parametrize(
    ("title", "spec", "more"),
    [
        ("Run", Result, set()),
        ("Layers", LayerResult, set()),
        ("Traffic", Traffic, set()),
        ("Components", Component, set()),
        ("Compression", Compression, {"ratio"}),
        ("Accelerators", AcceleratorResult, set()),
        ("Energy rows", EnergyRow, set()),
        ("Area rows", AreaRow, set()),
        ("Comparisons", Comparison, set()),
        ("Widenings", Widening, set()),
    ],
)
def test_every_field_of_a_result_is_documented(title: str, spec: Any, more: set[str]) -> None:
    documented = rows(section(of("result.md"), title))
    assert set(documented) == {field.name for field in attrs.fields(spec)} | more


def test_the_reasons_are_documented_word_for_word() -> None:
    documented = rows(section(of("model.md"), "Reasons"))
    assert {name: cells[0] for name, cells in documented.items()} == REASONS


def test_what_is_counted_for_energy_is_documented_word_for_word() -> None:
    documented = rows(section(of("extending.md"), "An energy table"))
    assert {name: cells[0] for name, cells in documented.items()} == {**EVENTS, **PARTS}


def test_a_run_tells_only_documented_reasons(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLM_CACHE", str(folder / "cache"))
    file = folder / "reasons.json"
    memory = "memory={standard: ddr4-3200, channels: 1, width: 16}"
    assert command.main(["lenet", "--no-live", "--json", str(file), "--set", memory]) == 0
    document = json.loads(file.read_text(encoding="utf-8"))
    told = {reason for layer in document["layers"] for reason in layer["stalls"]}
    told |= {reason for component in document["components"] for reason in component["waiting_fs"]}
    assert told
    assert told <= set(REASONS)
    assert set(document) == set(rows(section(of("result.md"), "Run")))
    assert set(document["compression"]["weights"]) == set(rows(section(of("result.md"), "Compression")))


COMMANDS = {"command": command, "play": play, "report": report, "reproduce": reproduce, "stats": stats, "sweep": sweep}


@pytest.mark.parametrize("page", COMMANDS)
def test_every_option_of_a_command_is_documented(page: str) -> None:
    documented = rows(section(of(f"{page}.md"), "Options"))
    options = {
        action.option_strings[-1] if action.option_strings else action.metavar: action
        for action in COMMANDS[page].parser()._actions
        if action.dest != "help"
    }
    assert set(documented) == set(options)
    for name, action in options.items():
        if action.option_strings:
            assert documented[name][0] == (f"`{action.metavar}`" if action.metavar else ""), name


def first_cells(text: str) -> list[str]:
    """What stands as `code` in the first column of all tables of a text, in order."""
    return [
        name for cell in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE) for name in re.findall(r"`(.*?)`", cell)
    ]


def test_every_key_column_and_measure_of_a_sweep_is_documented() -> None:
    text = prose(DOCS / "sweep.md")
    file, store = section(text, "The file"), section(text, "The store")
    assert sorted(first_cells(file)) == sorted(key for spec in (SweepSpec, Draw) for key in known_keys(spec))
    assert first_cells(section(text, "Search")) == known_keys(SearchSpec)
    assert first_cells(store) == list(COLUMNS)
    assert set(MEASURES) <= set(re.findall(r"`(\w+)`", section(of("sweep.md"), "Options")))


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("accelerator.preset", preset_names()),
        ("accelerator.rules", RULES),
        ("accelerator.energy", TABLES.names()),
        ("memory.standard", standard_names()),
        ("compression.codec", CODECS),
    ],
)
def test_every_name_that_a_key_can_have_is_documented(key: str, names: list[str]) -> None:
    shown = " ".join(rows(of("scenario.md"))[key])
    assert all(f"`{name}`" in shown for name in names)


# --- the tool of `make accept`


def test_accept_rewrites_what_differs_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    shown = "```python\nprint({})\n```\n```text\n{}\n```\nend\n"
    page.write_text(shown.format("1 + 1", "3") + shown.format("'took 0.25 s'", "took 9.99 s"), encoding="utf-8")
    documents.accept(page)
    right = shown.format("1 + 1", "2") + shown.format("'took 0.25 s'", "took 9.99 s")
    assert page.read_text(encoding="utf-8") == right


def test_accept_shows_the_file_as_it_is(tmp_path: Path) -> None:
    page, file = tmp_path / "page.md", tmp_path / "small.py"
    file.write_text("print('new')\nprint('longer')\n", encoding="utf-8")
    page.write_text("See [`small.py`](small.py):\n\n```py\nold\n```\n```python\nprint(1)\n```\n```text\n2\n```\n")
    documents.accept(page)
    assert [block.text for block in blocks(page)] == [file.read_text(encoding="utf-8"), "print(1)\n", "1\n"]


def test_a_file_that_is_shown_is_named_right_above(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("See [it](small.py).\n\nprose\n\n```py\nold\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="no link to a file in the line above"):
        listings(page)


def test_text_that_does_not_stand_right_behind_is_no_output(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```bash\ntrue\n```\n\nprose\n\n```text\nusage\n```\n", encoding="utf-8")
    assert [example.shown for example in examples(page)] == [None]


def test_an_example_that_fails_is_told_with_what_it_printed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```bash\necho why; exit 3\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page\.md: echo why; exit 3\nexit 3\nwhy"):
        documents.run(examples(page)[0].code, tmp_path)
