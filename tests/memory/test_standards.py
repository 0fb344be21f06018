import math
import re
from pathlib import Path

import attrs
import pytest

from tlm.core import BadInput
from tlm.memory import MemorySpec
from tlm.memory.config import resolve
from tlm.memory.standards import FOLDER, DramStandard, IdealStandard, load_standard, standard_names

PEAK_GB_PER_S = {
    "ddr4-3200": 25.397,
    "ddr5-4800": 38.4,
    "hbm": 128,
    "hbm2": 256,
    "hbm2-pc": 256,
    "lpddr4-3200": 25.6,
    "lpddr4-4267": 34.133,
    "lpddr5-6400": 51.2,
}
VALIDATED = ["ddr4-3200", "hbm", "hbm2", "lpddr4-3200", "lpddr4-4267"]
NAMES = sorted([*PEAK_GB_PER_S, "ideal"])
HBM = (FOLDER / "hbm.yaml").read_text()
MAPPINGS = HBM[HBM.index("mapping:") : HBM.index("dual_command:")]
DDR4 = (FOLDER / "ddr4-3200.yaml").read_text()


def test_file_names_are_the_registry():
    assert standard_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_standard_loads_and_names_its_source(name):
    standard = load_standard(name)
    assert standard.name == name
    assert standard.source
    assert isinstance(standard, IdealStandard if name == "ideal" else DramStandard)


def test_which_were_compared_with_a_cycle_accurate_simulator_and_which_take_two_commands_a_cycle():
    standards = {name: load_standard(name) for name in PEAK_GB_PER_S}
    assert [name for name, standard in standards.items() if standard.validated] == VALIDATED
    assert [name for name, standard in standards.items() if standard.dual_command] == ["hbm", "hbm2", "hbm2-pc"]


@pytest.mark.parametrize(
    ("name", "channels", "banks", "burst_bytes", "burst_cycles", "capacity_gib"),
    [
        ("ddr4-3200", 1, 16, 64, 4, 8),
        ("ddr5-4800", 2, 32, 64, 8, 16),
        ("hbm2", 8, 16, 64, 2, 8),
        ("hbm2-pc", 16, 16, 32, 2, 4),
        ("lpddr4-3200", 1, 8, 128, 8, 4),
        ("lpddr5-6400", 4, 16, 32, 2, 4),
    ],
)
def test_organisations(name, channels, banks, burst_bytes, burst_cycles, capacity_gib):
    config = resolve(MemorySpec(name))
    organisation = config.organisation
    assert (organisation.channels, organisation.bank_groups * organisation.banks) == (channels, banks)
    assert (config.burst_bytes, config.burst_cycles) == (burst_bytes, burst_cycles)
    assert config.capacity_bytes == capacity_gib << 30


def in_cycles(tCK_ns, **ns):
    return {name.replace("t", "n", 1): math.ceil(round(time / tCK_ns, 6)) for name, time in ns.items()}


@pytest.mark.parametrize(
    ("name", "ns"),
    [
        ("ddr5-4800", {"tCL": 16.666, "tRCD": 16, "tRP": 16, "tRAS": 32, "tRC": 48, "tRRD_L": 5, "tFAW": 13.333}),
        ("ddr5-4800", {"tCCD_L": 5, "tWTR_S": 2.5, "tWTR_L": 10, "tWR": 30, "tRTP": 7.5, "tRFC": 295, "tREFI": 3900}),
        ("lpddr5-6400", {"tRCD": 18, "tRP": 18, "tRAS": 42, "tRRD_S": 5, "tRRD_L": 5, "tFAW": 20, "tCCD_L": 5}),
        ("lpddr5-6400", {"tWTR_S": 6.25, "tWTR_L": 12, "tWR": 34, "tRTP": 7.5, "tRFC": 210, "tREFI": 3905}),
        ("hbm2-pc", {"tRCD": 12, "tRP": 14, "tRAS": 28, "tRRD_S": 4, "tFAW": 16, "tRFC": 260, "tREFI": 3900}),
    ],
)
def test_timings_are_the_standards_nanoseconds_in_whole_cycles(name, ns):
    standard = load_standard(name)
    cycles = in_cycles(standard.tCK_ns, **ns)
    assert {key: getattr(standard.timing, key) for key in cycles} == cycles


