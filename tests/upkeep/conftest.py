"""One store for the session with everything that can belong to one; each test gets a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from upkeep_quads import AT, change

from iesi_kg.cli.group import group
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import AuditedStore
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.publication import catalogue, release
from iesi_kg.publication.desk import Desk
from iesi_kg.publication.desk_item import Sender
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.records import SourceFile
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

ANNA = Sender("anna", "Anna Smith", "anna@example.org")
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A store at version 3 with a release, a token, a file that waits at the desk; and the text of the token."""
    path = tmp_path_factory.mktemp("upkeep") / "store"
    store = EmbeddedStore.open(path, create=True, keep=1, checkpoint_seconds=1_000)  # few files: each test copies them
    log = AuditLog(path)
    audited = AuditedStore(store, log, Act("anna", "command", "submission", AT))
    with audited.writer() as writer:
        writer.commit(change(1))
        writer.commit(change(2))
        writer.commit(catalogue.with_description(writer.reader, ChangeSet("description")))
    release.make(store, Shelf(path), "2026.1", at=AT)
    store.close()
    tokens = Tokens(
        path, lambda what, token: log.append(Act("anna", "command", what, AT, {"token": token.id})) and None
    )
    _, text = tokens.create(Grant("mirror", frozenset({"submit"})), datetime.now(UTC))
    Desk(path).receive(SourceFile("mine.csv", b"identifier,name\nx,X\n"), ANNA, AT)
    return path, text


@pytest.fixture
def store(prepared: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it, the links between its files kept as links."""
    path = tmp_path / "store"
    shutil.copytree(prepared[0], path, copy_function=shutil.copy2)
    return path


@pytest.fixture
def run() -> Run:
    """A command as it is typed: its exit code and all that it says; errors of ours are raised."""

    def typed(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(group, [str(each) for each in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return typed
