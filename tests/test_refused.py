"""What the command must refuse, as tables: exit 2, one message with the way out, nothing executed, nothing written."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tlm import run as command
from tlm.scenario import captured

Files = dict[str, "str | bytes"]

NET = """\
import torch
from torch import nn

def build():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    network.example_input = torch.ones(1, 1, 4, 4)
    return network
"""
OWN_NET = "workload={network: 'net.py:build'}"
OWN_RULE = "accelerator.rules.conv=my.py:rule"
OWN_CODEC = "compression.codec=my.py:Codec"
OWN_MACHINE = "accelerator=my.py:Machine"
GOOD = """\
accelerator: dstripes
memory: hbm
compression: dpred
workload: {network: "nets.lenet:build"}
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of workloads for all rows: the shipped LeNet is captured once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, in which the command is called."""
    monkeypatch.setenv("TLM_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def contents(folder: Path) -> dict[Path, bytes | None]:
    """Everything in a folder but compiled modules, which Python writes beside what a user's file imports."""
    inside = [path for path in folder.rglob("*") if "__pycache__" not in path.parts]
    return {path: path.read_bytes() if path.is_file() else None for path in inside}


def sets(*options: str) -> list[str]:
    return ["lenet", *(part for option in options for part in ("--set", option))]


def told(folder: Path, args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message, without its "error: ", of a command that must be refused."""
    before = contents(folder)
    try:
        code = command.main([*args, "--no-live"])
    except SystemExit as ended:  # argparse's way
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert err.startswith("error: ") and err.endswith("\n")
    assert contents(folder) == before
    return err[len("error: ") : -1]


def in_order(parts: list[str], text: str) -> bool:
    """Whether `text` has all the parts, one after the other."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


#: (what stands after the name of a good scenario, parts of the message in their order)
ARGUMENTS: list[tuple[list[str], list[str]]] = [
    # the scenario's name
    (["lennet"], ["there is no 'lennet'; looked for lennet and ", "; shipped scenarios (", "did you mean 'lenet'?"]),
    (
        ["lost.yaml"],
        ["there is no 'lost.yaml'; looked for lost.yaml", "did you mean 'last.yaml'?; shipped scenarios ("],
    ),
    (
        ["."],
        ["'.' is a folder: name a scenario file in it, or a shipped scenario (allowed: dlac_resnet, dstripes_ddr4x2, "],
    ),
    ([""], ["there is no ''"]),
    (["x" * 300], ["there is no 'xxx", "... (302 characters): the name is too long; shipped scenarios"]),
    (["nul\0"], ["there is no 'nul\\x00'"]),
    (["last.yaml"], ["last.yaml: is not text in UTF-8"]),
    ([], ["the following arguments are required: SCENARIO (see "]),
    (["lenet", "ideal"], ["one argument too many: 'ideal'"]),
    (["lenet", "--wide"], ["unknown option '--wide'; did you mean '--widen'?"]),
    # --set
    (sets("memory"), ["--set memory: write KEY=VALUE, such as memory.channels=4"]),
    (sets("=hbm"), ["--set =hbm: write KEY=VALUE"]),
    (sets("memory..channels=4"), ["--set memory..channels=4: write KEY=VALUE"]),
    (["lenet", "--set"], ["argument --set: expected one argument"]),
    (sets("acelerator=base"), ["--set acelerator=base: acelerator: unknown key (", "did you mean 'accelerator'?"]),
    (sets("memory . chanels = 4"), ["memory.chanels: unknown key (allowed: standard, ", "did you mean 'channels'?"]),
    (sets("tiles=4"), ["--set tiles=4: tiles: unknown key; it belongs to accelerator (allowed: "]),
    (sets("memory.channels.x=4"), ["memory.channels: expected a whole number, not a mapping"]),
    (sets("granularity.x=4"), ["granularity.x: granularity is 'coarse' and has no keys"]),
    (sets("memory.channels=[1"), ["--set memory.channels=[1: YAML: "]),
    (sets("memory.channels=3"), ["--set memory.channels=3: memory.channels: must be a power of two", "not 3"]),
    (sets("memory.channels=8", "memory=hmb"), ["--set memory=hmb: memory.standard: ", "did you mean 'hbm'?"]),
    (sets("memory=./hbm"), ["--set memory=./hbm: memory.standard: there is no './hbm'; looked for hbm and "]),
    (sets("accelerator.am=4 MHz"), ["accelerator.am: '4 MHz' is a frequency, not a capacity; ", "such as '4 MiB'"]),
    (sets("accelerator.am='4'"), ["accelerator.am: '4' has no unit; write a number and one of B, KiB, MiB, GiB"]),
    (sets("accelerator.am="), ["accelerator.am: expected a capacity, not nothing; write"]),
    (sets("accelerator.clock=nan Hz"), ["accelerator.clock: 'nan Hz' is not a frequency this reads; write"]),
    (sets("accelerator.tiles=.nan"), ["accelerator.tiles: expected a whole number, not nan"]),
    (sets("accelerator.tiles=" + "9" * 30), ["--set accelerator.tiles=9", "must be <= 4096, not 99999"]),
    (sets("accelerator.tiles=é"), ["--set accelerator.tiles=é: accelerator.tiles: expected a whole number, not 'é'"]),
    (
        sets("check=" + "x" * 9999),
        ["--set check=xxx", "... (10005 characters): check: expected true or false, not 'xx"],
    ),
    (sets("check=" + "[" * 1000), ["--set check=[[[", "... (1006 characters): YAML: nested too deeply"]),
    (sets("\x1b[31mred=1"), ["--set \\x1b[31mred=1: \\x1b[31mred: unknown key"]),
    (sets("a\nb=1"), ["--set a\\nb=1: a\\nb: unknown key"]),
    (sets("check=!!python/object/apply:os.mkdir [executed]"), ["the tag !!python/object/apply:os.mkdir is refused"]),
    (sets("check=!!bool maybe"), ["--set check=!!bool maybe: YAML: 'maybe' is no !!bool"]),
    (sets("extends=ideal"), ["--set extends=ideal: extends: cannot be set: write it in the scenario file"]),
    (sets("workload=nets.lenet:build"), ["workload: expected a mapping with keys such as 'network', not 'nets."]),
    (sets("workload.traces=t", "workload.weights=w"), ["workload.weights: means nothing beside 'traces' (", "images"]),
    (
        sets("workload.traces=nowhere"),
        ["--set workload.traces=nowhere: workload.traces: there is no 'nowhere'; looked"],
    ),
    (sets("workload.traces=last.yaml"), ["workload.traces: no such traces folder, one that holds model.csv: '"]),
    (sets("workload.traces=."), ["model.csv: no such file in the traces folder"]),
    (
        sets("workload.network=nets.lennet:build"),
        ["workload.network: there is no module 'nets.lennet' (", "'nets.lenet'?"],
    ),
    (
        sets("workload.network=nets.lenet:biuld"),
        ["'nets.lenet' has no function 'biuld' (allowed: build); did you mean"],
    ),
    (sets("workload.network=os:mkdir"), ["workload.network: mkdir() must take 0 arguments: missing"]),
    (sets("workload.input=pictures"), ["workload.input: 'pictures' is no input; write `module:function`, a .npy file"]),
    (sets("workload.input={shape: [3, 4]}"), ["workload.input: has shape [1, 3, 4], the network needs [N, 1, 28, 28]"]),
    (sets("workload.images=0"), ["--set workload.images=0: workload.images: must be > 0, not 0"]),
    (sets("workload.images=361"), ["workload.images: 361 images are asked for, the input has 360"]),
    (sets("workload.bits=4"), ["--set workload.bits=4: workload.bits: is 4, and ", "was trained for 8 bits"]),
    (
        sets("accelerator.rules.pool=base"),
        ["accelerator.rules.pool: unknown kind of layer (allowed: conv, fc, pointwise)"],
    ),
    (sets("accelerator.rules.pool=3"), ["accelerator.rules.pool: expected text, not 3"]),
    (sets("accelerator.rules.fc=null"), ["accelerator.rules: dstripes has no cycle rule for fc1", "unmodelled=pass"]),
    (sets("compression.weights=zip"), ["compression.weights: there is no codec 'zip' (allowed: none, profile, dpred"]),
    (
        sets("compression={codec: dpred, weights: ternary}"),
        [
            "--set compression={codec: dpred, weights: ternary}: compression.weights: layer conv1, weights: ",
            "ternary stores -1, 0 and 1: value ",
            " at position [0, 0, 0, 0] of [20, 1, 5, 5] is outside",
        ],
    ),
    # lists
    (sets("accelerator=[]"), ["accelerator: the list is empty; it needs an entry for each accelerator"]),
    (
        sets("accelerator=[base]"),
        ["accelerator: expected a mapping such as {name: left, preset: dstripes}, not 'base'"],
    ),
    (sets("accelerator=[{preset: base}]"), ["accelerator.name: is missing: each accelerator of a list has one"]),
    (sets("accelerator=[{name: [1], preset: base}]"), ["accelerator.name: a list cannot name an accelerator: write"]),
    (sets("accelerator=[{name: a}]"), ["accelerator.a.preset: is missing (allowed: base, "]),
    (
        sets("accelerator=[{name: a, preset: base, naem: b}]"),
        ["accelerator.a.naem: unknown key (allowed: ", "did you mean 'name'?"],
    ),
    (
        ["two_accelerators", "--set", "accelerator.smal.tiles=4"],
        ["is a list: say whose key it is, accelerator.NAME.KEY (allowed: large, small); did you mean 'small'?"],
    ),
    (
        ["two_accelerators", "--set", "accelerator.small.workload.traces=nowhere"],
        ["--set accelerator.small.workload.traces=nowhere: accelerator.small.workload.traces: there is no 'nowhere'"],
    ),
    (["two_accelerators", "--set", "accelerator.small.wm=1 B"], ["accelerator.small.wm: layer conv1 does not fit"]),
    # what is too small for a burst, a group of 16 values, a pass
    (sets("memory.outstanding=63 B"), ["memory.outstanding: 63 B in flight are less than one burst, 64 B"]),
    (sets("memory.request=63 B"), ["memory.request: must be at least one burst of this memory, 64 B, not '63 B'"]),
    (
        sets("accelerator.am=15 B"),
        ["accelerator.am: layer conv2 does not fit: ", "2100 together, where am holds 15; enlarge"],
    ),
    (sets("accelerator.am=2 KiB"), ["accelerator.am: layer conv2 does not fit", "2100 together, where am holds 2048"]),
    (
        sets("accelerator.wm=15 B"),
        ["accelerator.wm: layer conv1 does not fit: ", "80 values", "which holds 15; enlarge wm"],
    ),
    (sets("accelerator.wm=79 B"), ["accelerator.wm: layer conv1 does not fit: ", "80 values", "which holds 79"]),
    (
        sets("accelerator.weight_memory.banks=1"),
        ["accelerator.weight_memory: the weight memory gives 256 bits a cycle"],
    ),
    # memories that cannot be
    (sets("memory.ranks=3"), ["memory.ranks: must be a power of two (address bits choose it), not 3"]),
    (sets("memory={channels: 4096, ranks: 4096}"), ["memory.ranks: 4096 channels of 4096 ranks have ", "262144 are"]),
    (sets("memory.width=1"), ["memory.width: 1 bits move less than a byte in a burst of 4"]),
    (
        sets("memory.mapping=rows"),
        ["memory.mapping: hbm has no mapping 'rows'; name one or write", "did you mean 'row'?"],
    ),
    (sets("memory.page=OPEN"), ["memory.page: not 'OPEN' (allowed: open, closed); did you mean 'open'?"]),
    # --compare
    (["lenet", "--compare", ""], ["argument --compare: expected names with commas between them, not ''"]),
    (["lenet", "--compare", "base,"], ["argument --compare: expected names with commas"]),
    (["lenet", "--compare", "base,strips"], ["--compare strips: there is neither ", "did you mean 'stripes'?"]),
    (["lenet", "--compare", "none,ternary"], ["--compare ternary: compression.codec: layer conv1, inputs: ternary "]),
    (["lenet", "--compare", "lost.py:Machine"], ["--compare lost.py:Machine: ", "lost.py"]),
    (["lenet", "--compare", "lost.yaml"], ["--compare ", "there is no 'lost.yaml'"]),
    # --json and --out
    (["lenet", "--json", "nowhere/r.json"], ["nowhere/r.json: cannot be written: there is no folder '"]),
    (["lenet", "--json", "."], [".: is a folder; name a file in it"]),
    (["lenet", "--json", ""], ["argument --json: expected a name, not ''"]),
    (["lenet", "--json", "nul\0"], ["nul\\x00: cannot be written: no file has such a name"]),
    (["lenet", "--json", "last.yaml/r.json"], ["last.yaml/r.json: cannot be written: there is no folder '"]),
    (["lenet", "--out", "last.yaml"], ["last.yaml: cannot be made a folder: '", "last.yaml' is a file"]),
    (["lenet", "--out", "last.yaml/deep"], ["last.yaml/deep: cannot be made a folder: '", "last.yaml' is a file"]),
    (["lenet", "--out", "nul\0"], ["nul\\x00: cannot be written: no file has such a name"]),
]


@pytest.mark.parametrize(("args", "parts"), ARGUMENTS, ids=lambda value: " ".join(value)[:50])
def test_arguments_are_refused_in_one_line(
    folder: Path, args: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"last.yaml": b"\xff"})
    message = told(folder, args, capsys)
    assert in_order(parts, message), message
    assert "\n" not in message and message.isprintable()