def test_precharges_of_an_lpddr4_rank_keep_their_distance():
    apart = {name: load_standard(name).timing.nPPD for name in PEAK_GB_PER_S}
    assert {name for name, cycles in apart.items() if cycles == 4} == {"lpddr4-3200", "lpddr4-4267"}
    assert (apart["ddr4-3200"], apart["ddr5-4800"], apart["lpddr5-6400"]) == (1, 2, 2)


@pytest.mark.parametrize("name", PEAK_GB_PER_S)
def test_nrc_is_nras_and_nrp_where_a_file_does_not_say_it(name):
    timing = load_standard(name).timing
    assert timing.nRC == timing.nRAS + timing.nRP


def test_a_longer_nrc_stands_as_it_is_said(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(DDR4.replace("  nRP: 22\n", "  nRP: 22\n  nRC: 75\n"))
    assert load_standard(str(path)).timing.nRC == 75


@pytest.mark.parametrize(("name", "peak"), PEAK_GB_PER_S.items())
def test_peak_bandwidth(name, peak):
    assert resolve(MemorySpec(name)).peak_bytes_per_s / 1e9 == pytest.approx(peak, abs=5e-4)


@pytest.mark.parametrize("name", PEAK_GB_PER_S)
def test_the_default_mapping_is_the_standards_own(name):
    line = next(line for line in (FOLDER / f"{name}.yaml").read_text().splitlines() if "ro[" in line)
    assert str(resolve(MemorySpec(name)).mapping) == line.split(": ", 1)[1]


@pytest.mark.parametrize("name", PEAK_GB_PER_S)
def test_every_standard_has_both_mappings_by_name_and_each_reaches_every_burst_once(name):
    assert set(load_standard(name).mapping) == {"interleaved", "row"}
    for chosen in ("interleaved", "row"):
        config = resolve(MemorySpec(name, mapping=chosen))
        mapping, burst = config.mapping, config.burst_bytes
        places = {mapping.decode(number * burst) for number in range(4096)}
        assert len(places) == 4096
        for bit in range(burst.bit_length() - 1, config.capacity_bytes.bit_length() - 1):
            assert mapping.encode(mapping.decode(1 << bit)) == 1 << bit


@pytest.mark.parametrize(
    ("name", "chosen"), [(name, chosen) for name in PEAK_GB_PER_S for chosen in ("interleaved", "row")]
)
def test_what_a_mappings_neighbours_have_in_common(name, chosen):
    config = resolve(MemorySpec(name, mapping=chosen))
    organisation = config.organisation
    first = [config.mapping.decode(burst * config.burst_bytes) for burst in range(organisation.columns)]
    rows = len({(at.channel, at.bank_group, at.bank, at.row) for at in first})
    groups = len({at.bank_group for at in first})
    assert (rows > 1) == (chosen == "interleaved")
    assert groups == (organisation.bank_groups if chosen == "interleaved" else 1)


def test_a_mapping_may_place_channels_above_bank_groups():
    segments = resolve(MemorySpec("hbm", mapping="interleaved")).mapping.segments(0, 512)
    assert segments == [(0, (0, 4, 8, 12), 0, 0, 4), (1, (0, 4, 8, 12), 0, 0, 4)]


def test_both_ddr4_mappings_have_names():
    row = resolve(MemorySpec("ddr4-3200", mapping="row"))
    assert str(row.mapping) == "co[12:6] bg[14:13] ba[16:15] ro[32:17]"
    assert resolve(MemorySpec("ddr4-3200")) == resolve(MemorySpec("ddr4-3200", mapping="interleaved")) != row


@pytest.mark.parametrize(
    ("fields", "mapping", "capacity_gib", "burst_bytes"),
    [
        ({"channels": 2}, "ch[6] bg[8:7] co[15:9] ba[17:16] ro[33:18]", 16, 64),
        ({"ranks": 2}, "bg[7:6] co[14:8] ba[16:15] ra[17] ro[33:18]", 16, 64),
        ({"width": 16}, "bg[5:4] co[12:6] ba[14:13] ro[30:15]", 2, 16),
        ({"channels": 4, "width": 16}, "ch[5:4] bg[7:6] co[14:8] ba[16:15] ro[32:17]", 8, 16),
    ],
)
def test_channels_ranks_and_width(fields, mapping, capacity_gib, burst_bytes):
    config = resolve(MemorySpec("ddr4-3200", **fields))
    assert str(config.mapping) == mapping
    assert config.capacity_bytes == capacity_gib << 30
    assert config.burst_bytes == burst_bytes
    share = fields.get("channels", 1) * fields.get("width", 64) / 64
    assert config.peak_bytes_per_s == pytest.approx(share * 25.396825e9)


def test_fewer_channels_than_the_standards():
    config = resolve(MemorySpec("hbm", channels=2))
    assert str(config.mapping) == "co[10:6] ch[11] ba[13:12] bg[15:14] ro[29:16]"
    assert config.peak_bytes_per_s == pytest.approx(32e9)


def test_queues_are_the_references_unless_said():
    config = resolve(MemorySpec("hbm"))
    assert (config.read_queue, config.write_queue, config.bank_queue) == (32, 32, 8)
    config = resolve(MemorySpec("hbm", read_queue=1, write_queue=4096, bank_queue=2))
    assert (config.read_queue, config.write_queue, config.bank_queue) == (1, 4096, 2)


@pytest.mark.parametrize("queue", ["read_queue", "write_queue", "bank_queue"])
@pytest.mark.parametrize(
    ("size", "message"),
    [(0, "must be > 0, not 0"), (4097, "must be <= 4096, not 4097"), (None, "expected a whole number, not nothing")],
)
def test_a_queue_that_cannot_be_is_refused(queue, size, message):
    with pytest.raises(BadInput, match=f"{queue}: {message}"):
        MemorySpec(**{queue: size})


def test_a_mapping_may_be_written_out():
    text = "co[6] bg[8:7] co[14:9] ba[16:15] ro[32:17]"
    assert str(resolve(MemorySpec("ddr4-3200", mapping=text)).mapping) == text


def test_a_users_standard_is_found_by_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HBM.replace("nCL: 7", "nCL: 9"))
    config = resolve(MemorySpec(str(path), channels=4))
    assert (config.standard.name, config.timing.nCL) == ("mine", 9)


