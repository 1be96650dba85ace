"""The last use of a token: to the minute, shared by all processes, never in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iesi_kg.operations.uses import Uses
from iesi_kg.store.durable import locked

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "operations").mkdir()
    return tmp_path


def test_the_last_use_is_known_to_other_processes(store: Path) -> None:
    one, other = Uses(store), Uses(store)
    one.note("aaaaaaaa", NOON)
    other.note("bbbbbbbb", NOON + timedelta(hours=1))
    assert Uses(store).all() == {"aaaaaaaa": NOON, "bbbbbbbb": NOON + timedelta(hours=1)}
    assert (store / "operations" / "used.json").stat().st_mode & 0o777 == 0o600


def test_many_uses_in_a_minute_are_one_write(store: Path) -> None:
    uses = Uses(store)
    uses.note("aaaaaaaa", NOON)
    written = (store / "operations" / "used.json").stat().st_ino
    for second in range(1, 60):
        uses.note("aaaaaaaa", NOON + timedelta(seconds=second))
    assert (store / "operations" / "used.json").stat().st_ino == written
    uses.note("aaaaaaaa", NOON + timedelta(seconds=60))
    assert Uses(store).all() == {"aaaaaaaa": NOON + timedelta(minutes=1)}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b"\xff"])
def test_a_damaged_file_is_begun_anew(store: Path, content: bytes) -> None:
    (store / "operations" / "used.json").write_bytes(content)
    assert Uses(store).all() == {}
    Uses(store).note("aaaaaaaa", NOON)
    assert Uses(store).all() == {"aaaaaaaa": NOON}


def test_nothing_waits_for_a_lock_or_a_missing_folder(store: Path, tmp_path: Path) -> None:
    with locked(store / "operations" / "LOCK", 1.0):
        Uses(store).note("aaaaaaaa", NOON)
    assert Uses(store).all() == {}
    Uses(tmp_path / "nowhere").note("aaaaaaaa", NOON)
    assert not (tmp_path / "nowhere").exists()
