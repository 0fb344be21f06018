"""Small ONNX models, and what the onnx package's own evaluator makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tlm.workload.onnx.conversion import converted
from tlm.workload.onnx.file import read_model

Array = npt.NDArray[Any]
#: What this version of the package writes, and older versions of it read.
IR = 8


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Any:
    return helper.make_node(operator, inputs, outputs, **attributes)


def model(
    nodes: Sequence[Any],
    shape: Sequence[int | str | None],
    constants: Mapping[str, Array] | None = None,
    opset: int = 18,
    outputs: Sequence[str] = ("y",),
    domains: Mapping[str, int] | None = None,
    out: Sequence[int] | None = None,
) -> Any:
    """A model with the input `x` of `shape`."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT if out else 0, out) for name in outputs],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in {"": opset, **(domains or {})}.items()]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
    return onnx.shape_inference.infer_shapes(made)


def single(
    operator: str,
    shape: Sequence[int],
    *operands: Any,
    opset: int = 18,
    outputs: int = 1,
    out: Sequence[int] | None = None,
    **attributes: Any,
) -> Any:
    """One operator, given the input and constants; None is an operand that is left out."""
    constants = {f"c{place}": values for place, values in enumerate(operands) if values is not None}
    names = [f"c{place}" if values is not None else "" for place, values in enumerate(operands)]
    made = ["y", *(f"y{place}" for place in range(1, outputs))]
    return model([node(operator, ["x", *names], made, **attributes)], shape, constants, opset, made, out=out)


def saved(folder: Path, made: Any) -> Path:
    file = folder / "model.onnx"
    onnx.save(made, str(file))
    return file


def results(folder: Path, made: Any, image: Array) -> list[Array]:
    """What the converted model gives for `image`."""
    network, _codes = converted(read_model(saved(folder, made)), image.shape[1:])
    with torch.no_grad():
        given = network(torch.from_numpy(image))
    return [one.numpy() for one in (given if isinstance(given, tuple) else (given,))]


def check_like_the_reference(folder: Path, made: Any, image: Array, tolerance: float = 1e-5) -> None:
    """The converted model gives what onnx's own evaluator gives for `image`."""
    expected = ReferenceEvaluator(made).run(None, {"x": image})
    for one, other in zip(results(folder, made, image), expected, strict=True):
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
