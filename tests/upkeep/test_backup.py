"""Backups: complete, consistent beside writers, sharing what did not change, never half there."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from upkeep_quads import LATER, change, expected, files_beside, quads_of, rot

from iesi_kg.errors import BackupUnusable, LogDamaged, StoreBusy, StoreDamaged, StoreFull, UsageError
from iesi_kg.operations import backup, backup_files, parts, restore
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.tokens import FOLDER, Tokens
from iesi_kg.publication import desk_shelf, release_shelf
from iesi_kg.publication.release_content import write_quads
from iesi_kg.store import standstill
from iesi_kg.store.durable import locked
from iesi_kg.store.embedded import EmbeddedStore

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"


def wish(target: Path, days: int = 0, **more: int) -> backup.Wish:
    return backup.Wish(target, LATER + timedelta(days=days), patience=5.0, **more)


def put_back(place: Path, store: Path, **more: object) -> restore.Restored:
    return restore.restore(place, restore.Wish(store, "anna", LATER, **more))  # type: ignore[arg-type]


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """What a full disk is to whoever writes: the system refuses to let any file grow beyond this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["backups", "one.tar", "one.tar.gz"])
def test_what_is_restored_is_what_was_backed_up(store: Path, tmp_path: Path, name: str) -> None:
    made = backup.make(store, wish(tmp_path / name))
    done = put_back(tmp_path / name, tmp_path / "again")
    assert (done.version, done.aside) == (3, None)
    again = EmbeddedStore.open(tmp_path / "again")
    assert again.current().number == EmbeddedStore.open(store).current().number == 3
    assert again.current().created == EmbeddedStore.open(store).current().created
    assert quads_of(tmp_path / "again") == quads_of(store) > expected(2)
    assert files_beside(tmp_path / "again") == files_beside(store)
    assert Tokens(tmp_path / "again").all() == Tokens(store).all()
    log = list(AuditLog(tmp_path / "again").entries())
    assert log[:-1] == list(AuditLog(store).entries())
    assert (log[-1].act.what, log[-1].act.detail["version"]) == ("restore", 3)
    origin = made.manifest.origin
    assert (origin.version, origin.last, origin.releases) == (3, 3, ["2026.1"])
    assert dict(origin.counts) == {
        "releases": 1, "submissions at the desk": 1, "tokens": 1, "entries of the log": 4,
    }  # fmt: skip


def test_the_next_backup_shares_what_did_not_change(store: Path, tmp_path: Path) -> None:
    first = backup.make(store, wish(tmp_path / "b"))
    with EmbeddedStore.open(store).writer() as writer:
        writer.commit(change(3))
    second = backup.make(store, wish(tmp_path / "b", 1))
    assert first.linked == 0
    shared = [item.path for item in second.manifest.items if (second.place / item.path).stat().st_nlink > 1]
    assert len(shared) == second.linked > 20
    assert "releases/2026.1/data.nq" in shared
    assert "current" not in shared
    assert put_back(first.place, tmp_path / "old").version == 3
    assert put_back(tmp_path / "b", tmp_path / "new").version == 4  # the newest


def test_a_file_that_changed_in_the_backup_before_is_not_taken_over(store: Path, tmp_path: Path) -> None:
    first = backup.make(store, wish(tmp_path / "b"))
    rot(first.place / "releases/2026.1/data.nq", 100)
    second = backup.make(store, wish(tmp_path / "b", 1))
    assert backup_files.check(first.place, first.manifest) == ["releases/2026.1/data.nq"]
    assert backup_files.check(second.place, second.manifest) == []


def test_only_so_many_are_kept(store: Path, tmp_path: Path) -> None:
    for day in range(3):
        made = backup.make(store, wish(tmp_path / "b", day, keep=2))
    assert made.deleted == ("2026-11-21T09-00-00Z-v3",)
    assert [path.name for path in backup.finished(tmp_path / "b")] == [
        "2026-11-22T09-00-00Z-v3",
        "2026-11-23T09-00-00Z-v3",
    ]


