"""`iesi-kg compact`: the same statements in fewer bytes, what it says is so, and kill -9 does no harm."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import Quad
from upkeep_quads import change, quad, quads_of

from iesi_kg.errors import StoreBusy, StoreFull
from iesi_kg.operations.audit import AuditLog
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def worn_once(prepared: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store after some commits of which most left again."""
    store = Path(shutil.copytree(prepared[0], tmp_path_factory.mktemp("worn") / "store"))
    opened = EmbeddedStore.open(store)
    passing = [quad(f"passing-{number}", number) for number in range(2_000)]
    for add, remove in ((passing, []), ([], passing), ([quad("stays", 1)], [])):
        with opened.writer() as writer:
            writer.commit(ChangeSet("wear", add, remove))
    opened.close()
    return store


@pytest.fixture
def worn(worn_once: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(worn_once, tmp_path / "store"))


def weigh(store: Path) -> int:
    files = [file.stat() for folder in ("live", "versions") for file in (store / folder).rglob("*") if file.is_file()]
    return sum({facts.st_ino: facts.st_blocks * 512 for facts in files}.values())


def test_it_gains_what_it_says(run: Run, worn: Path) -> None:
    before, weight = quads_of(worn), weigh(worn)
    code, said = run("compact", "--store", worn)
    assert code == 0
    told = [int(each.replace(",", "")) for each in re.findall(r"([\d,]+) bytes, (?:\d) versions", said)]
    assert told == [weight, weigh(worn)]
    assert told[1] < told[0] / 2
    assert re.search(
        r"^after .* 1 versions; all statements read in \d+\.\d{3} s\nversion 7 stands$", said, re.MULTILINE
    )
    assert quads_of(worn) == before
    assert EmbeddedStore.open(worn).reader().version == 7
    entry = list(AuditLog(worn).entries())[-1]
    assert (entry.act.what, entry.version) == ("compaction", 7)
    assert not [file for file in worn.rglob("*.sst") if b"passing" in file.read_bytes()]
    assert run("verify", "--store", worn)[0] == 0


def test_there_is_nothing_to_gain_a_second_time(run: Run, worn: Path) -> None:
    run("compact", "--store", worn)
    code, said = run("compact", "--store", worn)
    assert (code, said.startswith("nothing to gain: fresh files would be no smaller")) == (0, True)
    assert EmbeddedStore.open(worn).reader().version == 7
    assert not (worn / ".live.new").exists()


def test_what_somebody_reads_stays_readable_and_is_named(run: Run, worn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iesi_kg.cli.compact._PATIENCE", 0.1)
    reader = EmbeddedStore(worn).reader()
    assert "somebody still reads version 6: it is deleted by a later writer" in run("compact", "--store", worn)[1]
    assert reader.version == 6
    assert len(list(reader.quads())) == len(quads_of(worn))


def test_a_writer_at_work_is_not_disturbed(worn: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IESI_KG_LOCK_SECONDS", "0.1")
    with EmbeddedStore.open(worn).writer(), pytest.raises(StoreBusy):
        run("compact", "--store", worn)


def test_a_load_that_is_prepared_keeps_its_base(worn: Path, run: Run) -> None:
    (worn / "aside").mkdir()
    with pytest.raises(StoreBusy, match="a large load is under way"):
        run("compact", "--store", worn)


def test_a_full_disk_leaves_the_store_as_it_was(worn: Path, run: Run) -> None:
    before = quads_of(worn)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, limits[1]))
    try:
        with pytest.raises(StoreFull):
            run("compact", "--store", worn)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert quads_of(worn) == before
    assert not (worn / ".live.new").exists()
    assert run("compact", "--store", worn)[0] == 0
    assert quads_of(worn) == before


def check_killed(store: Path, before: set[Quad], step: str | int) -> bool:
    command = [sys.executable, str(HERE / "killed_upkeep.py"), str(store), "compact", "-", str(step)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, check=False)
    assert done.returncode in (0, -9), done.stderr
    opened = EmbeddedStore.open(store)
    assert opened.reader().version in (6, 7), step
    assert set(opened.reader().quads()) == before, step
    opened.verify()
    with opened.writer() as writer:
        assert writer.commit(change(3)) in (7, 8)
    opened.close()
    assert quads_of(store) == (before | set(change(3).add)) - set(change(3).remove)
    return done.returncode == -9


@pytest.mark.parametrize("step", ["os.rename .live.new live", "os.rename .00000007.new 00000007"])
def test_killed_between_its_renames(worn: Path, step: str) -> None:
    assert check_killed(worn, quads_of(worn), step)


@pytest.mark.long
def test_killed_before_every_step(worn: Path, tmp_path: Path) -> None:
    before = quads_of(worn)
    for step in range(1, 2_000):
        trial = Path(shutil.copytree(worn, tmp_path / "trial"))
        ended = check_killed(trial, before, step)
        shutil.rmtree(trial)
        if not ended:
            assert step > 20
            return
    raise AssertionError("it never came to its end")
