"""The examples of the TLM-2.0 layer: docs/tlm.md holds what they print; here is what else they say of themselves."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tlm.core import ProtocolError

EXAMPLES = Path(__file__).parents[2] / "examples"


def changed(name: str, old: str, new: str, folder: Path) -> str:
    """The path of an example in which `old` is `new`."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return str(folder / name)


def test_the_checker_names_the_rule_that_an_eager_memory_breaks(tmp_path: Path) -> None:
    eager = changed("out_of_order.py", "if self.ready and self.responding is None:", "if self.ready:", tmp_path)
    with pytest.raises(ProtocolError, match=r"soc\.memory\.port at 35000000 fs: response exclusion") as error:
        runpy.run_path(eager)
    assert error.value.time_fs == 35_000_000


def test_a_router_of_two_memories_takes_about_twenty_lines() -> None:
    assert len((EXAMPLES / "router.py").read_text(encoding="utf-8").splitlines()) <= 32


def test_a_bridge_that_keeps_the_byte_enables_changes_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The far side then leaves out the bytes that the near one did not ask for; after swapping they are others."""
    runpy.run_path(changed("bridge.py", "copy.byte_enable = None", "pass", tmp_path))
    assert capsys.readouterr().out == "10 ns: OK, b'--------'\n"


def test_an_initiator_that_ignores_the_invalidation_reads_the_old_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(changed("dmi.py", "if start <= self.dmi.end and self.dmi.start <= end:", "if False:", tmp_path))
    assert "2,000 ns: a hundred bytes of {1} by 1 transactions" in capsys.readouterr().out