def test_a_users_standard_may_start_from_another_and_is_then_not_validated(tmp_path):
    (tmp_path / "slow.yaml").write_text("extends: ddr4-3200\ntiming: {nRCD: 30, nRP: 30}\n")
    (tmp_path / "slower.yaml").write_text("extends: slow.yaml\ntiming: {nRP: 31}\nvalidated: true\n")
    ddr4, slow, slower = (load_standard(name) for name in ("ddr4-3200", *map(str, sorted(tmp_path.iterdir()))))
    assert slow.timing == attrs.evolve(ddr4.timing, nRCD=30, nRP=30, nRC=82)
    assert (slow.organisation, slow.validated) == (ddr4.organisation, False)
    assert (slower.timing.nRCD, slower.timing.nRP, slower.validated) == (30, 31, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: ddr4\n", r"a\.yaml:1: extends: there is no memory standard 'ddr4'.*did you mean 'ddr4-3200'"),
        ("extends: a.yaml\n", r"a\.yaml:1: extends: goes in a circle"),
        ("extends: 3\n", r"a\.yaml:1: extends: there is no memory standard 3"),
        ("extends: b.yaml\n", r"b\.yaml: cannot be read"),
        ("source: x\nextends: ddr4-3200\ntiming: {nRC: 10}\n", r"a\.yaml:3: timing\.nRC: must be at least"),
    ],
)
def test_a_standard_that_cannot_start_from_another_is_refused(tmp_path, text, message):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(BadInput, match=message):
        load_standard(str(tmp_path / "a.yaml"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"standard": "hmb"}, r"standard: there is no memory standard 'hmb'.*did you mean 'hbm'"),
        ({"standard": "nowhere/x.yaml"}, r"nowhere/x\.yaml: cannot be read: No such file"),
        ({"standard": "ideal"}, "standard: ideal has no channels or banks"),
        ({"channels": 3}, "channels: must be a power of two .* not 3"),
        ({"ranks": 6}, "ranks: must be a power of two"),
        ({"width": 100}, "width: must be a power of two"),
        ({"width": 1}, "width: 1 bits move less than a byte in a burst of 4"),
        ({"page": "shut"}, r"page: there is no such page policy \(allowed: open, closed\)"),
        ({"mapping": ""}, "mapping: is empty"),
        ({"mapping": "rows"}, r"mapping: hbm has no mapping 'rows'.*did you mean 'row'"),
        ({"mapping": "co[6:10]"}, "mapping: .*write the higher bit first"),
        ({"mapping": "co[9:5] ro[23:10]"}, "mapping: the lowest part, co, must begin at bit 6"),
        ({"mapping": "co[10:6] ro[24:11]"}, r"mapping: ch \(channel\) must have 3 bits here, not 0"),
        ({"mapping": "co[10:6] ch[14:12] ro[28:15]"}, "mapping: .*ch.* part below it, co: bit 11 is in no part"),
        ({"mapping": "co[10:6] ch[12:10] ro[26:13]"}, "mapping: .*ch.* part below it, co: bit 10 is in both"),
        ({"mapping": "co[10:6] co[10:6]"}, "mapping: co.* part below it, co: bit 6 is in both"),
        (
            {"mapping": "co[10:6] ch[13:11] ba[15:14] bg[17:16] ro[32:18]"},
            r"mapping: ro \(row\) must have 14 bits here, not 15",
        ),
        ({"mapping": "co[10:6] ch[13:11] ba[15:14] bg[16] ro[30:17]"}, r"mapping: bg \(bank group\) must have 2 bits"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(fields, message):
    with pytest.raises(BadInput, match=message):
        resolve(MemorySpec(**{"standard": "hbm", **fields}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nCL: 7", "nCL: seven", r"my\.yaml:8: timing\.nCL: expected a whole number, not 'seven'"),
        ("nCL: 7", "nCL: true", r"my\.yaml:8: timing\.nCL: expected a whole number, not true"),
        ("nCL: 7", "nCL: -7", r"my\.yaml:8: timing\.nCL: must be > 0, not -7"),
        ("nCL: 7", "nCLL: 7", r"my\.yaml:8: timing\.nCLL: unknown key .*did you mean 'nCL'"),
        ("  nCL: 7\n", "", r"my\.yaml:7: timing\.nCL: is missing"),
        ("nREFI: 1950", "nREFI: 195", r"my\.yaml:24: timing\.nREFI: must leave time between refreshes"),
        ("tCK_ns: 2", "tCK_ns: 0", r"my\.yaml:5: tCK_ns: must be >= 1e-06, not 0"),
        ("tCK_ns: 2", "tCK_ns: 2 ns", r"my\.yaml:5: tCK_ns: expected a number, not '2 ns'"),
        ("tCK_ns: 2", "tCK_ns: .inf", r"my\.yaml:5: tCK_ns: must be <= 1000000\.0, not inf"),
        ("tCK_ns: 2", "tCK_ns: .nan", r"my\.yaml:5: tCK_ns: must be >= 1e-06, not nan"),
        ("source: JEDEC", "sauce: JEDEC", r"my\.yaml:4: sauce: unknown key .*did you mean 'source'"),
        ("timing:\n", "timing: 3\nmapping_:\n", r"my\.yaml:8: mapping_: unknown key"),
        ("banks: 4", "banks: 3", r"my\.yaml:6: organisation\.banks: must be a power of two, not 3"),
        ("row_bytes: 2048", "row_bytes: 32", r"my\.yaml:6: organisation\.row_bytes: must hold a burst"),
        ("ro[31:18]", "ro[30:18]", r"my\.yaml:26: mapping\.row: ro \(row\) must have 14 bits here, not 13"),
        ("ro[31:18]", "row[31:18]", r"my\.yaml:26: mapping\.row: .*did you mean 'ro'"),
        (MAPPINGS, "mapping: {}\n", r"my\.yaml:25: mapping: needs at least one"),
        (MAPPINGS, "mapping: 3\n", r"my\.yaml:25: mapping: expected a mapping, not 3"),
        ("row: co", "row: 3 #", r"my\.yaml:26: mapping\.row: expected text, not 3"),
        ("banks: 4", "banks: 0", r"^\S+my\.yaml:6: organisation\.banks: must be a power of two, not 0$"),
        ("bank_groups: 4", "bank_groups: 0", r"^\S+my\.yaml:6: organisation\.bank_groups: must be a power .*not 0$"),
        ("burst_length: 4}", "burst_length: 4, beats_per_cycle: 3}", r"organisation\.beats_per_cycle: .*two, not 3"),
        (
            "  nFAW",
            "  nRC: 23\n  nFAW",
            r"my\.yaml:15: timing\.nRC: must be at least nRAS \+ nRP, .*17 \+ 7 = 24 .*not 23",
        ),
        ("nRRD_L: 3", "nRRD_L: 1", r"my\.yaml:14: timing\.nRRD_L: must be at least nRRD_S, which is 2 here, not 1$"),
        ("nFAW: 15", "nFAW: 1", r"my\.yaml:15: timing\.nFAW: must be at least nRRD_S"),
        ("nCCD_L: 2", "nCCD_L: 1", r"my\.yaml:17: timing\.nCCD_L: must be at least nCCD_S"),
        ("nWTR_L: 4", "nWTR_L: 2", r"my\.yaml:19: timing\.nWTR_L: must be at least nWTR_S, which is 3"),
        ("nREFI: 1950", "nREFI: 1950\n  nPPD: 0", r"my\.yaml:25: timing\.nPPD: must be > 0, not 0"),
        ("dual_command: true", "dual_command: 1", r"my\.yaml:28: dual_command: expected true or false, not 1"),
        ("validated: true", "validated: yes please", r"my\.yaml:29: validated: expected true or false"),
        ("burst_length: 4}", "burst_length: 4, nCL: 7}", r"my\.yaml:6: organisation\.nCL: unknown key \(allowed: ch"),
        ("timing:", "nCL: 7\ntiming:", r"my\.yaml:7: nCL: unknown key; it belongs to timing"),
        ("source:", "name: x\nsource:", r"my\.yaml:4: name: unknown key"),
        ("source:", "ideal: false\nsource:", r"my\.yaml:4: ideal: unknown key"),
        ("timing:", "timing: {", r"my\.yaml:\d+: YAML: "),
    ],
)
def test_a_standard_file_that_cannot_be_is_refused_where_it_is_wrong(tmp_path, old, new, message):
    assert old in HBM
    path = tmp_path / "my.yaml"
    path.write_text(HBM.replace(old, new, 1))
    with pytest.raises(BadInput, match=message):
        load_standard(str(path))


@pytest.mark.parametrize(
    "bin_",
    [
        # JESD79-4: CL-tRCD-tRP of DDR4-1600K, 2133P, 2400T, 2666V, 2933Y, each with its rounded tRC.
        {"nRCD": 11, "nRP": 11, "nRAS": 28, "nRC": 39, "nRRD_S": 4, "nRRD_L": 5, "nFAW": 20, "nCCD_L": 5, "nRTP": 6},
        {"nRCD": 15, "nRP": 15, "nRAS": 36, "nRC": 51, "nRRD_S": 4, "nRRD_L": 6, "nFAW": 23, "nCCD_L": 6, "nRTP": 8},
        {"nRCD": 17, "nRP": 17, "nRAS": 39, "nRC": 56, "nRRD_S": 4, "nRRD_L": 6, "nFAW": 26, "nCCD_L": 6, "nRTP": 9},
        {"nRCD": 19, "nRP": 19, "nRAS": 43, "nRC": 62, "nRRD_S": 4, "nRRD_L": 7, "nFAW": 28, "nCCD_L": 7, "nRTP": 10},
        {"nRCD": 21, "nRP": 21, "nRAS": 47, "nRC": 68, "nRRD_S": 4, "nRRD_L": 8, "nFAW": 31, "nCCD_L": 8, "nRTP": 11},
        # JESD209-4 at 533 Mb/s, where nRTP is its least 8 cycles and reaches beyond nRAS.
        {"nRCD": 5, "nRP": 5, "nRAS": 12, "nRRD_S": 4, "nRRD_L": 4, "nFAW": 11, "nCCD_S": 8, "nCCD_L": 8, "nRTP": 8},
    ],
)
def test_legal_bins_are_let_pass(tmp_path, bin_):
    text = DDR4
    for name, cycles in bin_.items():
        text = re.sub(rf"  {name}: \d+\n", "", text).replace("timing:\n", f"timing:\n  {name}: {cycles}\n")
    path = tmp_path / "my.yaml"
    path.write_text(text[: text.index("energy:")])
    timing = load_standard(str(path)).timing
    assert {name: getattr(timing, name) for name in bin_} == bin_


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "my\\.yaml: is empty; write `key: value` lines"),
        ("- hbm\n", "my\\.yaml: is not a mapping; write `key: value` lines"),
        ("ideal: true\nburst_bytes: 64\n", r"my\.yaml:1: capacity_bytes: is missing"),
        ("ideal: true\nsource: x\nburst_bytes: 65\ncapacity_bytes: 64\n", r"my\.yaml:3: burst_bytes: .*two, not 65"),
        ("ideal: 1\n", r"my\.yaml:1: ideal: expected true or false, not 1"),
        ("source: x\ntCK_ns: 1\ntiming: {}\n", r"my\.yaml:1: organisation: is missing"),
        ("source: x\ntCK_ns: 1\norganisation: 3\n", r"my\.yaml:3: organisation: expected a mapping .*, not 3"),
    ],
)
def test_a_file_without_a_standard_is_refused(tmp_path, text, message):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        load_standard(str(path))


