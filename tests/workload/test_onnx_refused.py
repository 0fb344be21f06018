"""ONNX files that are refused, as a table: exit 2, one message that says what and where."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import model, node, single

from tlm import run as command
from tlm.inputs.errors import BadInput
from tlm.workload.onnx.conversion import converted
from tlm.workload.onnx.file import read_model

ONE_TWO = {"s": np.float32(1), "t": np.float32(2)}
CONV = np.ones((2, 3, 3, 3), np.float32)
GOOD = single("Conv", (1, 3, 8, 8), CONV)


def changed(made: Any, **fields: Any) -> Any:
    """A copy with other values in its first node."""
    copy = type(made)()
    copy.CopyFrom(made)
    for name, value in fields.items():
        setattr(copy.graph.node[0], name, value)
    return copy


def outside(location: str, length: int = 8) -> Any:
    """A model whose weights lie in another file."""
    made = changed(GOOD)
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(length)}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return made


def branching() -> Any:
    inner = helper.make_graph([node("Relu", ["x"], ["z"])], "inner", [], [helper.make_empty_tensor_value_info("z")])
    condition = {"c": np.array(True)}
    return model(
        [node("If", ["c"], ["y"], then_branch=inner, else_branch=inner, name="choice")], (1, 3, 8, 8), condition
    )


def two_inputs() -> Any:
    made = model([node("Add", ["x", "z"], ["y"])], (1, 3), out=(1, 3))
    made.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, (1, 3)))
    return made


def of_text() -> Any:
    made = changed(GOOD)
    made.graph.initializer.append(helper.make_tensor("words", TensorProto.STRING, [1], [b"a"]))
    return made


def of_opset(version: int) -> Any:
    made = changed(GOOD)
    made.opset_import[0].version = version
    return made


STOPS = [
    (b"", ["model.onnx: is no ONNX model"]),
    (b"not a model at all, but a line of text", ["model.onnx: is no valid ONNX model"]),
    (GOOD.SerializeToString()[:200], ["model.onnx: is no valid ONNX model"]),
    (
        changed(GOOD, op_type="Convv", name="first"),
        ["node 'first' (Convv) is no operator that is", "did you mean 'Conv'?"],
    ),
    (single("Det", (1, 3, 3)), ["node 'y' (Det) is no operator that is converted (allowed: "]),
    (changed(GOOD, domain="com.microsoft"), ["(Conv) is of the domain 'com.microsoft'", "ai.onnx"]),
    (branching(), ["model.onnx: node 'choice' (If) is control flow"]),
    (single("QLinearMatMul", (1, 3), *[np.float32(1)] * 7), ["(QLinearMatMul) computes with codes: export"]),
    (
        model([node("QuantizeLinear", ["x", "s"], ["y"])], (1, 3), {"s": np.ones(3, np.float32)}),
        ["node 'y' (QuantizeLinear) has 3 scales: one for all of a tensor is taken"],
    ),
    (
        model(
            [node("QuantizeLinear", ["x", "s"], ["q"]), node("DequantizeLinear", ["q", "t"], ["y"])], (1, 3), ONE_TWO
        ),
        ["node 'y' (DequantizeLinear) reads codes of another scale than they were written with"],
    ),
    (two_inputs(), ["model.onnx: has 2 inputs (x, z): a network takes one, the image"]),
    (of_text(), ["model.onnx: tensor 'words' is of type STRING"]),
    (of_opset(6), ["model.onnx: is of opset 6: 7 to "]),
    (of_opset(999), ["model.onnx: is of opset 999: 7 to "]),
    (outside("../secret.bin"), ["model.onnx: tensor 'c0' lies in '../secret.bin': data must lie beside the file"]),
    (outside("/etc/passwd"), ["tensor 'c0' lies in '/etc/passwd': data must lie beside the file"]),
    (outside("linked.bin"), ["tensor 'c0' lies in 'linked.bin': data must lie beside the file"]),
    (outside("gone.bin"), ["tensor 'c0' lies in 'gone.bin', which is not there"]),
    (outside("short.bin", 216), ["model.onnx: is no valid ONNX model"]),
    (single("Conv", (1, 3, "rows", "columns"), CONV), ["input 'x' is [1, 3, rows, columns]: its 'rows' and 'columns'"]),
    (single("Conv", (1, 4, 8, 8), CONV), ["node 'y' (Conv) cannot be computed: ", "expected input[1, 4, 8, 8]"]),
    (single("Conv", (1, 3, 2, 2), CONV), ["node 'y' (Conv) cannot be computed: "]),
    (
        model([node("Reshape", ["x", "s"], ["y"])], (8, 3, 2), {"s": np.array([8, 6])}),
        ["node 'y' (Reshape) cannot be computed", "the file is for 8 images at once: export it for one"],
    ),
    (
        model(
            [node("ConstantOfShape", ["s"], ["a"]), node("Add", ["x", "a"], ["y"])],
            (1, 3),
            {"s": np.array([2**60])},
            out=(1, 3),
        ),
        ["(ConstantOfShape) would give a tensor of shape [1152921504606846976]"],
    ),
    (single("Expand", (1, 3), np.array([2**40, 3])), ["node 'y' (Expand) would give a tensor"]),
    (
        model([node("Conv", ["x", "x"], ["y"])], (1, 3, 8, 8)),
        ["node 'y' (Conv) has weights computed from the image"],
    ),
    (
        single("GRU", (5, 1, 3), np.ones((1, 6, 3), np.float32), np.ones((1, 6, 2), np.float32), hidden_size=2),
        ["linear_before_reset"],
    ),
    (single("ArgMax", (1, 3)), ["(ArgMax) is no operator that is converted"]),
    (
        model([node("Gather", ["w", "i"], ["y"]), node("Cast", ["x"], ["i"], to=7)], (1, 3), {"w": CONV}),
        ["is no valid ONNX"],
    ),
    (model([node("Relu", ["x"], ["z"])], (1, 3), outputs=["y"]), ["is no valid ONNX model"]),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    inner = tmp_path / "models"
    inner.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(216))
    (inner / "linked.bin").symlink_to(tmp_path / "secret.bin")
    (inner / "short.bin").write_bytes(bytes(20))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    return inner


def refusal(folder: Path, made: Any, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    (folder / "model.onnx").write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    sets = [word for option in ("workload.onnx=models/model.onnx", *options) for word in ("--set", option)]
    assert command.main(["lenet", *sets, "--no-live"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1, said
    return said.err


@pytest.mark.parametrize("made, words", STOPS, ids=lambda one: one[0][:60] if isinstance(one, list) else "")
def test_a_file_is_refused(made: Any, words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(folder, made, capsys)
    assert all(word in said for word in words), said


def test_the_input_must_fit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(folder, GOOD, capsys, "workload.input={shape: [3, 9, 9], seed: 1}")
    assert "workload.input: has shape [1, 3, 9, 9], the network needs [N, 3, 8, 8]" in said
    open_ = single("Conv", (1, 3, "rows", 8), CONV)
    said = refusal(folder, open_, capsys, "workload.input={shape: [3, 9, 9], seed: 1}")
    assert "workload.input: has images of shape [3, 9, 9], model.onnx takes [1, 3, rows, 8]" in said


def test_weights_must_be_of_the_network(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(folder, GOOD, capsys, "workload.weights=nets/checkpoints/lenet-int8.pt")
    assert "lenet-int8.pt: conv1.weight: is no weight of this network" in said


def test_what_the_capture_refuses_is_told_of_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picked = model(
        [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Gather", ["w", "i"], ["y"])],
        (1, 3),
        {"w": np.ones((5, 2), np.float32)},
    )
    said = refusal(folder, picked, capsys)
    assert "workload.onnx: " in said and "needs whole numbers" in said


def test_a_network_and_a_file_are_two_workloads(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "s.yaml").write_text("extends: lenet\nworkload: {network: 'a:b', onnx: m.onnx}\n")
    assert command.main(["models/s.yaml"]) == 2
    assert "needs exactly one of network, onnx, traces, profile, not network and onnx" in capsys.readouterr().err


def test_without_the_package_the_extra_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    for name in [name for name in sys.modules if name.startswith("tlm.workload.onnx.")]:
        monkeypatch.delitem(sys.modules, name)
    assert "pip install 'tlm[onnx]'" in refusal(folder, GOOD, capsys)


def test_a_good_file_is_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(GOOD, str(folder / "model.onnx"))
    assert command.main(["lenet", "--set", "workload.onnx=models/model.onnx", "--no-live"]) == 0
    assert "checked: every accumulator" in capsys.readouterr().out


def test_a_file_with_wrong_bytes_is_told_or_taken(folder: Path) -> None:
    """Bytes changed at random, names and sizes among them: nothing but BadInput comes of it."""
    made = model(
        [
            node("Conv", ["x", "w"], ["c"], name="/stem/Conv", pads=[1, 1, 1, 1]),
            node("Clip", ["c", "l"], ["r"]),
            node("Reshape", ["r", "s"], ["y"]),
        ],
        (1, 3, 6, 6),
        {"w": CONV, "l": np.float32(0), "s": np.array([0, -1])},
    ).SerializeToString()
    rng, refused = random.Random(1), 0
    for _ in range(300):
        changes = {rng.randrange(len(made)): rng.randrange(256) for _ in range(rng.choice([1, 2, 9]))}
        content = bytes(changes.get(place, byte) for place, byte in enumerate(made))
        (folder / "model.onnx").write_bytes(content[: None if rng.random() < 0.8 else rng.randrange(len(made))])
        try:
            converted(read_model(folder / "model.onnx"), (3, 6, 6))
        except BadInput as error:
            refused += 1
            assert len(str(error).splitlines()) == 1
    assert 100 < refused < 300
