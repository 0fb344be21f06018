"""Networks that are graphs: every layer against plain loops, and the whole against the float network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from float_networks import Net, captured
from layers_by_hand import check_exact
from torch import Tensor, nn

from tlm.inputs.errors import BadInput
from tlm.workload.capture import capture
from tlm.workload.layer import Layer, Workload
from tlm.workload.spec import WorkloadSpec


def seasoned(network: nn.Module) -> nn.Module:
    """Normalisations that have seen something."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for values, low, high in (
                (module.running_mean, -0.5, 0.5),
                (module.running_var, 0.5, 2),
                (module.weight, 0.5, 2),
            ):
                assert values is not None
                nn.init.uniform_(values, low, high)
    return network


def conv(inputs: int, filters: int, kernel: int = 3, **options: object) -> nn.Conv2d:
    return nn.Conv2d(inputs, filters, kernel, **{"padding": kernel // 2, **options})  # type: ignore[arg-type]


def residual(net: Net, x: Tensor) -> Tensor:
    x = F.relu(net.stem(x))
    out = net.bn2(net.conv2(F.relu(net.bn1(net.conv1(x)), inplace=True)))
    out += net.down(x)
    return net.fc(torch.flatten(F.adaptive_avg_pool2d(F.relu(out), 1), 1))


def inception(net: Net, x: Tensor) -> Tensor:
    branches = [F.relu(net.a(x)), F.relu(net.b(x)), F.relu(net.c(F.max_pool2d(x, 3, 1, 1)))]
    x = torch.cat(branches, 1)
    return net.fc(net.d(F.max_pool2d(x, 3, 2, ceil_mode=True)).flatten(1))


def dense(net: Net, x: Tensor) -> Tensor:
    maps = [net.stem(x)]
    for norm, layer in ((net.n1, net.c1), (net.n2, net.c2)):
        maps.append(layer(F.relu(norm(torch.cat(maps, 1)))))
    return net.fc(torch.cat(maps, 1).mean((2, 3)))


def squeezed(net: Net, x: Tensor) -> Tensor:
    x = F.hardswish(net.dw(F.relu6(net.expand(x))))
    scale = F.hardsigmoid(net.up(F.relu(net.down(x.mean((2, 3))))))
    return net.out(x * scale[:, :, None, None])


def shuffled(net: Net, x: Tensor) -> Tensor:
    one, two = net.stem(x).chunk(2, 1)
    x = torch.cat([one, F.relu(net.branch(two))], 1)
    n, c, h, w = x.shape
    return net.out(x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w))


def u_shaped(net: Net, x: Tensor) -> Tensor:
    down = F.leaky_relu(net.a(x), 0.1)
    bottom = F.leaky_relu(net.b(F.max_pool2d(down, 2)), 0.1)
    up = F.interpolate(bottom, scale_factor=2.0, mode="nearest")
    return net.c(torch.cat([up, down], 1))


def mixed(net: Net, x: Tensor) -> Tensor:
    tokens = net.patch(x).flatten(2).transpose(1, 2)
    tokens = tokens + net.across(tokens.transpose(1, 2)).transpose(1, 2)
    return net.head((tokens + net.along(F.gelu(tokens))).mean(1))


def one_dimensional(net: Net, x: Tensor) -> Tensor:
    return net.fc(F.max_pool1d(F.relu(net.norm(net.conv(x))), 2).mean(2))


def padded(net: Net, x: Tensor) -> Tensor:
    x = F.relu(net.a(F.pad(x, (0, 1, 2, 0))))
    return net.b(F.pad(x, (1, 1, 1, 1), mode="reflect"))


def arithmetic(net: Net, x: Tensor) -> Tensor:
    x = (x - 0.5) / torch.tensor([0.5, 0.25]).view(1, 2, 1, 1)
    y = net.a(x)
    return (y * 0.5 + 1) - torch.tanh(net.b(x)) * y + y


def affine(net: Net, x: Tensor) -> Tensor:
    return net.fc(net.n2(F.relu(net.hidden(F.relu(net.n1(net.conv(net.n0(x)))).flatten(1)))))


def last_step(net: Net, x: Tensor) -> Tensor:
    return net.fc(net.rnn(x)[0][:, -1])


def states(net: Net, x: Tensor) -> Tensor:
    return net.fc(net.rnn(x)[1][-1])


def every_step(net: Net, x: Tensor) -> Tensor:
    return net.fc(net.rnn(x)[0])


def zero_states(net: Net, x: Tensor) -> Tensor:
    h = torch.zeros(1, x.size(0), 4)
    return net.fc(net.rnn(x, (h, h.clone()))[0][:, -1])


def cells(net: Net, x: Tensor) -> Tensor:
    h, c = net.rnn(x[:, 0])
    for step in range(1, 3):
        h, c = net.rnn(x[:, step], (h, c))
    return net.fc(h)


def lstm(**options: object) -> nn.Module:
    return nn.LSTM(3, 4, batch_first=True, **options)  # type: ignore[arg-type]


GRAPHS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "residual": (
        lambda: Net(
            residual,
            stem=conv(2, 4),
            conv1=conv(4, 6, stride=2),
            bn1=nn.BatchNorm2d(6),
            conv2=conv(6, 6),
            bn2=nn.BatchNorm2d(6),
            down=conv(4, 6, 1, stride=2),
            fc=nn.Linear(6, 3),
        ),
        (2, 6, 5),
        6,
    ),
    "inception": (
        lambda: Net(inception, a=conv(2, 3, 1), b=conv(2, 2, 5), c=conv(2, 4, 1), d=conv(9, 2), fc=nn.Linear(18, 3)),
        (2, 6, 6),
        7,
    ),
    "dense": (
        lambda: Net(
            dense,
            stem=conv(2, 3),
            n1=nn.BatchNorm2d(3),
            c1=conv(3, 2),
            n2=nn.BatchNorm2d(5),
            c2=conv(5, 2),
            fc=nn.Linear(7, 3),
        ),
        (2, 4, 5),
        7,
    ),
    "squeeze and excitation, depthwise, dilated": (
        lambda: Net(
            squeezed,
            expand=conv(2, 6, 1),
            dw=conv(6, 6, stride=2, padding=2, dilation=2, groups=6),
            down=nn.Linear(6, 2),
            up=nn.Linear(2, 6),
            out=conv(6, 3, 1),
        ),
        (2, 7, 6),
        7,
    ),
    "shuffle": (
        lambda: Net(shuffled, stem=conv(2, 6), branch=conv(3, 3, groups=3), out=conv(6, 2, 1)),
        (2, 4, 3),
        5,
    ),
    "u": (lambda: Net(u_shaped, a=conv(2, 3), b=conv(3, 4), c=conv(7, 2)), (2, 4, 6), 5),
    "mixer": (
        lambda: Net(
            mixed,
            patch=nn.Conv2d(2, 4, 2, 2),
            across=nn.Linear(6, 6),
            along=nn.Linear(4, 4),
            head=nn.Linear(4, 3),
        ),
        (2, 4, 6),
        10,
    ),
    "one direction": (
        lambda: Net(
            one_dimensional, conv=nn.Conv1d(3, 4, 3, padding=2, dilation=2), norm=nn.BatchNorm1d(4), fc=nn.Linear(4, 2)
        ),
        (3, 10),
        3,
    ),
    "padding before": (lambda: Net(padded, a=conv(2, 3, padding=0), b=conv(3, 2, padding=0)), (2, 5, 6), 3),
    "arithmetic": (lambda: Net(arithmetic, a=conv(2, 3), b=conv(2, 3, 1)), (2, 4, 4), 7),
    "normalisation anywhere": (
        lambda: Net(
            affine,
            n0=nn.BatchNorm2d(2),
            conv=conv(2, 3),
            n1=nn.BatchNorm2d(3),
            hidden=nn.Linear(36, 5),
            n2=nn.BatchNorm1d(5),
            fc=nn.Linear(5, 2),
        ),
        (2, 4, 3),
        5,
    ),
    "lstm": (lambda: Net(last_step, rnn=lstm(), fc=nn.Linear(4, 2)), (3, 3), 10),
    "lstm, two levels, both ways": (
        lambda: Net(every_step, rnn=lstm(num_layers=2, bidirectional=True), fc=nn.Linear(8, 2)),
        (2, 3),
        26,
    ),
    "lstm from zeros": (lambda: Net(zero_states, rnn=lstm(), fc=nn.Linear(4, 2)), (2, 3), 7),
    "lstm cell": (lambda: Net(cells, rnn=nn.LSTMCell(3, 4), fc=nn.Linear(4, 2)), (3, 3), 10),
    "gru": (lambda: Net(states, rnn=nn.GRU(3, 4, batch_first=True), fc=nn.Linear(4, 2)), (2, 3), 19),
    "rnn": (lambda: Net(states, rnn=nn.RNN(3, 4, batch_first=True), fc=nn.Linear(4, 2)), (3, 3), 4),
}


