"""The audit log: whole, or the first thing that is wrong with it is named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iesi_kg.errors import LogDamaged
from iesi_kg.operations.audit import START, Act, AuditLog, carried_out

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SOURCE = Path(__file__).resolve().parents[2] / "src"
NAMES = ("Anna", "Børge", "a\nb\x1b[31m", "Δήμος", "\udcff")


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """A log of five entries, one for each name."""
    made = AuditLog(tmp_path)
    for number, name in enumerate(NAMES, 1):
        made.append(Act(name, "command", "submission", AT, {"file": "mine.csv", "rows": number}), number)
    return made


def lines(log: AuditLog) -> list[bytes]:
    return log.path.read_bytes().splitlines(keepends=True)


def test_what_was_written_is_read(log: AuditLog) -> None:
    entries = list(log.entries())
    assert [(e.number, e.act.who, e.version) for e in entries] == [(n, name, n) for n, name in enumerate(NAMES, 1)]
    assert entries[0].act == Act("Anna", "command", "submission", AT, {"file": "mine.csv", "rows": 1})
    assert entries[0].previous == START
    assert [e.previous for e in entries[1:]] == [e.hash for e in entries[:-1]]
    verdict = log.verify()
    assert (verdict.entries, verdict.head, verdict.unfinished) == (5, entries[-1].hash, 0)
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_no_log_is_a_whole_log(tmp_path: Path) -> None:
    assert list(AuditLog(tmp_path).entries()) == []
    assert AuditLog(tmp_path).verify().entries == 0


def edit(rows: list[bytes]) -> list[bytes]:
    return [*rows[:2], rows[2].replace(b'"rows": 3', b'"rows": 4'), *rows[3:]]


def edit_the_last(rows: list[bytes]) -> list[bytes]:
    return [*rows[:4], rows[4].replace(b'"rows": 5', b'"rows": 6')]


def cut_in_the_middle(rows: list[bytes]) -> list[bytes]:
    return [*rows[:2], *rows[3:]]


def cut_at_the_start(rows: list[bytes]) -> list[bytes]:
    return rows[1:]


def cut_at_the_end(rows: list[bytes]) -> list[bytes]:
    return rows[:4]


def cut_in_a_line(rows: list[bytes]) -> list[bytes]:
    return [*rows[:4], rows[4][:-5]]


def cut_away(rows: list[bytes]) -> list[bytes]:
    return []


def swap(rows: list[bytes]) -> list[bytes]:
    return [rows[1], rows[0], *rows[2:]]


def put_in_twice(rows: list[bytes]) -> list[bytes]:
    return [*rows, rows[4]]


def write_otherwise(rows: list[bytes]) -> list[bytes]:
    return [json.dumps(json.loads(row), separators=(",", ":")).encode() + b"\n" for row in rows]


def nonsense(rows: list[bytes]) -> list[bytes]:
    return [*rows[:3], b"nonsense\n", *rows[3:]]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (edit, "entry 3 was changed after it was written"),
        (edit_the_last, "entry 5 was changed after it was written"),
        (cut_in_the_middle, "entry 3 does not follow"),
        (cut_at_the_start, "entry 1 does not follow"),
        (cut_at_the_end, "entries 5 to 5 are missing at its end"),
        (cut_in_a_line, "entries 5 to 5 are missing at its end"),
        (cut_away, "entries 1 to 5 are missing at its end"),
        (swap, "entry 1 does not follow"),
        (put_in_twice, "entry 6 does not follow"),
        (write_otherwise, "entry 1 was changed"),
        (nonsense, "entry 4 cannot be read"),
    ],
)
def test_every_harm_is_seen_and_named(log: AuditLog, harm: Callable[[list[bytes]], list[bytes]], said: str) -> None:
    log.path.write_bytes(b"".join(harm(lines(log))))
    with pytest.raises(LogDamaged, match=said):
        log.verify()


@pytest.mark.parametrize("harm", [edit_the_last, cut_at_the_end, cut_in_a_line, cut_away])
def test_nothing_is_added_to_a_log_without_its_end(log: AuditLog, harm: Callable[[list[bytes]], list[bytes]]) -> None:
    harmed = b"".join(harm(lines(log)))
    log.path.write_bytes(harmed)
    with pytest.raises(LogDamaged):
        log.append(Act("Anna", "command", "submission", AT), 6)
    assert log.path.read_bytes() == harmed


def test_a_new_end_of_the_right_length_is_seen(log: AuditLog) -> None:
    head = log.path.with_name("audit.head").read_bytes()
    log.path.write_bytes(b"".join(lines(log)[:4]))
    log.path.with_name("audit.head").unlink()
    log.append(Act("Eve", "command", "submission", AT), 5)
    log.path.with_name("audit.head").write_bytes(head)
    with pytest.raises(LogDamaged, match=r"entry 5 is not the one that audit.head names"):
        log.verify()


def test_a_head_kept_elsewhere_sees_a_log_that_was_written_anew(log: AuditLog) -> None:
    kept = log.verify().head
    log.append(Act("Anna", "command", "submission", AT), 6)
    assert log.verify(kept).entries == 6
    for file in (log.path, log.path.with_name("audit.head")):
        file.unlink()
    for number in range(1, 8):
        log.append(Act("Eve", "command", "submission", AT), number)
    assert log.verify().entries == 7
    with pytest.raises(LogDamaged, match="head that you kept is not in it"):
        log.verify(kept)


@pytest.mark.parametrize("content", ["", "x", "1 2 3", "five abc"])
def test_a_damaged_head_is_damage(log: AuditLog, content: str) -> None:
    log.path.with_name("audit.head").write_text(content)
    with pytest.raises(LogDamaged, match=r"audit.head beside it is damaged"):
        log.verify()


@pytest.mark.parametrize("torn", [b'{"number": 6, "at', bytes(700), bytes(300) + b'"x"}\n', b"\xff" * 200_000])
def test_an_interrupted_append_was_never_acknowledged_and_goes(log: AuditLog, torn: bytes) -> None:
    with log.path.open("ab") as file:
        file.write(torn)
    assert (log.verify().entries, log.verify().unfinished) == (5, len(torn))
    assert log.append(Act("Anna", "command", "submission", AT), 6).number == 6
    assert (log.verify().entries, log.verify().unfinished) == (6, 0)


def test_a_crash_between_entry_and_head_loses_nothing(log: AuditLog) -> None:
    head = log.path.with_name("audit.head")
    before = head.read_bytes()
    log.append(Act("Anna", "command", "submission", AT), 6)
    head.write_bytes(before)
    assert log.verify().entries == 6
    assert log.append(Act("Anna", "command", "submission", AT), 7).number == 7
    assert log.verify().entries == 7


def test_entries_longer_than_a_block_are_found_from_the_end(log: AuditLog) -> None:
    log.append(Act("x" * 200_000, "command", "submission", AT), 6)
    assert log.append(Act("Anna", "command", "submission", AT), 7).number == 7
    assert log.verify().entries == 7


def test_many_processes_at_once_keep_one_chain(tmp_path: Path) -> None:
    probe = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from iesi_kg.operations.audit import Act, AuditLog\n"
        "log, act = AuditLog(Path(sys.argv[1])), Act(sys.argv[2], 'command', 'x', datetime.now(UTC))\n"
        "for n in range(20): log.append(act, n)\n"
    )
    writing = [
        subprocess.Popen([sys.executable, "-c", probe, str(tmp_path), str(n)], env={"PYTHONPATH": str(SOURCE)})
        for n in range(3)
    ]
    assert [process.wait(timeout=60) for process in writing] == [0, 0, 0]
    assert AuditLog(tmp_path).verify().entries == 60


def test_a_full_disk_leaves_the_log_as_it_was(log: AuditLog) -> None:
    """A limit on the size of files stands for the disk: it fails in the middle of a line, as a full disk does."""
    before = log.path.read_bytes()
    probe = (
        "import resource, signal, sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from iesi_kg.errors import StoreFull\nfrom iesi_kg.operations.audit import Act, AuditLog\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 50}, {len(before) + 50}))\n"
        "try: AuditLog(Path(sys.argv[1])).append(Act('Anna', 'command', 'x', datetime.now(UTC)), 6)\n"
        "except StoreFull as error: print(error.detail)\n"
    )
    command = [sys.executable, "-c", probe, str(log.path.parents[1])]
    run = subprocess.run(command, env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True)
    assert "no space left" in run.stdout
    assert log.path.read_bytes() == before


def test_what_was_not_carried_out_is_told(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append(Act("Anna", "command", "submission", AT), 1)
    log.append(Act("Anna", "command", "submission", AT), 2)  # killed before its commit: the next makes version 2
    log.append(Act("Bert", "command", "submission", AT), 2)
    log.append(Act("Bert", "command", "submission", AT), 3)
    log.append(Act("Bert", "command", "failed", AT, {"entry": 4, "reason": "store-full"}))
    log.append(Act("root", "command", "token created", AT))
    assert carried_out(list(log.entries())) == [True, False, True, False, True, True]
