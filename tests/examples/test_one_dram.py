"""The example of one DRAM: what it prints, to the last digit, and that its neighbour is felt."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "one_dram.py"
PRINTED = """\
alone: 262,144 values in 8.378 us; the decompressor was busy 97.8% of it
read       124,848 B (128,896 B in whole bursts)
written    0 B
bandwidth  15.38 GB/s of 25.60 (60.1%) over 8.378 us
row hits   990 of 1,007 bursts (98.3%)
channel 0  15.38 GB/s (60.1%), row hits 990 of 1,007 bursts (98.3%), activates 17, refreshes 1

with a neighbour: 262,144 values in 17.405 us; the decompressor was busy 47.1% of it
read       190,384 B (194,432 B in whole bursts)
written    0 B
bandwidth  10.70 GB/s of 25.60 (41.8%) over 18.176 us
row hits   983 of 1,519 bursts (64.7%)
channel 0  10.70 GB/s (41.8%), row hits 983 of 1,519 bursts (64.7%), activates 538, refreshes 4

"""


def test_it_prints_what_it_always_does(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out == PRINTED


def test_it_is_short() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60


def test_a_wrong_bit_does_not_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    example = runpy.run_path(str(EXAMPLE))
    example["ENCODED"].data[1000] ^= 1
    with pytest.raises((AssertionError, ValueError)):
        example["run"]("broken", disturbed=False)


@pytest.mark.parametrize(
    ("change", "alone", "disturbed"),
    [
        (('outstanding="16 KiB"', 'outstanding="64 KiB"'), "8.378 us", "8.558 us"),  # more in flight: hardly felt
        (("lanes=32", "lanes=16"), "16.570 us", "18.429 us"),  # decompression binds
    ],
)
def test_what_it_proposes_to_try_does_what_it_says(
    change: tuple[str, str], alone: str, disturbed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = EXAMPLE.read_text(encoding="utf-8").replace(*change)
    (tmp_path / "changed.py").write_text(changed, encoding="utf-8")
    runpy.run_path(str(tmp_path / "changed.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert f"alone: 262,144 values in {alone}" in printed
    assert f"with a neighbour: 262,144 values in {disturbed}" in printed