def built(name: str) -> tuple[nn.Module, tuple[int, ...], int]:
    torch.manual_seed(3)
    build, shape, layers = GRAPHS[name]
    return seasoned(build()), shape, layers


def by_name(workload: Workload) -> dict[str, Layer]:
    return {layer.name: layer for layer in workload.layers}


@pytest.mark.parametrize("name", GRAPHS)
def test_integers_are_what_loops_compute(name: str) -> None:
    network, shape, layers = built(name)
    workload, _ = captured(network, shape)
    assert len(workload.layers) == layers, [layer.name for layer in workload.layers]
    check_exact(workload)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", GRAPHS)
def test_integers_stand_for_the_float_network(name: str, bits: int) -> None:
    network, shape, _ = built(name)
    workload, real = captured(network, shape, 4, bits=bits)
    outputs = workload.layers[workload.given[0] - workload.inputs].outputs
    if outputs.ndim == 4 and real.ndim == 3:  # tokens lie as a map [D, T, 1]
        outputs = outputs[..., 0].transpose(0, 2, 1)
    assert np.corrcoef(outputs.ravel(), real.numpy().ravel())[0, 1] > {8: 0.99, 16: 0.99999}[bits]


def test_concatenation_costs_nothing_and_its_parts_share_one_scale() -> None:
    network, shape, _ = built("dense")
    workload, _ = captured(network, shape)
    layer = by_name(workload)["n2"]
    assert (layer.kind, layer.join, len(layer.parts), layer.groups) == ("conv", "channels", 2, 5)


