"""Sorting on disk: equal to sorting in memory, however little of that there is."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import BadInput
from tlm.timeline.spool import Spool


@given(
    st.lists(st.tuples(st.integers(0, 30) | st.integers(0, 1 << 70), st.integers(0, 3), st.integers() | st.text())),
    st.integers(1, 7),
    st.integers(2, 4),
)
def test_changes_come_back_by_time_and_then_as_they_came(changes, kept: int, files: int) -> None:
    spool = Spool(kept, files)
    for change in changes:
        spool.add(*change)
    found = [(time, signal, value) for time, _count, signal, value in spool.merged()]
    assert found == sorted(changes, key=lambda change: change[0])
    assert sum(map(len, spool._levels)) <= files * 12
    spool.close()


def test_what_is_kept_has_a_bound_and_each_change_is_moved_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    written = list[int]()

    def counted(changes):
        block = list(changes)
        written.append(len(block))
        return write(block)

    from tlm.timeline import spool as module

    write = module._written
    monkeypatch.setattr(module, "_written", counted)
    spool = Spool(kept=10, files=4)
    for time in range(2560):
        spool.add(-time % 997, 0, time)
        assert len(spool._fresh) < 10
        assert sum(map(len, spool._levels)) < 4 * 5
    assert sum(written) == 2560 * 5  # in runs of 10, 40, 160, 640 and 2,560
    spool.close()


def test_where_there_is_no_room_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    spool = Spool(kept=1)
    with pytest.raises(BadInput, match="cannot be written: No space left on device"):
        spool.add(0, 0, 0)
