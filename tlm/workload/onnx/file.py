"""An ONNX file read and checked. Nothing in it is executed, and no file is opened but itself and those beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import external_data_helper, helper, inliner, numpy_helper
from torch import Tensor

from ...inputs.errors import BadInput, cut, first_line
from .graph import Input, Model, Node, decimal
from .operators import CONTROL_FLOW, OPERATORS, QUANTISED

#: The oldest opset whose operators broadcast as they do now.
OLDEST = 7
DOMAINS = ("", "ai.onnx")
#: Types of values that torch has and a layer may be of, and how numpy passes on those that it has no type for.
_DTYPES = {
    onnx.TensorProto.FLOAT: torch.float32,
    onnx.TensorProto.DOUBLE: torch.float64,
    onnx.TensorProto.FLOAT16: torch.float16,
    onnx.TensorProto.BFLOAT16: torch.bfloat16,
    onnx.TensorProto.INT8: torch.int8,
    onnx.TensorProto.UINT8: torch.uint8,
    onnx.TensorProto.INT16: torch.int16,
    onnx.TensorProto.INT32: torch.int32,
    onnx.TensorProto.INT64: torch.int64,
    onnx.TensorProto.BOOL: torch.bool,
}


def read_model(path: Path) -> Model:
    """The graph of the file; BadInput where it is damaged, or holds what nobody here converts."""
    file = path.absolute()
    try:
        model = _loaded(file)
        _check_names(model, file)
        _check_operators(model, file)
        externals = _external_files(model, file)
        onnx.checker.check_model(str(file))
        external_data_helper.load_external_data_for_model(model, str(file.parent))
        return _model(model, file, externals)
    except BadInput:
        raise
    except OSError as error:
        raise _bad(file, f"cannot be read: {error.strerror or first_line(error)}") from error
    except MemoryError as error:
        raise _bad(file, "does not fit in memory") from error
    except Exception as error:  # whatever onnx makes of a damaged file
        raise _bad(file, f"is no valid ONNX model: {first_line(error)}") from error


def _bad(file: Path, message: str, **more: Any) -> BadInput:
    return BadInput(message, file=str(file), **more)


def _loaded(file: Path) -> Any:
    model = onnx.load(str(file), load_external_data=False)
    if not model.HasField("graph") or not model.graph.output:
        raise _bad(file, "is no ONNX model: it holds no graph")
    return inliner.inline_local_functions(model) if model.functions else model


def _check_names(model: Any, file: Path) -> None:
    """BadInput for a name that is no text: protobuf passes it on as bytes."""
    graph = model.graph
    words = [one.name for one in (*graph.input, *graph.output, *graph.initializer)]
    for node in graph.node:
        words += [node.name, node.op_type, node.domain, *node.input, *node.output]
    words += [size.dim_param for one in graph.input for size in one.type.tensor_type.shape.dim]
    if not all(isinstance(word, str) for word in words):
        raise _bad(file, "is no valid ONNX model: a name in it is not UTF-8")


def _check_operators(model: Any, file: Path) -> None:
    """BadInput for operators that are not converted, told before whatever the checker says of them."""
    for node in model.graph.node:
        what = f"node {node.name or next(iter(node.output), '')!r} ({node.op_type})"
        if node.domain not in DOMAINS:
            raise _bad(
                file, f"{what} is of the domain {node.domain!r}: only operators of ONNX itself, ai.onnx, are taken"
            )
        if node.op_type in CONTROL_FLOW:
            raise _bad(file, f"{what} is control flow: what a network computes must not depend on the image's values")
        if node.op_type in QUANTISED:
            raise _bad(
                file,
                f"{what} computes with codes: export it with QuantizeLinear and DequantizeLinear, or in floats",
            )
        if node.op_type not in OPERATORS:
            raise _bad(file, f"{what} is no operator that is converted", given=node.op_type, allowed=sorted(OPERATORS))
    opset, newest = _opset(model), onnx.defs.onnx_opset_version()
    if not OLDEST <= opset <= newest:
        raise _bad(file, f"is of opset {opset}: {OLDEST} to {newest} are taken, by onnx {onnx.__version__}")


def _opset(model: Any) -> int:
    return max((one.version for one in model.opset_import if one.domain in DOMAINS), default=1)


def _external_files(model: Any, file: Path) -> tuple[Path, ...]:
    """The files that hold tensors of the model: beside it or in folders there, nowhere else."""
    found: dict[Path, None] = {}
    for tensor in _tensors(model):
        if not external_data_helper.uses_external_data(tensor):
            continue
        location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        data = (file.parent / location).resolve()
        if not location or Path(location).is_absolute() or not data.is_relative_to(file.parent.resolve()):
            raise _bad(file, f"tensor {tensor.name!r} lies in {cut(repr(location))}: data must lie beside the file")
        if not data.is_file():
            raise _bad(file, f"tensor {tensor.name!r} lies in {cut(repr(location))}, which is not there")
        found[data] = None
    return tuple(found)


def _tensors(model: Any) -> Iterator[Any]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t


def _model(model: Any, file: Path, externals: tuple[Path, ...]) -> Model:
    graph = model.graph
    if graph.sparse_initializer:
        raise _bad(file, "has sparse tensors, which are not taken")
    constants = {tensor.name: _tensor(tensor, file) for tensor in graph.initializer}
    given = [one for one in graph.input if one.name not in constants]
    if len(given) != 1:
        names = ", ".join(one.name for one in given) or "none"
        raise _bad(file, f"has {len(given)} inputs ({cut(names)}): a network takes one, the image")
    nodes = tuple(_node(node, file) for node in graph.node)
    outputs = tuple(one.name for one in graph.output)
    return Model(file, _opset(model), _input(given[0], file), outputs, constants, nodes, (file, *externals))


def _input(value: Any, file: Path) -> Input:
    kind = value.type.tensor_type
    dtype = _DTYPES.get(kind.elem_type)
    if dtype is None or not kind.HasField("shape") or len(kind.shape.dim) < 2:
        raise _bad(file, f"input {value.name!r} must be a tensor [N, ...] of real numbers whose directions are known")
    sizes = (
        one.dim_value if one.HasField("dim_value") else one.dim_param or f"size {place}"
        for place, one in enumerate(kind.shape.dim)
    )
    return Input(value.name, tuple(sizes), dtype)


def _node(node: Any, file: Path) -> Node:
    notes = {one.key: one.value for one in node.metadata_props}
    return Node(
        node.name,
        node.op_type,
        tuple(node.input),
        tuple(node.output),
        {one.name: _attribute(one, file) for one in node.attribute},
        _words(notes.get("pkg.torch.onnx.name_scopes", "")),
        _words(notes.get("pkg.torch.onnx.class_hierarchy", "")),
    )


def _attribute(attribute: Any, file: Path) -> Any:
    value = helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _tensor(value, file)
    if isinstance(value, onnx.GraphProto | onnx.SparseTensorProto):
        raise _bad(file, f"has an attribute {attribute.name!r} that is a graph or a sparse tensor, which are not taken")
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, list) and attribute.type == onnx.AttributeProto.FLOATS:
        return [decimal(one) for one in value]
    if isinstance(value, list):
        return [_text(one) for one in value]
    return _text(value)


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _tensor(tensor: Any, file: Path) -> Tensor:
    dtype = _DTYPES.get(tensor.data_type)
    if dtype is None:
        kind = onnx.TensorProto.DataType.Name(tensor.data_type)
        raise _bad(file, f"tensor {tensor.name!r} is of type {kind}, which is not taken")
    values = numpy_helper.to_array(tensor)
    if dtype == torch.bfloat16:
        return torch.from_numpy(values.astype(np.float32)).to(dtype)
    return torch.from_numpy(np.array(values))


def _words(text: str) -> tuple[str, ...]:
    """A list of words as Python prints it; nothing where it is none."""
    try:
        found = ast.literal_eval(text) if text else []
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()
