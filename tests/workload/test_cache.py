"""The cache: what is kept comes back the same; whatever changed, is gone or is damaged counts as none."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from tlm.workload import cache
from tlm.workload.layer import Layer, Pool, Requant, Workload


def workload(first: int = 0) -> Workload:
    """Two chained layers with everything a layer may have."""
    inputs = (np.arange(2 * 3 * 4 * 4, dtype=np.uint8) + np.uint8(first)).reshape(2, 3, 4, 4)
    accumulators = np.arange(2 * 5 * 4 * 4, dtype=np.int64).reshape(2, 5, 4, 4) - 2**40
    requant = Requant(np.array([3, 4, 5, 6, 7]), np.array([8]), zero=0, low=0, high=255)
    pool = Pool("max", (2, 2), (2, 2), (0, 0), (2, 2))
    outputs = accumulators[:, :, ::2, ::2].astype(np.int16)
    weights = np.ones((5, 3, 3, 3), dtype=np.int8)
    first_layer = Layer(
        "conv", "conv", inputs, weights, np.arange(5), accumulators, outputs,
        (1, 1), (1, 1), 1, 8, 8, 8, requant, pool,
    )  # fmt: skip
    last = attrs.evolve(first_layer, name="last", inputs=outputs, bias=None, requant=None, pool=None)
    return Workload("net", (first_layer, last), chained=True, labels=(np.int64(7), 3), predictions=None)


def assert_same(one: Any, other: Any) -> None:
    """Equal in every field, arrays in dtype and shape too."""
    if attrs.has(type(one)):
        for field in attrs.fields(type(one)):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for mine, its in zip(one, other, strict=True):
            assert_same(mine, its)
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape) and np.array_equal(one, other)
    else:
        assert one == other


class Maker:
    """Makes the workload, and counts how often."""

    def __init__(self, depends: Path) -> None:
        self.depends = depends
        self.calls = 0

    def __call__(self) -> tuple[Workload, list[Path]]:
        self.calls += 1
        return workload(), [self.depends]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    depends = tmp_path / "weights.pt"
    depends.write_text("weights")
    return Maker(depends)


def entry() -> Path:
    """The only entry's folder."""
    folder = cache.cache_folder()
    assert folder is not None
    (found,) = folder.iterdir()
    return found


KEY = {"network": "a:b", "images": 2}


def test_the_second_time_comes_from_disk_and_is_the_same(make: Maker) -> None:
    cold, warm = cache.cached(KEY, make).workload, cache.cached(KEY, make).workload
    assert make.calls == 1
    assert_same(cold, workload())
    assert_same(warm, workload())


def test_cold_and_warm_arrays_are_alike_read_only_and_plain(make: Maker) -> None:
    for found in (cache.cached(KEY, make).workload, cache.cached(KEY, make).workload):
        assert type(found.layers[0].inputs) is np.ndarray
        assert not found.layers[0].inputs.flags.writeable
        assert found.layers[1].inputs is found.layers[0].outputs


def test_another_key_is_another_entry(make: Maker) -> None:
    cache.cached(KEY, make)
    cache.cached({**KEY, "images": 3}, make)
    assert make.calls == 2


def test_a_changed_file_is_a_miss_and_so_is_one_that_is_gone(make: Maker) -> None:
    cache.cached(KEY, make)
    make.depends.write_text("WEIGHTS")
    cache.cached(KEY, make)
    cache.cached(KEY, make)
    assert make.calls == 2
    assert len(list(entry().parent.iterdir())) == 1
    old, make.depends = make.depends, make.depends.with_name("other")
    make.depends.write_text("")
    old.unlink()
    cache.cached(KEY, make)
    assert make.calls == 3


def test_a_file_touched_but_not_changed_is_a_hit(make: Maker) -> None:
    cache.cached(KEY, make)
    os.utime(make.depends, (1, 1))
    cache.cached(KEY, make)
    assert make.calls == 1


