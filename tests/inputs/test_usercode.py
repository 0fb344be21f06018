"""A user's own code by name: found, executed once for each content, and blamed with its own lines only."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import simpy

from tlm.inputs.blame import UserFault
from tlm.inputs.errors import BadInput
from tlm.inputs.usercode import absolute, is_user_code, load

MODULE = """\
import math
from runs import counted
from beside import SIZE
counted()
SIZES = {"small": 4, "big": {"tiles": 64}}

class Machine:
    rules = {"conv": abs}
    tiles = SIZE
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder: my.py, what it imports, and a counter of how often my.py is executed."""
    (tmp_path / "my.py").write_text(MODULE)
    (tmp_path / "beside.py").write_text("SIZE = 16\n")
    counter = ModuleType("runs")
    counter.runs = 0  # type: ignore[attr-defined]
    exec("def counted():\n    global runs\n    runs += 1\n", counter.__dict__)
    monkeypatch.setitem(sys.modules, "runs", counter)
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(name: str, **given: Any) -> str:
    with pytest.raises(BadInput) as refused:
        load(name, "some.key", **given)
    return str(refused.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("SIZES.small", 4),
        ("SIZES.big.tiles", 64),
        ("Machine.tiles", 16),
        ("Machine.rules.conv", abs),
        ("math.pi", 3.141592653589793),
    ],
)
def test_a_name_goes_on_through_attributes_and_items(folder: Path, path: str, value: Any) -> None:
    code = load(f"my.py:{path}", "some.key")
    assert code.value == value
    assert code.name == f"{folder}/my.py:{path}"
    assert code.shown == f"my.py:{path}"
    assert load(code.name, "some.key").value == value


def test_a_module_by_name() -> None:
    code = load("nets.lenet:build", "some.key")
    assert code.name == code.shown == "nets.lenet:build"
    assert code.folder is None


def test_a_file_is_executed_once_for_each_content_and_leaves_nothing_beside_it(folder: Path) -> None:
    first = load("my.py:Machine", "some.key").value
    assert load(f"{folder}/my.py:Machine", "some.key").value is first
    assert sys.modules["runs"].runs == 1
    (folder / "my.py").write_text(MODULE.replace("tiles = SIZE", "tiles = 1234"))  # as long, in the same second
    assert load("my.py:Machine", "some.key").value.tiles == 1234
    assert sys.modules["runs"].runs == 2
    assert not list(folder.glob("__pycache__/my.*"))


def test_what_is_executed_leaves_the_search_path_as_it_was_but_for_what_it_adds_itself(folder: Path) -> None:
    (folder / "adds.py").write_text("import sys\nsys.path.append('/of/the/users')\nmine = 1\n")
    before = list(sys.path)
    load("adds.py:mine", "some.key")
    assert sys.path == [*before, "/of/the/users"]
    sys.path.remove("/of/the/users")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my.py:Machin", "some.key: 'my.py' has no object 'Machin' (allowed: Machine, SIZE, SIZES); did you mean"),
        ("my.py:Machine.rule", "'my.py:Machine' has no object 'rule' (allowed: rules, tiles); did you mean 'rules'?"),
        ("my.py:SIZES.bigg", "'my.py:SIZES' has no object 'bigg' (allowed: big, small); did you mean 'big'?"),
        ("my.py", "some.key: 'my.py' names no object; write `file.py:name` or `module:name`"),
        ("my.py:", "'my.py:' names no object"),
        ("my.py:a..b", "'my.py:a..b' names no object"),
        (":a", "':a' names no object"),
        ("your.py:a", "there is no file 'your.py'"),
        ("nul\0.py:a", "there is no file"),
        ("no_such_package.deep:a", "some.key: there is no module 'no_such_package.deep'"),
        ("nets.lennet:build", "did you mean 'nets.lenet'?"),
    ],
)
def test_names_that_mean_nothing(folder: Path, name: str, message: str) -> None:
    told = refusal(name)
    assert message in told
    assert "\n" not in told


#: (a user's file, the message, lines that the traceback must have, in order)
RAISING: list[tuple[str, str, list[str]]] = [
    ("a = 1\nb = (\n", "bad.py:2: is not Python: '(' was never closed", []),
    ("a = '\0'\n", "bad.py: is not Python: source code string cannot contain null bytes", []),
    ("\tb = 1\n", "bad.py:1: is not Python: unexpected indent", []),
    ("a = '\xff'\n", "bad.py:1: is not Python: (unicode error)", []),
    ("import lost\n", "some.key: 'bad.py' cannot be imported: bad.py:1: ModuleNotFoundError: No", ["    import lost"]),
    ("raise KeyError('x')\n", "some.key: bad.py:1: KeyError: 'x'", ["KeyError: 'x'"]),
    ("import sys\nsys.exit(3)\n", "some.key: bad.py:2: SystemExit: 3", ["    sys.exit(3)", "SystemExit: 3"]),
    ("raise SystemExit\n", "some.key: bad.py:1: SystemExit", ["SystemExit"]),
    ("class Stop(BaseException): pass\nraise Stop('now')\n", "bad.py:2: Stop: now", ["bad.Stop: now"]),
    ("def f(): g()\ndef g(): 1 / 0\nf()\n", "bad.py:2: ZeroDivisionError: division", ["    f()", "    def f(): g()"]),
    ("import json\njson.loads('{')\n", "bad.py:2: JSONDecodeError: ", ["    json.loads('{')", "json.decoder.JSONDec"]),
    (
        "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('no a') from e\n",
        "some.key: bad.py:4: ValueError: no a",
        ["KeyError: 'a'", "The above exception was the direct cause", "ValueError: no a"],
    ),
    ("class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd\n", "bad.py:3: Odd", ["bad.Odd"]),
    ("def f(): f()\nf()\n", "RecursionError: maximum recursion", ["[Previous line repeated ", "RecursionError: max"]),
    (
        "def f(): g()\ndef g(): f()\nf()\n",
        "RecursionError: maximum recursion",
        ["    f()", " lines left out]", "RecursionError: max"],
    ),
    (
        "def f():\n    try: f()\n    except Exception as e: raise ValueError('deep') from e\nf()\n",
        "some.key: bad.py:3: ValueError: deep",
        ["Traceback", " lines left out]"],
    ),
    ("import beside\nbeside.SIZE()\n", "bad.py:2: TypeError: 'int' object is not", ["    beside.SIZE()"]),
    ("eval('1 +')\n", "bad.py:1: SyntaxError: invalid syntax", ["    eval('1 +')", "SyntaxError: invalid syntax"]),
]


@pytest.mark.parametrize(("source", "message", "shown"), RAISING, ids=lambda value: str(value)[:30])
def test_what_user_code_raises_is_told_with_its_own_traceback(
    folder: Path, source: str, message: str, shown: list[str]
) -> None:
    (folder / "bad.py").write_text(source, encoding="latin-1")
    told = refusal("bad.py:a")
    headline, *below = told.split("\n")
    assert message in headline
    assert bool(below) == bool(shown)
    places = [at for line in shown for at in [told.find(line, len(headline))]]
    assert places == sorted(places) and -1 not in places, told
    assert all(f'File "{folder}/' in line for line in below if line.startswith("  File ") and "<string>" not in line)
    assert len(below) <= 50
    assert "tlm_user_" not in told


def test_an_interrupt_is_the_keyboards(folder: Path) -> None:
    (folder / "bad.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load("bad.py:a", "some.key")


def test_a_file_that_failed_is_executed_again(folder: Path) -> None:
    (folder / "bad.py").write_text("import beside\nif beside.SIZE: raise ValueError\na = 3\n")
    assert "ValueError" in refusal("bad.py:a")
    assert not any(name.startswith("tlm_user_") and name.endswith("_bad") for name in sys.modules)
    sys.modules["beside"].SIZE = 0  # type: ignore[attr-defined]
    assert load("bad.py:a", "some.key").value == 3


def test_bad_input_of_the_users_own_is_told_as_it_is(folder: Path) -> None:
    (folder / "bad.py").write_text("from tlm.core import BadInput\nraise BadInput('not today')\n")
    assert refusal("bad.py:a") == "some.key: not today"


def test_a_fault_in_a_process_of_simpy_stays_whole() -> None:
    env = simpy.Environment()

    def process() -> Any:
        yield env.timeout(1)
        raise UserFault("what was wrong", "some.key")

    def waiting() -> Any:
        yield env.process(process())

    env.process(waiting())
    with pytest.raises(UserFault, match=r"^some\.key: what was wrong$"):
        env.run()


def test_a_name_made_absolute(tmp_path: Path) -> None:
    assert absolute("my.py:a.b", tmp_path.joinpath) == f"{tmp_path}/my.py:a.b"
    assert absolute("nets.lenet:build", tmp_path.joinpath) == "nets.lenet:build"
    assert [is_user_code(name) for name in ("dpred", "mine.yaml", "my.py", "my.py:a", "a.b:c")] == [0, 0, 1, 1, 1]
