"""Restoring: into an empty place or beside what stood there, whole or not at all, never old content as new."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from upkeep_quads import LATER, change, files_beside, quad, quads_of, rot

from iesi_kg.errors import BackupUnusable, StoreBusy, StoreFull, StoreTooNew, UsageError
from iesi_kg.operations import backup, restore
from iesi_kg.operations import backup_manifest as manifest
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.settings import Settings
from iesi_kg.store.durable import locked
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.web.app import create_app

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"


@pytest.fixture
def made(store: Path, tmp_path: Path) -> Path:
    """A backup of the store at version 3."""
    return backup.make(store, backup.Wish(tmp_path / "b", LATER)).place


@pytest.fixture
def archive(store: Path, tmp_path: Path) -> Path:
    return backup.make(store, backup.Wish(tmp_path / "one.tar", LATER)).place


def put_back(place: Path, store: Path, **more: object) -> restore.Restored:
    wish = restore.Wish(store, "anna", LATER + timedelta(days=2), patience=0.1, **more)  # type: ignore[arg-type]
    return restore.restore(place, wish)


async def told(folder: Path, token: str) -> list[object]:
    """What the service on a store answers, and under which ETags."""
    service = create_app(Settings(store=folder, workers=1))
    query = {"query": "SELECT * { ?s ?p ?o } ORDER BY ?s ?p ?o"}
    transport = httpx.ASGITransport(app=service)
    async with (
        service.api.router.lifespan_context(service.api),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client,
    ):
        rows = await client.get("/sparql", params=query, headers={"Accept": "text/csv"})
        known = {"Accept": "text/csv", "If-None-Match": rows.headers["ETag"]}
        again = await client.get("/sparql", params=query, headers=known)
        release = await client.get("/releases/2026.1", headers={"Accept": "application/json"})
        who = await client.get("/whoami", headers={"Authorization": f"Bearer {token}"})
        assert [reply.status_code for reply in (rows, again, release, who)] == [200, 304, 200, 200]
        return [rows.headers["ETag"], rows.text, release.headers.get("ETag"), release.text, who.json()["name"]]


def test_the_service_answers_as_before(prepared: tuple[Path, str], store: Path, made: Path, tmp_path: Path) -> None:
    """ETags, releases and the token: nobody outside can tell the two stores apart."""
    put_back(made, tmp_path / "again")
    answers = asyncio.run(told(tmp_path / "again", prepared[1]))
    assert answers == asyncio.run(told(store, prepared[1]))
    assert answers[-1] == "mirror"


def test_what_stood_there_is_kept_and_its_later_versions_get_no_other_content(store: Path, made: Path) -> None:
    with EmbeddedStore.open(store).writer() as writer:
        writer.commit(change(3))
        writer.commit(change(4))
    before = quads_of(made)
    later = quads_of(store)
    with pytest.raises(UsageError, match="is not empty") as caught:
        put_back(made, store)
    assert "--replace" in str(caught.value.hint)
    done = put_back(made, store, replace=True)
    assert done.version == 6  # versions 4 and 5 were published with other content
    assert done.aside == store.with_name("store.before-2026-11-23T09-00-00Z")
    assert (quads_of(store), quads_of(done.aside)) == (before, later)
    assert EmbeddedStore(store).reader().version == 6
    assert list(AuditLog(store).entries())[-1].version == 6
    with EmbeddedStore.open(store).writer() as writer:
        assert writer.commit(change(7)) == 7
    EmbeddedStore.open(store).verify()


def test_one_number_with_two_contents_is_told_apart(store: Path, made: Path, tmp_path: Path) -> None:
    """Version 4 of a store that was restored and went on by itself, and version 4 of the first one."""
    put_back(made, tmp_path / "other")
    for folder, number in ((store, 3), (tmp_path / "other", 8)):
        with EmbeddedStore.open(folder).writer() as writer:
            assert writer.commit(change(number)) == 4
    fourth = backup.make(store, backup.Wish(tmp_path / "b", LATER + timedelta(hours=1))).place
    assert put_back(fourth, tmp_path / "again").version == 4
    assert put_back(fourth, tmp_path / "again", replace=True).version == 4  # the very same
    assert put_back(fourth, tmp_path / "other", replace=True).version == 5


def test_the_world_has_seen_more_than_the_backup_knows(made: Path, tmp_path: Path) -> None:
    """The disk is gone, and caches know version 40."""
    assert put_back(made, tmp_path / "again", seen=40).version == 41
    assert EmbeddedStore.open(tmp_path / "again").reader().version == 41


def test_what_was_revoked_or_erased_since_is_not_forgotten(store: Path, tmp_path: Path) -> None:
    Tokens(store).create(Grant("lost", frozenset({"submit"})), datetime.now(UTC))
    made = backup.make(store, backup.Wish(tmp_path / "b", LATER)).place
    Tokens(store).revoke("lost", datetime.now(UTC))
    gone = Act("anna", "command", "erasure", LATER + timedelta(hours=1), {"mark": "urn:mark", "reason": "asked for"})
    AuditLog(store).append(gone)
    done = put_back(made, store, replace=True)
    assert done.revoked == ("lost",)
    assert [token.state(datetime.now(UTC)) for token in Tokens(store).all()] == ["valid", "revoked"]
    assert done.erased == ("2026-11-21: asked for (urn:mark)",)


def test_nobody_writes_meanwhile(store: Path, made: Path) -> None:
    with locked(store / "LOCK", 1.0), pytest.raises(StoreBusy):
        put_back(made, store, replace=True)
    assert not list(store.parent.glob("*restore*"))


def of_tar(archive: Path, edit: Callable[[tarfile.TarFile, list[tarfile.TarInfo], tarfile.TarFile], None]) -> None:
    copy = archive.with_name("copy.tar")
    with tarfile.open(archive) as old, tarfile.open(copy, "w") as new:
        edit(old, old.getmembers(), new)
    copy.replace(archive)


def without_a_file(place: Path) -> None:
    (place / "releases/2026.1/data.nq").unlink()


def with_a_bit_turned(place: Path) -> None:
    rot(place / "releases/2026.1/data.nq", 100)


def without_manifest(place: Path) -> None:
    (place / "manifest.json").unlink()


def with_another_manifest(place: Path) -> None:
    path = place / "manifest.json"
    path.write_text(path.read_text().replace('"triples": ', '"triples": 1'))


def with_half_a_manifest(place: Path) -> None:
    path = place / "manifest.json"
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (without_a_file, "data.nq is missing in it"),
        (with_a_bit_turned, "data.nq is not what was backed up"),
        (without_manifest, "no finished backup"),
        (with_another_manifest, "manifest.json is not what was written"),
        (with_half_a_manifest, "manifest.json cannot be read"),
    ],
    ids=["a file is missing", "a bit turned", "no manifest", "another manifest", "half a manifest"],
)
def test_a_damaged_backup_changes_nothing(store: Path, made: Path, damage: Callable[[Path], None], told: str) -> None:
    damage(made)
    before = quads_of(store)
    with pytest.raises(BackupUnusable, match=told):
        put_back(made, store, replace=True)
    assert quads_of(store) == before
    assert sorted(path.name for path in store.parent.iterdir()) == ["b", "store"]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9], ids=["nothing left", "a third left", "the end is missing"])
def test_a_cut_archive_changes_nothing(archive: Path, tmp_path: Path, part: float) -> None:
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * part)])
    with pytest.raises(BackupUnusable, match=r"is cut|does not begin|cannot be read|is missing"):
        put_back(archive, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"no archive at all" * 100)
    with pytest.raises(BackupUnusable, match="cannot be read, if it is one") as caught:
        put_back(tmp_path / "x.tar.gz", tmp_path / "again")
    assert "\n" not in caught.value.detail
    with pytest.raises(BackupUnusable, match="is not there"):
        put_back(tmp_path / "nothing.tar", tmp_path / "again")


def test_an_archive_can_write_nowhere_else(archive: Path, tmp_path: Path) -> None:
    """Members that its manifest does not name are passed over; a manifest that leads outside is refused."""

    def add(old: tarfile.TarFile, members: list[tarfile.TarInfo], new: tarfile.TarFile) -> None:
        for member in members:
            new.addfile(member, old.extractfile(member))
        for name in ("../outside", "/tmp/outside", "operations/more"):
            strange = tarfile.TarInfo(name)
            strange.size = 1
            new.addfile(strange, BytesIO(b"x"))

    of_tar(archive, add)
    put_back(archive, tmp_path / "again")
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "again/operations/more").exists()


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", "desk/../../outside", ""])
def test_a_manifest_that_leads_outside_is_refused(made: Path, path: str) -> None:
    found = manifest.decode((made / "manifest.json").read_bytes(), "x")
    item = manifest.Item(path, 1, "0" * 64, 0o600)
    (made / "manifest.json").write_bytes(manifest.Manifest(found.origin, (*found.items, item)).encode())
    with pytest.raises(BackupUnusable, match="no backup that is known here"):
        put_back(made, made.parent / "again")


def test_a_newer_backup_or_store_is_refused_in_clear_words(made: Path, tmp_path: Path) -> None:
    found = manifest.decode((made / "manifest.json").read_bytes(), "x")
    text = found.encode().decode()
    (made / "manifest.json").write_text(
        text.replace('"backup": 1', '"backup": 2').replace('"software": "', '"software": "9.')
    )
    with pytest.raises(BackupUnusable, match=r"a backup of format 2, made by iesi-kg 9\.\S+; this one knows 1"):
        put_back(made, tmp_path / "again")
    facts = {name: getattr(found.origin, name) for name in manifest.Origin.__dataclass_fields__}
    newer = manifest.Manifest(manifest.Origin(**(facts | {"store_format": 7, "software": "9.0"})), found.items)
    (made / "manifest.json").write_bytes(newer.encode())
    with pytest.raises(StoreTooNew, match=r"written by iesi-kg 9\.0 with format 7"):
        put_back(made, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_full_disk_changes_nothing(store: Path, made: Path) -> None:
    before, files = quads_of(store), files_beside(store)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(StoreFull):
            put_back(made, store, replace=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (quads_of(store), files_beside(store)) == (before, files)
    assert sorted(path.name for path in store.parent.iterdir()) == ["b", "store"]


def test_a_mount_point_is_told(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a file system needs root")
    try:
        with pytest.raises(Exception, match="is a mount point"):
            put_back(made, folder)
        assert list(folder.iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def killed(store: Path, made: Path, step: str | int) -> bool:
    command = [sys.executable, str(HERE / "killed_upkeep.py"), str(store), "restore", str(made), str(step)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, check=False)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def check_killed(store: Path, made: Path, later: set[object], step: str | int) -> bool:
    """Killed or not: in the place of the store stands the former or the restored one, whole; again, and it is done."""
    ended = killed(store, made, step)
    assert quads_of(store) in (later, quads_of(made)), step
    for aside in store.parent.glob("store.before-*"):
        shutil.rmtree(aside)
    assert put_back(made, store, replace=True).version >= 3
    assert quads_of(store) == quads_of(made)
    return ended


def test_killed_before_the_exchange_the_former_store_stands(store: Path, made: Path) -> None:
    with EmbeddedStore.open(store).writer() as writer:
        writer.commit(change(3))
    assert check_killed(store, made, quads_of(store), "os.rename .store.restore store.before")


@pytest.mark.long
def test_killed_before_every_step_of_a_restore(store: Path, made: Path, tmp_path: Path) -> None:
    for step in range(1, 2_000):
        trial = Path(shutil.copytree(store, tmp_path / "trial" / "store"))
        with EmbeddedStore.open(trial).writer() as writer:
            writer.commit(change(3))
        ended = check_killed(trial, made, quads_of(trial), step)
        shutil.rmtree(tmp_path / "trial")
        if not ended:
            assert step > 50
            return
    raise AssertionError("it never came to its end")


def test_the_commands(run: Callable[..., tuple[int, str]], store: Path, tmp_path: Path) -> None:
    code, said = run("backup", tmp_path / "b", "--store", store)
    assert code == 0
    assert "version 3, " in said
    assert "personal data may be in: quads, operations, desk, releases" in said
    assert run("backup", tmp_path / "b", "--list")[1].count("1 releases") == 1
    code, said = run("verify", "--backup", tmp_path / "b")
    assert (code, said.endswith("every file is what was written\n")) == (0, True)
    code, said = run("restore", tmp_path / "b", "--store", tmp_path / "again")
    assert (code, "version 3" in said) == (0, True)
    with EmbeddedStore.open(store).writer() as writer:
        writer.commit(change(9))
    said = run("restore", tmp_path / "b", "--store", store, "--replace")[1]
    assert "later ones were published, so it counts on above them" in said
    assert "what stood there is kept: " in said
    assert quad("marker", 2) in quads_of(store)
    (place,) = backup.finished(tmp_path / "b")
    rot(place / "desk/KEY", 3)
    code, said = run("verify", "--backup", tmp_path / "b", "--format", "json")
    assert code == 1
    assert [fault["place"] for fault in json.loads(said)["faults"]] == ["desk/KEY"]
    code, said = run("backup", tmp_path / "q", "--quads", "--store", store)
    assert (code, "version 5" in said) == (0, True)
