import attrs
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import BUSY, IDLE, Clock
from tlm.memory import OnChipMemory

PERIOD = 1_020_408  # 980 MHz


@attrs.frozen
class Banks:
    banks: int = 2
    width_bits: int = 32
    latency_cycles: int = 3


def memory(env=None, **fields):
    return OnChipMemory(env or simpy.Environment(), "am", Banks(**fields), 4096, Clock(980e6))


def test_an_access_takes_its_turn_and_the_latency():
    am = memory()  # 8 bytes a cycle
    assert am.read(0, 8) == (1 + 3) * PERIOD
    assert am.read(0, 24) == (1 + 3 + 3) * PERIOD
    assert am.read(10 * PERIOD, 8) == (10 + 1 + 3) * PERIOD
    assert am.capacity_bytes == 4096


def test_reads_and_writes_do_not_meet():
    am = memory()
    assert am.read(0, 80) == am.write(0, 80)
    assert (am.stats.read_bytes, am.stats.written_bytes) == (80, 80)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=50), st.integers(1, 7), st.integers(1, 40))
def test_no_request_is_rounded_up(lengths, banks, width):
    am = memory(banks=banks, width_bits=width)
    done = [am.read(0, length) for length in lengths][-1]
    exact_scaled = sum(lengths) * 8 * PERIOD
    assert 0 <= (done - 3 * PERIOD) * banks * width - exact_scaled < banks * width


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 100)), max_size=30))
def test_a_ports_probe_tiles_the_run(accesses):
    am = memory(banks=3, width_bits=24)
    end = max([am.write(ready, length) for ready, length in accesses], default=0)
    totals = am.children["write"].probe.totals(end)
    assert sum(totals.values()) == end
    assert set(totals) <= {BUSY, IDLE}
    exact = sum(length for _, length in accesses) * 8 * PERIOD / 72
    assert totals.get(BUSY, 0) == pytest.approx(exact, abs=len(accesses) + 1)


def test_ports_are_modules_of_the_memory():
    am = memory()
    assert [module.full_name for module in am.tree()] == ["am", "am.read", "am.write"]