def test_nobody_else_can_read_a_backup_and_it_says_what_is_personal(store: Path, tmp_path: Path) -> None:
    made = backup.make(store, wish(tmp_path / "b"))
    assert stat.S_IMODE(made.place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.place.rglob("*") if file.is_file()} == {0o600}
    personal = {str(part["name"]): part["personal_data"] for part in made.manifest.parts()}
    assert set(personal) == {"quads", "operations", "desk", "releases"}
    assert "names and addresses of senders" in str(personal["desk"])
    backup.make(store, wish(tmp_path / "one.tar"))
    assert stat.S_IMODE((tmp_path / "one.tar").stat().st_mode) == 0o600


def test_every_part_that_the_rooms_know_is_a_part_of_the_store() -> None:
    known = {name for part in parts.PARTS for name in part.files}
    assert {FOLDER, desk_shelf.FOLDER, release_shelf.FOLDER} < known
    assert {name.partition("/")[0] for name in standstill.LOCKS} == {FOLDER, desk_shelf.FOLDER, release_shelf.FOLDER}


def test_backups_beside_a_writer_are_each_one_whole_version(tmp_path: Path) -> None:
    """One writer goes on and on: what it has acknowledged is in a checkpoint or in the journal, so in the backup."""
    path, stop, acknowledged = tmp_path / "kg", threading.Event(), [0]

    def go_on() -> None:
        store = EmbeddedStore.open(path, create=True, checkpoint_seconds=0.2)
        with store.writer() as writer:
            while not stop.is_set():
                acknowledged[0] = writer.commit(change(writer.reader.version + 1))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        versions = []
        for day in range(4):
            while acknowledged[0] < 5 * (day + 1):
                assert thread.is_alive()
            before = acknowledged[0]
            made = backup.make(path, wish(tmp_path / "b", day))
            assert made.manifest.origin.last >= before
            versions.append(made.manifest.origin.last)
    finally:
        stop.set()
        thread.join()
    for place, version in zip(backup.finished(tmp_path / "b"), versions, strict=True):
        shutil.rmtree(tmp_path / "again", ignore_errors=True)
        assert put_back(place, tmp_path / "again").version == version
        assert quads_of(tmp_path / "again") == expected(version)


def test_commits_in_the_journal_alone_are_in_the_backup(store: Path, tmp_path: Path) -> None:
    """A writer that holds the lock and rests: its last commits are in no checkpoint yet."""
    with EmbeddedStore.open(store, checkpoint_seconds=1_000).writer() as writer:
        writer.commit(change(3))
        assert (writer.commit(change(4)), writer.published) == (5, 4)
        made = backup.make(store, wish(tmp_path / "b"))
        assert (made.manifest.origin.version, made.manifest.origin.last) == (4, 5)
    assert put_back(tmp_path / "b", tmp_path / "again").version == 5
    assert quads_of(tmp_path / "again") == quads_of(store)


def test_a_desk_that_is_at_work_is_waited_for(store: Path, tmp_path: Path) -> None:
    hurried = backup.Wish(tmp_path / "b", LATER, patience=0.05)
    with locked(store / "desk/LOCK", 1.0), pytest.raises(StoreBusy) as caught:
        backup.make(store, hurried)
    assert caught.value.detail.startswith(f"desk of {store}: process ")
    assert backup.finished(tmp_path / "b") == []
    assert not (store / ".backup").exists()


def test_two_at_once_do_not_mix(store: Path, tmp_path: Path) -> None:
    with locked(store / "backup.LOCK", 1.0), pytest.raises(StoreBusy):
        backup.make(store, wish(tmp_path / "b"))


