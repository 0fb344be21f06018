"""The trainer's command line, and runs that are interrupted and go on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_runs
import torch

from nets import train
from nets.training import checkpoint as ck
from nets.training import console
from nets.training import session as sessions
from nets.training.loop import begin
from nets.training.loop import train as run
from nets.training.session import Epoch
from nets.training.settings import RECIPES, Settings
from tlm.workload.checkpoint import load_checkpoint


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
        ([], ["give a network (alex", "or --all"]),
        (["lennet"], ["'lennet'", "lenet, lstm", "did you mean 'lenet'?"]),
        (["vgg", "--format", "int9"], ["fp32, int8, int8-oblivious, ternary", "did you mean 'int8'?"]),
        (["vgg", "--epochs", "0"], ["--epochs", "at least 1", "'0'"]),
        (["vgg", "--prune", "1"], ["--prune", "below 1"]),
        (["vgg", "--format", "binary", "--prune", "0.5"], ["no zero", "leave --prune out"]),
        (["vgg", "--l1", "-3"], ["--l1", "at least 0"]),
        (["vgg", "--l1", "much"], ["--l1", "'much'"]),
        (["vgg", "--learning-rate", "0"], ["--learning-rate", "above 0"]),
        (["vgg", "--schedule", "plato"], ["--schedule", "cosine, plateau", "did you mean 'plateau'?"]),
        (["vgg", "--out", f"{__file__}/x.pt"], ["--out", "test_train.py/x.pt: cannot be written: "]),
        (["vgg", "--log", "tests"], ["--log tests: is a folder; name a file in it"]),
        (["vgg", "--from", "vgg-int9"], ["--from", "no file vgg-int9", "vgg-int8"]),
        (["lenet", "--from", "vgg-int8"], ["vgg-int8.pt does not fit the network"]),
        (["lenet", "--from", __file__], ["test_train.py is no checkpoint"]),
        (["lenet", "--width", "3"], ["nets.lenet:build cannot be called as build(width=3)", "unexpected keyword"]),
        (["lenet", "--data", "minst"], ["did you mean 'mnist'?"]),
        (["lenet", "--data", "mnist", "--data-path", "no/such"], ["put MNIST's four IDX files", "no/such"]),
        (["lenet", "--data", "patterns"], ["3 channels", "(1, 28, 28)"]),
        (["neuraltalk_h256"], ["takes no images but inputs of shape [4096]: no data set fits"]),
        (["nets.nothing:build"], ["there is no module 'nets.nothing'"]),
        (["nets.lenet:biuld"], ["has no function 'biuld'", "did you mean 'build'?"]),
        (["none.py:build"], ["there is no file 'none.py'"]),
        (["none.py"], ["'none.py' names no function; write `file.py:name`"]),
        (["--all", "--only", "lenet-fp33"], ["'lenet-fp33'", "did you mean 'lenet-fp32'?"]),
        (["lenet", "--only", "lenet-fp32"], ["--only means something with --all only"]),
        (["lenet", "--check"], ["--check means something with --all only"]),
        (["--all", "--epochs", "3"], ["--epochs means nothing with --all, which has settings of its own"]),
        (["--all", "--from", "vgg-int8"], ["--from means nothing with --all"]),
        (["--all", "--seed", "3"], ["--seed means nothing with --all,"]),
        (["--all", "lenet"], ["NET means nothing with --all"]),
        (["--all", "--check", "--resume"], ["--resume means nothing with --all --check"]),
        (["lenet", "--threshold", "0.5"], ["--threshold means something with --format ternary only"]),
        (["lenet", "--format", "fixed8", "--narrow", "0"], ["--narrow", "with --format int8 or ternary only"]),
        (["lenet", "--format", "fp32", "--no-first-layer"], ["--first-layer", "another --format than fp32 only"]),
        (["lenet", "--lower-after", "2"], ["--lower-after means something with --schedule plateau only"]),
        (["lenet", "--relu-epochs", "2"], ["--relu-epochs means something with a --relu-threshold only"]),
    ],
    ids=" ".join,
)
def test_bad_arguments_give_one_line(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(arguments, capsys)
    assert all(word in message for word in words), message


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no GPU" in refusal(["lenet", "--device", "cuda"], capsys)


def test_help_imports_no_torch() -> None:
    code = "import sys\nfrom nets.train import main\ntry:\n main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(*({'torch', 'sklearn', 'rich', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == ""


def test_training_without_scikit_learn_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    file = tmp_path / "x.pt"
    assert "needs sklearn: install the extra" in refusal(["lenet", "--out", str(file)], capsys)
    assert not file.exists()


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: small_runs.few(shape))


@pytest.mark.usefixtures("few_images")
def test_switches_reach_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Settings] = []
    monkeypatch.setattr(console, "run", lambda settings, file, resume, log: asked.append(settings))
    given = (
        "small_runs:build --format ternary --width 2 --epochs 9 --seed 5 --learning-rate 0.01 --batch 8 --patience 0"
    )
    switches = "--prune 0.6 --l1 0 --relu-threshold 0.02 --relu-epochs 3 --no-skip-right --preinit 2 --first-layer"
    more = "--schedule plateau --lower-after 4 --threshold 0.5 --narrow 0.01 --device cpu --threads 1"
    assert train.main(f"{given} {switches} {more}".split()) == 0
    recipe = replace(
        RECIPES["ternary"], prune=0.6, l1=0, relu_threshold=0.02, relu_epochs=3, skip_right=False, preinit=2,
        first_layer=True, schedule="plateau", lower_after=4, threshold=0.5, narrow=0.01,
    )  # fmt: skip
    assert asked == [
        Settings(
            "small_runs:build", "ternary", {"width": 2}, epochs=9, seed=5, learning_rate=0.01, batch=8, patience=0,
            recipe=recipe,
        )
    ]  # fmt: skip
    assert train.main(["small_runs:build", "--format", "ternary", "--schedule", "cosine", "--device", "cpu"]) == 0
    assert asked[1] == Settings(
        "small_runs:build", "ternary", recipe=replace(RECIPES["ternary"], schedule="cosine"), threads=2
    )


@pytest.mark.usefixtures("few_images")
def test_a_run_writes_a_checkpoint_a_log_and_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["small_runs:build", "--format", "ternary", "--epochs", "3", "--threads", "1", "--log", "log"]
    assert train.main(arguments) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "small_runs-ternary.pt"]
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("accuracy", "pairs of non-zero operands", "bytes"))
    assert re.search(r"^weight zeros: \d+\.\d%$", printed, re.MULTILINE)
    rows = [json.loads(line) for line in Path("log").read_text().splitlines()]
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert set(rows[0]["pairs"]["3"]) == {"forward", "backward"}
    assert ck.load(Path("small_runs-ternary.pt"))["training"]["format"] == "ternary"


@pytest.mark.usefixtures("few_images")
def test_out_may_be_a_folder_and_folders_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Path] = []
    monkeypatch.setattr(console, "run", lambda settings, file, resume, log: files.append(file))
    for out in ("there", "new/one/", "new/two/mine.pt"):
        (tmp_path / "there").mkdir(exist_ok=True)
        assert train.main(["small_runs:build", "--out", f"{tmp_path}/{out}"]) == 0
    assert [str(file.relative_to(tmp_path)) for file in files] == [
        "there/small_runs-int8.pt", "new/one/small_runs-int8.pt", "new/two/mine.pt"
    ]  # fmt: skip
    assert all(file.parent.is_dir() for file in files)


OWN = """
import torch
from torch import nn


