"""``iesi-kg adapt`` as a user runs it, and how much memory it takes for a large file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import RdfFormat, parse

from iesi_kg.cli.group import group
from iesi_kg.errors import UnreadableFile, UsageError
from running_server import SOURCE

MEGABYTE = 1 << 20
MEASURED = """
import resource, sys
from pathlib import Path
from iesi_kg.cli.peer_files import peer_files
from iesi_kg.linking import adapters
for name in sys.argv[1:]:
    adapted = adapters.load("jrc-ips").read(peer_files([name]))
    quads = sum(1 for _ in adapted.quads)
    print(adapted.records, quads, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([{"id": 1, "name": "Care", "geocoverage": ["Austria"]}]))
    return path


def test_a_file_is_written_whole_in_either_format(file: Path, tmp_path: Path) -> None:
    for suffix, form in ((".nq", RdfFormat.N_QUADS), (".trig", RdfFormat.TRIG)):
        out = tmp_path / f"out{suffix}"
        done = CliRunner().invoke(group, ["adapt", "jrc-ips", str(file), "--out", str(out), "--version", "x"])
        assert done.exit_code == 0, done.output
        assert done.stdout == "1 record of jrc-ips x in https://w3id.org/iesi-kg/graph/peer/jrc-ips/x\n"
        assert "iesi-kg/id/peer/jrc-ips/1" in {q.subject.value[-25:] for q in parse(out.read_bytes(), form)}


def test_without_a_file_the_statements_go_to_standard_output(file: Path) -> None:
    done = CliRunner().invoke(group, ["adapt", "jrc-ips", str(file)])
    assert {str(quad.graph_name)[:47] for quad in parse(done.stdout_bytes, RdfFormat.N_QUADS)} == {
        "<https://w3id.org/iesi-kg/graph/peer/jrc-ips/20"
    }
    assert "warning: data/cases.json: the column 'url' is missing; nothing is stated from it\n" in done.stderr


def test_what_else_stands_in_a_folder_is_left_out_and_named(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "database"
    folder.mkdir()
    file.rename(folder / "cases.json")
    (folder / "budget.csv").write_text("year,euro\n2020,7\n")
    (folder / "notes.txt").write_text("")
    done = CliRunner().invoke(group, ["adapt", "jrc-ips", str(folder), "--out", str(tmp_path / "out.nq")])
    assert (done.exit_code, done.stdout[:20]) == (0, "1 record of jrc-ips ")
    assert "warning: left out budget.csv: budget.csv is CSV; jrc-ips reads JSON\n" in done.stderr
    assert "warning: left out notes.txt: notes.txt is empty\n" in done.stderr
    assert "cases.json:" not in done.stderr.replace("data/cases.json:", "")
    named = CliRunner().invoke(group, ["adapt", "jrc-ips", str(folder / "cases.json"), str(folder / "budget.csv")])
    assert isinstance(named.exception, UnreadableFile)  # who names a file means it
    (folder / "cases.json").unlink()
    none = CliRunner().invoke(group, ["adapt", "jrc-ips", str(folder)])
    assert isinstance(none.exception, UnreadableFile)
    assert none.exception.detail == "budget.csv is CSV; jrc-ips reads JSON"


def test_a_file_that_breaks_off_leaves_nothing_half(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text()[:-5])
    out = tmp_path / "out.nq"
    out.write_text("earlier")
    done = CliRunner().invoke(group, ["adapt", "jrc-ips", str(file), "--out", str(out)])
    assert isinstance(done.exception, UnreadableFile)
    assert (out.read_text(), sorted(path.name for path in tmp_path.iterdir())) == ("earlier", ["cases.json", "out.nq"])


def test_wrong_uses_are_told_in_a_sentence(file: Path, tmp_path: Path) -> None:
    wrong = {
        ("adapt", "jrc-ips"): "name a database and its files",
        ("adapt", "jrc-ips", str(file), "--out", "x.ttl"): "x.ttl ends in no format that holds graphs",
        ("adapt", "jrc-ips", str(tmp_path / "empty")): "holds no CSV or JSON file",
        ("adapt", "jrc-ips", str(file), "--out", str(tmp_path / "no" / "x.nq")): "cannot be written: No such file",
    }
    (tmp_path / "empty").mkdir()
    for arguments, said in wrong.items():
        error = CliRunner().invoke(group, arguments).exception
        assert isinstance(error, UsageError | UnreadableFile), arguments
        assert said in error.detail


def test_the_list_names_each_database_with_licence_and_files() -> None:
    said = CliRunner().invoke(group, ["adapt", "--list"]).output
    assert "pstw  Public Sector Tech Watch" in said
    assert "    licence: CC BY-NC-SA 4.0; from: https://github.com/nestauk/DSI4EU_Dataviz\n" in said
    assert "    edition: 2022 (853 records)\n    file: data/cases.json (JSON)\n" in said


def large(path: Path, size: int, text: int) -> int:
    """Write a JSON array of about so many bytes; say how many records it has."""
    record = {"name": "Care at home", "geocoverage": ["Austria"], "lead_organisation_name": "Town", "status": "Pilot"}
    count = size // (text + 200)
    with path.open("w") as target:
        for number in range(count):
            target.write("[" if number == 0 else ",\n")
            target.write(json.dumps({"id": number, **record, "description": f"Care {number:9}. " * (text // 16)}))
        target.write("]")
    return count


def measured(*paths: Path) -> list[tuple[int, int, int]]:
    """Records, statements and the most memory so far in kilobytes, file after file in one process."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", MEASURED, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]  # type: ignore[misc]


def test_a_file_of_30_megabytes_takes_no_more_memory_than_one_of_3(tmp_path: Path) -> None:
    small, big = tmp_path / "small.json", tmp_path / "big.json"
    expected = [large(small, 3 * MEGABYTE, 40_000), large(big, 30 * MEGABYTE, 40_000)]
    (few, _, before), (many, _, after) = measured(small, big)
    assert [few, many] == expected
    assert after - before < 12_000


@pytest.mark.long
def test_a_file_of_a_gigabyte_takes_bounded_memory(tmp_path: Path) -> None:
    small, big = tmp_path / "small.json", tmp_path / "big.json"
    expected = [large(small, 3 * MEGABYTE, 1_500), large(big, 1024 * MEGABYTE, 1_500)]
    (few, _, before), (many, _, after) = measured(small, big)
    assert [few, many] == expected
    assert after - before < 250_000
