import attrs
import pytest

from tlm.core import BadInput
from tlm.memory import MemorySpec
from tlm.memory.config import resolve
from tlm.memory.energy import Energies, EnergyReport, energies, energy
from tlm.memory.standards import FOLDER, load_standard, standard_names

NAMES = [name for name in standard_names() if name != "ideal"]
DDR4 = (FOLDER / "ddr4-3200.yaml").read_text()
HBM2 = (FOLDER / "hbm2.yaml").read_text()
ROUND = Energies(activate_pJ=1000, read_pJ=200, write_pJ=300, io_pJ=50, refresh_pJ=7000, active_mW=60, precharged_mW=40)


def of(name, **fields):
    return energies(resolve(MemorySpec(name, **fields)))


def test_ddr4_from_its_currents_by_hand():
    """Eight devices at 1.2 V; nRC 74, nRAS 52, nRP 22, nRFC 560 of 0.63 ns, a burst four of them."""
    found = of("ddr4-3200")
    assert found.activate_pJ == pytest.approx(8 * 1.2 * 0.63 * (57 * 74 - 52 * 52 - 37 * 22))
    assert found.activate_pJ == pytest.approx(4233.6)
    assert found.read_pJ == pytest.approx(8 * 1.2 * (168 - 52) * 2.52) == pytest.approx(2806.272)
    assert found.write_pJ == pytest.approx(8 * 1.2 * (150 - 52) * 2.52)
    assert found.refresh_pJ == pytest.approx(8 * 1.2 * (250 - 52) * 352.8)
    assert found.io_pJ == pytest.approx(512 * 3.4)
    assert (found.active_mW, found.precharged_mW) == pytest.approx((499.2, 355.2))


def test_a_channel_of_hbm_is_one_device():
    found = of("hbm")
    assert found.activate_pJ == pytest.approx(1.2 * 2 * (65 * 24 - 55 * 17 - 40 * 7))
    assert found.read_pJ == pytest.approx(1.2 * (360 - 55) * 4)
    assert found.active_mW == pytest.approx(66)


def test_energies_of_events_are_those_of_the_file():
    found = of("hbm2")
    assert (found.activate_pJ, found.refresh_pJ, found.active_mW, found.precharged_mW) == (1818, 60840, 66, 48)
    assert (found.read_pJ, found.write_pJ, found.io_pJ) == pytest.approx((512 * 2.24, 512 * 2.24, 512 * 0.3))


