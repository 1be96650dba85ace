"""kill -9 and torn files: the next open has all of a change or none, and everything that was acknowledged."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_writer import change
from pyoxigraph import Quad
from store_quads import quad

from iesi_kg.errors import StoreDamaged
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.journal import Journal

HERE = Path(__file__).parent


def kill_a_writer(path: Path, seed: int) -> int:
    """Start a writer, kill it at a random moment, and return the last version it acknowledged."""
    dice = random.Random(seed)
    arguments = [str(path), str(dice.choice([0.0, 0.01, 0.05, 1.0])), str(dice.choice([1, 7, 1_000]))]
    command = [sys.executable, str(HERE / "crash_writer.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(dice.uniform(0, 0.25))
        os.kill(process.pid, signal.SIGKILL)
        lines = [first, *process.stdout.read().splitlines()]
    return int(lines[-1])


def assert_exactly(store: EmbeddedStore, version: int) -> None:
    reader = store.reader()
    assert reader.version == version
    expected = {quad("marker", str(version))} if version else set()
    for number in range(1, version + 1):
        expected |= {quad("item", str(number)), quad("item", str(number), "g")}
    assert set(reader.quads()) == expected
    assert store.current().triples == len(expected)


def crash_and_check(path: Path, seeds: range) -> None:
    acknowledged = 0
    for seed in seeds:
        acknowledged = kill_a_writer(path, seed)
        store = EmbeddedStore.open(path)
        version = store.current().number
        assert version in {acknowledged, acknowledged + 1}, f"seed {seed}"
        assert_exactly(store, version)
        assert not any(segment.stat().st_size for segment in store.layout.journal.iterdir())
        store.close()


def test_killed_writers_leave_whole_versions(store: EmbeddedStore) -> None:
    crash_and_check(store.layout.root, range(8))


@pytest.mark.long
def test_two_hundred_killed_writers_leave_whole_versions(store: EmbeddedStore) -> None:
    crash_and_check(store.layout.root, range(1_000, 1_200))


def test_readers_see_old_or_new_while_writers_come_and_are_killed(store: EmbeddedStore) -> None:
    """Readers of this process look all the time: each view is one whole version, and none is older than the last."""
    path, seen = store.layout.root, [0]
    for seed in (3, 7):
        dice = random.Random(seed)
        command = [sys.executable, str(HERE / "crash_writer.py"), str(path), "0.0", "7"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
            enough, until = len(set(seen)) + dice.randint(3, 9), time.monotonic() + 20
            while len(set(seen)) < enough and time.monotonic() < until:
                reader = EmbeddedStore(path).reader() if dice.random() < 0.5 else store.reader()
                version = reader.version
                assert version >= seen[-1]
                quads = set(reader.quads())
                assert len(quads) == (2 * version + 1 if version else 0)
                assert not version or quad("marker", str(version)) in quads
                seen.append(version)
            os.kill(process.pid, signal.SIGKILL)
    assert len(set(seen)) > 6


def unpublished(path: Path, commits: int) -> Path:
    """A store whose writer was killed: version 1 current, later commits in the journal."""
    command = [sys.executable, str(HERE / "crash_writer.py"), str(path), "1000", str(commits), "die"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert EmbeddedStore(path).current().number == 1
    return path


def test_the_journal_is_replayed_on_the_live_store(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 5)
    assert EmbeddedStore(copy).reader().version == 1
    assert_exactly(EmbeddedStore.open(copy), 5)


def test_the_journal_is_replayed_when_the_live_store_lost_its_last_commits(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 5)
    for log in (copy / "live").glob("*.log"):
        log.write_bytes(b"")
    assert_exactly(EmbeddedStore.open(copy), 5)


def test_the_journal_is_replayed_when_the_live_store_is_gone(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 5)
    shutil.rmtree(copy / "live")
    assert_exactly(EmbeddedStore.open(copy), 5)


def test_a_torn_last_entry_was_never_acknowledged(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 3)
    [segment] = (copy / "journal").iterdir()
    whole = segment.read_bytes()
    length = len(whole) // 2  # two entries of one size: versions 2 and 3
    for cut in (1, length // 2, length - 1, length, length + 1, length + 30, len(whole) - 1):
        trial = tmp_path / f"cut at {cut}"
        shutil.copytree(copy, trial)
        shutil.rmtree(trial / "live")
        (trial / "journal" / segment.name).write_bytes(whole[:cut])
        assert_exactly(EmbeddedStore.open(trial), 2 if cut >= length else 1)


def test_blocks_of_zeros_at_the_end_of_the_journal_are_no_damage(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 3)
    [segment] = (copy / "journal").iterdir()
    segment.write_bytes(segment.read_bytes() + bytes(4096))
    assert_exactly(EmbeddedStore.open(copy), 3)


def test_a_broken_entry_before_a_whole_one_is_damage_not_silence(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 3)
    [segment] = (copy / "journal").iterdir()
    broken = bytearray(segment.read_bytes())
    broken[60] ^= 0xFF
    segment.write_bytes(broken)
    with pytest.raises(StoreDamaged, match="journal"):
        EmbeddedStore.open(copy)


@pytest.mark.parametrize("place", [4, 12, 20, 52], ids=["number", "length", "digest", "checksum"])
def test_a_broken_header_is_damage_even_in_the_last_entry(tmp_path: Path, place: int) -> None:
    """A length that grew must not pass for an entry that was never finished: the entry was acknowledged."""
    copy = unpublished(tmp_path / "kg", 3)
    [segment] = (copy / "journal").iterdir()
    broken = bytearray(segment.read_bytes())
    broken[len(broken) // 2 + place] ^= 0x01
    segment.write_bytes(broken)
    with pytest.raises(StoreDamaged, match="journal"):
        EmbeddedStore.open(copy)


def test_a_header_of_which_only_a_part_was_written_is_no_damage(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 3)
    [segment] = (copy / "journal").iterdir()
    whole = segment.read_bytes()
    last = len(whole) // 2
    segment.write_bytes(whole[: last + 30] + bytes(len(whole) - last - 30))
    shutil.rmtree(copy / "live")
    assert_exactly(EmbeddedStore.open(copy), 2)


def test_replaying_twice_is_replaying_once(tmp_path: Path) -> None:
    """A crash between publishing and forgetting the journal leaves entries that are already published."""
    copy = unpublished(tmp_path / "kg", 4)
    journal = shutil.copytree(copy / "journal", tmp_path / "journal kept")
    EmbeddedStore.open(copy).close()
    shutil.copytree(journal, copy / "journal", dirs_exist_ok=True)
    again = EmbeddedStore.open(copy)
    assert_exactly(again, 4)
    with again.writer() as writer:
        assert writer.commit(change(5)) == 5
    assert_exactly(again, 5)


def test_a_checkpoint_that_was_made_but_not_switched_to_is_made_again(tmp_path: Path) -> None:
    copy = unpublished(tmp_path / "kg", 3)
    (copy / "versions" / "00000003").mkdir()
    (copy / "versions" / ".00000003.new").mkdir()
    assert_exactly(EmbeddedStore.open(copy), 3)
    assert sorted(path.name for path in (copy / "versions").iterdir()) == ["00000000", "00000001", "00000003"]


class InterruptedQuads(tuple[Quad, ...]):
    """Quads during whose third reading somebody presses Ctrl-C: after the check and the journal, in the engine."""

    readings = 0

    def __iter__(self) -> Iterator[Quad]:
        InterruptedQuads.readings += 1
        if InterruptedQuads.readings == 3:
            raise KeyboardInterrupt
        return super().__iter__()


def test_an_interrupt_in_the_middle_of_a_commit_is_like_a_crash(store: EmbeddedStore) -> None:
    """The change was never acknowledged, and comes whole at the next open, because the journal has it."""
    with pytest.raises(KeyboardInterrupt), store.writer() as writer:
        writer.commit(change(1))
        writer.commit(change(2))
        writer.commit(ChangeSet("3", InterruptedQuads(change(3).add), change(3).remove))
    assert store.reader().version == 1
    assert_exactly(EmbeddedStore.open(store.layout.root), 3)


def test_the_journal_names_what_it_holds(store: EmbeddedStore) -> None:
    with store.writer() as writer:
        writer.commit(change(1))
        writer.commit(ChangeSet("a label, ünïcode", [quad("a", "1")], [quad("b", "2", "g")]))
        [entry] = Journal(store.layout.journal).entries(after=1)
        assert entry.number == 2
        assert entry.change == ChangeSet("a label, ünïcode", (quad("a", "1"),), (quad("b", "2", "g"),))
    assert not list(store.layout.journal.iterdir())