class Net(nn.Sequential):
    example_input = torch.rand(1, 1, 12, 12)

    def __init__(self, width=4):
        super().__init__(nn.Conv2d(1, width, 3), nn.ReLU(), nn.Flatten(), nn.Linear(width * 100, 10))

    def forward(self, images):
        if self.training:
            pass  # here
        return super().forward(images)


def net(width=4):
    return Net(width)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.py"
    file.write_text(OWN)
    return file


@pytest.mark.usefixtures("few_images")
def test_a_network_in_a_file_is_trained_and_found_again(own: Path) -> None:
    assert train.main(["own.py:net", "--width", "3", "--epochs", "1", "--format", "int8", "--threads", "1"]) == 0
    found = ck.load(Path("own-int8.pt"))
    assert (found["network"], found["options"]) == ("own.py:net", {"width": 3})
    assert ck.load_network(found)[0].out_channels == 3  # type: ignore[index]
    for name in ("own:net", "own.py:net", f"{own}:net", "a.own:net"):
        assert load_checkpoint(Path("own-int8.pt")).options_of(name) == {"width": 3}
    for name in ("own.py:Net", "other.py:net", "b/other.py:net", "nets.own.other:net"):
        assert load_checkpoint(Path("own-int8.pt")).options_of(name) == {}


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("return Net(width)", "return width", ["own.py:net() must give a torch.nn.Module, not int"]),
        ("return Net(width)", "raise ValueError('no')", ["own.py:net(): own.py:19: ValueError: no"]),
        ("example_input =", "other =", ["has no `example_input`: set it to an image"]),
        ("torch.rand(1, 1, 12, 12)", "3", ["has an `example_input` that is none"]),
        (
            "pass  # here",
            "raise KeyError('w')",
            ["a step of training: own.py:14: KeyError: 'w'", "Traceback", "line 14"],
        ),
        ("width * 100", "width", ["the network on its `example_input`: own.py:15: RuntimeError: mat1 and mat2"]),
        ("forward(images)\n\n", "forward(images)[None]\n\n", ["a tensor [images, classes], not [1, 1, 10]"]),
        ("def net(width=4)", "def net(wide, width=4)", ["cannot be called as net(width=3): missing", "'wide'"]),
        ("import torch", "import tourch", ["No module named 'tourch'"]),
        ("import torch", "import torch as", ["own.py:2: is not Python: invalid syntax"]),
    ],
)
def test_what_a_network_of_ones_own_does_is_blamed_on_it(
    before: str, after: str, words: list[str], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(OWN.replace(before, after, 1))
    with pytest.raises(SystemExit) as end:
        train.main(["own.py:net", "--width", "3", "--epochs", "2", "--threads", "1"])
    message = capsys.readouterr().err
    assert end.value.code == 2
    assert all(word in message for word in words), message
    assert message.startswith("nets.train: ")
    assert not re.search(r'File ".*(nets|tlm)/', message)


@pytest.mark.usefixtures("few_images")
def test_progress_is_told_after_every_batch() -> None:
    session = begin(small_runs.settings("int8", epochs=2))
    told: list[float] = []
    session.advanced = told.append
    session.run_epoch()
    session.run_epoch()
    assert told == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])