@pytest.mark.parametrize("args", [["--out", "/proc/nowhere"], ["--json", "/proc/r.json"]])
def test_where_nothing_can_be_written_is_told_before_the_run(
    folder: Path, args: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captured, "workload_of", None)  # what a run begins with
    assert told(folder, ["lenet", *args], capsys).startswith(f"{args[1]}: cannot be ")


#: (the files of a user, of which s.yaml is run; parts of the message in their order)
SCENARIOS: list[tuple[Files, list[str]]] = [
    ({"s.yaml": ""}, ["s.yaml: is empty; write `key: value` lines"]),
    ({"s.yaml": b"\x89PNG\r\n\x1a\n"}, ["s.yaml: is not text in UTF-8"]),
    ({"s.yaml": f"# caf\u00e9\n{GOOD}".encode("latin-1")}, ["s.yaml: is not text in UTF-8"]),
    ({"s.yaml": f"\ufeff{GOOD}chek: true\n"}, ["s.yaml:5: chek: unknown key (", "did you mean 'check'?"]),
    ({"s.yaml": f"{GOOD}chek: true\n".replace("\n", "\r\n")}, ["s.yaml:5: chek: unknown key"]),
    (
        {"s.yaml": f"{GOOD}memory.channels: 4\n"},
        ["s.yaml:5: memory.channels: unknown key; write memory: {channels: ...}"],
    ),
    ({"s.yaml": f"{GOOD}'': 4\n"}, ["s.yaml:5: YAML: a key must be a word"]),
    ({"s.yaml": f"{GOOD}memory: hbm\n"}, ["s.yaml:5: memory: the key is written twice, first on line 2"]),
    ({"s.yaml": f"{GOOD}\tcheck: true\n"}, ["s.yaml:5: YAML: found character '\\t'"]),
    ({"s.yaml": f"{GOOD}<<: {{check: true}}\n"}, ["s.yaml:5: <<: unknown key"]),
    ({"s.yaml": f"{GOOD}a: &a [x]\nb: &b [*a, *a]\n"}, ["s.yaml:5: YAML: an alias (*name) is not used here; write"]),
    ({"s.yaml": f"{GOOD}check: " + "{a: " * 3000}, ["s.yaml: YAML: nested too deeply"]),
    ({"s.yaml": f"{GOOD}check: !!int x\n"}, ["s.yaml:5: YAML: 'x' is no !!int"]),
    ({"s.yaml": f"{GOOD}check: !!int ''\n"}, ["s.yaml:5: YAML: '' is no !!int"]),
    (
        {"s.yaml": f"{GOOD}check: !!python/object/apply:os.mkdir [executed]\n"},
        ["s.yaml:5: YAML: the tag !!python/object/apply:os.mkdir is refused: nothing in a file is executed"],
    ),
    ({"s.yaml": f"{GOOD}check: !!python/name:os.mkdir\n"}, ["the tag !!python/name:os.mkdir is refused: nothing"]),
    ({"s.yaml": "!!python/object/new:os.mkdir [executed]\n"}, ["s.yaml:1: YAML: the tag !!python/object/new:os.mk"]),
    ({"s.yaml": f"{GOOD}!!python/name:os.mkdir : 3\n"}, ["s.yaml:5: YAML: the tag !!python/name:os.mkdir is refused"]),
    ({"s.yaml": f"{GOOD}check: !mine 3\n"}, ["s.yaml:5: YAML: the tag !mine is refused: write a plain value"]),
    # extends
    (
        {"s.yaml": "extends: lennet\n"},
        ["s.yaml:1: extends: there is no 'lennet'; looked for ", "did you mean 'lenet'?"],
    ),
    (
        {"s.yaml": "extends: bse.yaml\n", "base.yaml": GOOD},
        ["s.yaml:1: extends: there is no 'bse.yaml'", "'base.yaml'?"],
    ),
    ({"s.yaml": "extends: .\n"}, ["s.yaml:1: extends: '.' is a folder: name a scenario file in it"]),
    ({"s.yaml": "extends: [lenet]\n"}, ["s.yaml:1: extends: expected the name of a scenario, not a list"]),
    ({"s.yaml": "check: true\nextends: s.yaml\n"}, ["s.yaml:2: extends: goes in a circle: s.yaml extends s.yaml"]),
    (
        {"s.yaml": "extends: b.yaml\n", "b.yaml": "extends: c.yaml\n", "c.yaml": "check: true\nextends: b.yaml\n"},
        ["c.yaml:2: extends: goes in a circle: s.yaml extends b.yaml extends c.yaml extends b.yaml"],
    ),
    ({"s.yaml": "extends: b.yaml\n", "b.yaml": ""}, ["b.yaml: is empty"]),
    ({"s.yaml": "extends: b.yaml\n", "b.yaml": "- 1\n"}, ["b.yaml: is not a mapping; write `key: value` lines"]),
    ({"s.yaml": "extends: b.yaml\n", "b.yaml": b"\xff\xfe\0"}, ["b.yaml: is not text in UTF-8"]),
    ({"s.yaml": "extends: b.yaml\n", "b.yaml": "a: [\n"}, ["b.yaml:2: YAML: "]),
    ({"s.yaml": "extends: b.yaml\n", "b.yaml": "extends: lost.yaml\n"}, ["b.yaml:1: extends: there is no 'lost.yaml'"]),
    ({"s.yaml": "extends: b.py\n", "b.py": "import os\nos.mkdir('executed')\n"}, ["b.py:", "is not a mapping"]),
    ({"s.yaml": "extends: lenet\nworkload:\n"}, ["s.yaml:2: workload: expected a mapping with keys such as 'network'"]),
    # presets and standards of one's own
    (
        {"s.yaml": "extends: lenet\naccelerator: m.yaml\n", "m.yaml": "extends: bass\n"},
        ["m.yaml:1: extends: ", "'base'?"],
    ),
    (
        {"s.yaml": "extends: lenet\naccelerator: m.yaml\n", "m.yaml": "extends: m.yaml\n"},
        ["m.yaml:1: extends: goes in a"],
    ),
    ({"s.yaml": "extends: lenet\nmemory: m.yaml\n", "m.yaml": "- 1\n"}, ["m.yaml: is not a mapping"]),
    # what is read is not written over
    ({"s.yaml": "extends: b.yaml\n", "b.yaml": GOOD, "out": "b.yaml"}, ["b.yaml: is a file of the scenario: a result"]),
    (
        {"s.yaml": f"extends: lenet\nworkload: {OWN_NET[9:]}\n", "net.py": NET, "out": "net.py"},
        ["net.py: is a file of the scenario"],
    ),
    (
        {
            "s.yaml": "extends: lenet\naccelerator: my.py:Machine\n",
            "my.py": "class Machine: extends = 'base'\n",
            "out": "my.py",
        },
        ["my.py: is a file of the scenario"],
    ),
]