@pytest.mark.parametrize("name", ["ddr4-3200", "hbm2"])
def test_half_the_width_takes_half_the_energy(name):
    whole, half = of(name), of(name, width=resolve(MemorySpec(name)).organisation.width // 2)
    assert attrs.astuple(half) == pytest.approx([each / 2 for each in attrs.astuple(whole)])


def test_channels_and_ranks_change_nothing_of_a_ranks_energies():
    assert of("ddr4-3200", channels=4, ranks=2) == of("ddr4-3200")


def test_a_longer_nrc_is_idle_time_of_the_activate(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(DDR4.replace("  nRP: 22\n", "  nRP: 22\n  nRC: 80\n"))
    expected = 8 * 1.2 * 0.63 * (57 * 80 - 52 * 52 - 37 * 28)
    assert of(str(path)).activate_pJ == pytest.approx(expected)


@pytest.mark.parametrize("name", NAMES)
def test_every_event_takes_energy_and_an_open_row_more_than_none(name):
    found = of(name)
    assert min(attrs.astuple(found)) > 0
    assert found.active_mW > found.precharged_mW
    assert load_standard(name).energy.source


#: What a sequential read takes in all, in pJ/bit, as the files' notes have it beside what the literature states.
SEQUENTIAL = {
    "ddr4-3200": 11.8,
    "ddr5-4800": 17.6,
    "hbm": 4.1,
    "hbm2": 3.0,
    "hbm2-pc": 3.0,
    "lpddr4-3200": 8.4,
    "lpddr4-4267": 8.2,
    "lpddr5-6400": 4.5,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_sequential_read_of_one_refresh_interval(name):
    config = resolve(MemorySpec(name, channels=1))
    time = config.timing.nREFI * config.tCK_fs
    bursts = config.timing.nREFI // config.burst_cycles
    report = energy(energies(config), bursts // config.organisation.columns, bursts, 0, 1, time, 0)
    assert report.per_bit(bursts * 8 * config.burst_bytes) == pytest.approx(SEQUENTIAL[name], abs=0.06)


def test_hbm2_at_the_papers_locality_takes_what_the_paper_has():
    """O'Connor et al., MICRO 2017: 1.21 of activates, 2.24 of data movement, 0.30 of I/O: an activate each 94 bytes."""
    found = of("hbm2-pc")
    report = energy(found, 32, 94, 0, 0, 0, 0)
    bits = 94 * 8 * 32
    assert (report.activate / bits, report.read / bits, report.io / bits) == pytest.approx((1.21, 2.24, 0.30), abs=5e-3)


def test_an_lpddr4_4267_event_takes_what_it_does_at_3200():
    slow, fast = attrs.astuple(of("lpddr4-3200")), attrs.astuple(of("lpddr4-4267"))
    assert fast == pytest.approx(slow, rel=1e-3)


def test_a_report_adds_up():
    report = energy(ROUND, 3, 10, 5, 2, 7_000_000, 4_000_000)
    assert report == EnergyReport(
        activate=3000, read=2000, write=1500, io=750, refresh=14000, background=60 * 7 + 40 * 4
    )
    assert report.total_pJ == 3000 + 2000 + 1500 + 750 + 14000 + 580
    assert report.per_bit(2183) == pytest.approx(10)


def test_a_milliwatt_for_a_microsecond_is_a_nanojoule():
    """1 mW for 1 us: 1000 pJ."""
    assert energy(attrs.evolve(ROUND, active_mW=1), 0, 0, 0, 0, 10**9, 0).background == 1000


def test_nothing_moved_is_nothing_a_bit():
    assert energy(ROUND, 0, 0, 0, 0, 0, 0).total_pJ == 0
    assert energy(ROUND, 1, 0, 0, 0, 0, 0).per_bit(0) == 0


def test_a_standard_need_not_say_its_energy(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(DDR4[: DDR4.index("energy:")])
    assert of(str(path)) is None


EVENTS = HBM2[HBM2.index("  events:") :]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("IDD0_mA: 57", "IDD0_mA: 47", r"energy\.currents\.IDD0_mA: must be at least 47\.54, what nRAS of .* not 47$"),
        ("IDD4R_mA: 168", "IDD4R_mA: 51", r"energy\.currents\.IDD4R_mA: must be at least IDD3N_mA, .* 52 here, not 51"),
        ("IDD4W_mA: 150", "IDD4W_mA: 51", r"energy\.currents\.IDD4W_mA: must be at least IDD3N_mA"),
        ("IDD5B_mA: 250", "IDD5B_mA: 51", r"energy\.currents\.IDD5B_mA: must be at least IDD3N_mA"),
        ("IDD3N_mA: 52", "IDD3N_mA: 36", r"energy\.currents\.IDD3N_mA: must be at least IDD2N_mA"),
        ("IDD0_mA: 57", "IDD0: 57", r"energy\.currents\.IDD0: unknown key .*did you mean 'IDD0_mA'"),
        ("    IDD0_mA: 57\n", "", r"energy\.currents\.IDD0_mA: is missing"),
        ("VDD_V: 1.2", "VDD_V: 0", r"energy\.currents\.VDD_V: must be > 0, not 0"),
        ("VDD_V: 1.2", "VDD_V: .nan", r"energy\.currents\.VDD_V: must be > 0"),
        ("IDD2N_mA: 37", "IDD2N_mA: -1", r"energy\.currents\.IDD2N_mA: must be >= 0, not -1"),
        ("device_width: 8", "device_width: 8.5", r"energy\.currents\.device_width: expected a whole number, not 8\.5"),
        ("io_pJ_per_bit: 3.4", "io_pJ_per_bit: -1", r"energy\.io_pJ_per_bit: must be >= 0, not -1"),
        ("  currents:", EVENTS + "  currents:", r"energy: must have currents or events, and not both"),
        (DDR4[DDR4.index("  currents:") :], "", r"energy: must have currents or events, and not both"),
        ("energy:", "energy: 3\nmapping_:", r"energy: expected a mapping"),
    ],
)
def test_an_energy_section_that_cannot_be_is_refused_where_it_is_wrong(tmp_path, old, new, message):
    assert old in DDR4
    path = tmp_path / "my.yaml"
    path.write_text(DDR4.replace(old, new, 1))
    with pytest.raises(BadInput, match=rf"my\.yaml:\d+: {message}"):
        load_standard(str(path))


def test_an_idd0_of_the_background_alone_makes_an_activate_free(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(DDR4.replace("IDD0_mA: 57", "IDD0_mA: 47.5405405405405406"))
    assert of(str(path)).activate_pJ == pytest.approx(0, abs=1e-9)
