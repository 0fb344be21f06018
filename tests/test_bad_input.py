"""Bad scenarios, as a table: what is written, and what the one message must say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlm.accelerators.spec import AcceleratorSpec
from tlm.engines.spec import CompressionSpec
from tlm.inputs.errors import BadInput
from tlm.memory.spec import MemorySpec
from tlm.scenario import load
from tlm.workload.spec import WorkloadSpec

GOOD = {
    "accelerator": "accelerator: dstripes",
    "memory": "memory: hbm",
    "compression": "compression: dpred",
    "workload": 'workload: {network: "nets.lenet:build"}',
}
ACCELERATOR_KEYS = "(allowed: tiles, "

#: (lines that replace the good ones of the same key or come after them, what the message says)
IN_ONE_LINE = [
    # keys
    ("tilez: 4", ["s.yaml:5: tilez: unknown key", "allowed: accelerator, memory"]),
    ("tiles: 4", ["s.yaml:5: tiles: unknown key; it belongs to accelerator"]),
    ("weights: x", ["s.yaml:5: weights: unknown key; it belongs to compression or workload"]),
    ("extend: lenet", ["s.yaml:5: extend: unknown key", "did you mean 'extends'?"]),
    ("granularty: exact", ["s.yaml:5: granularty", "did you mean 'granularity'?"]),
    ("accelerator: {preset: base, tilez: 4}", ["s.yaml:1: accelerator.tilez", ACCELERATOR_KEYS, "'tiles'?"]),
    (
        "accelerator:\n  preset: base\n  weight_memory:\n    bank: 3",
        ["s.yaml:4: accelerator.weight_memory.bank: unknown key", "width_bits", "did you mean 'banks'?"],
    ),
    ("accelerator: {preset: base, width_bits: 8}", ["unknown key; it belongs to activation_memory or weight_memory"]),
    ("memory: {standard: hbm, chanels: 8}", ["s.yaml:2: memory.chanels: unknown key", "'channels'?"]),
    ("compression: {codec: dpred, engines: 3}", ["s.yaml:3: compression.engines: unknown key", "decompressors"]),
    ("workload: {network: a:b, wieghts: x}", ["s.yaml:4: workload.wieghts: unknown key", "'weights'?"]),
    ("source: x", ["s.yaml:5: source: unknown key"]),
    ("memory.channels: 4", ["memory.channels: unknown key; write memory: {channels: ...} (allowed"]),
    ("memory.chanels: 4", ["memory.chanels: unknown key; write memory: {chanels: ...}", "did you mean"]),
    ("? ''\n: 4", ["s.yaml:5: YAML: a key must be a word"]),
    ('"check\\e[2J\\n": true', ["s.yaml:5: check\\x1b[2J\\n: unknown key"]),
    ("<<: {check: true}", ["s.yaml:5: <<: unknown key"]),
    # names
    (
        "accelerator: dstripe",
        ["s.yaml:1: accelerator.preset", "(allowed: dstripes, stripes, dstripes-column, ", "'dstripes'?"],
    ),
    ("accelerator: {tiles: 4}", ["s.yaml:1: accelerator.preset: is missing", "allowed: base"]),
    ("accelerator: {preset: 4}", ["s.yaml:1: accelerator.preset: expected text, not 4"]),
    ("accelerator: mine.yaml", ["s.yaml:1: accelerator.preset: there is no 'mine.yaml'; looked for"]),
    ("memory: hmb", ["s.yaml:2: memory.standard", "'hmb'", "ddr4-3200", "did you mean 'hbm'?"]),
    ("memory: mine.yaml", ["s.yaml:2: memory.standard: there is no 'mine.yaml'; looked for"]),
    ("memory: {standard: hbm, page: opened}", ["s.yaml:2: memory.page: not 'opened'", "allowed: open, closed"]),
    ("memory: {standard: hbm, mapping: x}", ["s.yaml:2: memory.mapping", "has no mapping 'x'"]),
    ("memory: {standard: hbm, mapping: ''}", ["s.yaml:2: memory.mapping: is empty"]),
    ("memory: {standard: hbm, request: 63 B}", ["memory.request: must be at least one burst of this memory, 64 B"]),
    ("memory: {standard: ideal, request: 8 B}", ["s.yaml:2: memory.request: must be at least one burst", "not '8 B'"]),
    (
        "memory: {channels: 4096, ranks: 4096}",
        ["memory.ranks: 4096 channels of 4096 ranks have", "no more than 262144"],
    ),
    ("memory: ./hbm", ["s.yaml:2: memory.standard: there is no './hbm'; looked for"]),
    ("memory: {standard: hbm, channels: 3}", ["s.yaml:2: memory.channels", "power of two", "3"]),
    ("compression: dprd", ["s.yaml:3: compression.codec: there is no codec 'dprd'", "did you mean 'dpred'?"]),
    ("compression: {codec: none, weights: tern}", ["s.yaml:3: compression.weights: there is no codec 'tern'"]),
    ("accelerator: {preset: base, rules: {fc: bass}}", ["s.yaml:1: accelerator.rules.fc", "'bass'", "'base'?"]),
    ("accelerator: {preset: base, rules: {cnv: base}}", ["s.yaml:1: accelerator.rules.cnv", "'conv'?"]),
    ("granularity: fine", ["s.yaml:5: granularity: not 'fine'", "allowed: coarse, exact"]),
    ("unmodelled: skip", ["s.yaml:5: unmodelled: not 'skip'", "allowed: refuse, pass"]),
    # units
    ("accelerator: {preset: base, am: 4 MHz}", ["s.yaml:1: accelerator.am: '4 MHz' is a frequency, not a capac"]),
    ("accelerator: {preset: base, clock: 4 MiB}", ["s.yaml:1: accelerator.clock: '4 MiB' is a capacity, not a f"]),
    ("accelerator: {preset: base, am: 25.6 GB/s}", ["'25.6 GB/s' is a rate, not a capacity", "KiB"]),
    ("accelerator: {preset: base, am: 4194304}", ["accelerator.am: 4194304 has no unit", "such as '4 MiB'"]),
    ("accelerator: {preset: base, am: '4194304'}", ["accelerator.am: '4194304' has no unit; write a number and"]),
    ("accelerator: {preset: base, am: {KiB: 4}}", ["accelerator.am: expected a capacity, not a mapping; write"]),
    ("accelerator: {preset: base, am: }", ["accelerator.am: expected a capacity, not nothing"]),
    ("accelerator: {preset: base, am: 4 MB}", ["accelerator.am: '4 MB' is not", "B, KiB, MiB, GiB"]),
    ("accelerator: {preset: base, am: lots}", ["accelerator.am: 'lots' is not a capacity"]),
    ("accelerator: {preset: base, am: 0.3 KiB}", ["accelerator.am: '0.3 KiB' is 307.2 bytes", "whole number"]),
    ("accelerator: {preset: base, clock: 980 mhz}", ["accelerator.clock: '980 mhz' is not", "MHz"]),
    ("accelerator: {preset: base, clock: inf Hz}", ["accelerator.clock: 'inf Hz' is not"]),
    ("accelerator: {preset: base, wm: true}", ["accelerator.wm: expected a capacity, not true"]),
    # numbers
    ("accelerator: {preset: base, am: 0 KiB}", ["accelerator.am: must be > 0 B, not '0 KiB'"]),
    ("accelerator: {preset: base, wm: -320 KiB}", ["accelerator.wm: must be > 0 B, not '-320 KiB'"]),
    ("accelerator: {preset: base, am: 65 GiB}", ["accelerator.am: must be <= 64 GiB, not '65 GiB'"]),
    ("accelerator: {preset: base, clock: 0 MHz}", ["accelerator.clock: must be >= 1 Hz, not '0 MHz'"]),
    ("accelerator: {preset: base, clock: 5000 GHz}", ["accelerator.clock: must be <= 1 THz, not '5000 GHz'"]),
    ("accelerator: {preset: base, tiles: 0}", ["s.yaml:1: accelerator.tiles: must be > 0, not 0"]),
    ("accelerator: {preset: base, rows: -16}", ["s.yaml:1: accelerator.rows: must be > 0, not -16"]),
    ("accelerator: {preset: base, registers: -1}", ["accelerator.registers: must be >= 0, not -1"]),
    ("accelerator: {preset: base, tiles: 1000000}", ["accelerator.tiles: must be <= 4096"]),
    ("workload: {network: a:b, images: 0}", ["s.yaml:4: workload.images: must be > 0, not 0"]),
    ("workload: {network: a:b, bits: 17}", ["s.yaml:4: workload.bits: must be <= 16, not 17"]),
    ("compression: {codec: none, decompressors: 0}", ["compression.decompressors: must be > 0, not 0"]),
    ("compression: {codec: none, align_bits: -8}", ["compression.align_bits: must be > 0, not -8"]),
    ("memory: {standard: hbm, outstanding: 0 B}", ["s.yaml:2: memory.outstanding: must be > 0 B, not '0 B'"]),
    # types
    ("accelerator: {preset: base, tiles: 4.0}", ["accelerator.tiles: expected a whole number, not 4.0"]),
    ("accelerator: {preset: base, tiles: '4'}", ["accelerator.tiles: expected a whole number, not '4'"]),
    ("accelerator: {preset: base, tiles: true}", ["accelerator.tiles: expected a whole number, not true"]),
    ("accelerator: {preset: base, tiles: }", ["accelerator.tiles: expected a whole number, not nothing"]),
    ("accelerator: {preset: base, rules: dstripes}", ["accelerator.rules: expected a mapping, not 'dstripes'"]),
    ("accelerator: {preset: base, rules: {fc: 3}}", ["s.yaml:1: accelerator.rules.fc: expected text, not 3"]),
    ("accelerator: {preset: base, weight_memory: 3}", ["accelerator.weight_memory: expected a mapping"]),
    ("accelerator: [base, stripes]", ["s.yaml:1: accelerator: expected a mapping such as {name: left", "not 'base'"]),
    ("memory:", ["s.yaml:2: memory: expected a mapping", "not nothing"]),
    ("memory: 5", ["s.yaml:2: memory: expected a mapping with keys such as 'standard', not 5"]),
    ("check: [true]", ["s.yaml:5: check: expected true or false, not a list"]),
    ("check: '" + "x" * 999 + "'", ["check: expected true or false, not 'xx", "x... (1001 characters)"]),
    ("granularity: [coarse]", ["s.yaml:5: granularity: not a list (allowed: coarse, exact)"]),
    ("check: yes", ["s.yaml:5: check: expected true or false, not 'yes'"]),
    ("workload: {network: a:b, images: 2020-01-01}", ["workload.images: expected a whole number, not '2020"]),
    # workloads
    ("workload: {images: 3}", ["s.yaml:4: workload: needs exactly one of network, onnx, traces"]),
    ("workload: {network: a:b, traces: x}", ["workload: needs exactly one of", "not network and traces"]),
    ("workload: {traces: x, weights: y}", ["s.yaml:4: workload.weights: means nothing beside 'traces'", "images"]),
    ("workload: {traces: x, ternary: true}", ["workload.ternary: means nothing beside 'traces'"]),
    ("workload: {network: nets.lenet}", ["workload.network: 'nets.lenet' names no function", "file.py:function"]),
    ("workload: {network: '..:build'}", ["s.yaml:4: workload.network: '..:build' names no function"]),
    ("workload: {network: a:b, input: 'a b:c'}", ["s.yaml:4: workload.input: 'a b:c' is no input"]),
    ("workload: {network: a:b, input: pictures}", ["workload.input: 'pictures' is no input", ".npy"]),
    ("workload: {network: a:b, input: {shapes: [1]}}", ["unknown key 'shapes'", "did you mean 'shape'?"]),
    ("workload: {network: a:b, input: {shape: [0]}}", ["workload.input: `shape` is a list of positive whole"]),
    ("workload: {network: a:b, input: {shape: [1], seed: -1}}", ["workload.input: `seed` is a whole number"]),
    ("workload: {network: a:b, input: 3}", ["workload.input: expected text or a mapping, not 3"]),
    # YAML
    ("memory: {standard: hbm", ["s.yaml:", "YAML: "]),
    ("memory: 'hbm", ["s.yaml:", "YAML: "]),
    ("memory: hbm: 4", ["s.yaml:2: YAML: mapping values are not allowed here"]),
    ("memory:\n\tstandard: hbm", ["s.yaml:3: YAML: found character '\\t'"]),
    ("check: true\ncheck: false", ["s.yaml:6: check: the key is written twice, first on line 5"]),
    ("check: !!python/object/apply:os.system ['exit']", ["s.yaml:5: YAML: the tag !!python/object/apply:os.sy"]),
    ("check: !!bool maybe", ["s.yaml:5: YAML: 'maybe' is no !!bool"]),
    ("check: !!int ''", ["s.yaml:5: YAML: '' is no !!int"]),
    ("check: !!float x", ["s.yaml:5: YAML: 'x' is no !!float"]),
    ("check: !mine 3", ["s.yaml:5: YAML: the tag !mine is refused: write a plain value"]),
    ("memory: &m hbm\ncompression: *m", ["s.yaml:", "YAML: an alias (*name) is not used here"]),
    ("check: &x [*x]", ["s.yaml:5: YAML: an alias"]),
    ("---\ncheck: true", ["s.yaml:5: YAML: but found another document"]),
    ("4: true", ["s.yaml:5: YAML: a key must be a word"]),
    ("? [a]\n: true", ["s.yaml:5: YAML: a key must be a word"]),
    ("check: " + "[" * 3000, ["s.yaml: YAML: nested too deeply"]),
    ("check: " + "9" * 5000, ["s.yaml:5: YAML: '99", "... (5002 characters) is no !!int"]),
    ("check: \x00", ["s.yaml: YAML: unacceptable character"]),
    # other files
    ("extends: other.yaml", ["s.yaml:5: extends: there is no 'other.yaml'; looked for"]),
    ("extends: dstripes_hmb", ["s.yaml:5: extends", "did you mean 'dstripes_hbm'?"]),
    ("extends: s.yaml", ["s.yaml:5: extends: goes in a circle", "s.yaml extends"]),
    ("extends: .", ["s.yaml:5: extends: '.' is a folder: name a scenario file in it, or a shipped scenario"]),
    ("extends: [lenet]", ["s.yaml:5: extends: expected the name of a scenario, not a list"]),
    ("extends: 3", ["s.yaml:5: extends: expected the name of a scenario, not 3"]),
]


def message_of(path: Path, *sets: str) -> str:
    """The one message of a scenario that must be refused."""
    with pytest.raises(BadInput) as caught:
        load(str(path), sets)
    return str(caught.value)


def with_lines(text: str) -> str:
    """The good scenario with `text` in place of the line of its key, or after it."""
    key = text.partition(":")[0]
    changed = {**GOOD, key: text}
    return "\n".join(changed.values()) + "\n"


@pytest.mark.parametrize(("text", "expected"), IN_ONE_LINE, ids=lambda value: str(value)[:40])
def test_a_fault_is_told_with_file_line_key_and_the_way_out(tmp_path: Path, text: str, expected: list[str]) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(with_lines(text), encoding="utf-8")
    message = message_of(file)
    assert [part for part in expected if part not in message] == [], message
    assert "\n" not in message


@pytest.mark.parametrize("part", GOOD)
def test_every_part_must_be_there(tmp_path: Path, part: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("\n".join(line for key, line in GOOD.items() if key != part))
    assert f"s.yaml:1: {part}: is missing" in message_of(file)


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    lines = ["compression: {codec: dpre, decompressors: 0}", "accelerator: {preset: strips, tiles: -1}"]
    file.write_text("\n".join([*lines, "memory: {channels: 3}", "workload: {trace: x}", "chek: true"]))
    keys = [line.split(": ")[0].rpartition(":")[2] + " " + line.split(": ")[1] for line in message_of(file).split("\n")]
    assert keys == [
        "1 compression.decompressors",
        "1 compression.codec",
        "2 accelerator.preset",
        "2 accelerator.tiles",
        "3 memory.channels",
        "4 workload.trace",
        "4 workload",
        "5 chek",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "s.yaml: is empty; write `key: value` lines"),
        (b"# nothing\n", "s.yaml: is empty"),
        (b"- 1\n- 2\n", "s.yaml: is not a mapping"),
        (b"dstripes\n", "s.yaml: is not a mapping"),
        (b"\xff\xfe\x00", "s.yaml: is not text in UTF-8"),
    ],
)
def test_a_file_without_a_mapping(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(content)
    assert expected in message_of(file)


def test_a_missing_file_says_where_it_was_looked_for_and_offers_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("x")
    message = message_of(tmp_path / "mein.yaml")
    assert f"looked for {tmp_path / 'mein.yaml'}" in message
    assert "did you mean" in message and "mine.yaml'" in message


@pytest.mark.parametrize("name", ["dstripes_hmb", "", "x" * 5000, "nul\0byte", ".", "scenarios"])
def test_a_name_that_is_no_scenario(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        load(name)
    assert "dstripes_hbm" in str(caught.value)
    assert len(str(caught.value)) < 800


def test_one_nearest_name_is_offered_and_a_shipped_one_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lenet.yml").write_text("")
    for name in ("lenett", "lennet.yaml"):
        with pytest.raises(BadInput) as caught:
            load(name)
        assert str(caught.value).count("did you mean") == 1
        assert str(caught.value).endswith("did you mean 'lenet'?")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("check", "--set check: write KEY=VALUE"),
        ("=3", "--set =3: write KEY=VALUE"),
        ("a..b=3", "--set a..b=3: write KEY=VALUE"),
        ("granularity.x=3", "granularity.x: granularity is 'coarse' and has no keys"),
        ("memory.channels=[", "--set memory.channels=[: YAML: "),
        ("memory.chanels=4", "--set memory.chanels=4: memory.chanels: unknown key"),
        ("memory.outstanding=4 MHz", "memory.outstanding: '4 MHz' is a frequency"),
        ("memory=hmb", "--set memory=hmb: memory.standard"),
        ("memory.standard=", "memory.standard: expected text, not nothing"),
        ("memory . chanels = 4", "memory.chanels: unknown key"),
        ("granularity.x.y=3", "granularity.x.y: granularity is 'coarse' and has no keys"),
        ("extends=lenet", "--set extends=lenet: extends: cannot be set: write it in the scenario file"),
        (
            "extend=lenet",
            "--set extend=lenet: extend: unknown key (allowed: accelerator, memory, compression, workload, "
            "granularity, unmodelled, check)",
        ),
        ("accelerator.preset=strips", "accelerator.preset: there is no accelerator preset 'strips'"),
        ("check=!!python/name:os.system", "the tag !!python/name:os.system is refused: nothing in a file is exe"),
    ],
)
def test_a_bad_option_is_told_by_the_option_itself(tmp_path: Path, option: str, expected: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(with_lines("granularity: coarse"))
    assert expected in message_of(file, option)


def test_a_fault_in_a_preset_of_ones_own_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("tiles: 16\nrows: none\n")
    file = tmp_path / "s.yaml"
    file.write_text(with_lines("accelerator: mine.yaml"))
    assert f"{tmp_path / 'mine.yaml'}:2: accelerator.rows: expected a whole number" in message_of(file)


def test_what_a_preset_of_ones_own_lacks_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("tiles: 16\n")
    file = tmp_path / "s.yaml"
    file.write_text(with_lines("accelerator: mine.yaml"))
    messages = message_of(file).split("\n")
    assert f"{tmp_path / 'mine.yaml'}:1: accelerator.rows: is missing" in messages
    assert all(message.startswith(str(tmp_path / "mine.yaml")) for message in messages)


@pytest.mark.parametrize(("content", "problem"), [("", "is empty"), ("- tiles\n", "is not a mapping")])
def test_a_preset_without_a_mapping_is_one_message(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "mine.yaml").write_text(content)
    file = tmp_path / "s.yaml"
    file.write_text(with_lines("accelerator: mine.yaml"))
    assert message_of(file) == f"{tmp_path / 'mine.yaml'}: {problem}; write `key: value` lines"


def test_a_long_list_of_what_is_allowed_is_cut_to_the_nearest() -> None:
    words = [f"conv{number}" for number in range(40)]
    assert str(BadInput("no such layer", given="cnov37", allowed=words)).startswith("no such layer (allowed: conv37, ")
    assert " and 28 more); did you mean 'conv37'?" in str(BadInput("no such layer", given="cnov37", allowed=words))
    assert str(BadInput("none", allowed=words)).endswith("conv10, conv11 and 28 more)")


def test_a_fault_in_the_file_extended_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("\n\ncheck: 3\n")
    file = tmp_path / "s.yaml"
    file.write_text(with_lines("extends: base.yaml"))
    assert f"{tmp_path / 'base.yaml'}:3: check: expected true or false, not 3" in message_of(file)


def test_a_file_that_a_value_names_is_missed_where_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(with_lines("workload: {network: a:b, weights: lost.pt}"))
    with pytest.raises(BadInput, match=r"s\.yaml:4: workload\.weights: there is no 'lost\.pt'; looked for"):
        load(str(file)).find("lost.pt")


def test_all_faults_of_a_standard_of_ones_own_are_told_there(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("source: x\nideal: true\nburst_bytes: 3\n")
    file = tmp_path / "s.yaml"
    file.write_text(with_lines("memory: mine.yaml") + "chek: true\n")
    first, second, third = message_of(file).split("\n")
    assert first == f"{tmp_path / 'mine.yaml'}:1: capacity_bytes: is missing"
    assert second == f"{tmp_path / 'mine.yaml'}:3: burst_bytes: must be a power of two, not 3"
    assert third.startswith(f"{file}:5: chek: unknown key")


KEYS = ["accelerator", "memory", "compression", "workload", "extends", "granularity", "unmodelled", "check", "x"]
INNER = [field.name for spec in (AcceleratorSpec, MemorySpec, CompressionSpec, WorkloadSpec) for field in fields(spec)]
words = st.sampled_from(
    [*INNER, *KEYS, "base", "hbm", "dpred", "a:b", "my.py:x", "m.yaml", "conv", "shape", "name", ""]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    words,
    st.text(max_size=6),
    st.builds("{} {}".format, st.integers(-9, 9**9), st.sampled_from(["B", "KiB", "MiB", "Hz", "GHz", "GB/s", "x"])),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4))
documents = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents, st.lists(st.tuples(st.lists(words, min_size=1, max_size=3), values), max_size=2))
def test_whatever_is_written_is_a_scenario_or_bad_input(
    tmp_path: Path, document: dict[str, Any], options: list[tuple[list[str], Any]]
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        load(str(file), [f"{'.'.join(path)}={json.dumps(value)}" for path, value in options])
    except BadInput as error:
        assert all(line.isprintable() and line for line in str(error).split("\n"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([*"{}[]:,-?!&*'\"#|>%@ \n\t", "a", "check", "!!int ", "!!bool ", ": ", "- "]), max_size=30)
)
def test_whatever_text_there_is_is_a_scenario_or_bad_input(tmp_path: Path, parts: list[str]) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("".join(parts), encoding="utf-8")
    with pytest.raises(BadInput, match=r"s\.yaml"):
        load(str(file))
