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
energy     9.20 uJ, 8.9 pJ/bit (read 59%, io 25%, background 13%, refresh 2%, activate 1%)
channel 0  15.38 GB/s (60.1%), row hits 990 of 1,007 bursts (98.3%), activates 18, refreshes 2

with a neighbour: 262,144 values in 9.766 us; the decompressor was busy 83.9% of it
read       182,192 B (186,240 B in whole bursts)
written    0 B
bandwidth  18.24 GB/s of 25.60 (71.2%) over 10.211 us
row hits   984 of 1,455 bursts (67.6%)
energy     15.09 uJ, 10.1 pJ/bit (read 52%, io 22%, activate 15%, background 10%, refresh 1%)
channel 0  18.24 GB/s (71.2%), row hits 984 of 1,455 bursts (67.6%), activates 473, refreshes 2

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
        (('outstanding="16 KiB"', 'outstanding="64 KiB"'), "8.378 us", "8.378 us"),  # more in flight: not felt
        (("lanes=32", "lanes=16"), "16.570 us", "16.570 us"),  # decompression binds
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