def test_the_steps_of_an_lstm_share_their_weights_and_their_tables() -> None:
    network, shape, _ = built("lstm")
    workload, _ = captured(network, shape)
    assert workload.inputs == 5  # three steps, the hidden state and the cell at first
    gates = [layer for layer in workload.layers if layer.name.endswith("gates")]
    assert [layer.name for layer in gates] == [f"rnn.t{step}.gates" for step in range(3)]
    assert all(layer.weights is gates[0].weights for layer in gates)
    assert all(np.array_equal(layer.table, gates[0].table) for layer in gates)
    assert gates[0].weights.shape == (16, 7)
    assert gates[0].table is not None and len(gates[0].table) == 4


def test_zeros_padded_on_become_padding_of_the_convolution() -> None:
    network, shape, _ = built("padding before")
    workload, _ = captured(network, shape)
    layer = workload.layers[0]
    assert (layer.padding, layer.inputs.shape[2:], layer.out_size) == ((2, 0), (5, 6), (5, 5))


ACTIVATIONS = [
    nn.LeakyReLU(0.2),
    nn.Tanh(),
    nn.Sigmoid(),
    nn.ReLU6(),
    nn.Hardtanh(-0.2, 0.4),
    nn.Hardswish(),
    nn.Hardsigmoid(),
    nn.SiLU(),
    nn.GELU(),
    nn.ELU(0.7),
    nn.SELU(),
    nn.PReLU(),
    nn.Softplus(),
    nn.Mish(),
    nn.Softsign(),
    nn.Threshold(0.1, 0.0),
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda one: type(one).__name__)
def test_an_activation_is_part_of_the_layer_before_it(activation: nn.Module) -> None:
    torch.manual_seed(3)
    network = nn.Sequential(conv(2, 3), activation, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2))
    workload, real = captured(network, (2, 4, 4), 3)
    monotone = not isinstance(activation, nn.Hardswish | nn.SiLU | nn.GELU | nn.Mish)
    assert len(workload.layers) == 2
    assert (workload.layers[0].table is None) == isinstance(activation, nn.ReLU6 | nn.Hardtanh), monotone
    check_exact(workload)
    assert np.corrcoef(workload.layers[-1].outputs.ravel(), real.numpy().ravel())[0, 1] > 0.995


