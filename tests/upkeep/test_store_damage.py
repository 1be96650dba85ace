"""Damaged store folders: `iesi-kg verify` names each file and the remedy, and the remedy is one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from upkeep_quads import AT, change, quads_of, rot

from iesi_kg.cli.verify import faults_of
from iesi_kg.errors import StoreDamaged, StoreError
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.store import soundness
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.soundness import MEND, RESTORE, Fault

Run = Callable[..., tuple[int, str]]
CURRENT = "versions/00000003"


def table(store: Path) -> Path:
    return sorted((store / CURRENT).glob("*.sst"))[0]


def grave(store: Path) -> list[Fault]:
    return [fault for fault in faults_of(store) if not fault.slight]


def alone(file: Path) -> None:
    """Give a file its own content, as after a restore by another program: no other name shares what befalls it."""
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)


def test_a_sound_store(run: Run, store: Path) -> None:
    assert list(faults_of(store)) == []
    code, said = run("verify", "--store", store)
    assert (code, said) == (0, f"{store}: every file is what was written\n")
    assert json.loads(run("verify", "--store", store, "--format", "json")[1])["sound"] is True


def test_a_table_that_was_cut_and_is_shared_with_the_live_store(run: Run, store: Path) -> None:
    """A copied folder shares nothing: here the live store is linked to the version again, as the engine does it."""
    file = table(store)
    os.truncate(file, file.stat().st_size // 2)
    (store / "live" / file.name).unlink()
    os.link(file, store / "live" / file.name)
    assert grave(store) == [Fault(f"{CURRENT}/{file.name}", "is not what was written", RESTORE)]
    code, said = run("verify", "--store", store)
    assert (code, said.startswith(f"DAMAGED  {CURRENT}/{file.name}: is not what was written\n")) == (1, True)
    assert run("verify", "--store", store, "--mend")[0] == 1  # there is no other copy


def test_a_bit_that_turned_in_one_copy_is_mended_from_the_other(run: Run, store: Path) -> None:
    before = quads_of(store)
    alone(table(store))
    rot(table(store))
    assert grave(store) == [Fault(f"{CURRENT}/{table(store).name}", "is not what was written", MEND)]
    assert run("verify", "--store", store, "--mend") == (0, f"{store}: every file is what was written\n")
    assert quads_of(store) == before


def test_half_a_version(run: Run, store: Path) -> None:
    gone = [file.name for file in sorted((store / CURRENT).glob("*.sst"))[::2]]
    for name in gone:
        (store / CURRENT / name).unlink()
    assert [(fault.place, fault.what, fault.remedy) for fault in grave(store)] == [
        (f"{CURRENT}/{name}", "is missing", MEND) for name in gone
    ]
    assert run("verify", "--store", store, "--mend")[0] == 0


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b'{"number": 9, "created": "2026-11-20T09:00:00+00:00", "triples": 1}',
            "it names version 9, which is not there",
        ),
        (b"{", "is damaged"),
        (None, "is missing"),
    ],
    ids=["it points nowhere", "it cannot be read", "it is gone"],
)
def test_current_points_nowhere(run: Run, store: Path, content: bytes | None, what: str) -> None:
    before = quads_of(store)
    (store / "current").unlink()
    if content is not None:
        (store / "current").write_bytes(content)
    (found,) = [fault for fault in grave(store) if fault.place == "current"]
    assert what in found.what
    assert found.remedy == MEND
    code, said = run("verify", "--store", store, "--mend")
    if content and b"9" in content:  # whatever it names, the number is lost; the live store has the statements
        assert EmbeddedStore.open(store).reader().version == 9
    assert code in (0, 1), said
    assert quads_of(store) == before


def test_a_count_that_is_not_so(store: Path) -> None:
    facts = json.loads((store / "current").read_text())
    (store / "current").write_text(json.dumps(facts | {"triples": facts["triples"] + 1}))
    (found,) = grave(store)
    assert (found.place, "statements" in found.what) == (CURRENT, True)


def test_a_journal_that_was_cut_in_its_middle(store: Path) -> None:
    opened = EmbeddedStore.open(store, checkpoint_seconds=1_000)
    with opened.writer() as writer:
        for number in (3, 4, 5):
            writer.commit(change(number))
        (segment,) = (store / "journal").iterdir()
        content = bytearray(segment.read_bytes())
    content[60] ^= 0xFF
    (store / "journal" / segment.name).write_bytes(content)
    (found,) = grave(store)
    assert (found.place, "is damaged" in found.what) == ("journal", True)
    with pytest.raises(StoreDamaged, match="journal"):
        EmbeddedStore.open(store)


def test_a_commit_is_missing_in_the_journal(store: Path) -> None:
    with EmbeddedStore.open(store, checkpoint_seconds=1_000).writer() as writer:
        for number in (3, 4, 5):
            writer.commit(change(number))
        (segment,) = (store / "journal").iterdir()
        content = segment.read_bytes()
    facts = json.loads((store / "current").read_text())
    (store / "journal" / segment.name).write_bytes(content)
    shutil.move(store / "versions" / f"{facts['number']:08d}", store / "versions/00000004")
    (store / "current").write_text(json.dumps(facts | {"number": 4}))
    assert not [fault for fault in grave(store) if fault.place == "journal"]  # 5 and 6 follow 4
    (store / "current").write_text(json.dumps(facts | {"number": 3}))
    shutil.copytree(store / "versions/00000004", store / "versions/00000003", dirs_exist_ok=True)
    (found,) = [fault for fault in grave(store) if fault.place == "journal"]
    assert found.what == "between version 3 and 6 a commit is missing"


def test_releases_desk_log_and_tokens(run: Run, store: Path) -> None:
    rot(store / "releases/2026.1/data.ttl", 100)
    (item,) = [path for path in (store / "desk").iterdir() if path.is_dir()]
    (file,) = [path for path in item.iterdir() if path.name != "item.json"]
    rot(file, 3)
    lines = (store / "operations/audit.log").read_text().splitlines(keepends=True)
    (store / "operations/audit.log").write_text("".join(lines[:-1]))
    (store / "operations/tokens.json").write_text("{")
    found = {fault.place: fault for fault in grave(store)}
    assert sorted(found) == [
        f"desk/{item.name}", "operations/audit.log", "operations/tokens.json", "releases/2026.1/data.ttl",
    ]  # fmt: skip
    assert "entries 4 to 4 are missing at its end" in found["operations/audit.log"].what
    assert all(fault.remedy for fault in found.values())
    (store / "releases/2026.1/manifest.json").write_text("{")
    (store / "desk" / item.name / "item.json").write_text("{")
    places = {fault.place for fault in grave(store)}
    assert {"releases/2026.1", f"desk/{item.name}"} <= places


def test_an_older_state_in_the_place_of_the_store(store: Path) -> None:
    old = store.with_name("old")
    shutil.copytree(store, old)
    with EmbeddedStore.open(store).writer() as writer:
        for number in (3, 4):
            writer.commit(change(number))
    for version in (4, 5):
        AuditLog(old).append(Act("anna", "command", "submission", AT), version)
    (found,) = grave(old)
    assert found.what == "it tells of version 5, the store stands at 3: an older state was put in its place"
    assert list(faults_of(store)) == []


@pytest.fixture
def open_place(store: Path) -> Iterator[Path]:
    """The store where every user of this machine can reach it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    shutil.copytree(store, folder / "store")
    yield folder / "store"
    shutil.rmtree(folder)


def test_another_owner_and_files_that_cannot_be_read(open_place: Path) -> None:
    if os.geteuid():
        pytest.skip("giving files away needs root")
    os.chown(open_place / "operations/tokens.json", 65534, 65534)
    (open_place / "desk/KEY").chmod(0o644)
    found = {fault.place: fault for fault in soundness.rights(open_place)}
    assert found["operations/tokens.json"].what == "1 files belong to another user than the folder"
    assert found["operations/tokens.json"].remedy.startswith("chown -R --reference=")
    assert found["desk/KEY"].what == "others than its owner may read or change it"
    os.seteuid(65534)
    try:
        unread = [fault.place for fault in soundness.rights(open_place) if "cannot be read" in fault.what]
    finally:
        os.seteuid(0)
    assert "operations/audit.log" in unread
    assert "operations/tokens.json" not in unread
    os.seteuid(65534)
    try:
        with pytest.raises(StoreError, match=r"Permission denied|cannot be"):
            EmbeddedStore.open(open_place).writer().__enter__()
    finally:
        os.seteuid(0)


def test_there_is_no_store(run: Run, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        run("verify", "--store", tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="there is no store at"):
        run("verify", "--store", tmp_path / "empty")
