"""examples/own_machine: a machine and a codec brought by path; and what happens when such code is wrong."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from tlm import cli
from tlm import run as command
from tlm.accelerators.rules import Geometry, Grid, rule
from tlm.codecs import Format, codec
from tlm.scenario import load
from tlm.workload.layer import Layer, Workload

FOLDER = Path(__file__).parents[2] / "examples" / "own_machine"
SCENARIO, MODULE = str(FOLDER / "own_machine.yaml"), str(FOLDER / "my_machine.py")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The user's module, as Python sees it."""
    spec = importlib.util.spec_from_file_location("my_machine", MODULE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def document(target: Path, *args: str) -> dict[str, Any]:
    """The result of a run that must end well."""
    assert command.main([*args, "--no-live", "--json", str(target)]) == cli.DONE
    found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return found


# --- the rule and the codec by themselves


def conv_cycles(layer: Layer) -> int:
    """Bit-Pragmatic by plain loops: each step takes the most ones of any of its 256 values, at least 1."""
    inputs, (out_y, out_x) = np.pad(layer.inputs[0], ((0, 0), *((p, p) for p in layer.padding))), layer.out_size
    _, channels, kernel_y, kernel_x = layer.weights.shape
    windows = [(y * layer.stride[0], x * layer.stride[1]) for y in range(out_y) for x in range(out_x)]
    total = 0
    for first in range(0, len(windows), 16):
        for ky in range(kernel_y):
            for kx in range(kernel_x):
                for c in range(0, channels, 16):
                    values = [v for y, x in windows[first : first + 16] for v in inputs[c : c + 16, y + ky, x + kx]]
                    total += max(1, *(int(value).bit_count() for value in values))
    return total * -(-layer.filters // 256)


def test_a_step_takes_the_most_essential_bits_of_its_values(lenet: Workload) -> None:
    spec = load("lenet").accelerator
    for layer in lenet.layers[:2]:
        done = rule(f"{MODULE}:essential_bits", "conv").completion(layer, 0, spec)
        assert done.shape == Geometry.of(layer, Grid.of(spec)).shape
        assert done.reshape(-1)[-1] == conv_cycles(layer)


@pytest.mark.parametrize(("bits", "signed"), [(8, True), (8, False), (16, True), (16, False), (1, False)])
@pytest.mark.parametrize("align_bits", [None, 64])
def test_the_codec_gives_back_what_it_was_given(bits: int, signed: bool, align_bits: int | None) -> None:
    fmt, dense = Format(bits, signed, align_bits), codec(f"{MODULE}:Dense")
    rng = np.random.default_rng(bits)
    values = rng.integers(fmt.low, fmt.high + 1, 1000) >> rng.integers(0, bits, 1000)
    values[:2] = fmt.low, fmt.high
    encoded = dense.encode(values, fmt)
    assert dense.decode(encoded.data, encoded.offsets, 1000, fmt).tolist() == values.tolist()
    assert dense.decode(encoded.data, encoded.offsets[3:], 952, fmt).tolist() == values[48:].tolist()
    assert dense.sizes_bits(values, fmt).tolist() == np.diff(encoded.offsets).tolist()


def test_a_container_of_the_codec(example: ModuleType) -> None:
    encoded = example.Dense().encode(np.array([-3, 1] + 14 * [0]), Format(8, True))
    assert encoded.offsets.tolist() == [0, 4 + 16 * 3]
    assert np.unpackbits(encoded.data, bitorder="little")[:10].tolist() == [0, 1, 0, 0, 1, 0, 1, 1, 0, 0]


# --- the scenario


def test_the_machine_runs_bit_exact_and_is_faster_where_the_array_binds(tmp_path: Path) -> None:
    own = document(tmp_path / "own.json", SCENARIO)
    usual = document(tmp_path / "usual.json", "lenet")
    assert own["checked"] and own["predictions"] == own["labels"]
    assert own["compression"]["weights"]["codec"] == "dense"
    assert own["compression"]["activations"]["codec"] == "dpred"
    assert (own["cycles"], usual["cycles"]) == (6_649, 8_903)
    assert own["compression"]["weights"]["encoded_bytes"] < 0.9 * usual["compression"]["weights"]["encoded_bytes"]


def test_the_codec_is_what_helps_on_a_narrow_memory(tmp_path: Path) -> None:
    narrow = (SCENARIO, "--set", "memory={standard: ddr4-3200, channels: 1}")
    both = document(tmp_path / "both.json", *narrow)["cycles"]
    codec_alone = document(tmp_path / "codec.json", *narrow, "--set", "accelerator=dstripes")["cycles"]
    machine_alone = document(tmp_path / "machine.json", *narrow, "--set", "compression=dpred")["cycles"]
    assert both == pytest.approx(codec_alone, rel=0.01)
    assert both < 0.95 * machine_alone


def test_its_result_says_how_to_run_it_again_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = document(tmp_path / "first.json", SCENARIO)
    accelerator = first["scenario"]["accelerator"]
    assert accelerator["preset"] == f"{MODULE}:Pragmatic"
    assert accelerator["rules"] == {"conv": f"{MODULE}:Pragmatic.conv", "fc": "dstripes", "pointwise": "pointwise"}
    assert first["scenario"]["compression"]["weights"] == f"{MODULE}:Dense"
    monkeypatch.chdir(tmp_path)
    with Path("again.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(first["scenario"], file)
    again = document(tmp_path / "again.json", "again.yaml")
    assert again["scenario"] == first["scenario"]
    assert (again["cycles"], again["events"]) == (first["cycles"], first["events"])


def test_a_result_is_not_written_over_the_users_code(capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(MODULE).read_bytes()
    assert command.main([SCENARIO, "--no-live", "--json", MODULE]) == cli.BAD_INPUT
    assert "is a file of the scenario" in capsys.readouterr().err
    assert Path(MODULE).read_bytes() == before


# --- user code that is wrong, as its user meets it

CODEC = """
import numpy as np
from tlm.codecs import codec

class Mine:
    def encode(self, values, fmt):
        return codec("dpred").encode(values, fmt)

    def decode(self, data, offsets, count, fmt):
        values = codec("dpred").decode(data, offsets, count, fmt)
        {fault}
        return values
"""
RULE = """
from tlm.accelerators.rules import rule

class Mine:
    extends = "dstripes"

    def conv(layer, image, spec):
        cycles = rule("dstripes", "conv").completion(layer, image, spec)
        {fault}
        return cycles
"""
CODEC_SCENARIO = "extends: lenet\ncompression: my.py:Mine\n"
RULE_SCENARIO = "extends: lenet\naccelerator: my.py:Mine\n"

#: (what stands in my.py, the scenario, exit code, what is told)
WRONG: list[tuple[str, str, int, str]] = [
    (CODEC.format(fault="raise OSError('gone')"), CODEC_SCENARIO, 2, "s.yaml:2: compression.codec: "),
    (CODEC.format(fault="raise OSError('gone')"), CODEC_SCENARIO, 2, "my.py:11: OSError: gone\nTraceback (most"),
    (CODEC.format(fault="values = values[1:]"), CODEC_SCENARIO, 2, "must give "),
    (CODEC.format(fault="values[-1:] = 0"), CODEC_SCENARIO, 1, " arrived as 0, not "),
    ("raise SystemExit(0)", CODEC_SCENARIO, 2, "s.yaml:2: compression.codec: "),
    ("raise SystemExit(0)", RULE_SCENARIO, 2, "s.yaml:2: accelerator.preset: "),
    ("Mine = 3", CODEC_SCENARIO, 2, "is no codec: it has no encode and no decode"),
    ("Mine = 3", RULE_SCENARIO, 2, "is no machine but of type int"),
    ("class Mien: pass", RULE_SCENARIO, 2, "has no machine 'Mine' (allowed: Mien); did you mean 'Mien'?"),
    ("class Mine: tiles = 3", RULE_SCENARIO, 2, "my.py:1: accelerator.rows: is missing"),
    ("class Mine:\n    extends = 'base'\n    rows = '3'", RULE_SCENARIO, 2, "my.py:3: accelerator.rows: expected a"),
    ("class Mine:\n    extends = 'base'\n    rules = {'fc': 'bass'}", RULE_SCENARIO, 2, "did you mean 'base'?"),
    ("class Mine:\n    extends = 'base'\n    rules = {'fx': 'base'}", RULE_SCENARIO, 2, "unknown kind of layer"),
    ("class Mine:\n    extends = 'my.py:Mine'", RULE_SCENARIO, 2, "my.py:2: extends: goes in a circle"),
    ("def Mine(: pass", RULE_SCENARIO, 2, "my.py:1: is not Python: "),
    (RULE.format(fault="layer.lost"), RULE_SCENARIO, 2, "my.py:9: AttributeError: 'Layer' obj"),
    (RULE.format(fault="layer.lost"), RULE_SCENARIO, 2, "for layer 'conv1'"),
    (RULE.format(fault="cycles = cycles[..., ::-1]"), RULE_SCENARIO, 2, "cycles that add up"),
    (RULE.format(fault="cycles = cycles * 0.5"), RULE_SCENARIO, 2, "whole cycles, not float64"),
    (RULE.format(fault="cycles = cycles[0]"), RULE_SCENARIO, 2, "filter sets, steps), not ["),
    (RULE.format(fault="return conv(layer)"), RULE_SCENARIO, 2, "NameError: name 'conv' is not"),
    (RULE.format(fault=""), RULE_SCENARIO + "compression: your.py:Mine\n", 2, "s.yaml:3: compress"),
]


@pytest.mark.parametrize(("source", "scenario", "code", "told"), WRONG)
def test_wrong_code_of_the_users_is_told_with_its_own_lines_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, scenario: str, code: int, told: str
) -> None:
    (tmp_path / "my.py").write_text(source, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(scenario, encoding="utf-8")
    assert command.main([str(tmp_path / "s.yaml"), "--no-live"]) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert told in error
    assert all(f'File "{tmp_path}/my.py"' in line for line in error.splitlines() if line.startswith("  File "))
