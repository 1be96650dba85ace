"""A store whose commits are told before they are made, and ``iesi-kg submit`` and ``iesi-kg log`` on it."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from iesi_kg.errors import LogDamaged, UsageError
from iesi_kg.operations.audit import Act, AuditLog, carried_out
from iesi_kg.operations.audited import AuditedStore
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACT = Act("Anna", "http", "update", AT)
SOURCE = Path(__file__).resolve().parents[2] / "src"
CHANGE = ChangeSet("one", [Quad(NamedNode("http://example.org/s"), NamedNode("http://example.org/p"), Literal("o"))])


def test_every_commit_has_its_entry_and_its_version(tmp_path: Path) -> None:
    store, log = EmbeddedStore.open(tmp_path, create=True), AuditLog(tmp_path)
    with AuditedStore(store, log, ACT).writer() as writer:
        assert writer.commit(CHANGE) == 1
        assert writer.commit(ChangeSet("two", remove=CHANGE.add)) == 2
    assert [(e.act.who, e.version) for e in log.entries()] == [("Anna", 1), ("Anna", 2)]
    assert store.reader().version == 2
    assert list(store.reader().quads()) == []
    store.close()


def test_a_commit_that_fails_is_told_as_failed(tmp_path: Path) -> None:
    store, log = EmbeddedStore.open(tmp_path, create=True), AuditLog(tmp_path)
    refused = ChangeSet("blank", [Quad(BlankNode(), NamedNode("http://example.org/p"), Literal("o"))])
    with pytest.raises(UsageError), AuditedStore(store, log, ACT).writer() as writer:
        writer.commit(refused)
    entries = list(log.entries())
    assert [(e.act.what, e.version) for e in entries] == [("update", 1), ("failed", None)]
    assert entries[1].act.detail == {"entry": 1, "reason": "usage-error"}
    assert carried_out(entries) == [False, True]
    store.close()


def test_nothing_is_committed_that_the_log_cannot_tell_of(tmp_path: Path) -> None:
    store, log = EmbeddedStore.open(tmp_path, create=True), AuditLog(tmp_path)
    log.append(ACT, 1)
    log.path.write_bytes(b"")
    with pytest.raises(LogDamaged), AuditedStore(store, log, ACT).writer() as writer:
        writer.commit(CHANGE)
    assert store.reader().version == 0
    store.close()


def run(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iesi_kg", *arguments, "--store", str(store)]
    environment = {"PYTHONPATH": str(SOURCE), "LANG": "C.UTF-8"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store into which the example of the template was submitted by the command."""
    folder = tmp_path_factory.mktemp("submitted")
    example = subprocess.run(
        [sys.executable, "-m", "iesi_kg", "template", "--example"], env={"PYTHONPATH": str(SOURCE)},
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    (folder / "mine.csv").write_bytes(example)
    accepted = run(folder / "store", "submit", str(folder / "mine.csv"), "--by", "Anna Berg")
    assert accepted.returncode == 0, accepted.stderr + accepted.stdout
    assert "accepted as version 2" in accepted.stdout
    return folder


def test_a_submission_is_in_the_log_with_its_file_and_its_version(submitted: Path) -> None:
    shown = run(submitted / "store", "log", "--format", "json")
    loaded, sent = [json.loads(line) for line in shown.stdout.splitlines()]
    user = pwd.getpwuid(os.getuid()).pw_name
    assert (loaded["who"], loaded["what"], loaded["version"]) == (user, "bundled data", 1)
    assert (sent["who"], sent["how"], sent["what"], sent["version"]) == ("Anna Berg", "command", "submission", 2)
    digest = sha256((submitted / "mine.csv").read_bytes()).hexdigest()
    assert sent["detail"] == {"file": "mine.csv", "sha256": digest, "user": user}
    assert sent["carried_out"] is True


def test_the_log_is_narrowed_by_who_what_and_when(submitted: Path) -> None:
    store, today = submitted / "store", datetime.now(UTC).date().isoformat()

    def numbers(*arguments: str) -> list[str]:
        shown = run(store, "log", *arguments)
        assert shown.returncode == 0, shown.stderr
        return [line.split()[0] for line in shown.stdout.splitlines()]

    assert numbers() == ["1", "2"]
    assert numbers("--who", "Anna Berg") == ["2"]
    assert numbers("--what", "bundled data") == ["1"]
    assert numbers("--who", "Nobody") == []
    assert numbers("--since", "2020-01-31") == ["1", "2"]
    assert numbers("--until", "2020-01-31") == []
    assert numbers("--since", "2999-01-31") == []
    assert numbers("--since", today, "--what", "submission") == ["2"]


def test_the_log_says_that_it_is_whole_and_what_head_to_keep(submitted: Path) -> None:
    said = run(submitted / "store", "log", "--verify")
    assert said.returncode == 0
    first, second = said.stdout.splitlines()
    assert first == "2 entries, none changed, none missing"
    head = second.removeprefix("head ")
    assert run(submitted / "store", "log", "--verify", "--head", head).returncode == 0
    refused = run(submitted / "store", "log", "--verify", "--head", "0" * 63 + "1")
    assert refused.returncode == 3
    assert "the head that you kept is not in it" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "yesterday"), "'yesterday' is not a day\n         write it as 2026-01-31"),
        (("--head", "abc"), "--head goes with --verify"),
    ],
)
def test_mistakes_are_one_sentence(submitted: Path, arguments: tuple[str, ...], said: str) -> None:
    refused = run(submitted / "store", "log", *arguments)
    assert refused.returncode == 3
    assert said in refused.stderr


def test_where_nothing_is_logged_that_is_said(tmp_path: Path) -> None:
    shown = run(tmp_path, "log")
    assert (shown.stdout, shown.stderr, shown.returncode) == ("", "nothing is logged there\n", 0)


def test_control_characters_cannot_forge_a_line(tmp_path: Path) -> None:
    AuditLog(tmp_path).append(Act("Eve\n     2  2026", "command", "x\x1b[2K", AT))
    shown = run(tmp_path, "log").stdout
    assert len(shown.splitlines()) == 1
    assert "\x1b" not in shown
