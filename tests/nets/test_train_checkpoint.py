"""Checkpoints of every format: what is in them, that they restore, and that they are small and safe."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest
import small_runs
import torch
from torch import Tensor, nn

from nets.data import digits
from nets.training import checkpoint as ck
from nets.training import session as sessions
from nets.training.formats import FORMATS
from nets.training.loop import accuracy, begin, train
from nets.training.quantise import coded_layers, codes_of

KINDS = {
    "fp32": torch.float32,
    "int8": torch.int8,
    "int8-oblivious": torch.uint8,
    "ternary": torch.int8,
    "fixed32": torch.int32,
    "fixed16": torch.int16,
    "fixed8": torch.int8,
    "fixed4": torch.int8,
    "pow2": torch.int16,
    "binary": torch.int8,
}


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: small_runs.few())


def trained(number_format: str) -> ck.Checkpoint:
    return train(small_runs.settings(number_format, epochs=2, preinit=1), lambda epoch: None)


@pytest.mark.parametrize("name", FORMATS)
def test_a_checkpoint_holds_integers_and_their_meaning(name: str) -> None:
    found = trained(name)
    assert (found["format"], found["bits"]) == (name, FORMATS[name].bits)
    low = [] if name == "fp32" else ["0", "3", "7"]
    assert list(found["weight_scales"]) == list(found["activation_scales"]) == list(found["activation_signed"]) == low
    assert found["state_dict"]["7.weight"].dtype == KINDS[name]
    assert set(found["state_dict"]) == set(small_runs.build().state_dict())
    spread = name == "int8-oblivious"
    assert list(found["weight_zeros"]) == list(found["activation_zeros"]) == (low if spread else [])
    assert set(found["activation_signed"].values()) <= {FORMATS[name].bits != 8 or name == "fixed8"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_restored_network_computes_what_the_trained_one_did(name: str, tmp_path: Path) -> None:
    session = begin(small_runs.settings(name, epochs=2, preinit=1))
    while not session.over:
        session.run_epoch()
    file = tmp_path / "a.pt"
    ck.save(
        {
            "format": name,
            "network": "small_runs:build",
            "relu_threshold": 0.0,
            **ck.export(session.network, FORMATS[name]),
        },
        file,
    )
    images = small_runs.few().test
    with torch.no_grad():
        expected = session.network.eval()(images)
        found = ck.load_network(ck.load(file))(images)
    step = 0 if name == "fp32" else expected.abs().max() / 50  # a value on the edge of two codes may fall either way
    assert torch.allclose(found, expected, atol=max(1e-5, float(step)))
    assert found.argmax(1).eq(expected.argmax(1)).float().mean() > 0.95


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "fp32"])
def test_codes_survive_the_file(name: str, tmp_path: Path) -> None:
    session = begin(small_runs.settings(name, epochs=2, preinit=0))
    session.run_epoch()
    file = tmp_path / "a.pt"
    ck.save(ck.export(session.network, FORMATS[name]), file)
    state = ck.load(file)["state_dict"]
    for layer_name, layer, _, _ in coded_layers(session.network):
        assert torch.equal(state[f"{layer_name}.weight"].double(), codes_of(layer).codes.double())


def test_a_relu_threshold_is_part_of_the_network(tmp_path: Path) -> None:
    settings = small_runs.settings("ternary", epochs=2, preinit=0, relu_threshold=0.5)
    found = train(settings, lambda epoch: None)
    assert found["relu_threshold"] == 0.5
    network = ck.load_network(found)
    seen: list[Tensor] = []
    next(m for m in network.modules() if isinstance(m, nn.ReLU)).register_forward_hook(lambda *a: seen.append(a[2]))
    network(small_runs.few().test)
    assert seen[0][seen[0] > 0].min() > 0.5


def test_narrow_codes_are_in_the_file() -> None:
    found = train(small_runs.settings("int8", epochs=3, preinit=1, narrow=1.0), lambda epoch: None)
    assert found["precisions"]["3"] == {"weights": 2, "inputs": 2}
    assert found["state_dict"]["3.weight"].abs().max() == 1
    assert found["bits"] == 8


def test_a_pruned_network_keeps_its_zeros() -> None:
    found = train(small_runs.settings("fp32", epochs=4, prune=0.5), lambda epoch: None)
    for name in ("0.weight", "3.weight", "7.weight"):
        assert 0.45 <= (found["state_dict"][name] == 0).double().mean() <= 0.55


def test_the_accuracy_is_that_of_the_file(tmp_path: Path) -> None:
    found = trained("int8")
    file = tmp_path / "a.pt"
    ck.save(found, file)
    images = small_runs.few()
    assert accuracy(ck.load_network(ck.load(file)), images.test, images.test_labels) == found["accuracy"]["test"]


def test_a_checkpoint_tells_how_it_was_trained() -> None:
    found = trained("ternary")
    assert found["training"]["recipe"]["threshold"] == 0.7
    assert [row["number"] for row in found["history"]] == [1, 2]
    assert set(found["pairs"]) == {"0", "3", "7", "all"}
    assert 0 < found["pairs"]["all"]["forward"] < 1
    assert 0 < found["pairs"]["all"]["backward"] < 1


def test_files_are_deflated_and_the_same_each_time(tmp_path: Path) -> None:
    content = {"state_dict": {"a": torch.zeros(1000)}}
    for name in ("a.pt", "b.pt"):
        ck.save(content, tmp_path / name)
    with zipfile.ZipFile(tmp_path / "a.pt") as packed:
        assert {entry.compress_type for entry in packed.infolist()} == {zipfile.ZIP_DEFLATED}
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()
    assert torch.equal(ck.load(tmp_path / "a.pt")["state_dict"]["a"], torch.zeros(1000))


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.pt"
    ck.save({"state_dict": {}}, file)
    with pytest.raises((AttributeError, pickle.PicklingError), match=r"pickle|local object"):
        ck.save({"state_dict": lambda: 8}, file)
    assert ck.load(file) == {"state_dict": {}}
    assert list(tmp_path.iterdir()) == [file]


def test_what_executes_on_loading_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.pt"
    torch.save({"state_dict": nn.Linear(1, 1)}, file)
    with pytest.raises(ValueError, match="is no checkpoint"):
        ck.load(file)


def test_a_plain_state_dict_may_be_begun_with(tmp_path: Path) -> None:
    file = tmp_path / "a.pt"
    state = small_runs.build().state_dict()
    torch.save(state, file)
    assert torch.equal(ck.real_state(ck.load(file))["0.weight"], state["0.weight"])


def test_the_networks_of_the_first_checkpoints_are_found() -> None:
    network = ck.load_network(ck.load(ck.SHIPPED / "lenet-int8.pt"))
    images, labels = digits(64, (1, 28, 28))
    with torch.no_grad():
        assert (network(torch.from_numpy(images)).argmax(1).numpy() == labels).mean() > 0.98
