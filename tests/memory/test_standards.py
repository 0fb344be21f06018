from pathlib import Path

import pytest

from tlm.core import BadInput
from tlm.memory import MemorySpec
from tlm.memory.config import resolve
from tlm.memory.standards import FOLDER, DramStandard, IdealStandard, load_standard, standard_names

NAMES = ["ddr4-3200", "hbm", "hbm2", "ideal", "lpddr4-3200", "lpddr4-4267"]
PEAK_GB_PER_S = {"ddr4-3200": 25.397, "hbm": 128, "hbm2": 256, "lpddr4-3200": 25.6, "lpddr4-4267": 34.133}
HBM = (FOLDER / "hbm.yaml").read_text()


def test_file_names_are_the_registry():
    assert standard_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_standard_loads_and_names_its_source(name):
    standard = load_standard(name)
    assert standard.name == name
    assert standard.source
    assert isinstance(standard, IdealStandard if name == "ideal" else DramStandard)


@pytest.mark.parametrize(("name", "peak"), PEAK_GB_PER_S.items())
def test_peak_bandwidth(name, peak):
    assert resolve(MemorySpec(name)).peak_bytes_per_s / 1e9 == pytest.approx(peak, abs=5e-4)


@pytest.mark.parametrize("name", PEAK_GB_PER_S)
def test_the_default_mapping_is_the_standards_own(name):
    line = next(line for line in (FOLDER / f"{name}.yaml").read_text().splitlines() if "ro[" in line)
    assert str(resolve(MemorySpec(name)).mapping) == line.split(": ", 1)[1]


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


def test_a_mapping_may_be_written_out():
    text = "co[6] bg[8:7] co[14:9] ba[16:15] ro[32:17]"
    assert str(resolve(MemorySpec("ddr4-3200", mapping=text)).mapping) == text


def test_a_users_standard_is_found_by_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HBM.replace("nCL: 7", "nCL: 9"))
    config = resolve(MemorySpec(str(path), channels=4))
    assert (config.standard.name, config.timing.nCL) == ("mine", 9)


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
        ({"mapping": "rows"}, r"mapping: hbm has no mapping 'rows'.*did you mean 'row'"),
        ({"mapping": "co[6:10]"}, "mapping: .*write the higher bit first"),
        ({"mapping": "co[9:5] ro[23:10]"}, "mapping: the lowest part, co, must begin at bit 6"),
        ({"mapping": "co[10:6] ro[24:11]"}, r"mapping: ch \(channel\) must have 3 bits here, not 0"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(fields, message):
    with pytest.raises(BadInput, match=message):
        resolve(MemorySpec(**{"standard": "hbm", **fields}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nCL: 7", "nCL: seven", r"my\.yaml:8: timing\.nCL: must be a whole number, not 'seven'"),
        ("nCL: 7", "nCL: true", r"my\.yaml:8: timing\.nCL: must be a whole number, not True"),
        ("nCL: 7", "nCL: -7", r"my\.yaml:8: timing\.nCL: .*> 0"),
        ("nCL: 7", "nLC: 7", r"my\.yaml:8: timing\.nLC: unknown key .*did you mean 'nCL'"),
        ("  nCL: 7\n", "", r"my\.yaml:7: timing\.nCL: is missing"),
        ("nREFI: 1950", "nREFI: 195", r"my\.yaml:24: timing\.nREFI: must leave time between refreshes"),
        ("tCK_ns: 2", "tCK_ns: 0", r"my\.yaml:5: tCK_ns: must be positive"),
        ("tCK_ns: 2", "tCK_ns: 2 ns", r"my\.yaml:5: tCK_ns: must be a number, not '2 ns'"),
        ("source: JEDEC", "sauce: JEDEC", r"my\.yaml:4: sauce: unknown key .*did you mean 'source'"),
        ("timing:\n", "timing: 3\nmapping_:\n", r"my\.yaml:8: mapping_: unknown key"),
        ("banks: 4", "banks: 3", r"my\.yaml:6: organisation\.banks: .*power of two, not 3"),
        ("row_bytes: 2048", "row_bytes: 32", r"organisation\.row_bytes: row_bytes must hold a burst"),
        ("ro[31:18]", "ro[30:18]", r"my\.yaml:26: mapping\.row: ro \(row\) must have 14 bits here, not 13"),
        ("ro[31:18]", "row[31:18]", r"my\.yaml:26: mapping\.row: .*did you mean 'ro'"),
        ("mapping:\n  row: co[10:6] ch[13:11] ba[15:14] bg[17:16] ro[31:18]", "mapping: {}", "at least one"),
        ("mapping:\n", "mapping: 3\n#", r"my\.yaml:25: .*"),
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
    ("text", "message"),
    [
        ("", "must hold `key: value` lines"),
        ("- hbm\n", "must hold `key: value` lines"),
        ("ideal: true\nburst_bytes: 64\n", r"my\.yaml: capacity_bytes: is missing"),
        ("ideal: true\nsource: x\nburst_bytes: 65\ncapacity_bytes: 64\n", r"my\.yaml:3: burst_bytes: .*two, not 65"),
        ("ideal: 1\n", r"my\.yaml:1: ideal: must be true or false, not 1"),
        ("source: x\ntCK_ns: 1\ntiming: {}\n", r"my\.yaml: organisation: is missing"),
        ("source: x\ntCK_ns: 1\norganisation: 3\n", r"my\.yaml:3: organisation: must hold keys and values"),
    ],
)
def test_a_file_without_a_standard_is_refused(tmp_path, text, message):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        load_standard(str(path))


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path: Path = tmp_path / "my.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is not text in UTF-8"):
        load_standard(str(path))
