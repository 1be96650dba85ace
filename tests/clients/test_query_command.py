"""``iesi-kg query`` on a folder and on a service, by file, text and standard input; each mistake one sentence."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from running_server import SOURCE, Server

PEOPLE = "PREFIX ex: <http://example.org/> SELECT ?town ?people { ?town ex:people ?people } ORDER BY ?people"


def query(*arguments: str, stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IESI_KG_")}
    environment |= {"PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "error"} | settings
    command = [sys.executable, "-m", "iesi_kg", "query", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False, timeout=60)


@pytest.fixture(params=["store", "endpoint"])
def where(request: pytest.FixtureRequest, towns: Server) -> list[str]:
    """The same questions to the folder and to the service."""
    return ["--store", str(towns.store)] if request.param == "store" else ["--endpoint", towns.endpoint]


def test_table(where: list[str]) -> None:
    done = query(PEOPLE, *where)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    assert lines[0] == ["town", "people"]
    assert lines[-1] == ["http://example.org/riga", "605802"]
    assert b"3 rows" in done.stderr


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("csv", b"town,people\r\nhttp://example.org/oulu,214000\r\n"),
        ("tsv", b"?town\t?people\n<http://example.org/oulu>\t214000\n"),
        ("json", b'{"head":{"vars":["town","people"]}'),
        ("xml", b'<?xml version="1.0"?><sparql'),
    ],
)
def test_formats(where: list[str], form: str, expected: bytes) -> None:
    done = query(PEOPLE, *where, "--format", form)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(expected)


def test_graph_and_ask(where: list[str]) -> None:
    assert b"605802" in query("CONSTRUCT WHERE { ?s ?p 605802 }", *where).stdout
    assert query("CONSTRUCT WHERE { ?s ?p 605802 }", *where, "--format", "nt").stdout.count(b"\n") == 1
    assert query("ASK {}", *where).stdout == b"yes\n"


def test_file_and_standard_input(where: list[str], tmp_path: Path) -> None:
    file = tmp_path / "people.rq"
    file.write_text(PEOPLE, "utf-8")
    by_file = query(str(file), *where, "--format", "json")
    by_input = query("-", *where, "--format", "json", stdin=PEOPLE.encode())
    assert by_file.stdout == by_input.stdout
    assert len(json.loads(by_file.stdout)["results"]["bindings"]) == 3


def test_syntax_error(where: list[str]) -> None:
    done = query("ASK {\n ?s ?p }", *where)
    assert done.returncode == 3
    assert b"line 2, column 8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_format_that_cannot_be(towns: Server) -> None:
    done = query(PEOPLE, "--store", str(towns.store), "--format", "ttl")
    assert done.returncode == 3
    assert b"cannot carry" in done.stderr
    assert b"406" in query(PEOPLE, "--endpoint", towns.endpoint, "--format", "ttl").stderr


def test_time_limit(towns: Server) -> None:
    runaway = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(9)) + " }"
    done = query(runaway, "--store", str(towns.store), "--seconds", "0.5")
    assert done.returncode == 3
    assert re.search(rb"stopped after 0\.[5-9] seconds", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuchfile.rq"], "no file nosuchfile.rq"),
        (["ASK {}", "--store", "/nowhere/at/all"], "no store at /nowhere/at/all"),
        (["ASK {}", "--endpoint", "ftp://example.org"], "not the address of a service"),
        (["ASK {}", "--endpoint", "http://127.0.0.1:1/sparql"], "no answer from http://127.0.0.1:1/sparql"),
        (["ASK {}", "--endpoint", "http://e", "--store", "x"], "exclude one another"),
        (["INSERT DATA { <a:b> <a:b> 1 }"], "not sent as a query"),
        (["ASK {}", "--format", "banana"], "banana"),
        ([], "QUERY"),
    ],
)
def test_mistakes(arguments: list[str], words: str) -> None:
    done = query(*arguments)
    assert done.returncode in (2, 3)
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "latin.rq"
    file.write_bytes("ASK { ?s ?p 'é' }".encode("latin-1"))
    done = query(str(file))
    assert done.returncode == 2
    assert b"not valid UTF-8 at byte 13" in done.stderr


def test_an_endpoint_that_is_none(towns: Server) -> None:
    done = query("ASK {}", "--endpoint", f"{towns.url}/nowhere")
    assert done.returncode == 3
    assert b"404" in done.stderr
    assert b"there is nothing at /nowhere" in done.stderr


def test_control_characters_do_not_reach_the_terminal(towns: Server) -> None:
    done = query('SELECT ("\\u001b[31mred" AS ?x) {}', "--store", str(towns.store))
    assert b"\x1b" not in done.stdout


def test_a_query_is_explained(towns: Server) -> None:
    text = "SELECT ?n { ?t <http://example.org/people> ?n FILTER(?t IN (<http://example.org/riga>)) }"
    done = query(text, "--store", str(towns.store), "--explain")
    told = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert "triple pattern ?t <http://example.org/people> ?n   (3 matches alone)" in told
    assert "VALUES ?t { <http://example.org/riga> }" in told
    assert re.search(r"as written:  [\d.]+ ms, 1 row\n  faster form: [\d.]+ ms, 1 row \([\d.]+ times as fast\)", told)
    plain = query(text, "--store", str(towns.store), "--explain", "--as-written").stdout.decode()
    assert "It runs as it is written." in plain
    assert "VALUES" not in plain


def test_a_service_is_not_asked_to_explain(towns: Server) -> None:
    done = query("ASK {}", "--endpoint", towns.endpoint, "--explain")
    assert done.returncode == 3
    assert b"--explain and --as-written need a store" in done.stderr
