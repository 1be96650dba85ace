"""docs/how-to/round-trip.md, run as it is written, with LibreOffice as the steward's spreadsheet program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from openpyxl.worksheet.datavalidation import DataValidation

from iesi_kg.cli.group import group
from iesi_kg.errors import IesiKgError, RevisionConflict
from iesi_kg.publication.workflow import publish, receive
from iesi_kg.records import SourceFile
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary.codelists import CodeLists
from running_server import serving

SOURCE = Path(__file__).resolve().parents[2] / "src"
TABLE = """identifier,name,description,country,start_year,service_areas,lead_organisation,source_url,source_check
vincles,Vincles BCN,It helps.,ES,2013,social-inclusion,Ajuntament de Barcelona,https://example.org/a,not-re-read
vincles-old,Vincles,It helped.,ES,2012,social-inclusion,City Council,https://example.org/b,not-re-read
"""


@pytest.fixture(scope="module")
def commands(root: Path) -> list[str]:
    text = (root / "docs" / "how-to" / "round-trip.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a store that holds two records."""
    folder = tmp_path_factory.mktemp("desk")
    store = EmbeddedStore.open(folder / "store", create=True)
    publish(store, receive(SourceFile("a.csv", TABLE.encode())), by="a steward", at=datetime.now(UTC))
    store.close()
    yield folder


