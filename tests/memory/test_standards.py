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
        ("nCL: 7", "nCL: seven", r"my\.yaml:8: timing\.nCL: expected a whole number, not 'seven'"),
        ("nCL: 7", "nCL: true", r"my\.yaml:8: timing\.nCL: expected a whole number, not true"),
        ("nCL: 7", "nCL: -7", r"my\.yaml:8: timing\.nCL: must be > 0, not -7"),
        ("nCL: 7", "nLC: 7", r"my\.yaml:8: timing\.nLC: unknown key .*did you mean 'nCL'"),
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
        ("mapping:\n  row: co[10:6] ch[13:11] ba[15:14] bg[17:16] ro[31:18]", "mapping: {}", "at least one"),
        ("mapping:\n  row: ", "mapping: 3\n# ", r"my\.yaml:25: mapping: expected a mapping, not 3"),
        ("row: co", "row: 3 #", r"my\.yaml:26: mapping\.row: expected text, not 3"),
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
    path.write_text(HBM.replace("nREFI: 1950", "nREFI: 195").replace("ro[31:18]", "ro[30:18]") + "  own: xx[3]\n")
    with pytest.raises(BadInput) as caught:
        load_standard(str(path))
    keys = [line.split(": ")[1] for line in str(caught.value).split("\n")]
    assert keys == ["timing.nREFI", "mapping.row", "mapping.own"]


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path: Path = tmp_path / "my.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is not text in UTF-8"):
        load_standard(str(path))
