"""The command that measures tensors: what it prints and writes, what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_tensors import write_tensors, write_traces

from tlm import codecs, statistics
from tlm import stats as command
from tlm.console import Progress

PAGE = Path(__file__).parents[1] / "docs" / "stats.md"
SCENARIO = "accelerator: dstripes\nmemory: hbm\ncompression: {codec}\nworkload: {{traces: net, images: 2}}\n"
CODEC = """
import numpy as np


class Odd:
    def encode(self, values, fmt):
        raise ValueError("never")

    def decode(self, data, offsets, count, fmt):
        raise ValueError("never")

    def sizes_bits(self, values, fmt):
        return np.full(-(-values.size // 16), {bits})
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    traces = write_traces(tmp_path / "net", [("a", "conv", 1, 1), ("b", "fc", 1, 0)], [(5, 0, 4, 0), (4, 0, 3, 0)])
    ramp = np.arange(2 * 32 * 3 * 3).reshape(2, 32, 3, 3)
    write_tensors(traces, "a", ramp % 32, ramp[:1].repeat(4, 0) % 16 - 8)
    write_tensors(traces, "b", np.arange(2 * 20).reshape(2, 20) % 9, np.arange(3 * 20).reshape(3, 20) % 5 - 2)
    (tmp_path / "s.yaml").write_text(SCENARIO.format(codec="dpred"))
    return tmp_path


def document(*args: str) -> dict[str, Any]:
    assert command.main(["s.yaml", *args, "--json", "out.json", "--no-live"]) == 0
    found: dict[str, Any] = json.loads(Path("out.json").read_text())
    return found


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


GOLDEN = """\
              net: its tensors, over 2 images; widths in bits

        effectual
 layer       MACs  operand      values  P  widest  zeros  value    16   256
 ──────────────────────────────────────────────────────────────────────────
 a          54.8%  weights       1,152  4       4   6.2%   3.25  4.00  4.00
                   activations     576  5       5   3.1%   4.06  5.00  5.00
 b          70.0%  weights          60  3       3  20.0%   2.20  3.00  3.00
                   activations      40  4       4  12.5%   2.35  3.50  4.00

 all        54.9%  weights       1,212  -       4   6.9%   3.20  3.95  3.83
                   activations     616  -       5   3.7%   3.95  4.85  4.95

           net: its tensors encoded, over uncompressed

 layer  operand      KiB   none  dpred  bitmap  ternary  entropy
 ───────────────────────────────────────────────────────────────
 a      weights      2.2  1.000  0.371   1.000        -    0.250
        activations  1.1  1.000  0.382   1.031        -    0.312
 b      weights      0.1  1.000  0.233   0.867        -    0.145
        activations  0.1  1.000  0.350   0.975        -    0.197

 all    weights      2.4  1.000  0.364   0.993        -    0.245
        activations  1.2  1.000  0.380   1.028        -    0.305

net, all layers: the share of values, or groups, that need no more bits
weights: 1,212 values, the widest 4 bits
bits  each value by itself, mean 3.20       groups of 16, mean 3.95               groups of 256, mean 3.83
   1    0%                                    0%                                    0%
   2   28% █████████                          0%                                    0%
   3   52% ████████████████                   5% ██                                17% █████
   4  100% ███████████████████████████████  100% ███████████████████████████████  100% ███████████████████████████████
activations: 616 values, the widest 5 bits
bits  each value by itself, mean 3.95       groups of 16, mean 4.85               groups of 256, mean 4.95
   1    7% ██                                 0%                                    0%
   2   15% █████                              2% █                                  0%
   3   29% █████████                          2% █                                  0%
   4   53% █████████████████                 10% ███                                5% ██
   5  100% ███████████████████████████████  100% ███████████████████████████████  100% ███████████████████████████████
bitmap makes 1 of 4 tensors LARGER
ternary does not store 4 of 4 tensors, such as a, weights: \
ternary stores -1, 0 and 1: value -8 at position [0, 0, 0, 0] of [4, 32, 3, 3] is outside
"""


def test_what_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        codecs, "CODECS", {name: codecs.CODECS[name] for name in ("none", "dpred", "bitmap", "ternary")}
    )
    assert command.main(["s.yaml", "--set", "compression=none"]) == 0
    assert plain(capsys.readouterr().out) == GOLDEN.splitlines()


def test_one_layer_is_told_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert [layer["name"] for layer in document("--layer", "b")["workloads"][0]["layers"]] == ["a", "b"]
    out = capsys.readouterr().out
    assert "net, layer b: the share" in out
    assert not re.search(r"^ (a|all) ", out, re.MULTILINE)


def test_the_document_has_the_measurement() -> None:
    found = document()
    assert (found["schema"], len(found["workloads"])) == ("tlm-stats/1", 1)
    one = found["workloads"][0]
    assert (one["accelerator"], one["name"], one["images"], one["note"]) == (None, "net", 2, "")
    conv, _ = one["layers"]
    assert conv["macs"] == 2 * 4 * 32 * 9 * 9
    assert conv["effectual_share"] == conv["effectual_macs"] / conv["macs"]
    acts = conv["activations"]
    assert (acts["values"], acts["zeros"], acts["widest_bits"]) == (576, 18, 5)
    assert acts["effective_bits"]["value"] == pytest.approx((2 + 2 * 2 + 4 * 3 + 8 * 4 + 16 * 5) / 32)
    assert acts["cumulative"]["value"] == pytest.approx([0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1])
    assert acts["encoded_bytes"]["none"] == acts["uncompressed_bytes"] == 1152


def test_out_is_a_folder_with_document_and_picture() -> None:
    found = document("--out", "new/folder")
    assert json.loads(Path("new/folder/stats.json").read_text()) == found
    picture = Path("new/folder/stats.svg").read_text()
    assert picture.startswith("<svg ") and "http" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_a_profile_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = document("--set", "workload={profile: NeuralTalk_h256, seed: 5, images: 2}")["workloads"][0]
    note = "NeuralTalk_h256: tensors synthesised from published statistics (DPRed, Tables 1-3), seed 5"
    assert (found["note"], found["images"]) == (note, 2)
    assert note in capsys.readouterr().out
    for layer in found["layers"]:
        assert layer["activations"]["effective_bits"]["group16"] == pytest.approx(11 * (1 - 0.2883), rel=0.01)
        assert layer["weights"]["effective_bits"]["group16"] == pytest.approx(11 * (1 - 0.2212), rel=0.01)


def test_a_network_of_several_accelerators(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "s.yaml").write_text(
        "accelerator:\n  - {name: left, preset: dstripes}\n  - {name: right, preset: base, workload: {images: 1}}\n"
        "memory: hbm\ncompression: dpred\nworkload: {traces: net, images: 2}\n"
    )
    left, right = document()["workloads"]
    assert [(one["accelerator"], one["images"]) for one in (left, right)] == [("left", 2), ("right", 1)]
    out = capsys.readouterr().out
    assert "left: net: its tensors, over 2 images" in out and "right: net, all layers: the share" in out


def test_a_codec_of_ones_own_is_measured_too(folder: Path) -> None:
    (folder / "odd.py").write_text(CODEC.format(bits=24))
    found = document("--set", "compression=odd.py:Odd")["workloads"][0]["all"]["activations"]
    assert set(found["encoded_bytes"]) >= {"none", "dpred", "Odd"}
    assert found["encoded_bytes"]["Odd"] == (18 + 18 + 2 + 2) * 3


REFUSED = [
    (["lost"], "there is no 'lost'"),
    (["s.yaml", "--set", "workload.profile=AlexNut"], "there is no profile 'AlexNut'"),
    (["s.yaml", "--set", "workload.profile=SegNet"], "no precisions of 'SegNet' are published"),
    (["s.yaml", "--set", "workload.images=3"], "3 images are asked for, the file holds 2"),
    (["s.yaml", "--set", "workload.traces=nte"], "there is no 'nte'"),
    (["s.yaml", "--layer", "conv"], "--layer: there is no layer 'conv' (allowed: a, b)"),
    (["s.yaml", "--json", "s.yaml"], "s.yaml: is a file of the scenario: a result must not be written over it"),
    (["s.yaml", "--json", "no/x.json"], "no/x.json: cannot be written: there is no folder"),
    (["s.yaml", "--out", "s.yaml"], "s.yaml: cannot be made a folder"),
    (["s.yaml", "--json", "x", "--out", "x/y"], "x: cannot be a file and the folder of --out x/y too"),
    (["s.yaml", "--jsn", "x"], "unknown option '--jsn'; did you mean '--json'?"),
    (["s.yaml", "--set", "compression=odd.py:Odd"], "compression.codec"),
    ([], "the following arguments are required: SCENARIO"),
]


@pytest.mark.parametrize(("args", "message"), REFUSED, ids=[" ".join(args) for args, _ in REFUSED])
def test_bad_input_is_one_message_and_exit_2(
    args: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "odd.py").write_text(CODEC.format(bits=0))
    before = sorted(file.name for file in folder.iterdir() if file.is_file())
    try:
        code = command.main(args)
    except SystemExit as ended:  # argparse's way
        code = int(ended.code or 0)
    out, error = capsys.readouterr()
    assert (code, out) == (2, ""), error
    assert error.startswith("error: ") and message in error, error
    assert sorted(file.name for file in folder.iterdir() if file.is_file()) == before


def test_an_interrupt_leaves_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(statistics, "measure", interrupted)
    assert command.main(["s.yaml", "--json", "out.json"]) == 130
    assert capsys.readouterr() == ("", "interrupted: no result\n")
    assert not Path("out.json").exists()


def test_progress_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(Progress, "phase", lambda _self, _name, total=None: told.append(-(total or 0)))
    monkeypatch.setattr(Progress, "advance", lambda _self, steps=1: told.append(steps))
    document()
    assert told == [0, -2, 1, 1]


# --- docs/stats.md


def rows(heading: str) -> dict[str, str]:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `([\w-]+)` \|(.*)\|$", section, re.MULTILINE))


def test_every_key_of_the_document_is_documented() -> None:
    one = document()["workloads"][0]
    layer = one["layers"][0]
    found = {*one, *layer, *layer["weights"], *layer["activations"]}
    assert set(rows("The document")) == found