def test_an_activation_that_falls_stays_behind_the_pooling_before_it() -> None:
    torch.manual_seed(3)
    workload, _ = captured(nn.Sequential(conv(2, 3), nn.MaxPool2d(2), nn.SiLU(), nn.Conv2d(3, 1, 1)), (2, 4, 4))
    assert [layer.name for layer in workload.layers] == ["0", "2", "3"]
    workload, _ = captured(nn.Sequential(conv(2, 3), nn.MaxPool2d(2), nn.Tanh(), nn.Conv2d(3, 1, 1)), (2, 4, 4))
    assert [layer.name for layer in workload.layers] == ["0", "3"]


def test_a_table_of_relu_like_functions_keeps_the_unsigned_codes() -> None:
    torch.manual_seed(3)
    network = nn.Sequential(conv(2, 3), nn.Threshold(0.05, 0.0), nn.Conv2d(3, 1, 1))
    layer = captured(network, (2, 4, 4))[0].layers[0]
    assert layer.requant is not None and layer.table is not None
    assert (layer.requant.low, layer.requant.high) == (0, 255)
    assert set(np.unique(layer.table[0] - np.arange(256))) <= {0, *range(-255, 0)}
    assert (np.diff(layer.table[0]) >= 0).all()


def attention(net: Net, x: Tensor) -> Tensor:
    query, key, value = net.qkv(net.norm(x)).chunk(3, -1)
    weights = (query @ key.transpose(1, 2) * 0.5).softmax(-1)
    return x + net.out(weights @ value)


def test_operations_that_nobody_models_keep_their_names_and_macs() -> None:
    torch.manual_seed(3)
    network = Net(attention, norm=nn.LayerNorm(4), qkv=nn.Linear(4, 12), out=nn.Linear(4, 4))
    workload, real = captured(network, (5, 4))
    check_exact(workload)
    others = {
        layer.name: (layer.operation.split()[0], layer.macs) for layer in workload.layers if layer.kind == "other"
    }
    assert others == {
        "norm": ("LayerNorm", 0),
        "matmul": ("matmul", 100),
        "softmax": ("softmax", 0),
        "matmul_1": ("matmul", 100),
    }
    outputs = workload.layers[-1].outputs[..., 0].transpose(0, 2, 1)
    assert np.corrcoef(outputs.ravel(), real.numpy().ravel())[0, 1] > 0.99


def unpooled(net: Net, x: Tensor) -> Tensor:
    x = net.a(x)
    small, places = F.max_pool2d(x, 2, return_indices=True)
    return net.b(net.unpool(small, places))


def test_places_of_maxima_reach_the_operation_that_asks_for_them() -> None:
    torch.manual_seed(3)
    workload, real = captured(Net(unpooled, a=conv(2, 3), b=conv(3, 2), unpool=nn.MaxUnpool2d(2)), (2, 4, 4))
    check_exact(workload)
    assert [layer.kind for layer in workload.layers] == ["conv", "pointwise", "other", "conv"]
    assert np.corrcoef(workload.layers[-1].outputs.ravel(), real.numpy().ravel())[0, 1] > 0.99


