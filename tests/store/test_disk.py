"""Folders in trouble: damaged, read-only, full; and folders that must not grow."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from store_mounts import Mount
from store_quads import quad

from iesi_kg.errors import StoreDamaged, StoreFull, StoreReadOnly
from iesi_kg.store import seal as seal_module
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore


@pytest.fixture
def filled(store: EmbeddedStore) -> Path:
    """A closed store at version 2 with two quads."""
    for number in (1, 2):
        with store.writer() as writer:
            writer.commit(ChangeSet("fill", [quad("a", str(number))]))
    store.close()
    return store.layout.root


@pytest.fixture
def whole(store: EmbeddedStore) -> Path:
    """A closed store of one commit: one table per index, so that no compaction gives the live store others."""
    with store.writer() as writer:
        writer.commit(ChangeSet("fill", [quad("a", "1")]))
    store.close()
    return store.layout.root


def assert_mended(path: Path) -> None:
    store = EmbeddedStore.open(path)
    assert store.reader().version == 2
    assert set(store.reader().quads()) == {quad("a", "1"), quad("a", "2")}
    with store.writer() as writer:
        assert writer.commit(ChangeSet("more", [quad("a", "3")])) == 3
    assert len(list(store.reader().quads())) == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"number": "x"}', b"\x00\xff", None])
def test_a_damaged_current_is_mended(filled: Path, content: bytes | None) -> None:
    current = filled / "current"
    current.unlink()
    if content is not None:
        current.write_bytes(content)
    assert_mended(filled)


@pytest.mark.parametrize("part", ["CURRENT", "MANIFEST-*", "*.sst", "*"])
def test_a_damaged_checkpoint_is_mended_from_the_live_store(filled: Path, part: str) -> None:
    for file in (filled / "versions" / "00000002").glob(part):
        file.unlink()
        file.write_bytes(b"junk")
    assert_mended(filled)


def test_a_missing_checkpoint_is_mended_from_the_live_store(filled: Path) -> None:
    shutil.rmtree(filled / "versions")
    assert_mended(filled)


def test_a_reader_mends_what_it_meets(filled: Path) -> None:
    shutil.rmtree(filled / "versions" / "00000002")
    assert len(list(EmbeddedStore(filled).reader().quads())) == 2


@pytest.mark.parametrize("part", ["CURRENT", "MANIFEST-*", "*.sst", "*"])
def test_a_damaged_live_store_is_mended_from_the_checkpoint(filled: Path, part: str) -> None:
    for file in (filled / "live").glob(part):
        file.unlink()
        file.write_bytes(b"junk")
    assert_mended(filled)


def tables(path: Path, version: int = 2) -> list[Path]:
    return sorted((path / "versions" / f"{version:08}").glob("*.sst"))


def rot(file: Path) -> None:
    """Turn one bit of the first data block in place: every name of the file has the damage, and no opening sees it."""
    with file.open("r+b") as stream:
        stream.seek(10)
        byte = stream.read(1)[0]
        stream.seek(-1, 1)
        stream.write(bytes([byte ^ 0x10]))


def test_a_bit_that_turned_in_any_file_is_found(whole: Path) -> None:
    """The tables are shared by the live store and the versions: no copy is left to mend them from."""
    EmbeddedStore.open(whole).verify()
    assert all(table.samefile(whole / "live" / table.name) for table in tables(whole, 1))
    for table in tables(whole, 1):
        rot(table)
        with pytest.raises(StoreDamaged, match=f"{table.name} of .* is not what was written") as caught:
            EmbeddedStore(whole).verify()
        assert "backup" in str(caught.value.hint)
        rot(table)
    EmbeddedStore.open(whole).verify()


def test_damage_is_not_sealed_as_right_by_later_versions(filled: Path) -> None:
    """Whichever table it is in that the live store still has: some are read for a commit, which then says so."""
    unread = 0
    for table in tables(filled):
        copy = filled.with_name(table.stem)
        subprocess.run(["cp", "-a", filled, copy], check=True)  # with the hard links
        damaged = copy / table.relative_to(filled)
        rot(damaged)
        store = EmbeddedStore(copy)
        try:
            with store.writer() as writer:
                writer.commit(ChangeSet("more", [quad("a", "3")]))
        except StoreDamaged:
            continue
        later = copy / "versions" / "00000003" / damaged.name
        if not later.exists():  # merged into another one before it was damaged
            continue
        unread += 1
        assert later.samefile(damaged)
        with pytest.raises(StoreDamaged, match=damaged.name):
            store.verify()
    assert unread


def test_a_checkpoint_with_files_of_its_own_is_mended_from_the_live_store(filled: Path) -> None:
    for table in tables(filled):
        content = table.read_bytes()
        table.unlink()
        table.write_bytes(content[:-1] + bytes([content[-1] ^ 0x10]))
    EmbeddedStore(filled).verify()
    assert_mended(filled)


def test_a_damaged_seal_and_a_store_from_before_seals(filled: Path) -> None:
    seal = filled / "versions" / "00000002" / "SEAL"
    seal.write_bytes(b"{")
    EmbeddedStore(filled).verify()  # sealed anew from the live store
    assert seal.read_bytes() != b"{"
    seal.unlink()
    EmbeddedStore(filled).verify()
    assert_mended(filled)


def test_each_table_is_read_once_to_be_sealed(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    digest = seal_module._digest
    monkeypatch.setattr(seal_module, "_digest", lambda file: read.append(file.name) or digest(file))
    before = {table.name for table in tables(filled)}
    with EmbeddedStore(filled).writer() as writer:
        writer.commit(ChangeSet("more", [quad("a", "3")]))
    assert before
    assert not before & set(read)
    assert [name for name in read if name.endswith(".sst")]


def test_a_store_damaged_beyond_repair_says_so_in_one_sentence_with_a_remedy(filled: Path) -> None:
    for folder in ("live", "versions/00000002"):
        for file in (filled / folder).glob("MANIFEST-*"):
            file.write_bytes(b"junk")
    with pytest.raises(StoreDamaged) as caught:
        EmbeddedStore.open(filled)
    assert "\n" not in caught.value.detail
    assert "backup" in str(caught.value.hint)
    with pytest.raises(StoreDamaged):
        EmbeddedStore(filled).reader()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kg"
    path.write_text("I am a file")
    with pytest.raises(StoreDamaged, match="kg"):
        EmbeddedStore.open(path, create=True)
    assert path.read_text() == "I am a file"


def test_a_read_only_folder_can_be_read_and_says_that_it_cannot_be_written(mount: Mount) -> None:
    disk = mount("disk", "size=64m")
    with EmbeddedStore.open(disk / "kg", create=True).writer() as writer:
        writer.commit(ChangeSet("before", [quad("a", "1")]))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    store = EmbeddedStore.open(disk / "kg")
    assert list(store.reader().quads()) == [quad("a", "1")]
    with pytest.raises(StoreReadOnly) as caught, store.writer():
        pytest.fail("a writer on a read-only disk")
    assert str(disk / "kg") in caught.value.detail
    with pytest.raises(StoreReadOnly):
        EmbeddedStore.open(disk / "other", create=True)


@pytest.mark.parametrize("bulk", [False, True])
def test_a_full_disk_changes_nothing_and_recovers(mount: Mount, bulk: bool) -> None:
    disk = mount("disk", "size=24m")
    store = EmbeddedStore.open(disk / "kg", create=True)
    with store.writer() as writer:
        writer.commit(ChangeSet("before", [quad("a", "1")]))
    number = 60_000 if bulk else 40_000
    change = ChangeSet("too much", [quad(f"subject-{i}", f"{i:0100d}") for i in range(number)], [quad("a", "1")])
    filler = disk / "filler"
    room = 2_000_000
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - room))
    with pytest.raises(StoreFull) as caught, store.writer() as writer:
        writer.commit(change)
    assert caught.value.status == 507
    assert list(EmbeddedStore(disk / "kg").reader().quads()) == [quad("a", "1")]
    filler.unlink()
    with store.writer() as writer:
        assert list(writer.reader.quads()) == [quad("a", "1")]
        assert writer.commit(ChangeSet("room again", [quad("b", "2")])) == 2
    assert set(store.reader().quads()) == {quad("a", "1"), quad("b", "2")}


def test_a_disk_that_fills_slowly_loses_nothing_that_was_acknowledged(mount: Mount) -> None:
    disk = mount("disk", "size=24m")
    store = EmbeddedStore.open(disk / "kg", create=True, checkpoint_seconds=0.02)
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - 3_000_000))
    acknowledged = 0
    with pytest.raises(StoreFull), store.writer() as writer:
        while True:
            acknowledged = writer.commit(
                ChangeSet("drip", [quad(f"s{acknowledged}-{i}", f"{i:0100d}") for i in range(200)])
            )
    (disk / "filler").unlink()
    store.close()
    after = EmbeddedStore.open(disk / "kg")
    assert after.reader().version == acknowledged > 0
    assert len(list(after.reader().quads())) == 200 * acknowledged


def weigh(path: Path) -> tuple[int, int]:
    """Files and bytes on disk; a hard-linked file counts once."""
    sizes = {}
    files = [file for file in path.rglob("*") if file.is_file()]
    for file in files:
        facts = file.stat()
        sizes[facts.st_ino] = facts.st_blocks * 512
    return len(files), sum(sizes.values())


def test_a_thousand_commits_in_a_row_keep_the_folder_small(store: EmbeddedStore) -> None:
    with store.writer() as writer:
        for number in range(1_000):
            writer.commit(ChangeSet("small", [quad(f"s{number}", f"{i}") for i in range(20)]))
    files, size = weigh(store.layout.root)
    assert store.reader().version == 1_000
    assert store.current().triples == 20_000
    assert len(store.layout.numbers()) <= 3
    assert files < 200
    assert size < 16_000_000


def test_many_writers_one_after_another_keep_the_folder_small(store: EmbeddedStore) -> None:
    sizes = []
    for number in range(60):
        with store.writer() as writer:
            writer.commit(ChangeSet("small", [quad(f"s{number}", f"{i}") for i in range(20)]))
        if number >= 20:
            sizes.append(weigh(store.layout.root))
    assert len(store.layout.numbers()) == 3
    assert max(files for files, _ in sizes) < 700  # the engine merges tables only when a family has some 40 of them
    assert max(size for _, size in sizes) < 16_000_000


def test_checkpoints_are_at_most_one_a_second_while_a_writer_lives(store: EmbeddedStore) -> None:
    seen = set()
    start = time.monotonic()
    with store.writer() as writer:
        while time.monotonic() - start < 1.5:
            writer.commit(ChangeSet("tick", [quad("a", str(time.monotonic()))]))
            seen.add(store.current().number)
        last = writer.reader.version
    assert 1 <= len(seen) <= 2  # the first commit's, and the one of a second later
    assert store.current().number == last