@pytest.mark.parametrize(("files", "parts"), SCENARIOS, ids=lambda value: str(value)[:60])
def test_scenario_files_are_refused_in_one_line(
    folder: Path, files: Files, parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = files.get("out")
    write(folder, {name: content for name, content in files.items() if name != "out"})
    message = told(folder, ["s.yaml", *(["--json", str(out)] if out else [])], capsys)
    assert in_order(parts, message), message
    assert "\n" not in message


def test_a_network_named_by_its_module_is_not_written_over(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(folder))
    write(folder, {"the_users_net.py": NET})
    args = [*sets("workload={network: 'the_users_net:build'}"), "--json", "the_users_net.py"]
    assert told(folder, args, capsys).startswith("the_users_net.py: is a file of the scenario")


def returns(what: str) -> str:
    return f"import sys\nimport torch\ndef build():\n    {what}\n"


def codec(encode: str) -> str:
    decode = "def decode(self, data, offsets, count, fmt): 0"
    return f"class Codec:\n    def encode(self, values, fmt): {encode}\n    {decode}\n"


#: (what is set, a user's file, its content, the message's first line in parts, lines of the user's traceback)
USER: list[tuple[str, str, str, list[str], list[str]]] = [
    # networks
    (OWN_NET, "net.py", "", ["workload.network: 'net.py' has no function 'build'"], []),
    (OWN_NET, "net.py", "def build(:\n", ["net.py:1: is not Python: invalid syntax"], []),
    (OWN_NET, "net.py", "\0", ["net.py: is not Python: source code string cannot contain null bytes"], []),
    (OWN_NET, "net.py", "build = 3\n", ["workload.network: 'net.py:build' is no function but of type int"], []),
    (OWN_NET, "net.py", "1 / 0\n", ["workload.network: net.py:1: ZeroDivisionError: division"], ["    1 / 0"]),
    (OWN_NET, "net.py", "import lost\n", ["'net.py' cannot be imported: net.py:1: ModuleNotFou"], ["    import lost"]),
    (OWN_NET, "net.py", "from . import x\n", ["net.py:1: ImportError: attempted relative"], ["    from . import x"]),
    (OWN_NET, "net.py", returns("1 / 0"), ["workload.network: build(): net.py:4: ZeroDivisionError"], ["    1 / 0"]),
    (OWN_NET, "net.py", returns("sys.exit(0)"), ["build(): net.py:4: SystemExit: 0"], ["    sys.exit(0)"]),
    (OWN_NET, "net.py", returns("return build()"), ["RecursionError: maximum recursion"], ["[Previous line repeated"]),
    (OWN_NET, "net.py", returns("raise OSError('\\x1b[2J')"), ["net.py:4: OSError: \\x1b[2J"], ["    raise OSError"]),
    (OWN_NET, "net.py", returns("return 3"), ["'net.py:build' must give an nn.Module, not int"], []),
    (OWN_NET, "net.py", returns("return torch.nn.ReLU()"), ["workload.input: the network has no `example_input`"], []),
    (
        OWN_NET,
        "net.py",
        NET.replace("torch.ones(1, 1, 4, 4)", "torch.tensor(3.0)"),
        ["workload.network: `example_input` must be a tensor [N, ...] of images in memory, not [] on cpu"],
        [],
    ),
    (
        OWN_NET,
        "net.py",
        NET.replace("nn.ReLU()", "nn.Softmax(1)"),
        [
            "workload.network: dstripes has no cycle rule for 1 (other: Softmax, 0.0% of the MACs): nobody models that",
            "--set unmodelled=pass",
        ],
        [],
    ),
    (
        OWN_NET,
        "net.py",
        "import torch\nclass Net(torch.nn.Module):\n    example_input = torch.ones(1, 2)\n"
        "    def forward(self, x):\n        return x @ self.lost\ndef build(): return Net()\n",
        [
            "workload.network: the network cannot take an image of shape (2,): ",
            "net.py:5: AttributeError: 'Net' object",
        ],
        ["    return x @ self.lost"],
    ),
    (
        "weights",
        "net.py",
        "import torch\nclass Net(torch.nn.Module):\n    def state_dict(self): 1 / 0\ndef build(): return Net()\n",
        ["workload.network: the state_dict() of the network: net.py:3: ZeroDivisionError: division by zero"],
        ["    def state_dict(self): 1 / 0"],
    ),
    # inputs
    ("input", "inp.py", "def images(): 0\n", ["workload.input: images() must take 2 arguments"], []),
    ("input", "inp.py", "def images(n, shape): return 3\n", ["'inp.py:images' must give (inputs, labels or None)"], []),
    (
        "input",
        "inp.py",
        "def images(n, shape): return [[1]], None\n",
        ["has shape [1, 1], the network needs [N, 1, "],
        [],
    ),
    (
        "input",
        "inp.py",
        "def images(n, shape): 1 / 0\n",
        ["images(): inp.py:1: ZeroDivisionError"],
        ["n, shape): 1 / 0"],
    ),
    # rules
    (OWN_RULE, "my.py", "", ["accelerator.rules.conv: '", "my.py' has no cycle rule 'rule'"], []),
    (OWN_RULE, "my.py", "def rule(): 0\n", ["my.py:rule() must take 3 arguments (layer, image, spec): "], []),
    (OWN_RULE, "my.py", "def rule(l, i, s): 1 / 0\n", ["my.py:rule() for layer 'conv1': my.py:1: Zero"], ["s): 1 / 0"]),
    (OWN_RULE, "my.py", "def rule(l, i, s): return 3\n", ["for layer 'conv1' must give cycles of shape [1, 36, "], []),
    # machines
    (
        OWN_MACHINE,
        "my.py",
        "class Machin: tiles = 3\n",
        ["my.py' has no machine 'Machine' (", "did you mean 'Machin'?"],
        [],
    ),
    (OWN_MACHINE, "my.py", "Machine = 3\n", ["my.py:Machine is no machine but of type int: write a class"], []),
    (OWN_MACHINE, "my.py", "class Machine:\n    tilez = 3\n", ["my.py:2: tilez: unknown attribute", "'tiles'?"], []),
    (
        OWN_MACHINE,
        "my.py",
        "import sys\nclass Machine:\n    extends = 'base'\n    tiles = sys\n",
        ["my.py:4: accelerator.tiles: expected a whole number, not an object of type module"],
        [],
    ),
    (
        OWN_MACHINE,
        "my.py",
        "class Machine: [][1]\n",
        ["accelerator.preset: my.py:1: IndexError: list"],
        ["Machine: [][1]"],
    ),
    # codecs
    (
        OWN_CODEC,
        "my.py",
        "class Codec: 0\n",
        ["compression.codec: my.py:Codec is no codec: it has no encode and no"],
        [],
    ),
    (OWN_CODEC, "my.py", codec("1 / 0"), ["my.py:Codec.encode(): my.py:2: ZeroDivisionError"], ["fmt): 1 / 0"]),
    (OWN_CODEC, "my.py", codec("return 3"), ["my.py:Codec.encode(): must give tlm.codecs.Encoded, not int"], []),
    # --compare
    ("compare", "my.py", "1 / 0\n", ["--compare my.py:Machine: my.py:1: ZeroDivisionError"], ["    1 / 0"]),
    ("compare", "my.py", "class Machine:\n    tilez = 3\n", ["my.py:2: tilez: unknown attribute of a machine"], []),
]


@pytest.mark.parametrize(("option", "file", "content", "parts", "shown"), USER, ids=lambda value: str(value)[:40])
def test_a_user_s_own_code_is_blamed_with_its_own_traceback(
    folder: Path,
    option: str,
    file: str,
    content: str,
    parts: list[str],
    shown: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(folder, {"net.py": NET, file: content})
    args = {
        "input": sets("workload={network: 'net.py:build', input: 'inp.py:images'}"),
        "weights": sets(OWN_NET, "workload.weights=nets/checkpoints/lenet-int8.pt"),
        "compare": ["lenet", "--compare", "my.py:Machine"],
    }.get(option) or sets(option)
    headline, *below = told(folder, args, capsys).split("\n")
    assert in_order(parts, headline), headline
    assert bool(below) == bool(shown)
    assert in_order(shown, "\n".join(below)), below
    places = [line for line in below if line.startswith("  File ")]
    assert all(line.startswith(f'  File "{folder}/') for line in places)
    assert bool(places) == bool(shown)


class Bomb:
    """A pickle that makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("executed",)


def saved(content: Callable[[Any, dict[str, Any]], Any]) -> bytes:
    """What torch.save makes of `content`, which is given torch and a state dict for NET."""
    import torch

    shapes = {"0.weight": (4, 1, 3, 3), "0.bias": (4,), "3.weight": (3, 16), "3.bias": (3,)}
    data = io.BytesIO()
    torch.save(content(torch, {name: torch.ones(shape) for name, shape in shapes.items()}), data)
    return data.getvalue()


#: (a checkpoint's bytes, the message in parts)
CHECKPOINTS: list[tuple[Callable[[], bytes], list[str]]] = [
    (lambda: b"", ["w.pt: is no checkpoint: it is damaged, or holds more than tensors and plain Python values"]),
    (lambda: pickle.dumps(Bomb()), ["w.pt: is no checkpoint"]),
    (lambda: saved(lambda _, state: {"state_dict": state, "more": Bomb()}), ["w.pt: is no checkpoint"]),
    (lambda: saved(lambda _, state: state)[:-200], ["w.pt: is no checkpoint"]),
    (lambda: saved(lambda _, state: [state]), ["w.pt: is not a checkpoint: no dictionary of tensors"]),
    (
        lambda: saved(lambda torch, state: {**state, "0.weight": torch.ones(1).expand(10**6, 10**6)}),
        ["w.pt: 0.weight: has shape [1000000, 1000000], the network's is [4, 1, 3, 3]"],
    ),
    (
        lambda: saved(lambda torch, state: {**state, "3.bias": torch.full((3,), float("nan"))}),
        ["w.pt: 3.bias: holds values that are not finite numbers"],
    ),
    (
        lambda: saved(lambda _, state: {("3.wieght" if name == "3.weight" else name): v for name, v in state.items()}),
        ["w.pt: 3.wieght: is no weight of this network (allowed: ", "did you mean '3.weight'?"],
    ),
]


@pytest.mark.parametrize(("content", "parts"), CHECKPOINTS, ids=range(len(CHECKPOINTS)))
def test_checkpoints_are_refused_and_never_executed(
    folder: Path, content: Callable[[], bytes], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"net.py": NET, "w.pt": content()})
    message = told(folder, sets(OWN_NET, "workload.weights=w.pt"), capsys)
    assert in_order(parts, message) and "\n" not in message, message


def npy(array: Any) -> bytes:
    data = io.BytesIO()
    np.save(data, array, allow_pickle=True)
    return data.getvalue()


#: (a file of a traces folder, its content, the message in parts)
TRACES: list[tuple[str, str | bytes, list[str]]] = [
    ("model.csv", "fc1,pool,1,0\n", ["t/model.csv:1: kind: unknown kind 'pool' of layer 'fc1' (allowed: conv, fc)"]),
    (
        "model.csv",
        "fc2,fc,1,0\n",
        ["t/act-fc2-0.npy: no such file in the traces folder; did you mean 'act-fc1-0.npy'?"],
    ),
    (
        "precision.txt",
        "title\n3;\n0;\n8;\n0;\n",
        ["layer fc1, activations: value 9 at position [0, 0] is 4 bits wide; "],
    ),
    ("precision.txt", b"\xff", ["t/precision.txt: not text: invalid start byte at byte 0"]),
    ("act-fc1-0.npy", npy(np.full((1, 4), 0.5)), ["activations: value 0.5 at position [0, 0] is not an integer"]),
    ("act-fc1-0.npy", npy(np.full((1, 4), "a")), ["values of type <U1, not integers (of any integer or float type)"]),
    ("act-fc1-0.npy", npy(np.array([Bomb()])), ["act-fc1-0.npy: layer fc1, activations: not a readable .npy file of"]),
    ("wgt-fc1.npy", npy(np.ones((2, 5))), ["t/model.csv:1: layer fc1: 4 inputs, but 5 weights a filter"]),
    ("wgt-fc1.npy", b"hello", ["t/wgt-fc1.npy: layer fc1, weights: not a readable .npy file of numbers"]),
]


@pytest.mark.parametrize(("file", "content", "parts"), TRACES, ids=lambda value: str(value)[:30])
def test_traces_are_refused_in_one_line(
    folder: Path, file: str, content: str | bytes, parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    good: Files = {
        "model.csv": "fc1,fc,1,0\n",
        "precision.txt": "title\n8;\n0;\n8;\n0;\n",
        "act-fc1-0.npy": npy(np.full((1, 4), 9)),
        "wgt-fc1.npy": npy(np.ones((2, 4), dtype=np.int64)),
    }
    write(folder, {f"t/{name}": text for name, text in {**good, file: content}.items()})
    message = told(folder, sets("workload.traces=t"), capsys)
    assert in_order(parts, message) and "\n" not in message, message