def test_statements_as_text_need_no_engine_and_come_back(store: Path, tmp_path: Path) -> None:
    """The way for stores on other servers: statements by the Reader, and the folder of the state."""
    opened = EmbeddedStore.open(store)
    made = backup.make_of_quads(
        opened.reader, store, lambda reader, path: write_quads(reader.quads(), path), wish(tmp_path / "b")
    )
    opened.close()
    text = (made.place / backup.QUADS_FILE).read_text("utf-8").splitlines()
    assert text == sorted(text)
    assert len(text) == made.manifest.origin.triples == len(quads_of(store))
    assert not (made.place / "versions").exists()
    assert put_back(tmp_path / "b", tmp_path / "again").version == 3
    assert quads_of(tmp_path / "again") == quads_of(store)
    assert files_beside(tmp_path / "again") == files_beside(store)


def test_a_damaged_store_is_not_backed_up(store: Path, tmp_path: Path) -> None:
    table = sorted((store / "versions/00000003").glob("*.sst"))[0]
    rot(table)
    with pytest.raises(StoreDamaged, match=f"{table.name} of .* is not what was written") as caught:
        backup.make(store, wish(tmp_path / "b"))
    assert "iesi-kg verify" in str(caught.value.hint)
    assert list((tmp_path / "b").glob("2026*")) == []


def test_a_damaged_log_is_told_by_its_own_path(store: Path, tmp_path: Path) -> None:
    with (store / "operations/audit.log").open("a") as log:
        log.write("junk\n")
    with pytest.raises(LogDamaged) as caught:
        backup.make(store, wish(tmp_path / "b"))
    assert str(store / "operations/audit.log") in caught.value.detail


@pytest.mark.parametrize("name", ["b", "one.tar"])
def test_a_full_disk_leaves_nothing_behind(store: Path, tmp_path: Path, name: str) -> None:
    with no_file_longer_than(20_000), pytest.raises(StoreFull) as caught:
        backup.make(store, wish(tmp_path / name))
    assert name in caught.value.detail
    assert [path.name for path in tmp_path.rglob("*.new")] == []
    assert not (store / ".backup").exists()
    assert backup.make(store, wish(tmp_path / name)).place.exists()


def test_what_cannot_be_meant_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="inside the store"):
        backup.make(store, wish(store / "backups"))
    backup.make(store, wish(tmp_path / "one.tar"))
    with pytest.raises(UsageError, match="is there already"):
        backup.make(store, wish(tmp_path / "one.tar"))
    backup.make(store, wish(tmp_path / "b"))
    with pytest.raises(UsageError, match="is there already"):
        backup.make(store, wish(tmp_path / "b"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        backup.make(store, wish(tmp_path / "file"))
    with pytest.raises(UsageError, match="no backup can be made at"):
        backup.make(store, wish(Path("/proc/none")))
    with pytest.raises(BackupUnusable, match="no finished backup"):
        put_back(store, tmp_path / "again")


def test_backups_made_before_an_erasure_are_named(store: Path, tmp_path: Path) -> None:
    backup.make(store, wish(tmp_path / "b"))
    AuditLog(store).append(Act("anna", "command", "erasure", LATER + timedelta(hours=1), {"reason": "asked for"}))
    made = backup.make(store, wish(tmp_path / "b", 1))
    assert made.older == ("2026-11-21T09-00-00Z-v3",)


@pytest.mark.parametrize("name", ["b", "one.tar"])
def test_killed_in_the_middle_there_is_no_backup_and_the_next_one_is_whole(
    store: Path, tmp_path: Path, name: str
) -> None:
    command = [sys.executable, str(HERE / "killed_upkeep.py"), str(store), "backup", str(tmp_path / name), "last file"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, check=False)
    assert done.returncode == -9
    assert backup.finished(tmp_path / "b") == []
    assert not (tmp_path / "one.tar").exists()
    made = backup.make(store, wish(tmp_path / name))
    assert backup_files.check(made.place, made.manifest) == []
    assert not list(tmp_path.rglob("*.new"))
    assert made.manifest.origin.made == LATER