def digested(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read for their digests from now on, code apart."""
    files: list[Path] = []
    digest = cache._digest

    def noted(file: Path) -> str:
        if file.suffix != ".py":
            files.append(file)
        return digest(file)

    monkeypatch.setattr(cache, "_digest", noted)
    return files


def test_a_warm_run_reads_no_array_and_no_file_that_is_as_it_was(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(make.depends, (1, 1))
    cache.cached(KEY, make)
    files = digested(monkeypatch)
    cache.cached(KEY, make)
    assert (make.calls, files) == (1, [])
    os.utime(make.depends, (2, 2))
    cache.cached(KEY, make)
    assert (make.calls, files) == (1, [make.depends])


def test_a_file_that_had_only_just_changed_is_read_again(make: Maker) -> None:
    before = make.depends.stat()
    cache.cached(KEY, make)
    make.depends.write_text("WEIGHTS")
    os.utime(make.depends, ns=(before.st_atime_ns, before.st_mtime_ns))  # as within one tick of the file's clock
    cache.cached(KEY, make)
    assert make.calls == 2


def test_a_copied_entry_is_as_good(make: Maker) -> None:
    cache.cached(KEY, make)
    old = entry().rename(entry().with_name("old"))
    shutil.copytree(old, old.with_name(old_name := cache._digest_of_text(cache._entry_name(KEY))))
    shutil.rmtree(old)
    assert entry().name == old_name
    assert_same(cache.cached(KEY, make).workload, workload())
    assert make.calls == 1


def test_changed_code_is_a_miss(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.cached(KEY, make)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "layer.py").write_text("other")
    monkeypatch.setattr(cache, "CODE", tmp_path / "code")
    cache.cached(KEY, make)
    assert make.calls == 2


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def forget(folder: Path, key: str) -> None:
    manifest = json.loads((folder / cache.MANIFEST).read_text())
    del manifest[key]
    (folder / cache.MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: flip(folder / "0.npy"),
        lambda folder: (folder / "0.npy").write_bytes(b""),
        lambda folder: (folder / "1.npy").unlink(),
        lambda folder: (folder / cache.MANIFEST).unlink(),
        lambda folder: (folder / cache.MANIFEST).write_text("{"),
        lambda folder: (folder / cache.MANIFEST).write_text("[]"),
        lambda folder: (folder / cache.MANIFEST).write_bytes(b"\xff"),
        lambda folder: forget(folder, "workload"),
        lambda folder: forget(folder, "arrays"),
    ],
)
def test_a_damaged_entry_is_a_miss_and_is_replaced(make: Maker, damage: object) -> None:
    cache.cached(KEY, make)
    damage(entry())  # type: ignore[operator]
    assert_same(cache.cached(KEY, make).workload, workload())
    assert make.calls == 2
    cache.cached(KEY, make)
    assert make.calls == 2


def test_an_array_of_objects_is_never_unpickled(make: Maker) -> None:
    cache.cached(KEY, make)
    folder = entry()
    np.save(folder / "0.npy", np.array([{}], dtype=object), allow_pickle=True)
    manifest = json.loads((folder / cache.MANIFEST).read_text())
    manifest["arrays"]["0.npy"] = cache._sealed(folder / "0.npy")
    (folder / cache.MANIFEST).write_text(json.dumps(manifest))
    cache.cached(KEY, make)
    assert make.calls == 2


def test_what_is_mapped_stays_good_when_its_entry_is_replaced(make: Maker) -> None:
    found = cache.cached(KEY, make).workload
    make.depends.write_text("WEIGHTS")
    cache.cached(KEY, make)
    assert_same(found, workload())


def test_without_a_folder_to_write_to_it_works_all_the_same(
    make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "file" / "cache"))
    for _ in range(2):
        assert_same(cache.cached(KEY, make).workload, workload())
    assert make.calls == 2


def test_without_a_home_it_works_all_the_same(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "cache_folder", lambda: None)
    assert_same(cache.cached(KEY, make).workload, workload())


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path))
    assert cache.cache_folder() == tmp_path
    monkeypatch.delenv("TLM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "tlm"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / ".cache" / "tlm"
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert cache.cache_folder() is None


def hammer(make: Maker) -> int:
    """What one of the writers does; how often it had to make the workload."""
    for _ in range(15):
        make.depends.write_bytes(os.urandom(4))  # so that everybody misses, and writes, most of the time
        assert_same(cache.cached(KEY, make).workload, workload())
    return make.calls


def test_many_writers_at_once_do_no_harm(make: Maker) -> None:
    with ProcessPoolExecutor(3, get_context("spawn")) as writers:
        calls = list(writers.map(hammer, [make] * 3))
    assert sum(calls) > 3
    assert len(list(entry().parent.iterdir())) == 1
