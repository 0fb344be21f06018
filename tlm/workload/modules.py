"""Torch's modules as the operations that they are: a new one is a line, its name and its options in torch's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from .builder import Builder
from .movement import pad
from .values import Value

Options = Callable[[Any], tuple[Any, ...]]


def _none(_module: nn.Module) -> tuple[Any, ...]:
    return ()


def _of(*names: str) -> Options:
    return lambda module: tuple(getattr(module, name) for name in names)


_POOL = _of("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_CONV = _of("weight", "bias", "stride", "padding", "dilation", "groups")


def _average(module: Any) -> tuple[Any, ...]:
    divisor = getattr(module, "divisor_override", None)
    return module.kernel_size, module.stride, module.padding, module.ceil_mode, module.count_include_pad, divisor


def _average_1d(module: Any) -> tuple[Any, ...]:
    return _average(module)[:-1]


def _norm(module: Any) -> tuple[Any, ...]:
    return module.running_mean, module.running_var, module.weight, module.bias, False, 0.0, module.eps


def _prelu(module: Any) -> tuple[Any, ...]:
    return (module.weight,)


def conv_module(module: Any) -> tuple[Any, ...]:
    """The options of a convolution; padding that is not of zeros is done beforehand."""
    options = _CONV(module)
    return options if module.padding_mode == "zeros" else (*options[:3], 0, *options[4:])


def padded(builder: Builder, module: Any, x: Value) -> Value:
    """What a convolution whose padding is not of zeros reads."""
    if getattr(module, "padding_mode", "zeros") == "zeros":
        return x
    around = module._reversed_padding_repeated_twice
    real, builder.real = builder.real, F.pad(x.real, around, mode=module.padding_mode)
    made = pad(builder, x, around, module.padding_mode)
    builder.real = real
    return made


#: {module: (operation, its options)}
MODULES: dict[type[nn.Module], tuple[str, Options]] = {
    nn.Conv1d: ("conv1d", conv_module),
    nn.Conv2d: ("conv2d", conv_module),
    nn.Linear: ("linear", _of("weight", "bias")),
    nn.BatchNorm1d: ("normalise", _norm),
    nn.BatchNorm2d: ("normalise", _norm),
    nn.BatchNorm3d: ("normalise", _norm),
    nn.MaxPool1d: ("max_pool1d", _POOL),
    nn.MaxPool2d: ("max_pool2d", _POOL),
    nn.AvgPool1d: ("avg_pool1d", _average_1d),
    nn.AvgPool2d: ("avg_pool2d", _average),
    nn.AdaptiveAvgPool1d: ("adaptive_avg_pool1d", _of("output_size")),
    nn.AdaptiveAvgPool2d: ("adaptive_avg_pool2d", _of("output_size")),
    nn.AdaptiveMaxPool1d: ("adaptive_max_pool1d", _of("output_size", "return_indices")),
    nn.AdaptiveMaxPool2d: ("adaptive_max_pool2d", _of("output_size", "return_indices")),
    nn.ReLU: ("relu", _none),
    nn.ReLU6: ("relu6", _none),
    nn.Hardtanh: ("hardtanh", _of("min_val", "max_val")),
    nn.LeakyReLU: ("leaky_relu", _of("negative_slope")),
    nn.PReLU: ("prelu", _prelu),
    nn.ELU: ("elu", _of("alpha")),
    nn.CELU: ("celu", _of("alpha")),
    nn.SELU: ("selu", _none),
    nn.GELU: ("gelu", _of("approximate")),
    nn.Softplus: ("softplus", _of("beta", "threshold")),
    nn.Hardshrink: ("hardshrink", _of("lambd")),
    nn.Softshrink: ("softshrink", _of("lambd")),
    nn.Threshold: ("threshold", _of("threshold", "value")),
    nn.Tanh: ("tanh", _none),
    nn.Sigmoid: ("sigmoid", _none),
    nn.Hardsigmoid: ("hardsigmoid", _none),
    nn.Hardswish: ("hardswish", _none),
    nn.SiLU: ("silu", _none),
    nn.Mish: ("mish", _none),
    nn.Softsign: ("softsign", _none),
    nn.Tanhshrink: ("tanhshrink", _none),
    nn.LogSigmoid: ("logsigmoid", _none),
    nn.GLU: ("glu", _of("dim")),
    nn.Flatten: ("flatten", _none),
    nn.Unflatten: ("unflatten", _none),
    nn.ChannelShuffle: ("channel_shuffle", _none),
    nn.PixelShuffle: ("pixel_shuffle", _none),
    nn.PixelUnshuffle: ("pixel_unshuffle", _none),
    nn.Identity: ("identity", _none),
    nn.Dropout: ("identity", _none),
    nn.Dropout1d: ("identity", _none),
    nn.Dropout2d: ("identity", _none),
    nn.Dropout3d: ("identity", _none),
    nn.AlphaDropout: ("identity", _none),
    nn.FeatureAlphaDropout: ("identity", _none),
    nn.ZeroPad1d: ("pad", _of("padding")),
    nn.ZeroPad2d: ("pad", _of("padding")),
    nn.ConstantPad1d: ("pad", lambda module: (module.padding, "constant", module.value)),
    nn.ConstantPad2d: ("pad", lambda module: (module.padding, "constant", module.value)),
    nn.ReflectionPad1d: ("pad", lambda module: (module.padding, "reflect")),
    nn.ReflectionPad2d: ("pad", lambda module: (module.padding, "reflect")),
    nn.ReplicationPad1d: ("pad", lambda module: (module.padding, "replicate")),
    nn.ReplicationPad2d: ("pad", lambda module: (module.padding, "replicate")),
    nn.CircularPad2d: ("pad", lambda module: (module.padding, "circular")),
    nn.Upsample: ("interpolate", _of("size", "scale_factor", "mode")),
    nn.UpsamplingNearest2d: ("interpolate", _of("size", "scale_factor", "mode")),
    nn.LSTM: ("lstm_module", _none),
    nn.GRU: ("gru_module", _none),
    nn.RNN: ("rnn_module", _none),
    nn.LSTMCell: ("lstm_cell_module", _none),
    nn.GRUCell: ("gru_cell_module", _none),
    nn.RNNCell: ("rnn_cell_module", _none),
}


def known(module: nn.Module) -> tuple[str, Options] | None:
    """What is known of a module's type, or of the type that a parametrisation (weight norm, ...) was put upon."""
    kind = type(module)
    if parametrize.is_parametrized(module) and kind not in MODULES:
        kind = kind.__bases__[0]
    return MODULES.get(kind)
