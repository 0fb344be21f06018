"""Traces: what is read is what was written, in our axes, and what cannot be used is refused in one message."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tensors import tensors, write_tensors, write_traces

from tlm.core import BadInput
from tlm.scenario import load
from tlm.system import run
from tlm.workload.layer import Layer
from tlm.workload.reference import accumulate
from tlm.workload.traces import load_traces

CONV_ROW, FC_ROW = ("first", "conv", 2, 1), ("last", "fc", 1, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two layers, two images: a grouped convolution over a map that is not square, and a fully connected one."""
    rng = np.random.default_rng(5)
    traces = write_traces(tmp_path / "net", [CONV_ROW, FC_ROW], [(6, 0, 5, 0), (7, 0, 9, 0)])
    acts = rng.integers(0, 64, (2, 4, 5, 7)).astype(np.float32)
    write_tensors(traces, "first", acts, rng.integers(-16, 16, (6, 2, 3, 2)).astype(np.float32))
    weights = rng.integers(-255, 256, (2, 10))
    write_tensors(traces, "last", rng.integers(-64, 64, (2, 10)), np.concatenate([weights, -weights[:1]]))
    return traces


def accumulators(layer: Layer) -> list[Any]:
    """The layer's sums by plain loops over Python integers, from the padded input."""
    n, _, height, width = layer.inputs.shape
    filters, cg, kernel_y, kernel_x = layer.weights.shape
    (step_y, step_x), (pad_y, pad_x), (out_y, out_x) = layer.stride, layer.padding, layer.out_size
    padded = np.zeros((n, layer.inputs.shape[1], height + 2 * pad_y, width + 2 * pad_x), dtype=object)
    padded[:, :, pad_y : pad_y + height, pad_x : pad_x + width] = layer.inputs

    def one(image: int, f: int, y: int, x: int) -> int:
        first = f // (filters // layer.groups) * cg
        top, left = y * step_y, x * step_x
        window = padded[image, first : first + cg, top : top + kernel_y, left : left + kernel_x]
        return int((window * layer.weights[f].astype(object)).sum())

    return [[[[one(i, f, y, x) for x in range(out_x)] for y in range(out_y)] for f in range(filters)] for i in range(n)]


def test_layers_stand_alone_in_our_axes(folder: Path) -> None:
    workload = load_traces(folder, 2, None)
    assert (workload.name, workload.chained) == ("net", False)
    assert (workload.labels, workload.predictions) == (None, None)
    conv, fc = workload.layers
    acts, weights = np.load(folder / "act-first-0.npy"), np.load(folder / "wgt-first.npy")
    assert conv.inputs.shape == (2, 4, 7, 5)
    assert conv.inputs[1, 3, 6, 4] == acts[1, 3, 4, 6]
    assert conv.weights[5, 1, 1, 2] == weights[5, 1, 2, 1]
    assert (conv.kind, conv.stride, conv.padding, conv.groups) == ("conv", (2, 2), (1, 1), 2)
    assert (conv.bits, conv.act_bits, conv.weight_bits) == (16, 6, 5)
    assert (fc.kind, fc.act_bits, fc.weight_bits, fc.groups) == ("fc", 7, 9, 1)
    assert np.array_equal(fc.inputs, np.load(folder / "act-last-0.npy"))
    assert (conv.bias, conv.requant, conv.pool) == (None, None, None)


def test_accumulators_and_outputs(folder: Path) -> None:
    conv, fc = load_traces(folder, 2, 9).layers
    assert conv.accumulators.dtype == np.int64
    assert conv.accumulators.tolist() == accumulators(conv)
    assert conv.outputs is fc.inputs
    products = fc.inputs.astype(object) @ fc.weights.astype(object).T
    assert fc.accumulators.tolist() == products.tolist()
    assert fc.outputs.tolist() == products.clip(-256, 255).tolist()
    assert (fc.outputs == -256).any() and (fc.outputs == 255).any()


def test_the_first_images_are_taken(folder: Path) -> None:
    one, two = load_traces(folder, 1, None), load_traces(folder, 2, None)
    for small, large in zip(one.layers, two.layers, strict=True):
        assert small.images == 1
        assert np.array_equal(small.inputs, large.inputs[:1])
        assert np.array_equal(small.accumulators, large.accumulators[:1])