def test_all_faults_of_a_standard_file_are_told_at_once_in_the_order_of_their_lines(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(HBM.replace("banks: 4", "banks: 3").replace("nCL: 7", "nLC: 7").replace("tCK_ns: 2", "tCK_ns: x"))
    with pytest.raises(BadInput) as caught:
        load_standard(str(path))
    assert [line.split(": ")[:3] for line in str(caught.value).split("\n")] == [
        [f"{path}:5", "tCK_ns", "expected a number, not 'x'"],
        [f"{path}:6", "organisation.banks", "must be a power of two, not 3"],
        [f"{path}:7", "timing.nCL", "is missing"],
        [f"{path}:8", "timing.nLC", "unknown key (allowed"],
    ]


def test_what_only_the_whole_standard_shows_is_told_at_once_too(tmp_path):
    path = tmp_path / "my.yaml"
    text = HBM.replace("nREFI: 1950", "nREFI: 195").replace("ro[31:18]", "ro[30:18]", 1)
    path.write_text(text.replace("dual_command", "  own: xx[3]\ndual_command"))
    with pytest.raises(BadInput) as caught:
        load_standard(str(path))
    keys = [line.split(": ")[1] for line in str(caught.value).split("\n")]
    assert keys == ["timing.nREFI", "mapping.row", "mapping.own"]


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path: Path = tmp_path / "my.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is not text in UTF-8"):
        load_standard(str(path))
