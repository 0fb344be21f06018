"""A user's own cycle rule by path: taken, and checked for every way in which one can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_layers import machine, random_layer

from tlm.accelerators.rules import Geometry, Grid, rule
from tlm.inputs.errors import BadInput

SPEC = machine(tiles=1, rows=2, columns=4, lanes=2)
SHAPE = {"size": (4, 4), "kernel": (2, 2), "stride": (1, 1), "padding": (0, 0)}
LAYER = random_layer({**SHAPE, "groups": 1, "channels": 3, "filters": 3}, signed=False, seed=1)
NEST = (1, 3, 2, 8)  # groups, window sets, filter sets, steps

MODULE = """\
import attrs
import numpy as np
from tlm.accelerators.rules import Geometry, Grid, Rule

def steady(layer, image, spec):
    shape = Geometry.of(layer, Grid.of(spec)).shape
    return np.arange(1, np.prod(shape) + 1).reshape(shape)

def narrow(layer, image, spec):
    shape = Geometry.of(layer, one_column(layer, spec)).shape
    return np.zeros(shape, np.uint8)

def one_column(layer, spec):
    return attrs.evolve(Grid.of(spec), columns=1)

one_at_a_time = Rule(narrow, kinds=("conv",), grid=one_column)
RULES = {"mine": {"conv": steady}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(MODULE)
    return tmp_path


def test_a_function_is_a_rule() -> None:
    assert Geometry.of(LAYER, Grid.of(SPEC)).shape == NEST
    for name in ("my.py:steady", "my.py:RULES.mine.conv"):
        mine = rule(name, "conv")
        done = mine.completion(LAYER, 0, SPEC)
        assert done.reshape(-1).tolist() == list(range(1, 49))
        assert mine.grid(LAYER, SPEC) == Grid.of(SPEC)


def test_a_rule_may_have_a_grid_and_kinds_of_its_own() -> None:
    mine = rule("my.py:one_at_a_time", "conv")
    assert mine.grid(LAYER, SPEC).columns == 1
    done = mine.completion(LAYER, 0, SPEC)
    assert (done.shape, done.dtype) == ((1, 9, 2, 8), np.int64)
    assert not done.any()
    with pytest.raises(
        BadInput, match=r"rules\.fc: my\.py:one_at_a_time is no cycle rule for fc layers, only for conv"
    ):
        rule("my.py:one_at_a_time", "fc")


def of(body: str) -> str:
    return f"def mine(layer, image, spec):\n    shape = (1, 3, 2, 8)\n    {body}\n"


NO_RULE = [
    ("mine = 3", "accelerator.rules.conv: my.py:mine is no cycle rule: write a function of layer, image, spec, or a"),
    ("class mine: pass", "my.py:mine is no cycle rule: write a function"),
    ("def mine(layer, image): pass", "my.py:mine() must take 3 arguments (layer, image, spec): too many positional"),
    ("def mine(self, layer, image, spec): pass", "(layer, image, spec): missing a required argument: 'spec'"),
    ("def mien(layer, image, spec): pass", "'my.py' has no cycle rule 'mine' (allowed: "),
    ("import lost", "accelerator.rules.conv: 'my.py' cannot be imported: my.py:19: ModuleNotFoundError: No module"),
]


@pytest.mark.parametrize(("source", "message"), NO_RULE)
def test_what_is_no_rule_is_told_at_the_door(folder: Path, source: str, message: str) -> None:
    (folder / "my.py").write_text(f"{MODULE}\n{source}\n")
    with pytest.raises(BadInput) as refused:
        rule("my.py:mine", "conv")
    assert message in str(refused.value)


TOLD = "accelerator.rules.conv: my.py:mine() for layer 'random'"
#: (a rule's body, what is told, whether with a traceback)
BAD_CYCLES = [
    ("return 1 / 0", f"{TOLD}: my.py:21: ZeroDivisionError: division by zero\nTraceback", True),
    ("raise SystemExit('stop')", f"{TOLD}: my.py:21: SystemExit: stop\nTraceback", True),
    ("return mine(layer, image, spec)", f"{TOLD}: my.py:21: RecursionError: maximum recursion", True),
    ("return np.zeros(3) + np.zeros(2)", "ValueError: operands could not be broadcast together", True),
    ("layer.name = 'mine'", "FrozenInstanceError", True),
    ("return one_column(layer, layer)", "my.py:14: AttributeError: 'Layer' object has no attribute 'tiles'", True),
    ("return np.ones((3, 8), int)", f"{TOLD} must give cycles of shape [1, 3, 2, 8] (groups, window sets, fi", False),
    ("return np.ones((3, 8), int)", "sets, steps), not [3, 8]", False),
    ("return None", "filter sets, steps), not []", False),
    ("return np.cumsum(np.ones(48)).reshape(shape)", f"{TOLD} must give whole cycles, not float64: round th", False),
    ("return np.ones(shape, bool)", f"{TOLD} must give whole cycles, not bool", False),
    ("return np.arange(48)[::-1].reshape(shape)", "they fall from 47 to 46 at group 0, window set 0, filter", False),
    ("return np.arange(48).reshape(shape) - 5", "in loop order: they begin negative, with -5 at group 0, wi", False),
    ("return (np.arange(48) % 47).reshape(shape)", "46 to 0 at group 0, window set 2, filter set 1, step 7", False),
    ("return np.full(shape, 2**63, np.uint64)", "they begin negative", False),
]


@pytest.mark.parametrize(("body", "message", "shown"), BAD_CYCLES, ids=lambda value: str(value)[:40])
def test_what_a_rule_does_wrongly(folder: Path, body: str, message: str, shown: bool) -> None:
    (folder / "my.py").write_text(f"{MODULE}\n{of(body)}")
    mine = rule("my.py:mine", "conv")
    with pytest.raises(BadInput) as refused:
        mine.completion(LAYER, 0, SPEC)
    told = str(refused.value)
    assert told.startswith(TOLD)
    assert message in told
    assert ("Traceback" in told) == shown
    assert all(f'File "{folder}/my.py"' in line for line in told.split("\n") if line.startswith("  File "))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("lambda layer, spec: 3", "the grid of my.py:mine must be a Grid of whole numbers above 0, not 3"),
        ("lambda layer, spec: Grid(1, 2, 0, 4)", "above 0, not Grid(tiles=1, rows=2, columns=0, lanes=4"),
        ("lambda layer, spec: Grid(1, 2, 0.5, 4)", "above 0, not Grid(tiles=1, rows=2, columns=0.5, lanes=4"),
        ("lambda layer, spec: spec.lost", "the grid of my.py:mine: my.py:19: AttributeError: "),
    ],
)
def test_a_grid_that_cannot_be(folder: Path, grid: str, message: str) -> None:
    (folder / "my.py").write_text(f"{MODULE}\nmine = Rule(steady, grid={grid})\n")
    with pytest.raises(BadInput) as refused:
        rule("my.py:mine", "conv").grid(LAYER, SPEC)
    assert message in str(refused.value)
