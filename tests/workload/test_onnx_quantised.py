"""A file of codes and scales gives the workload of a checkpoint with the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import Array, model, node, saved
from test_onnx_same import differences

from tlm.inputs.errors import BadInput
from tlm.workload.capture import load_network
from tlm.workload.checkpoint import Checkpoint, load_checkpoint
from tlm.workload.spec import WorkloadSpec

CHECKPOINTS = Path(__file__).parents[2] / "nets/checkpoints"
LENET = {"conv1": "conv", "conv2": "conv", "fc1": "fc", "fc2": "fc"}


def lenet(checkpoint: Checkpoint, signed: bool) -> Any:
    """LeNet as tools write quantised networks, with a checkpoint's codes; `signed`: those with a zero are int8."""
    nodes: list[Any] = []
    constants: dict[str, Array] = {}
    last = "x"

    def add(operator: str, *others: str, **attributes: Any) -> None:
        nonlocal last
        nodes.append(node(operator, [last, *others], [f"v{len(nodes)}"], **attributes))
        last = f"v{len(nodes) - 1}"

    def codes(name: str, scale: float, zero: int, asymmetric: bool) -> tuple[str, str]:
        shift = 128 if asymmetric and signed else 0
        kind = np.int8 if shift or not asymmetric else np.uint8
        constants.update({f"{name}.s": np.float32(scale), f"{name}.z": np.array(zero - shift, kind)})
        return f"{name}.s", f"{name}.z"

    for name, kind in LENET.items():
        if kind == "fc" and name == "fc1":
            add("Flatten")
        given = codes(f"{name}.x", checkpoint.activation_scales[name], 0, True)
        add("QuantizeLinear", *given)
        add("DequantizeLinear", *given)
        zero = checkpoint.weight_zeros.get(name, 0)
        place = codes(f"{name}.w", checkpoint.weight_scales[name], zero, name in checkpoint.weight_zeros)
        shift = int(zero) - int(constants[place[1]])
        constants[f"{name}.weight"] = (checkpoint.codes[name] - shift).astype(constants[place[1]].dtype)
        constants[f"{name}.bias"] = checkpoint.state[f"{name}.bias"].numpy()
        nodes.append(node("DequantizeLinear", [f"{name}.weight", *place], [f"{name}.real"]))
        weights = f"{name}.real", f"{name}.bias"
        add("Conv", *weights) if kind == "conv" else add("Gemm", *weights, transB=1)
        if name != "fc2":
            add("Relu")
        if kind == "conv":
            add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    return model(nodes, (1, 1, 28, 28), constants, outputs=[last])


@pytest.mark.parametrize("name, signed", [("lenet-int8", False), ("lenet-int8-oblivious", False), ("lenet-int8", True)])
def test_codes_of_a_file_are_those_of_the_checkpoint(name: str, signed: bool, tmp_path: Path) -> None:
    file = saved(tmp_path, lenet(load_checkpoint(CHECKPOINTS / f"{name}.pt"), signed))
    source: Any = {"shape": [1, 28, 28], "seed": 3}
    weights = str(CHECKPOINTS / f"{name}.pt")
    given, _ = load_network(WorkloadSpec(network="nets.lenet:build", weights=weights, input=source), Path)
    made, _ = load_network(WorkloadSpec(onnx=str(file), input=source), Path)
    assert differences(given, made) == []


def test_signed_weights_compute_the_same(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(CHECKPOINTS / "lenet-int8-oblivious.pt")
    made = []
    for signed in (False, True):
        folder = tmp_path / str(signed)
        folder.mkdir()
        file = saved(folder, lenet(checkpoint, signed))
        made.append(load_network(WorkloadSpec(onnx=str(file)), Path)[0])
    for one, other in zip(made[0].layers, made[1].layers, strict=True):
        assert np.array_equal(one.outputs, other.outputs)


def test_codes_and_a_checkpoint_are_one_too_many(tmp_path: Path) -> None:
    weights = str(CHECKPOINTS / "lenet-int8.pt")
    file = saved(tmp_path, lenet(load_checkpoint(Path(weights)), False))
    with pytest.raises(BadInput, match="has codes of its own, which a checkpoint would change"):
        load_network(WorkloadSpec(onnx=str(file), weights=weights), Path)
    with pytest.raises(BadInput, match=r"is 4, and .*model.onnx was trained for 8 bits"):
        load_network(WorkloadSpec(onnx=str(file), bits=4), Path)
