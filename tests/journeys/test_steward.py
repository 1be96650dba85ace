"""A steward at the command line: exit codes, JSON, table, and the walk from a broken file to a published one."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from iesi_kg.store.embedded import EmbeddedStore
from made_once import copied
from running_server import fill

HEADER = "name,country,start_year,service_areas,target_groups,description,lead_organisation,source_url,source_check"
GOOD = "Vincles,ES,2013,social-inclusion,older-people,It helps.,Ajuntament,https://example.org/,not-re-read"


def iesi_kg(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "iesi_kg", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.csv"
    path.write_text(f"{HEADER}\n{GOOD.replace('ES', 'Spian')}\n", encoding="utf-8")
    return path


def test_an_accepted_file(good: Path) -> None:
    done = iesi_kg("check", str(good))
    assert (done.returncode, done.stderr) == (0, b"")
    verdict, score, raising = done.stdout.decode().split("\n", 2)
    assert verdict == "Accepted: 1 record, nothing to mend."
    assert score.startswith("Completeness ") and raising.startswith("What would raise it most: ")


def test_violations_as_json_to_the_letter(broken: Path) -> None:
    done = iesi_kg("check", "--format", "json", str(broken))
    assert (done.returncode, done.stderr) == (1, b"")
    told = json.loads(done.stdout)
    assert set(told.pop("score")) == {"completeness", "evidence", "raise", "records"}
    assert told == {
        "conforms": False,
        "records": 1,
        "findings": [
            {
                "severity": "violation",
                "sheet": None,
                "row": 2,
                "column": "country",
                "value": "Spian",
                "message": "'Spian' is neither a code nor a label of the code list 'Country'.",
                "suggestion": "ES (Spain)",
                "code": "unknown-code",
                "shape": None,
                "focus_node": None,
            }
        ],
    }


def test_violations_as_a_table(broken: Path) -> None:
    done = iesi_kg("check", str(broken))
    text = done.stdout.decode()
    assert done.returncode == 1
    assert text.startswith("Not accepted: 1 record, 1 violation.\n")
    assert "row 2, country" in text
    assert "ES (Spain)" in text
    assert "\x1b" not in text


def test_a_terminal_that_knows_few_letters_gets_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "greek.csv"
    path.write_text(f"{HEADER}\n{GOOD.replace('ES', 'Ελλας')}\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for output in ("text", "json"):
        command = [sys.executable, "-m", "iesi_kg", "check", "--format", output, str(path)]
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        assert (done.returncode, done.stderr) == (1, b"")
    assert json.loads(done.stdout)["findings"][0]["value"] == "Ελλας"


def test_standard_input(good: Path) -> None:
    assert iesi_kg("check", "-", stdin=good.read_bytes()).returncode == 0
    done = iesi_kg("check", "-", stdin=b"")
    assert done.returncode == 2
    assert done.stderr.decode().startswith("iesi-kg: standard input is empty\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("check", "missing.csv"), 2, "there is no file missing.csv"),
        (("check", "--format", "yaml", "x.csv"), 3, "'yaml' is not one of 'text', 'json'"),
        (("check",), 3, "Missing argument 'FILE...'"),
        (("submit", "x.csv"), 3, "Missing option '--by'"),
        (("submit", "missing.csv", "--by", "steward"), 2, "there is no file missing.csv"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = iesi_kg(*arguments)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n....", "is a PNG image"),
        (b"PK\x03\x04....", "is a damaged archive or workbook"),
        (b"a,b\n1,2\n", "no column of the template stands in the first row"),
        (b"@prefix ex: <http://e/> .\nex:a ex:b", "line 2, column 10: not well-formed Turtle"),
    ],
)
def test_unreadable_files(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    done = iesi_kg("check", "--format", "json", str(path))
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_from_a_broken_file_to_a_published_record(
    good: Path, broken: Path, bundled_store: Path, tmp_path: Path
) -> None:
    store = str(copied(bundled_store, tmp_path / "store"))
    refused = iesi_kg("submit", str(broken), "--by", "steward", "--store", store)
    assert refused.returncode == 1
    assert b"ES (Spain)" in refused.stdout
    assert "broken.csv was not published: it has 1 violation" in refused.stderr.decode()

    accepted = iesi_kg("submit", str(good), "--by", "steward", "--store", store)
    assert (accepted.returncode, accepted.stderr) == (0, b"")
    assert "accepted as version 2: 1 record in https://w3id.org/iesi-kg/graph/submission/" in accepted.stdout.decode()

    twin = good.with_name("twin.csv")
    twin.write_text(good.read_text(encoding="utf-8").replace("Vincles", "Vincle"), encoding="utf-8")
    alike = " ".join(iesi_kg("submit", str(twin), "--by", "steward", "--store", store).stdout.decode().split())
    assert "published as vincles" in alike and "accepted as version 3" in alike

    again = iesi_kg("submit", str(good), "--by", "steward", "--store", store)
    assert again.returncode == 0
    assert again.stdout.decode().startswith("nothing changed: this file is already published in https://w3id.org/")

    good.write_text(good.read_text(encoding="utf-8").replace("2013", "2014"), encoding="utf-8")
    unclear = iesi_kg("submit", str(good), "--by", "steward", "--store", store)
    assert unclear.returncode == 1
    assert "write vincles in the column identifier" in " ".join(unclear.stdout.decode().split())

    checked = iesi_kg("check", str(good), "--format", "json", "--store", store)
    assert checked.returncode == 1
    (finding,) = json.loads(checked.stdout)["findings"]
    assert (finding["code"], finding["row"]) == ("identifier-needed", 2)


def test_the_template_is_accepted_by_the_check_as_header_only(root: Path, tmp_path: Path) -> None:
    done = iesi_kg("template", "--format", "csv")
    (header,) = csv.reader(io.StringIO(done.stdout.decode(), newline=""))
    assert header[:2] == ["identifier", "name"]
    assert set(HEADER.split(",")) <= set(header)
    report = json.loads(iesi_kg("check", "-", "--format", "json", stdin=done.stdout).stdout)
    assert [finding["code"] for finding in report["findings"]] == ["no-records"]


def test_parts_add_optional_columns_to_the_basic_ones() -> None:
    basic, more, whole = (
        iesi_kg("template", *parts).stdout.decode().strip().split(",")
        for parts in ((), ("--part", "facts", "--part", "map"), ("--part", "all"))
    )
    assert more[: len(basic)] == basic and {"award_stage", "fact_column"} <= set(more) and "funder" not in more
    assert set(more) < set(whole) and "funder" in whole
    done = iesi_kg("template", "--part", "money")
    assert (done.returncode, done.stdout) == (3, b"")
    assert "no part 'money'" in done.stderr.decode() and "funding" in done.stderr.decode()


def test_the_example_is_a_record_without_violations() -> None:
    done = iesi_kg("template", "--example")
    header, row = csv.reader(io.StringIO(done.stdout.decode(), newline=""))
    assert len(header) == len(row)
    assert iesi_kg("check", "-", stdin=done.stdout).returncode == 0


def test_a_full_disk_is_one_sentence_and_changes_nothing(good: Path, tmp_path: Path) -> None:
    """No file may grow, as on a full disk: what was published stands, and the file enters when there is room."""
    store = tmp_path / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    submit = [sys.executable, "-m", "iesi_kg", "submit", str(good), "--by", "steward", "--store", str(store)]
    full = subprocess.run(
        submit,
        capture_output=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1)),
    )
    assert full.returncode == 3
    assert b"no space left" in full.stderr
    assert b"accepted" not in full.stdout
    assert b"Traceback" not in full.stderr
    assert EmbeddedStore.open(store).current().number == 1
    assert iesi_kg("submit", str(good), "--by", "steward", "--store", str(store)).returncode == 0
    assert EmbeddedStore.open(store).current().number == 2