@pytest.mark.usefixtures("few_images")
def test_the_same_settings_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a.pt", "b.pt"):
        ck.save(run(small_runs.settings("int8", epochs=2), lambda epoch: None), tmp_path / name)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


class Interruption:
    """Ctrl-C after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def __call__(self, epoch: Epoch) -> None:
        if epoch.number == self.epochs:
            raise KeyboardInterrupt


RESUMED: dict[str, dict[str, Any]] = {
    "fp32": {"l1": 0.1},
    "int8": {"prune": 0.5, "preinit": 2},
    "int8-oblivious": {"preinit": 1},
    "fixed4": {"preinit": 1},
    "ternary": {"schedule": "plateau", "skip_right": True, "relu_threshold": 0.01, "first_layer": False, "l1": 0.01},
}


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize("after", [1, 3, 4])
@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_run_ends_bit_for_bit_like_one_that_was_not_interrupted(
    name: str, after: int, tmp_path: Path
) -> None:
    settings, state = small_runs.settings(name, **RESUMED[name]), tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        run(settings, Interruption(after), state)
    epochs: list[int] = []
    ck.save(run(settings, lambda epoch: epochs.append(epoch.number), state, resume=True), tmp_path / "resumed.pt")
    ck.save(run(settings, lambda epoch: None), tmp_path / "whole.pt")
    assert epochs == list(range(after + 1, 5))
    assert (tmp_path / "resumed.pt").read_bytes() == (tmp_path / "whole.pt").read_bytes()
    assert not state.exists()


@pytest.mark.usefixtures("few_images")
def test_an_interruption_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a b.pt"
    arguments = ["small_runs:build", "--epochs", "3", "--threads", "1", "--out", str(file)]
    whole = sessions.Session.run_epoch

    def interrupted(session: sessions.Session) -> Epoch:
        if session.done == 2:
            raise KeyboardInterrupt
        return whole(session)

    monkeypatch.setattr(sessions.Session, "run_epoch", interrupted)
    assert train.main(arguments) == 130
    assert f"python -m nets.train small_runs:build --epochs 3 --threads 1 --out '{file}' --resume" in (
        capsys.readouterr().err
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a b.pt.state"]
    monkeypatch.setattr(sessions.Session, "run_epoch", whole)
    assert "epochs, seed" in refusal([*arguments, "--resume", "--epochs", "4", "--seed", "9"], capsys)
    assert train.main([*arguments, "--resume"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a b.pt"]


@pytest.mark.usefixtures("few_images")
def test_labels_that_a_network_has_no_output_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    images = small_runs.few()
    more = replace(images, test_labels=images.test_labels + 5)
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: more)
    with pytest.raises(ValueError, match="labels up to 14, and the network tells 10 classes apart"):
        sessions.Session(small_runs.settings())
