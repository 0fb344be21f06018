"""Recurrent layers, step by step: every step is layers of its own, which share their weights.

LSTM: "gates", a fully connected layer over x_t and h_(t-1) whose activations are tables; "cell"; "hidden" (see
`Pointwise`). GRU: three fully connected layers and two more products, and the sums between them. RNN: one fully
connected layer. What they start with, zeros unless the module is given more, are tensors of the network's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor

from .activations import ACTIVATIONS, Activation, lstm_gates
from .builder import Builder, NotModelled
from .stage import Combination, Product, identity
from .values import Stored, Value

#: Indices of a step's state: h, and c where there is one.
State = tuple[Tensor, ...]


@attrs.frozen(eq=False)
class _Weights:
    """One direction of one level: of the input [gates * H, I], of the state [gates * H, H], and the biases or None."""

    inputs: Tensor
    state: Tensor
    input_bias: Tensor | None
    state_bias: Tensor | None

    def __attrs_post_init__(self) -> None:
        """Weights for input and state together, and those of each gate, made once: all steps share them."""
        gates = len(self.inputs) // self.hidden
        object.__setattr__(self, "joined", torch.cat([self.inputs, self.state], 1))
        object.__setattr__(self, "parts", tuple(self._part(gate) for gate in range(gates)) if gates > 1 else ())

    joined: Tensor = attrs.field(init=False)
    parts: tuple[_Weights, ...] = attrs.field(init=False)

    @property
    def hidden(self) -> int:
        """H."""
        return self.state.shape[1]

    def bias(self) -> Tensor | None:
        """Both biases as one."""
        if self.input_bias is None or self.state_bias is None:
            return None
        return self.input_bias + self.state_bias

    def _part(self, gate: int) -> _Weights:
        rows = slice(gate * self.hidden, (gate + 1) * self.hidden)
        biases = (None if one is None else one[rows] for one in (self.input_bias, self.state_bias))
        return _Weights(self.inputs[rows], self.state[rows], *biases)


Step = Callable[[Builder, str, Tensor, State, _Weights], State]


def lstm_module(builder: Builder, x: Value, hx: Any = None) -> Any:
    """nn.LSTM: (outputs, (h, c))."""
    outputs, (h, c) = _module(builder, x, hx, _lstm_step, 2)
    real = builder.real
    return Value(real[0], outputs), (Value(real[1][0], h), Value(real[1][1], c))


def gru_module(builder: Builder, x: Value, hx: Any = None) -> Any:
    """nn.GRU: (outputs, h)."""
    outputs, (h,) = _module(builder, x, None if hx is None else (hx,), _gru_step, 1)
    return Value(builder.real[0], outputs), Value(builder.real[1], h)


def rnn_module(builder: Builder, x: Value, hx: Any = None) -> Any:
    """nn.RNN: (outputs, h)."""
    module: Any = builder.module
    step = _RNN_STEPS[module.nonlinearity]
    outputs, (h,) = _module(builder, x, None if hx is None else (hx,), step, 1)
    return Value(builder.real[0], outputs), Value(builder.real[1], h)


def lstm(
    builder: Builder, x: Value, hx: Any, params: Sequence[Tensor], has_biases: bool, num_layers: int, *options: Any
) -> Any:
    """torch.lstm: (outputs, h, c)."""
    weights = _all_weights(params, has_biases, num_layers, options)
    outputs, (h, c) = _levels(builder, x, hx, weights, options[2], options[3], _lstm_step, 2)
    return Value(builder.real[0], outputs), Value(builder.real[1], h), Value(builder.real[2], c)


def one_state(step: Step) -> Callable[..., Any]:
    """The handler of torch.gru, torch.rnn_tanh or torch.rnn_relu: (outputs, h)."""

    def handle(
        builder: Builder, x: Value, hx: Any, params: Sequence[Tensor], has_biases: bool, num_layers: int, *options: Any
    ) -> Any:
        weights = _all_weights(params, has_biases, num_layers, options)
        outputs, (h,) = _levels(builder, x, (hx,), weights, options[2], options[3], step, 1)
        return Value(builder.real[0], outputs), Value(builder.real[1], h)

    return handle


def lstm_cell(builder: Builder, x: Value, hx: Any, *weights: Any) -> Any:
    """torch.lstm_cell: (h, c)."""
    h, c = _cell(builder, x, hx, weights, _lstm_step, 2)
    return Value(builder.real[0], h), Value(builder.real[1], c)


def lstm_cell_module(builder: Builder, x: Value, hx: Any = None) -> Any:
    """nn.LSTMCell: (h, c)."""
    return lstm_cell(builder, x, hx, *_cell_weights(builder.module))


def cell(step: Step) -> Callable[..., Value]:
    """The handler of torch.gru_cell, torch.rnn_tanh_cell or torch.rnn_relu_cell: h."""

    def handle(builder: Builder, x: Value, hx: Any, *weights: Any) -> Value:
        return builder.value(_cell(builder, x, None if hx is None else (hx,), weights, step, 1)[0])

    return handle


def gru_cell_module(builder: Builder, x: Value, hx: Any = None) -> Value:
    """nn.GRUCell: h."""
    return cell(_gru_step)(builder, x, hx, *_cell_weights(builder.module))


def rnn_cell_module(builder: Builder, x: Value, hx: Any = None) -> Value:
    """nn.RNNCell: h."""
    module: Any = builder.module
    return cell(_RNN_STEPS[module.nonlinearity])(builder, x, hx, *_cell_weights(module))


def _cell_weights(module: Any) -> tuple[Any, ...]:
    return module.weight_ih, module.weight_hh, module.bias_ih, module.bias_hh


def _cell(builder: Builder, x: Any, hx: Any, given: Sequence[Any], step: Step, states: int) -> State:
    x = x if isinstance(x, Value) else builder.constant(x)
    if x.index.ndim == 2 and len(x.index) != 1:
        raise NotModelled(f"is given {list(x.real.shape)}: only one image at a time is modelled")
    weights = _shared_weights(builder, given)
    state = _start(builder, hx, states, 1, weights.hidden)[0]
    made = step(builder, "", _whole(builder, x.index.reshape(-1), ".x"), state, weights)
    return tuple(one.reshape(*x.index.shape[:-1], -1) for one in made)


def _shared_weights(builder: Builder, given: Sequence[Any]) -> _Weights:
    """The weights of a cell: those of an earlier call where they are the same."""
    tensors: list[Any] = [None if one is None else one.detach().float() for one in (*given, None, None)[:4]]
    key = tuple(None if one is None else identity(one) for one in tensors)
    if key not in builder.weights:
        builder.weights[key] = _Weights(*tensors)
    shared: _Weights = builder.weights[key]
    return shared


def _module(builder: Builder, x: Value, hx: Any, step: Step, states: int) -> tuple[Tensor, State]:
    module: Any = builder.module
    if getattr(module, "proj_size", 0):
        raise NotModelled("projects its state")
    weights = _groups(module._flat_weights, module.bias)
    return _levels(builder, x, hx, weights, module.bidirectional, module.batch_first, step, states)


def _all_weights(params: Sequence[Tensor], biases: bool, levels: int, options: tuple[Any, ...]) -> list[_Weights]:
    """Of every level, and there of every direction; `options` are dropout, training, bidirectional, batch_first."""
    if len(params) != levels * (1 + options[2]) * (4 if biases else 2):
        raise NotModelled("projects its state")
    return _groups(params, biases)


def _groups(params: Sequence[Tensor], biases: bool) -> list[_Weights]:
    each = 4 if biases else 2
    groups = [[one.detach().float() for one in params[first : first + each]] for first in range(0, len(params), each)]
    return [_Weights(*group, *([] if biases else [None, None])) for group in groups]


def _levels(
    builder: Builder,
    x: Any,
    hx: Any,
    weights: list[_Weights],
    bidirectional: bool,
    batch_first: bool,
    step: Step,
    states: int,
) -> tuple[Tensor, State]:
    """Indices of the outputs, and of what each state is at the end."""
    batch = 0 if batch_first else 1
    x = x if isinstance(x, Value) else builder.constant(x)
    if x.index.ndim == 3 and x.index.shape[batch] != 1:
        raise NotModelled(_why_several(list(x.index.shape), batch))
    steps = list(x.index.squeeze(batch) if x.index.ndim == 3 else x.index)
    directions = 2 if bidirectional else 1
    starts = _start(builder, hx, states, len(weights), weights[0].hidden)
    ends: list[State] = []
    for level in range(len(weights) // directions):
        ways = []
        for way in range(directions):
            number = level * directions + way
            name = "" if len(weights) == 1 else f".l{level}" + ("r" if way else "")
            made = _unrolled(builder, name, steps[:: -1 if way else 1], starts[number], weights[number], step)
            ends.append(made[-1])
            ways.append([one[0] for one in made][:: -1 if way else 1])
        steps = [torch.cat(outputs) for outputs in zip(*ways, strict=True)]
    outputs = torch.stack(steps)
    final = tuple(torch.stack([end[number] for end in ends]) for number in range(states))
    return outputs.unsqueeze(batch) if x.index.ndim == 3 else outputs, tuple(
        one.unsqueeze(1) if x.index.ndim == 3 else one for one in final
    )


def _why_several(shape: list[int], batch: int) -> str:
    if batch == 1 and shape[0] == 1:
        return f"{shape} is {shape[1]} images of 1 step: pass batch_first=True"
    return f"is given {shape}: only one image at a time is modelled"


def _unrolled(
    builder: Builder, name: str, steps: list[Tensor], state: State, weights: _Weights, step: Step
) -> list[State]:
    made, first = [], len(builder.stages)
    for number, values in enumerate(steps):
        suffix = f"{name}.t{number}"
        state = step(builder, suffix, _whole(builder, values, f"{suffix}.x"), state, weights)
        made.append(state)
    per_step = (len(builder.stages) - first) // len(steps)
    unrolled = builder.stages[-per_step * len(steps) :]
    for place in range(per_step):  # what is done at every step has the same scales at every step
        builder.tie([stage.output.number for stage in unrolled[place::per_step]])
    return made


def _start(builder: Builder, hx: Any, states: int, count: int, hidden: int) -> list[State]:
    """What each state is at first, of every level and direction."""
    if hx is None:
        return [tuple(builder.constant(torch.zeros(hidden)).index for _ in range(states)) for _ in range(count)]
    rows = [one.index.reshape(count, hidden) if isinstance(one, Value) else _rows(builder, one, hidden) for one in hx]
    return [tuple(one[number] for one in rows) for number in range(count)]


def _rows(builder: Builder, constant: Tensor, hidden: int) -> list[Tensor]:
    """Indices of constant states, each a tensor of its own."""
    return [builder.constant(row).index for row in constant.reshape(-1, hidden)]


def _whole(builder: Builder, index: Tensor, suffix: str) -> Tensor:
    """`index` [C] where it is whole tensors; else that of a tensor of its own."""
    return index if builder.tensors.whole(index) else builder.move(index, suffix=suffix).places()


def _fully_connected(
    builder: Builder, suffix: str, index: Tensor, weight: Tensor, bias: Tensor | None, activation: Activation | None
) -> Stored:
    sources, order = builder.vector_operands(index)
    work = Product(builder.layer, weight, bias, columns=order)
    shapes = [one.shape for one in sources]
    return builder.emit(work, sources, shapes, (len(weight),), suffix=suffix, activation=activation)


def _lstm_step(builder: Builder, suffix: str, x: Tensor, state: State, weights: _Weights) -> State:
    hidden = weights.hidden
    both = torch.cat([x, _whole(builder, state[0], f"{suffix}.h")])
    (cell,) = builder.tensors.of(_whole(builder, state[1], f"{suffix}.c"))
    gates = _fully_connected(builder, f"{suffix}.gates", both, weights.joined, weights.bias(), lstm_gates())
    shapes = ((4 * hidden,), (hidden,))
    new = builder.emit(Combination("lstm-cell"), (gates, cell), shapes, (hidden,), suffix=f"{suffix}.cell")
    out = builder.emit(Combination("lstm-hidden"), (gates, new), shapes, (hidden,), suffix=f"{suffix}.hidden")
    return out.places(), new.places()


def _rnn_step(nonlinearity: str) -> Step:
    def step(builder: Builder, suffix: str, x: Tensor, state: State, weights: _Weights) -> State:
        both = torch.cat([x, _whole(builder, state[0], f"{suffix}.h")])
        activation = ACTIVATIONS[nonlinearity]()
        made = _fully_connected(builder, f"{suffix}.hidden", both, weights.joined, weights.bias(), activation)
        return (made.places(),)

    return step


def _gru_step(builder: Builder, suffix: str, x: Tensor, state: State, weights: _Weights) -> State:
    """R and z of input and state; n = tanh(W x + b + r (U h + c)); h' = n + z (h - n)."""
    before = _whole(builder, state[0], f"{suffix}.h")
    (h,) = builder.tensors.of(before)
    sigmoid, tanh = ACTIVATIONS["sigmoid"](), ACTIVATIONS["tanh"]()
    both = torch.cat([x, before])
    r, z = (
        _fully_connected(builder, f"{suffix}.{name}", both, part.joined, part.bias(), sigmoid)
        for name, part in zip("rz", weights.parts, strict=False)
    )
    new = weights.parts[2]
    of_x = _fully_connected(builder, f"{suffix}.nx", x, new.inputs, new.input_bias, None)
    of_h = _fully_connected(builder, f"{suffix}.nh", before, new.state, new.state_bias, None)

    def combined(
        name: str, op: Any, one: Stored, other: Stored, factors: tuple[float, ...] = (), **more: Any
    ) -> Stored:
        shape = (weights.hidden,)
        work = Combination(op, factors)
        return builder.emit(work, (one, other), (shape, shape), shape, suffix=f"{suffix}.{name}", **more)

    reset = combined("reset", "multiply", r, of_h)
    n = combined("n", "add", of_x, reset, (1.0, 1.0), activation=tanh)
    change = combined("change", "add", h, n, (1.0, -1.0))
    kept = combined("kept", "multiply", z, change)
    return (combined("hidden", "add", n, kept, (1.0, 1.0)).places(),)


_GRU_WORK: tuple[tuple[Any, tuple[float, ...]], ...] = (("multiply", ()), ("add", (1.0, 1.0)), ("add", (1.0, -1.0)))
_RNN_STEPS: dict[str, Step] = {name: _rnn_step(name) for name in ("tanh", "relu")}
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": lstm,
    "gru": one_state(_gru_step),
    "rnn_tanh": one_state(_RNN_STEPS["tanh"]),
    "rnn_relu": one_state(_RNN_STEPS["relu"]),
    "lstm_cell": lstm_cell,
    "gru_cell": cell(_gru_step),
    "rnn_tanh_cell": cell(_RNN_STEPS["tanh"]),
    "rnn_relu_cell": cell(_RNN_STEPS["relu"]),
    "lstm_module": lstm_module,
    "gru_module": gru_module,
    "rnn_module": rnn_module,
    "lstm_cell_module": lstm_cell_module,
    "gru_cell_module": gru_cell_module,
    "rnn_cell_module": rnn_cell_module,
}
