"""Every operator that is converted, against the onnx package's own evaluator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_models import Array, check_like_the_reference, model, node, results, single

from tlm.workload.onnx.operators import CONTROL_FLOW, OPERATORS


def numbers(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def ints(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def scalar(value: float) -> Array:
    return np.array(value, dtype=np.float32)


MAP = (1, 4, 6, 7)
ROW = (1, 6)
LINE = (1, 4, 9)
CONV = numbers(6, 4, 3, 3)
RNN = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(kind: str, ways: int = 1, given: bool = True, **attributes: Any) -> Any:
    """Five steps of three numbers, two units."""
    gates, hidden = RNN[kind], 2
    weights = [numbers(ways, gates * hidden, 3), numbers(ways, gates * hidden, hidden, seed=2)]
    more = [numbers(ways, 2 * gates * hidden, seed=3), None, numbers(ways, 1, hidden, seed=4)] if given else []
    more += [numbers(ways, 1, hidden, seed=5)] if given and kind == "LSTM" else []
    names = ["", "w", "r", "b", "", "h", "c"]
    operands = [*weights, *more]
    constants = {name: one for name, one in zip(names[1:], operands, strict=False) if one is not None}
    states = ["y", "h1", *(["c1"] if kind == "LSTM" else [])]
    inputs = ["t", *(name if name in constants else "" for name in names[1 : 1 + len(operands)])]
    direction = "bidirectional" if ways == 2 else "forward"
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        node(kind, inputs, states, hidden_size=hidden, direction=direction, **attributes),
    ]
    return model(nodes, (1, 5, 3), constants, outputs=states)


CASES: dict[str, list[Any]] = {
    "Conv": [
        single("Conv", MAP, CONV, numbers(6), pads=[1, 1, 1, 1]),
        single("Conv", MAP, CONV, pads=[0, 2, 1, 0], strides=[2, 1]),
        single("Conv", MAP, CONV, auto_pad="SAME_UPPER", strides=[2, 2]),
        single("Conv", MAP, numbers(6, 4, 2, 2), auto_pad="SAME_LOWER"),
        single("Conv", MAP, numbers(4, 1, 3, 3), group=4, dilations=[2, 2], auto_pad="VALID"),
        single("Conv", LINE, numbers(6, 2, 3), numbers(6), group=2, opset=11, pads=[2, 1]),
    ],
    "ConvTranspose": [
        single("ConvTranspose", MAP, numbers(4, 2, 3, 3), numbers(2), strides=[2, 2], pads=[1, 1, 1, 1]),
        single("ConvTranspose", MAP, numbers(4, 2, 3, 3), strides=[2, 2], output_padding=[1, 1]),
    ],
    "Gemm": [
        single("Gemm", ROW, numbers(3, 6), numbers(3), transB=1),
        single("Gemm", ROW, numbers(6, 3), numbers(1, 3), alpha=0.5, beta=2.0),
        single("Gemm", ROW, numbers(6, 3), scalar(0.25)),
        single("Gemm", ROW, numbers(6, 3)),
    ],
    "MatMul": [
        single("MatMul", (1, 5, 6), numbers(6, 3)),
        single("MatMul", (1, 5, 6), numbers(1, 6, 3)),
        model([node("MatMul", ["w", "x"], ["y"])], (1, 6, 5), {"w": numbers(3, 6)}),
    ],
    "BatchNormalization": [
        single("BatchNormalization", MAP, numbers(4), numbers(4), numbers(4), abs(numbers(4)), epsilon=1e-3),
        single("BatchNormalization", ROW, numbers(6), numbers(6), numbers(6), abs(numbers(6))),
        single("BatchNormalization", LINE, numbers(4), numbers(4), numbers(4), abs(numbers(4))),
    ],
    "LayerNormalization": [
        single("LayerNormalization", (1, 5, 6), numbers(6), numbers(6)),
        single("LayerNormalization", (1, 5, 6), numbers(5, 6), axis=1, epsilon=1e-3),
    ],
    "InstanceNormalization": [single("InstanceNormalization", MAP, numbers(4), numbers(4))],
    "GroupNormalization": [single("GroupNormalization", MAP, numbers(4), numbers(4), num_groups=2, opset=21, out=MAP)],
    "PRelu": [
        single("PRelu", MAP, numbers(4, 1, 1)),
        single("PRelu", MAP, numbers(1)),
        single("PRelu", MAP, numbers(1, 4, 1, 1)),
    ],
    "LSTM": [recurrent("LSTM"), recurrent("LSTM", 2), recurrent("LSTM", given=False)],
    "GRU": [recurrent("GRU", linear_before_reset=1), recurrent("GRU", 2, given=False, linear_before_reset=1)],
    "RNN": [recurrent("RNN"), recurrent("RNN", 2)],
    "LeakyRelu": [single("LeakyRelu", MAP), single("LeakyRelu", MAP, alpha=0.3)],
    "Elu": [single("Elu", MAP, alpha=0.5)],
    "Celu": [single("Celu", MAP, alpha=0.5)],
    "Selu": [single("Selu", MAP), single("Selu", MAP, alpha=1.5, gamma=2.0)],
    "Clip": [
        single("Clip", MAP, scalar(0.0), scalar(6.0)),
        single("Clip", MAP, scalar(-0.5), scalar(0.25)),
        single("Clip", MAP, None, scalar(0.25)),
        single("Clip", MAP, scalar(0.1)),
        single("Clip", MAP),
        single("Clip", MAP, min=-0.5, max=0.25, opset=7),
    ],
    "HardSigmoid": [single("HardSigmoid", MAP), single("HardSigmoid", MAP, alpha=1 / 6, beta=0.5)],
    "Gelu": [single("Gelu", MAP, opset=20), single("Gelu", MAP, approximate="tanh", opset=20)],
    "Shrink": [
        single("Shrink", MAP, lambd=0.3),
        single("Shrink", MAP, lambd=0.3, bias=0.3),
        single("Shrink", MAP, lambd=0.3, bias=0.1),
    ],
    "ThresholdedRelu": [single("ThresholdedRelu", MAP, alpha=0.3)],
    "Softmax": [single("Softmax", MAP, axis=1), single("Softmax", MAP)],
    "LogSoftmax": [single("LogSoftmax", ROW)],
    "Pow": [single("Pow", MAP, scalar(2.0)), single("Pow", MAP, np.array(3, dtype=np.int64))],
    "Log": [model([node("Exp", ["x"], ["e"]), node("Log", ["e"], ["y"])], MAP)],
    "Sqrt": [model([node("Abs", ["x"], ["e"]), node("Sqrt", ["e"], ["y"])], MAP)],
    "MaxPool": [
        single("MaxPool", MAP, kernel_shape=[2, 2], strides=[2, 2]),
        single("MaxPool", MAP, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        single("MaxPool", MAP, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        single("MaxPool", MAP, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
        single("MaxPool", MAP, kernel_shape=[2, 2], auto_pad="SAME_UPPER"),
        single("MaxPool", MAP, kernel_shape=[2, 2], auto_pad="SAME_LOWER"),
        single("MaxPool", MAP, kernel_shape=[2, 2], dilations=[2, 2]),
        single("MaxPool", LINE, kernel_shape=[3], strides=[2]),
    ],
    "AveragePool": [
        single("AveragePool", MAP, kernel_shape=[2, 2], strides=[2, 2]),
        single("AveragePool", MAP, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        single("AveragePool", MAP, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        single("AveragePool", MAP, kernel_shape=[3, 3], pads=[0, 1, 1, 0], count_include_pad=1),
        single("AveragePool", MAP, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
        single("AveragePool", LINE, kernel_shape=[3]),
    ],
    "GlobalAveragePool": [single("GlobalAveragePool", MAP), single("GlobalAveragePool", LINE)],
    "GlobalMaxPool": [single("GlobalMaxPool", MAP)],
    "ReduceMean": [
        single("ReduceMean", MAP, ints(2, 3)),
        single("ReduceMean", MAP, axes=[-1], keepdims=0, opset=11),
        single("ReduceMean", MAP),
        single("ReduceMean", MAP, ints(), noop_with_empty_axes=1),
    ],
    "ReduceSum": [single("ReduceSum", MAP, ints(1), keepdims=0), single("ReduceSum", MAP, axes=[1], opset=11)],
    "ReduceMax": [single("ReduceMax", MAP, ints(1, 2))],
    "ReduceMin": [single("ReduceMin", MAP, ints(3))],
    "ReduceProd": [single("ReduceProd", MAP, ints(1, 3), keepdims=0)],
    "Sum": [model([node("Sum", ["x", "x", "a"], ["y"])], ROW, {"a": numbers(1, 6)})],
    "Mean": [model([node("Mean", ["x", "x", "a"], ["y"])], ROW, {"a": numbers(1, 6)})],
    "Max": [single("Max", ROW, scalar(0.2)), single("Max", ROW, numbers(6), numbers(1, 6, seed=2))],
    "Min": [single("Min", ROW, scalar(0.2)), model([node("Min", ["a", "x"], ["y"])], ROW, {"a": numbers(6)})],
    "Mod": [single("Mod", ROW, scalar(0.3), fmod=1)],
    "Div": [single("Div", ROW, numbers(6)), model([node("Div", ["a", "x"], ["y"])], ROW, {"a": scalar(2.0)})],
    "Add": [
        single("Add", ROW, numbers(6)),
        model(
            [node("MatMul", ["x", "w"], ["m"]), node("Add", ["b", "m"], ["y"])],
            (1, 5, 6),
            {"w": numbers(6, 3), "b": numbers(3)},
        ),
        model(
            [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["y"])],
            ROW,
            {"w": numbers(6, 3), "b": numbers(3)},
            outputs=("y", "m"),
        ),
    ],
    "Cast": [single("Cast", ROW, to=onnx.TensorProto.DOUBLE), single("Cast", ROW, to=onnx.TensorProto.FLOAT)],
    "CastLike": [single("CastLike", ROW, np.zeros(1, np.float64))],
    "Dropout": [single("Dropout", ROW), single("Dropout", ROW, scalar(0.5), np.array(False))],
    "Reshape": [
        single("Reshape", MAP, ints(0, -1, 7)),
        single("Reshape", MAP, ints(1, 4, 42), allowzero=1),
    ],
    "Flatten": [single("Flatten", MAP), single("Flatten", MAP, axis=-1), single("Flatten", MAP, axis=0)],
    "Transpose": [single("Transpose", MAP, perm=[0, 2, 3, 1]), single("Transpose", MAP)],
    "Squeeze": [
        single("Squeeze", (1, 4, 1, 1), ints(2, -1)),
        single("Squeeze", (1, 4, 1, 1), axes=[2], opset=11),
        single("Squeeze", (1, 4, 1, 1)),
    ],
    "Unsqueeze": [single("Unsqueeze", ROW, ints(0, -1)), single("Unsqueeze", ROW, axes=[1], opset=11)],
    "Concat": [model([node("Concat", ["x", "a", "x"], ["y"], axis=-1)], ROW, {"a": numbers(1, 2)})],
    "Split": [
        single("Split", MAP, ints(1, 3), axis=1, outputs=2),
        single("Split", MAP, axis=-1, num_outputs=2, outputs=2),
        single("Split", MAP, axis=1, split=[3, 1], outputs=2, opset=11),
    ],
    "Slice": [
        single("Slice", MAP, ints(1, 0), ints(3, 99), ints(1, -1), ints(1, 2)),
        single("Slice", MAP, ints(-1), ints(-99999999999), ints(3), ints(-2)),
        single("Slice", MAP, ints(0, 1), ints(1, 2)),
        single("Slice", MAP, starts=[1], ends=[3], axes=[2], opset=9),
    ],
    "Gather": [
        single("Gather", MAP, np.array(-1, dtype=np.int64), axis=1),
        single("Gather", MAP, ints(2, 0, 2), axis=3),
        single("Gather", MAP, ints(2, 0, 2, 1).reshape(2, 2), axis=2),
    ],
    "Expand": [single("Expand", (1, 1, 6), ints(4, 1)), single("Expand", ROW, ints(1))],
    "Tile": [single("Tile", ROW, ints(1, 3))],
    "Pad": [
        single("Pad", MAP, ints(0, 0, 1, 2, 0, 0, 3, 0)),
        single("Pad", MAP, ints(1, 2), scalar(0.5), ints(-1)),
        single("Pad", MAP, ints(0, 0, 1, 2, 0, 0, 0, 1), mode="reflect"),
        single("Pad", MAP, ints(0, 0, 0, 2, 0, 0, 0, 1), mode="edge"),
        single("Pad", MAP, pads=[0, 0, 1, 1, 0, 0, 1, 1], value=0.5, opset=7),
    ],
    "DepthToSpace": [single("DepthToSpace", MAP, blocksize=2), single("DepthToSpace", MAP, blocksize=2, mode="CRD")],
    "SpaceToDepth": [single("SpaceToDepth", (1, 3, 4, 6), blocksize=2)],
    "Resize": [
        single(
            "Resize",
            MAP,
            None,
            np.array([1, 1, 2, 3], np.float32),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        single("Resize", MAP, None, None, ints(1, 4, 9, 5), mode="nearest"),
        single(
            "Resize",
            MAP,
            None,
            None,
            ints(1, 4, 3, 14),
            mode="nearest",
            coordinate_transformation_mode="align_corners",
            nearest_mode="ceil",
        ),
        single("Resize", MAP, None, np.array([1, 1, 2, 2], np.float32), mode="linear"),
        single(
            "Resize", MAP, None, None, ints(1, 4, 12, 14), mode="linear", coordinate_transformation_mode="align_corners"
        ),
        single("Resize", MAP, None, np.array([1, 1, 1, 1], np.float32)),
    ],
    "Upsample": [single("Upsample", MAP, np.array([1, 1, 2, 2], np.float32), opset=9)],
    "Constant": [
        model([node("Constant", [], ["a"], value_floats=[0.5, 2.0]), node("Mul", ["x", "a"], ["y"])], (1, 2)),
        model([node("Constant", [], ["a"], value_ints=[1, 6, 1]), node("Reshape", ["x", "a"], ["y"])], ROW),
    ],
    "ConstantOfShape": [
        model([node("ConstantOfShape", ["s"], ["a"]), node("Add", ["x", "a"], ["y"])], ROW, {"s": ints(1, 6)})
    ],
    "Shape": [
        model(
            [node("Shape", ["x"], ["s"], start=1), node("Expand", ["a", "s"], ["y0"]), node("Add", ["x", "y0"], ["y"])],
            MAP,
            {"a": numbers(1)},
        )
    ],
    "Size": [
        model([node("Size", ["x"], ["s"]), node("Cast", ["s"], ["f"], to=1), node("Div", ["x", "f"], ["y"])], ROW)
    ],
    "Range": [
        model(
            [node("Range", ["a", "b", "c"], ["r"]), node("Gather", ["x", "r"], ["y"], axis=1)],
            ROW,
            {"a": np.array(5), "b": np.array(0), "c": np.array(-2)},
        )
    ],
    "EyeLike": [
        model([node("EyeLike", ["a"], ["e"], k=1), node("MatMul", ["x", "e"], ["y"])], ROW, {"a": numbers(6, 6)})
    ],
    "NonZero": [
        model(
            [
                node("NonZero", ["a"], ["n"]),
                node("Squeeze", ["n", "z"], ["i"]),
                node("Gather", ["x", "i"], ["y"], axis=1),
            ],
            ROW,
            {"a": ints(0, 1, 0, 1, 1), "z": ints(0)},
        )
    ],
    "QuantizeLinear": [
        model(
            [
                node("QuantizeLinear", ["w", "s", "z"], ["q"]),
                node("DequantizeLinear", ["q", "s", "z"], ["d"]),
                node("MatMul", ["x", "d"], ["y"]),
            ],
            ROW,
            {"w": numbers(6, 3), "s": scalar(0.006), "z": np.array(zero)},
            opset=19,
        )
        for zero in (np.int8(0), np.int8(-20), np.uint8(100))
    ],
    "DequantizeLinear": [
        model(
            [node("DequantizeLinear", ["q", "s"], ["d"]), node("Add", ["x", "d"], ["y"])],
            ROW,
            {"q": np.array([-1000, 70, 0, 1, 2, 3], np.int32), "s": scalar(0.001)},
            opset=19,
        )
    ],
    "Where": [
        model([node("Greater", ["x", "a"], ["b"]), node("Where", ["b", "x", "a"], ["y"])], ROW, {"a": numbers(1, 6)})
    ],
    "Not": [
        model(
            [node("Less", ["x", "a"], ["b"]), node("Not", ["b"], ["n"]), node("Where", ["n", "x", "a"], ["y"])],
            ROW,
            {"a": numbers(6)},
        )
    ],
}
UNARY = "Relu Sigmoid Tanh HardSwish Mish Softplus Softsign Erf Exp Reciprocal Abs Neg Sign Round Floor Ceil Sin Cos"
CASES |= {name: [single(name, MAP)] for name in (*UNARY.split(), "Identity")}
CASES |= {name: [single(name, ROW, numbers(6))] for name in ("Sub", "Mul")}
COMPARED = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
CASES |= {
    name: [model([node(name, ["x", "a"], ["b"]), node("Where", ["b", "x", "a"], ["y"])], ROW, {"a": numbers(6)})]
    for name in COMPARED
    if name not in CASES
}
CASES |= {
    name: [
        model(
            [
                node("Less", ["x", "a"], ["p"]),
                node("Less", ["x", "c"], ["q"]),
                node(name, ["p", "q"], ["b"]),
                node("Where", ["b", "x", "a"], ["y"]),
            ],
            ROW,
            {"a": numbers(6), "c": numbers(6, seed=5)},
        )
    ]
    for name in ("And", "Or")
}


#: What the evaluators of older versions of the package do not have, or do wrongly: `auto_pad`, both directions, states.
NEW_IN_THE_REFERENCE = {
    ("Conv", 2),
    ("Conv", 4),
    ("LSTM", 0),
    ("LSTM", 1),
    ("LSTM", 2),
    ("GRU", 1),
    ("RNN", 1),
    ("ReduceMean", 3),
}
ITS_VERSION = (1, 23)


def shape_of(made: Any) -> tuple[int, ...]:
    return tuple(one.dim_value for one in made.graph.input[0].type.tensor_type.shape.dim)


@pytest.mark.parametrize("name, place", [(name, place) for name, cases in CASES.items() for place in range(len(cases))])
def test_an_operator_gives_what_the_reference_gives(name: str, place: int, tmp_path: Path) -> None:
    if (name, place) in NEW_IN_THE_REFERENCE and tuple(map(int, onnx.__version__.split(".")[:2])) < ITS_VERSION:
        pytest.skip("the reference of this version of onnx has not got it")
    made = CASES[name][place]
    image = np.random.default_rng(7).uniform(-1.5, 1.5, shape_of(made)).astype(np.float32)
    check_like_the_reference(tmp_path, made, image)


def relu_steps(x: Array) -> Array:
    """An RNN of ReLUs, step by step."""
    state, outputs = numbers(1, 1, 2, seed=4)[0], []
    inputs, states, biases = numbers(1, 2, 3)[0], numbers(1, 2, 2, seed=2)[0], numbers(1, 4, seed=3)[0]
    for step in x[0]:
        state = np.maximum(step @ inputs.T + state @ states.T + biases[:2] + biases[2:], 0)
        outputs.append(state)
    return np.stack(outputs)[:, None]


def normalised(x: Array) -> Array:
    """Local response normalisation over three channels."""
    square = np.pad(x**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    around = sum(square[:, place : place + 4] for place in range(3))
    return x / (2.0 + 0.1 / 3 * around) ** 0.5


def in_two_groups(x: Array) -> Array:
    """A transposed convolution of stride 1 and a kernel of one value, in two groups."""
    weight = numbers(4, 1, 1, 1)
    return np.concatenate(
        [(x[:, first : first + 2] * weight[first : first + 2, 0]).sum(1, keepdims=True) for first in (0, 2)], 1
    )


BY_HAND = [
    (single("LRN", MAP, size=3, alpha=0.1, beta=0.5, bias=2.0), normalised),
    (recurrent("RNN", activations=["Relu"]), relu_steps),
    (single("Softmax", (1, 2, 3), opset=11), lambda x: np.exp(x) / np.exp(x).sum()),
    (single("ConvTranspose", MAP, numbers(4, 1, 1, 1), group=2), in_two_groups),
    (
        single(
            "BatchNormalization", ROW, numbers(6), numbers(6, seed=2), numbers(6, seed=3), abs(numbers(6)), opset=11
        ),
        lambda x: (x - numbers(6, seed=3)) / np.sqrt(abs(numbers(6)) + 1e-5) * numbers(6) + numbers(6, seed=2),
    ),
]


@pytest.mark.parametrize("made, expected", BY_HAND, ids=lambda one: "")
def test_what_the_reference_does_otherwise_or_not_at_all(
    made: Any, expected: Callable[[Array], Array], tmp_path: Path
) -> None:
    image = np.random.default_rng(7).uniform(-1.5, 1.5, shape_of(made)).astype(np.float32)
    given = results(tmp_path, made, image)[0]
    np.testing.assert_allclose(given, expected(image), rtol=1e-5, atol=1e-5)


def test_every_operator_is_tested() -> None:
    assert OPERATORS.keys() == CASES.keys() | {"LRN"}
    assert not OPERATORS.keys() & CONTROL_FLOW