def test_several_images_run_checked(folder: Path) -> None:
    workload = load_traces(folder, 2, None)
    result = run(load("lenet", [f"workload={{traces: {folder}, images: 2}}", "check=true"]), workload)
    assert (result.images, result.checked, result.notes) == (2, True, [])
    assert [layer.macs for layer in result.layers] == [2 * layer.macs for layer in workload.layers]


@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from(["i1", "i2", ">i4", "i8", "f2", ">f4", "f8", "g"]),
    order=st.sampled_from("CF"),
    groups=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    seed=st.integers(0, 99),
)
def test_any_number_type_memory_order_and_shape(
    tmp_path_factory: pytest.TempPathFactory,
    dtype: str,
    order: Any,
    groups: int,
    kernel: tuple[int, int],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    size = tuple(int(side) for side in rng.integers(3, 6, 2))
    row = ("c", "conv", int(rng.integers(1, 4)), int(rng.integers(0, 3)))
    folder = write_traces(tmp_path_factory.mktemp("any") / "net", [row], [(8, 0, 8, 0)])
    acts = rng.integers(-128, 128, (1, 2 * groups, *size))
    weights = rng.integers(-128, 128, (3 * groups, 2, *kernel))
    write_tensors(folder, "c", *(np.asarray(t, dtype=dtype, order=order) for t in (acts, weights)))
    (layer,) = load_traces(folder, 1, None).layers
    assert np.array_equal(layer.inputs, acts.swapaxes(2, 3))
    assert np.array_equal(layer.weights, weights.swapaxes(2, 3))
    assert layer.groups == groups
    assert layer.accumulators.tolist() == accumulators(layer)


def test_fully_connected_maps_are_flattened_in_the_files_order(folder: Path) -> None:
    acts, weights = np.arange(24).reshape(1, 2, 3, 4), np.arange(48).reshape(2, 24)
    write_tensors(folder, "last", acts, weights)
    layer = load_traces(folder, 1, None).layers[1]
    assert layer.inputs.tolist() == [list(range(24))]
    write_tensors(folder, "last", acts, weights.reshape(2, 2, 3, 4))
    assert np.array_equal(load_traces(folder, 1, None).layers[1].weights, weights)


def test_unsigned_values_may_fill_the_storage_width(folder: Path) -> None:
    write_tensors(folder, "last", np.array([[65535, 0]], dtype=np.uint16), np.array([[-256, 255]], dtype=np.int16))
    precisions(folder, "6;16;", "5;9;")
    conv_acts = np.load(folder / "act-first-0.npy")[:1]
    np.save(folder / "act-first-0.npy", conv_acts)
    assert load_traces(folder, 1, 16).layers[1].accumulators.tolist() == [[-256 * 65535]]


def test_the_reference_networks_are_as_published(reference_networks: Path) -> None:
    fold = load_traces(reference_networks / "wide16", 1, None).layers[0]
    acts, weights = tensors("wide16", 0)
    assert (fold.stride, fold.padding, fold.act_bits, fold.weight_bits) == ((3, 3), (2, 2), 10, 12)
    assert np.array_equal(fold.inputs, acts.swapaxes(2, 3))
    assert np.array_equal(fold.weights, weights.swapaxes(2, 3))


def test_the_reference_is_exact_beyond_53_bits() -> None:
    acts, weights = np.full((1, 2), 2**40), np.array([[2**20 + 1, -(2**20)]])
    sums = accumulate("fc", acts, weights, stride=(1, 1), padding=(0, 0), groups=1)
    assert sums.tolist() == [[2**40]]


def precisions(folder: Path, acts: str = "6;7;", weights: str = "5;9;") -> None:
    (folder / "precision.txt").write_text(f"title\n{acts}\n0;0;\n{weights}\n0;0;\n")


def model(folder: Path, text: str) -> None:
    (folder / "model.csv").write_text(text)


def change(folder: Path, name: str, position: tuple[int, ...], value: float) -> None:
    values = np.load(folder / name)
    values[position] = value
    np.save(folder / name, values)


def resave(folder: Path, name: str, function: Callable[[Any], Any]) -> None:
    np.save(folder / name, function(np.load(folder / name)))


def truncate(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


REFUSALS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no model": (lambda f: (f / "model.csv").unlink(), r"net/model\.csv: no such file"),
    "misnamed model": (
        lambda f: (f / "model.csv").rename(f / "models.csv"),
        r"net/model\.csv: no such file .*did you mean 'models\.csv'",
    ),
    "empty model": (lambda f: model(f, "\n \n"), r"model\.csv: no layers; one line name,kind,stride,padding"),
    "few fields": (lambda f: model(f, "first,conv,2,1\nlast,fc\n"), r"model\.csv:2: 2 fields where name,kind"),
    "kind": (
        lambda f: model(f, "first,convv,2,1\n"),
        r"model\.csv:1: kind: unknown kind 'convv' .*\(allowed: conv, fc\); did you mean 'conv'",
    ),
    "text for a number": (
        lambda f: model(f, "\nfirst,conv,two,1\n"),
        r"model\.csv:2: stride of layer first: 'two' is not a whole number",
    ),
    "fraction": (lambda f: model(f, "first,conv,1.5,1\n"), r"csv:1: stride of layer first: '1\.5' is not a whole"),
    "negative stride": (lambda f: model(f, "first,conv,-1,1\n"), r"csv:1: stride of layer first: -1 is not between 1"),
    "no stride": (lambda f: model(f, "first,conv,0,1\n"), r"csv:1: stride of layer first: 0 is not between 1 and"),
    "negative padding": (
        lambda f: model(f, "first,conv,1,-1\n"),
        r"csv:1: padding of layer first: -1 is not between 0",
    ),
    "huge padding": (
        lambda f: model(f, "first,conv,1,999999\nlast,fc,1,0"),
        r"csv:1: layer first: padding 999999 is la",
    ),
    "huge stride": (
        lambda f: model(f, "first,conv,99999,0\nlast,fc,1,0"),
        r"csv:1: layer first: stride 99999 is larger",
    ),
    "name twice": (
        lambda f: model(f, "first,conv,2,1\nlast,fc,1,0\nfirst,conv,2,1\n"),
        r"model\.csv:3: name: layer name 'first' is used twice, first in line 1",
    ),
    "path for a name": (lambda f: model(f, "../x,conv,2,1\n"), r"model\.csv:1: name: layer name '\.\./x' cannot be"),
    "no name": (lambda f: model(f, ",conv,2,1\n"), r"model\.csv:1: name: layer name '' cannot be"),
    "not text": (lambda f: (f / "model.csv").write_bytes(b"\xff\xfe\x00"), r"model\.csv: not text"),
    "no precisions": (lambda f: (f / "precision.txt").unlink(), r"precision\.txt: no such file"),
    "few precision rows": (lambda f: (f / "precision.txt").write_text("t\n6;7;\n"), r"precision\.txt:2: 2 lines where"),
    "precision short": (
        lambda f: precisions(f, weights="5;"),
        r"precision\.txt:4: weight bits: 1 numbers for the 2 layers of model\.csv",
    ),
    "precision long": (lambda f: precisions(f, acts="6;7;7;"), r"txt:2: activation bits: 3 numbers for the 2 layers"),
    "precision not a number": (
        lambda f: precisions(f, acts="6;x;"),
        r"precision\.txt:2: activation bits of layer last: 'x' is not a whole number",
    ),
    "no precision": (lambda f: precisions(f, acts="0;7"), r"txt:2: activation bits of layer first: 0 is not between 1"),
    "precision beyond storage": (
        lambda f: precisions(f, weights="5;17;"),
        r"txt:4: weight bits of layer last: 17 is not between 1 and the storage width, bits: 16",
    ),
    "no tensor": (
        lambda f: (f / "wgt-first.npy").rename(f / "wgt-frist.npy"),
        r"net/wgt-first\.npy: no such file .*did you mean 'wgt-frist\.npy'",
    ),
    "truncated tensor": (
        lambda f: truncate(f / "wgt-first.npy", 200),
        r"wgt-first\.npy: layer first, weights: not a re",
    ),
    "truncated header": (
        lambda f: truncate(f / "wgt-first.npy", 40),
        r"wgt-first\.npy: layer first, weights: not a rea",
    ),
    "not a tensor": (
        lambda f: (f / "wgt-first.npy").write_text("1 2 3"),
        r"wgt-first\.npy: layer first, weights: not a",
    ),
    "empty file": (
        lambda f: (f / "wgt-first.npy").write_text(""),
        r"wgt-first\.npy: layer first, weights: not a reada",
    ),
    "objects": (
        lambda f: np.save(f / "wgt-first.npy", np.array([[print]], dtype=object), allow_pickle=True),
        r"wgt-first\.npy: layer first, weights: not a readable \.npy file",
    ),
    "complex": (
        lambda f: resave(f, "wgt-first.npy", lambda t: t + 1j),
        r"layer first, weights: values of type complex",
    ),
    "text tensor": (
        lambda f: resave(f, "wgt-first.npy", lambda t: t.astype(str)),
        r"first, weights: values of type <U",
    ),
    "no values": (lambda f: resave(f, "wgt-first.npy", lambda t: t[:0]), r"wgt-first\.npy: layer first, weights: "),
    "NaN": (
        lambda f: change(f, "act-first-0.npy", (1, 3, 2, 6), np.nan),
        r"act-first-0\.npy: layer first, activations: value nan at position \[1, 3, 2, 6\] is not a finite number",
    ),
    "infinity": (
        lambda f: change(f, "wgt-first.npy", (5, 0, 0, 0), -np.inf),
        r"value -inf at position \[5, 0, 0, 0\] is",
    ),
    "half": (
        lambda f: change(f, "wgt-first.npy", (2, 1, 2, 1), 0.5),
        r"value 0\.5 at position \[2, 1, 2, 1\] is not an in",
    ),
    "beyond 32 bits": (
        lambda f: change(f, "act-last-0.npy", (1, 9), 2**40),
        r"value 1099511627776 at .* does not fit 32",
    ),
    "wide activation": (
        lambda f: change(f, "act-first-0.npy", (1, 3, 4, 6), 64),
        r"act-first-0\.npy: layer first, activations: value 64 at position \[1, 3, 4, 6\] is 7 bits wide; .* is 6",
    ),
    "wide signed activation": (
        lambda f: change(f, "act-last-0.npy", (0, 3), -65),
        r"layer last, activations: value -65 at position \[0, 3\] is 8 bits wide, sign included; .* is 7",
    ),
    "wide weight": (
        lambda f: change(f, "wgt-first.npy", (5, 1, 2, 0), 16),
        r"wgt-first\.npy: layer first, weights: value 16 at position \[5, 1, 2, 0\] is 6 bits wide, sign inc.* is 5",
    ),
    "axes": (
        lambda f: resave(f, "act-first-0.npy", lambda t: t[:, :, 0]),
        r"model\.csv:1: layer first: a convolution has activations \[N, C, X, Y\] .*activations \[2, 4, 7\]",
    ),
    "fc axes": (
        lambda f: resave(f, "act-last-0.npy", lambda t: t[:, :, None]),
        r"model\.csv:2: layer last: a fully connected layer has activations \[N, C\]",
    ),
    "channels": (
        lambda f: resave(f, "act-first-0.npy", lambda t: t[:, :3]),
        r"model\.csv:1: layer first: 3 channels are no multiple of the 2 of a filter",
    ),
    "filters": (
        lambda f: resave(f, "wgt-first.npy", lambda t: t[:5]),
        r"model\.csv:1: layer first: 5 filters do not divide into the 2 groups",
    ),
    "fc inputs": (
        lambda f: resave(f, "act-last-0.npy", lambda t: t[:, :9]),
        r"model\.csv:2: layer last: 9 inputs, but 10 weights a filter",
    ),
    "large kernel": (
        lambda f: resave(f, "wgt-first.npy", lambda t: np.pad(t, ((0, 0), (0, 0), (0, 0), (0, 8)))),
        r"model\.csv:1: layer first: the kernel is larger than the padded map \[7, 9\]",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_used_is_refused(name: str, folder: Path) -> None:
    spoil, message = REFUSALS[name]
    spoil(folder)
    with pytest.raises(BadInput) as refused:
        load_traces(folder, 2, None)
    assert re.search(message, str(refused.value)), str(refused.value)
    assert "\n" not in str(refused.value)


def test_values_at_their_precision_are_taken(folder: Path) -> None:
    change(folder, "act-first-0.npy", (1, 3, 4, 6), 63)
    change(folder, "act-last-0.npy", (0, 3), -64)
    change(folder, "wgt-first.npy", (5, 1, 2, 0), -16)
    assert len(load_traces(folder, 2, None).layers) == 2


def test_too_few_images(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"act-first-0\.npy: layer first, activations: 3 images .* the file holds 2"):
        load_traces(folder, 3, None)


def test_a_narrower_storage_width_refuses_wider_precisions(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"weight bits of layer last: 9 is not between 1 and the storage width, bits: 8"):
        load_traces(folder, 1, 8)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="traces: no such traces folder"):
        load_traces(tmp_path / "none", 1, None)


def test_a_folder_of_networks_is_not_a_network(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"not one network's folder .*\(allowed: net\)"):
        load_traces(folder.parent, 1, None)