def decides(net: Net, x: Tensor) -> Tensor:
    while x.shape[-1] > 2:
        x = F.relu(net.a(x))
        if x.shape[-1] > 3:
            x = F.avg_pool2d(x, 2)
    return net.b(x)


def test_python_that_looks_at_shapes_is_followed() -> None:
    torch.manual_seed(3)
    workload, _ = captured(Net(decides, a=conv(2, 2, padding=0), b=conv(2, 1, 1)), (2, 9, 9))
    check_exact(workload)
    assert [layer.name for layer in workload.layers] == ["a", "a.2", "b"]


def test_several_results_and_a_module_used_twice() -> None:
    def run(net: Net, x: Tensor) -> Tensor:
        x = net.a(net.a(x))
        return x, net.b(x)  # type: ignore[return-value]

    torch.manual_seed(3)
    inputs = np.random.default_rng(1).random((2, 2, 4, 4), dtype=np.float32)
    workload = capture(WorkloadSpec(network="t:n", images=2), Net(run, a=conv(2, 2), b=conv(2, 1)), inputs)
    check_exact(workload)
    assert [layer.name for layer in workload.layers] == ["a", "a.2", "b"]
    assert workload.given == (2, 3)
    assert workload.predictions is None
    assert workload.layers[0].weights is workload.layers[1].weights


def test_many_images_are_calibrated_on_all_of_them() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False))
    with torch.no_grad():
        network[0].weight.fill_(1.0)  # type: ignore[union-attr, operator]
    inputs = np.stack([np.full((1, 1, 1), value, np.float32) for value in (0.1, 1.0, 0.5)])
    layers = capture(WorkloadSpec(network="t:n", images=3), network, inputs).layers
    assert layers[0].inputs.ravel().tolist() == [26, 255, 128]
    assert layers[0].outputs.ravel().tolist() == [26, 255, 128]


def test_attention_of_torchs_own_is_the_layers_within() -> None:
    def run(net: Net, x: Tensor) -> Tensor:
        return x + net.attention(x, x, x, need_weights=False)[0]

    torch.manual_seed(3)
    workload, real = captured(Net(run, attention=nn.MultiheadAttention(4, 2, batch_first=True)), (5, 4))
    check_exact(workload)
    kinds = {layer.name: layer.kind for layer in workload.layers}
    assert kinds["attention.in_proj"] == kinds["attention.out_proj"] == "conv"
    assert [layer.macs for layer in workload.layers if layer.kind == "other"] == [2 * 5 * 5 * 4]
    outputs = workload.layers[-1].outputs[..., 0].transpose(0, 2, 1)
    assert np.corrcoef(outputs.ravel(), real.numpy().ravel())[0, 1] > 0.99


def test_reductions_are_poolings() -> None:
    def run(net: Net, x: Tensor) -> Tensor:
        x = F.relu(net.a(x))
        return net.fc(torch.cat([x.sum((2, 3)), x.amax((2, 3)), x.flatten(2).max(dim=2)[0]], 1))

    torch.manual_seed(3)
    workload, real = captured(Net(run, a=conv(2, 3), fc=nn.Linear(9, 4)), (2, 4, 4))
    check_exact(workload)
    assert not [layer.name for layer in workload.layers if layer.kind == "other"]
    assert np.corrcoef(workload.layers[-1].outputs.ravel(), real.numpy().ravel())[0, 1] > 0.99


def test_a_weight_that_is_computed_from_others_is_what_it_is() -> None:
    torch.manual_seed(3)
    network = nn.Sequential(nn.utils.parametrizations.weight_norm(conv(2, 3)), nn.ReLU(), conv(3, 1))
    workload, _ = captured(network, (2, 4, 4))
    check_exact(workload)
    assert [(layer.name, layer.kind) for layer in workload.layers] == [("0", "conv"), ("2", "conv")]


def test_embeddings_are_refused() -> None:
    def run(net: Net, x: Tensor) -> Tensor:
        return net.table(x.long())

    with pytest.raises(BadInput, match="'long' \\(long\\) needs whole numbers"):
        captured(Net(run, table=nn.Embedding(4, 3)), (5,))
