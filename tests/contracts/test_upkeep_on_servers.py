"""What an operator's commands do where the quads stand on a server: back them up, or say what is for folders."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from contract_ground import Ground, emptied
from contract_quads import commit, quad, quads

from iesi_kg.cli.group import group
from iesi_kg.errors import BackendUnreachable, UsageError
from iesi_kg.settings import Settings
from iesi_kg.store import opening

NOWHERE = "sparql+http://127.0.0.1:1?profile=oxigraph"
HELD = quad("a", "p", "held")


@pytest.mark.on("folder", "oxigraph", "virtuoso")
def test_a_backup_holds_the_quads_and_is_read_as_whole(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(ground.open(), HELD, quad("b", "p", "in a graph", "g"))
    for name in ("store", "state", "store_user", "store_password"):
        monkeypatch.setenv(f"IESI_KG_{name.upper()}", str(getattr(ground.settings, name)))
    target = tmp_path / "backups"
    made = CliRunner().invoke(
        group, ["backup", str(target), "--quads"] if not ground.remote else ["backup", str(target)]
    )
    assert made.exit_code == 0, (made.output, made.exception)
    (kept,) = target.glob("*/quads.nq*")
    assert {line for line in kept.read_text("utf-8").splitlines() if '"held"' in line} == {f"{HELD} ."}
    assert kept.read_text("utf-8").count('"in a graph"') == 1
    read = CliRunner().invoke(group, ["verify", "--backup", str(target)])
    assert read.exit_code == 0, (read.output, read.exception)


@pytest.mark.on("oxigraph", "virtuoso")
def test_a_backup_is_restored_onto_an_empty_server(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("store", "state", "store_user", "store_password"):
        monkeypatch.setenv(f"IESI_KG_{name.upper()}", str(getattr(ground.settings, name)))
    store = ground.open()
    commit(store, HELD, quad("b", "p", "in a graph", "g"))
    commit(store, quad("c", "p", "later"))
    held = quads(store)
    assert typed("token", "create", "mine", "--scope", "submit").exit_code == 0
    assert typed("backup", tmp_path / "backups").exit_code == 0
    commit(store, quad("d", "p", "lost"))
    full = typed("restore", tmp_path / "backups")
    assert isinstance(full.exception, UsageError) and "is not empty" in str(full.exception)
    emptied(ground.settings)
    kept = typed("restore", tmp_path / "backups", "--seen", "3")
    assert isinstance(kept.exception, UsageError) and "IESI_KG_STATE" in str(kept.exception.hint)
    done = typed("restore", tmp_path / "backups", "--replace")
    assert done.exit_code == 0, (done.output, done.exception)
    assert f"restored {ground.settings.store}: version 4, 3 statements" in done.output
    again = ground.open()
    assert (again.current().number, quads(again)) == (4, held)
    assert "mine" in typed("token", "list").output
    assert "restore" in typed("log").output
    assert commit(again, quad("e", "p", "next")) == 5
    assert len([*tmp_path.glob("state.before-*")]) == 1


def typed(*words: object) -> Result:
    return CliRunner().invoke(group, [str(word) for word in words])


@pytest.mark.parametrize(
    "words",
    [["verify"], ["compact"], ["mirror", "http://127.0.0.1:1"], ["serve", "--scratch"]],
    ids=lambda words: words[0],
)
def test_what_works_on_folders_only_says_so(words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IESI_KG_STORE", NOWHERE)
    monkeypatch.setenv("IESI_KG_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("IESI_KG_PORT", "0")
    refused = CliRunner().invoke(group, words)
    assert isinstance(refused.exception, UsageError), (refused.output, refused.exception)
    assert "works on a store in a folder only" in str(refused.exception)
    assert "--store DIR" in str(refused.exception.hint)


def test_the_doctor_says_that_the_server_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IESI_KG_STORE", NOWHERE)
    monkeypatch.setenv("IESI_KG_STATE", str(tmp_path))
    told = CliRunner().invoke(group, ["doctor"]).stdout
    assert "failure   store         Oxigraph server cannot be reached: " in told
    assert "the store was never backed up" in told and "disk" in told


def test_clients_that_are_collected_in_another_ones_thread_hold_nobody_up(tmp_path: Path) -> None:
    """Each opening fails and leaves a client in a circle of references, which any thread may collect."""
    settings = Settings(store=NOWHERE, state=tmp_path)
    failed = [0]

    def opens(times: int) -> None:
        kept = None
        for _ in range(times):
            try:
                opening.open_store(settings)
            except BackendUnreachable as error:
                kept = error  # its traceback holds the store, and this frame the traceback
                failed[0] += kept is not None

    usual = gc.get_threshold()
    gc.set_threshold(7)
    try:
        opener = threading.Thread(target=opens, args=(400,), daemon=True)
        opener.start()
        opener.join(60)
    finally:
        gc.set_threshold(*usual)
    assert not opener.is_alive(), "an opening waits for ever"
    assert failed == [400]