def run(desk: Path, command: str) -> subprocess.CompletedProcess[str]:
    line = command.replace("iesi-kg", f"{sys.executable} -m iesi_kg", 1)
    environment = os.environ | {"IESI_KG_STORE": str(desk / "store"), "PYTHONPATH": str(SOURCE)}
    return subprocess.run(
        ["bash", "-c", line], cwd=desk, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def saved_by_libreoffice(desk: Path, *names: str) -> None:
    """Open files in LibreOffice and save them over themselves."""
    office = shutil.which("soffice")
    if office is None:
        message = "no LibreOffice (Debian package libreoffice-calc-nogui)"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    profile = f"-env:UserInstallation=file://{desk}/profile"
    how = ["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", "saved"]
    done = subprocess.run(
        [office, profile, *how, *names], cwd=desk, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in names:
        shutil.move(desk / "saved" / name, desk / name)


def test_the_guide_from_the_empty_table_to_the_merge_and_back(desk: Path, commands: list[str]) -> None:
    empty, fill, check, diff, submit, merge, split, row, into, undo = commands
    for command in (empty, fill):
        assert run(desk, command).returncode == 0, command
    saved_by_libreoffice(desk, "empty.xlsx", "records.xlsx")
    drop_downs_survive(desk / "empty.xlsx")
    assert run(desk, diff).stdout.startswith("nothing would change")
    edit(desk / "records.xlsx")
    assert run(desk, check).returncode == 0
    assert (
        run(desk, diff).stdout.splitlines()
        == [
            "cells: 2 added, 1 changed against version 1 (taken from version 1)",
            "",
            "vincles",
            '  name: "Vincles BCN" becomes "Vincles Barcelona"',
            '  status: added "running"',
            '  outcome 1: added "Fewer feel alone"',
            "",
        ][:-1]
    )
    assert "1 record (1 was published before and is replaced)" in run(desk, submit).stdout
    names = (
        "SELECT ?n WHERE { ?i a <https://w3id.org/iesi-kg/ontology#Initiative> ; <http://purl.org/dc/terms/title> ?n }"
    )
    assert said(desk, names) == ["Vincles", "Vincles Barcelona"]
    assert run(desk, "iesi-kg diff records.xlsx").stdout.startswith("nothing would change")
    merged = run(desk, merge)
    assert merged.returncode == 0, merged.stderr
    assert said(desk, names) == ["Vincles Barcelona"]
    with serving(desk / "store") as server:
        for accept, suffix in (("text/html", ""), ("text/turtle", ""), ("*/*", ".ttl")):
            moved = server.ask("GET", f"/id/initiative/vincles-old{suffix}", {"Accept": accept})
            assert (moved.status, moved.headers["Location"]) == (308, f"/id/initiative/vincles{suffix}")
        told = server.ask("GET", "/id/initiative/vincles.nt").text
        old, new = (f"<https://w3id.org/iesi-kg/id/initiative/{name}>" for name in ("vincles-old", "vincles"))
        assert f"{old} <http://purl.org/dc/terms/isReplacedBy> {new} ." in told
    assert run(desk, split).returncode == 0
    assert said(desk, names) == ["Vincles", "Vincles Barcelona"]
    assert run(desk, row).returncode == 0
    add_a_cafe(desk / "two.xlsx")
    done = run(desk, into)
    assert done.returncode == 0, done.stderr
    assert said(desk, names) == ["Café", "Vincles", "Vincles Barcelona"]
    taken = run(desk, undo)
    assert taken.returncode == 0, taken.stderr
    assert said(desk, names) == ["Vincles", "Vincles Barcelona"]
    log = run(desk, "iesi-kg log").stdout
    assert "merge" in log and "split" in log and "a steward" in log


def said(desk: Path, query: str) -> list[str]:
    done = run(desk, f"iesi-kg query --format csv --store store '{query}'")
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.split("\r\n" if "\r\n" in done.stdout else "\n")[1:-1])


def edit(path: Path) -> None:
    book = load_workbook(path)
    sheet = book["Initiatives"]
    places = {str(cell.value): cell.column for cell in sheet[1]}
    sheet.cell(2, places["Name *"]).value = "Vincles Barcelona"
    sheet.cell(2, places["Status"]).value = "running"
    book["Outcomes"].append(["vincles", "Fewer feel alone"])
    book.save(path)


def add_a_cafe(path: Path) -> None:
    """A second row for the café, with the source of the first; what is hidden in a row is not copied."""
    book = load_workbook(path)
    sheet = book["Initiatives"]
    first = {str(head.value): cell.value for head, cell in zip(sheet[1], sheet[2], strict=True)}
    second = first | {"Identifier": "vincles-cafe", "Name *": "Café"}
    sheet.append([second[str(head.value)] for head in sheet[1]][:-2])
    book["Sources"].append(["vincles-cafe", *(cell.value for cell in book["Sources"][2][1:-1])])
    book.save(path)


def drop_downs_survive(path: Path) -> None:
    """In the file that LibreOffice wrote, each list of a cell has its entries on the sheet of the code lists."""
    book = load_workbook(path)
    rules: list[DataValidation] = [
        rule for sheet in book.worksheets for rule in sheet.data_validations.dataValidation if rule.type == "list"
    ]
    entries = []
    for rule in rules:
        title, _, cells = str(rule.formula1).rpartition("!")
        if title.strip("'") == "Listes de codes":
            entries.append([row[0].value for row in book["Listes de codes"][cells.replace("$", "")]])
    lists = [[concept.labels["fr"] for concept in scheme.concepts] for scheme in CodeLists.load()]
    assert len(entries) >= 17
    assert [entry for entry in entries if entry not in lists] == []


@pytest.mark.parametrize(
    ("arguments", "said_so"),
    [
        ("template --format xlsx --records vinkles", "did you mean vincles?"),
        ("template --format xlsx --records", "go together"),
        ("template vincles", "go together"),
        ("template --records --example vincles", "records or with an example"),
        ("template --lang xx", "choose among en, fr, de, es, it"),
        ("merge vinkles vincles --by me", "did you mean vincles?"),
        ("merge vincles --by me", "a merge names two things"),
        ("split vincles --by me", "was not merged into anything"),
    ],
)
def test_what_is_asked_wrongly_is_said(desk: Path, arguments: str, said_so: str) -> None:
    done = CliRunner().invoke(group, arguments.split(), env={"IESI_KG_STORE": str(desk / "store")})
    assert isinstance(done.exception, IesiKgError)
    assert done.exception.exit_code == 3
    assert said_so in f"{done.exception.detail} {done.exception.hint}"


def test_a_conflict_is_shown_with_both_values_and_settled(desk: Path) -> None:
    settings = {"IESI_KG_STORE": str(desk / "store")}
    sheet = desk / "conflict.xlsx"
    asked = ["template", "--format", "xlsx", "--records", "vincles-old"]
    sheet.write_bytes(CliRunner().invoke(group, asked, env=settings).stdout_bytes)
    theirs = TABLE.splitlines()[0] + "\n" + TABLE.splitlines()[2].replace(",Vincles,", ",Theirs,") + "\n"
    store = EmbeddedStore.open(desk / "store")
    publish(store, receive(SourceFile("b.csv", theirs.encode())), by="another", at=datetime.now(UTC))
    store.close()
    book = load_workbook(sheet)
    book["Initiatives"]["B2"] = "Mine"
    book.save(sheet)
    told = CliRunner().invoke(group, ["diff", str(sheet)], env=settings)
    assert told.exit_code == 1
    assert '  vincles-old, name: was "Vincles"\n    in the sheet "Mine", published meanwhile "Theirs"' in told.stdout
    (conflict,) = json.loads(CliRunner().invoke(group, ["diff", "--format", "json", str(sheet)], env=settings).stdout)[
        "conflicts"
    ]
    assert (conflict["base"], conflict["mine"], conflict["theirs"]) == ("Vincles", "Mine", "Theirs")
    refused = CliRunner().invoke(group, ["submit", str(sheet), "--by", "me"], env=settings)
    assert isinstance(refused.exception, RevisionConflict)
    assert (refused.exception.exit_code, '"Mine", published meanwhile "Theirs"' in refused.stdout) == (1, True)
    settled = CliRunner().invoke(group, ["submit", str(sheet), "--by", "me", "--take", "theirs"], env=settings)
    assert "nothing changed: the sheet says what is published" in settled.stdout
    settled = CliRunner().invoke(group, ["submit", str(sheet), "--by", "me", "--take", "mine"], env=settings)
    assert "1 record (1 was published before and is replaced)" in settled.stdout
