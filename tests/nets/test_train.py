"""The trainer's command line, its checkpoints, and the committed ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nets import checkpoint as ck
from nets import lenet, loop, train, vgg
from nets.data import digits
from nets.quantise import FORMATS

COMMITTED = sorted(train.CHECKPOINTS.glob("*.pt"))
NETWORKS = {"lenet": lenet, "vgg": vgg}


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        train.main(arguments)
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lennet"], ["'lennet'", "lenet, vgg", "did you mean 'lenet'?"]),
        (["vgg", "--format", "int9"], ["fp32, int8, ternary", "did you mean 'int8'?"]),
        (["vgg", "--epochs", "0"], ["--epochs", "at least 1", "'0'"]),
        (["vgg", "--prune", "1"], ["--prune", "below 1"]),
        (["vgg", "--l1", "-3"], ["--l1", "at least 0"]),
        (["vgg", "--l1", "much"], ["--l1", "'much'"]),
        (["vgg", "--learning-rate", "0"], ["--learning-rate", "above 0"]),
        (["vgg", "--out", "no/such/folder/x.pt"], ["--out", "no/such/folder"]),
    ],
)
def test_bad_arguments_give_one_line(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(arguments, capsys)
    assert all(word in message for word in words)


def test_help_imports_no_torch() -> None:
    code = "import sys\nfrom nets.train import main\ntry:\n main(['--help'])\nexcept SystemExit: pass\n"
    code += "print('torch' in sys.modules, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False False"


def test_training_without_scikit_learn_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    file = tmp_path / "x.pt"
    assert "pip install scikit-learn" in refusal(["lenet", "--out", str(file)], capsys)
    assert not file.exists()


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on 32 digits, which a test has time for."""
    monkeypatch.setattr(loop, "training_digits", lambda shape: digits(32, shape))


@pytest.mark.usefixtures("few_digits")
@pytest.mark.parametrize("number_format", train.FORMATS)
def test_a_short_training_writes_a_checkpoint_that_restores(
    number_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lenet.pt"
    arguments = ["lenet", "--format", number_format, "--epochs", "2", "--prune", "0.5", "--l1", "0.01"]
    assert train.main([*arguments, "--threads", "1", "--out", str(file)]) == 0
    assert "accuracy: train" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["lenet.pt"]
    loaded = ck.load(file)
    assert (loaded["format"], loaded["bits"]) == (number_format, FORMATS[number_format].bits)
    network = ck.restore(lenet.build(), loaded, FORMATS[number_format])
    images, labels = (torch.from_numpy(array) for array in digits(360, (1, 28, 28)))
    assert loop.accuracy(network, images, labels) == loaded["accuracy"]["test"]
    weights = loaded["state_dict"]["fc1.weight"]
    assert (weights == 0).double().mean() >= 0.4


@pytest.mark.usefixtures("few_digits")
def test_the_same_settings_give_the_same_checkpoint() -> None:
    settings = loop.Settings("lenet", "int8", 1, 7, 1e-3, 0.0, 0.0, 1)
    first, second = (loop.train(settings, lambda epoch, loss: None) for _ in range(2))
    assert first["activation_scales"] == second["activation_scales"]
    for name, values in first["state_dict"].items():
        assert torch.equal(values, second["state_dict"][name])


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.pt"
    ck.save({"bits": 8}, file)
    with pytest.raises(Exception, match="pickle"):
        ck.save({"bits": lambda: 8}, file)
    assert ck.load(file) == {"bits": 8}
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("file", COMMITTED, ids=lambda file: file.stem)
def test_committed_checkpoints_are_small_and_as_accurate_as_they_say(file: Path) -> None:
    assert file.stat().st_size < 2_500_000
    loaded = ck.load(file)
    network = ck.restore(NETWORKS[loaded["network"]].build(), loaded, FORMATS[loaded["format"]])
    shape = network.example_input.shape[1:]
    images, labels = (torch.from_numpy(array) for array in digits(120, shape))
    assert abs(loop.accuracy(network, images, labels) - loaded["accuracy"]["test"]) < 0.02
    assert loaded["accuracy"]["test"] > 0.98


def test_the_shipped_network_compresses() -> None:
    measured = ck.load(train.CHECKPOINTS / "vgg-int8.pt")["measured"]
    assert measured["weight_dpred_ratio"] < 0.5
    assert measured["activation_dpred_ratio"] < 0.6


def test_vgg_has_about_a_million_weights() -> None:
    weights = sum(values.numel() for name, values in vgg.build().state_dict().items() if name.endswith("weight"))
    assert weights == 1_095_568
