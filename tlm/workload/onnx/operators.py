"""Every operator that is converted, with the function that makes torch operations of it.

A handler takes the call and the operands of the node in their order, None for those left out; it gives one Operand, or
one for each output. A new operator is a function in the file of its family, and a line here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from . import activations, arithmetic, constants, movement, pooling, recurrent, resizing, weighted

CONTROL_FLOW = frozenset(("If", "Loop", "Scan", "SequenceMap"))
QUANTISED = frozenset(
    (
        *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
        *("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"),
    )
)

OPERATORS: dict[str, Callable[..., Any]] = {
    "Conv": weighted.conv,
    "ConvTranspose": weighted.conv_transpose,
    "Gemm": weighted.gemm,
    "MatMul": weighted.matmul,
    "BatchNormalization": weighted.batch_norm,
    "LayerNormalization": weighted.layer_norm,
    "InstanceNormalization": weighted.instance_norm,
    "GroupNormalization": weighted.group_norm,
    "LRN": weighted.local_response_norm,
    "PRelu": weighted.prelu,
    "LSTM": recurrent.lstm,
    "GRU": recurrent.gru,
    "RNN": recurrent.rnn,
    "Relu": activations.module(nn.ReLU, F.relu),
    "Sigmoid": activations.module(nn.Sigmoid, torch.sigmoid),
    "Tanh": activations.module(nn.Tanh, torch.tanh),
    "HardSwish": activations.module(nn.Hardswish, F.hardswish),
    "Mish": activations.module(nn.Mish, F.mish),
    "Softplus": activations.module(nn.Softplus, F.softplus),
    "Softsign": activations.module(nn.Softsign, F.softsign),
    "LeakyRelu": activations.leaky_relu,
    "Elu": activations.elu,
    "Celu": activations.celu,
    "Selu": activations.selu,
    "Clip": activations.clip,
    "HardSigmoid": activations.hard_sigmoid,
    "Gelu": activations.gelu,
    "Shrink": activations.shrink,
    "ThresholdedRelu": activations.thresholded_relu,
    "Softmax": activations.softmax(),
    "LogSoftmax": activations.softmax(logarithm=True),
    "Erf": activations.function(torch.erf),
    "Exp": activations.function(torch.exp),
    "Log": activations.function(torch.log),
    "Sqrt": activations.function(torch.sqrt),
    "Reciprocal": activations.function(torch.reciprocal),
    "Abs": activations.function(torch.abs),
    "Neg": activations.function(operator.neg),
    "Sign": activations.function(torch.sign),
    "Round": activations.function(torch.round),
    "Floor": activations.function(torch.floor),
    "Ceil": activations.function(torch.ceil),
    "Sin": activations.function(torch.sin),
    "Cos": activations.function(torch.cos),
    "MaxPool": pooling.max_pool,
    "AveragePool": pooling.average_pool,
    "GlobalAveragePool": pooling.over_all("average"),
    "GlobalMaxPool": pooling.over_all("max"),
    "ReduceMean": pooling.reduced(torch.mean, average=True),
    "ReduceSum": pooling.reduced(torch.sum),
    "ReduceMax": pooling.reduced(torch.amax),
    "ReduceMin": pooling.reduced(torch.amin),
    "ReduceProd": pooling.reduced(pooling.product),
    "Add": weighted.add,
    "Sub": activations.function(operator.sub),
    "Mul": activations.function(operator.mul),
    "Div": arithmetic.div,
    "Pow": arithmetic.power,
    "Mod": arithmetic.mod,
    "Max": arithmetic.bound("min", torch.maximum),
    "Min": arithmetic.bound("max", torch.minimum),
    "Sum": arithmetic.of_several(operator.add),
    "Mean": arithmetic.mean,
    "Equal": arithmetic.plain(torch.eq),
    "Less": arithmetic.plain(torch.lt),
    "LessOrEqual": arithmetic.plain(torch.le),
    "Greater": arithmetic.plain(torch.gt),
    "GreaterOrEqual": arithmetic.plain(torch.ge),
    "And": arithmetic.plain(torch.logical_and),
    "Or": arithmetic.plain(torch.logical_or),
    "Not": arithmetic.plain(torch.logical_not),
    "Where": arithmetic.plain(torch.where),
    "Cast": arithmetic.cast,
    "CastLike": arithmetic.cast,
    "Identity": movement.identity,
    "Dropout": movement.dropout,
    "Reshape": movement.reshape,
    "Flatten": movement.flatten,
    "Transpose": movement.transpose,
    "Squeeze": movement.squeeze,
    "Unsqueeze": movement.unsqueeze,
    "Concat": movement.concat,
    "Split": movement.split,
    "Slice": movement.slices,
    "Gather": movement.gather,
    "Expand": movement.expand,
    "Tile": movement.tile,
    "Pad": movement.pad,
    "DepthToSpace": movement.depth_to_space,
    "SpaceToDepth": movement.space_to_depth,
    "Resize": resizing.resize,
    "Upsample": resizing.upsample,
    "Constant": constants.constant,
    "ConstantOfShape": constants.constant_of_shape,
    "Shape": constants.shape,
    "Size": constants.size,
    "Range": constants.numbers,
    "EyeLike": constants.eye_like,
    "NonZero": constants.non_zero,
}
