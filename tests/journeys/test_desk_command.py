"""The desk at the command line: list, show and decide, with the exit codes and words of every refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyoxigraph import NamedNode

from iesi_kg.cli.group import group
from iesi_kg.errors import IesiKgError
from iesi_kg.operations.audit import AuditLog
from iesi_kg.publication.desk import Desk, Wish
from iesi_kg.publication.desk_item import Kind, Sender
from iesi_kg.records import SourceFile
from running_server import fill

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HEADER = "identifier,name,country,start_year,service_areas,target_groups,description,lead_organisation,source_url"
ROW = "vincles,Vincles,ES,2013,social-inclusion,older-people,It helps.,Ajuntament,https://example.org/"
GOOD = SourceFile("good.csv", f"{HEADER},source_check\n{ROW},not-re-read\n".encode())
BROKEN = SourceFile("broken.csv", GOOD.content.replace(b",ES,", b",Spian,"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "store", "<http://example.org/s> <http://example.org/p> 1 .")
    return tmp_path / "store"


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(group, ["submissions", *arguments, "--store", str(folder)])


def refused(folder: Path, *arguments: str) -> IesiKgError:
    error = run(folder, *arguments).exception
    assert isinstance(error, IesiKgError)
    return error


def test_a_file_is_listed_shown_accepted_and_withdrawn(folder: Path) -> None:
    item = Desk(folder).receive(GOOD, Sender("anna", "Anna"), AT)
    assert run(folder, "list").output == f"{item.id}  received  2026-11-22  file: good.csv, from Anna\n"
    assert run(folder, "list", "--state", "accepted").output == "nothing lies there\n"
    done = run(folder, "accept", item.id, "--reason", "complete", "--note", "Thank you")
    assert done.output.startswith(f"{item.id} is accepted: https://w3id.org/iesi-kg/graph/submission/")
    shown = run(folder, "show", item.id).output.splitlines()
    assert shown[0] == f"file {item.id}: good.csv"
    assert shown[2].endswith(f"accepted, complete, by {AuditLog(folder).entries().__next__().act.who}")
    assert shown[3:] == ["    Thank you", f"next: iesi-kg submissions withdraw {item.id}"]
    assert run(folder, "withdraw", item.id, "--reason", "wrong").output == f"{item.id} is withdrawn\n"
    facts = json.loads(run(folder, "show", item.id, "--format", "json").output)
    assert (facts["state"], facts["revision"], facts["sender"]["name"]) == ("withdrawn", 3, "Anna")
    assert [entry.act.what for entry in AuditLog(folder).entries()] == ["hand-in accepted", "hand-in withdrawn"]


def test_a_broken_file_is_returned_and_a_request_refused(folder: Path) -> None:
    desk = Desk(folder)
    item = desk.receive(BROKEN, Sender(), AT)
    error = refused(folder, "accept", item.id)
    assert (error.exit_code, error.code) == (1, "submission-rejected")
    assert "ES (Spain)" in run(folder, "accept", item.id).output
    kept = folder.with_name("kept.csv")
    shown = run(folder, "show", item.id, "--file", str(kept)).output
    assert ("ES (Spain)" in shown, kept.read_bytes()) == (True, BROKEN.content)
    assert shown.endswith(f"next: iesi-kg submissions accept|return|refuse|withdraw {item.id}\n")
    assert "cannot be written" in refused(folder, "show", item.id, "--file", str(folder / "none/x.csv")).detail
    assert run(folder, "return", item.id, "--reason", "to-mend").output == f"{item.id} is returned\n"
    wish = Wish(Kind.CORRECTION, NamedNode("https://w3id.org/iesi-kg/id/initiative/x"), "It ended.")
    request = desk.ask(wish, Sender(), AT)
    assert "It ended.\n" in run(folder, "show", request.id).output
    assert refused(folder, "show", request.id, "--file", str(kept)).hint == "leave --file out"
    assert run(folder, "refuse", request.id, "--reason", "not-borne-out").output == f"{request.id} is refused\n"
    facts = json.loads(run(folder, "list", "--format", "json").output)
    assert {fact["state"] for fact in facts} == {"returned", "refused"}
    assert [entry.act.what for entry in AuditLog(folder).entries()][-1] == "hand-in refused"


def test_a_file_that_cannot_be_read_is_shown_too(folder: Path) -> None:
    item = Desk(folder).receive(SourceFile("odd.csv", b"a,b\n1,2\n"), Sender(), AT)
    shown = run(folder, "show", item.id)
    assert (shown.exit_code, "it cannot be read: no column of the template" in shown.output) == (0, True)


def test_refusals(folder: Path) -> None:
    item = Desk(folder).receive(GOOD, Sender(), AT)
    assert refused(folder, "refuse", item.id).detail == "to be refused needs a reason"
    assert refused(folder, "refuse", item.id, "--reason", "x").code == "usage-error"
    assert refused(folder, "show", "0" * 16).code == "not-found"
    assert refused(folder, "accept", "../../x", "--reason", "complete").code == "not-found"


def test_the_exit_code_and_the_remedy(folder: Path) -> None:
    command = [sys.executable, "-m", "iesi_kg", "submissions", "refuse", "0" * 16, "--store", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=60, check=False)
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "iesi-kg: nothing on the desk is called '0000000000000000'",
        "         `iesi-kg submissions list`",
    ]
