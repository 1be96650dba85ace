"""The guide to a store on another server, followed to the letter: ports and folders aside, its own commands run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from contract_quads import commit, quad

from backend_servers import free_port, oxigraph_server
from benchmarks.virtuoso import SMALL, ini
from iesi_kg import settings
from iesi_kg.cli.group import group
from iesi_kg.store import opening
from submission_tables import GOOD, table

SOURCE = Path(__file__).resolve().parents[2] / "src"
PATIENCE = 300.0


@pytest.fixture(scope="module")
def guide(root: Path) -> str:
    return (root / "docs" / "how-to" / "another-server.md").read_text("utf-8")


def section(guide: str, title: str) -> list[str]:
    """The shell lines of a section."""
    part = guide.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", part, re.DOTALL)).splitlines()


def test_the_commands_of_every_day_run_on_it(guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.csv").write_bytes(table(GOOD | {"identifier": "one"}))
    monkeypatch.chdir(tmp_path)
    with oxigraph_server(tmp_path) as backend:
        for name, value in backend.settings(tmp_path / "state").items():
            monkeypatch.setenv(name, value)
        commit(opening.open_store(settings.load(), create=True), quad("not", "empty", "now"))
        said = {}
        for line in section(guide, "Working with it"):
            words = shlex.split(line)[1:]
            done = CliRunner().invoke(group, words)
            assert done.exit_code == 0, (words, done.output, done.exception)
            said[words[0]] = done.output
    assert said["submit"].startswith("accepted as version 2: 1 record")
    assert "Vincles BCN" in said["query"]
    assert said["release"].startswith("release 2026.1: ")
    assert re.findall(r": (submission|release)\b", said["log"]) == ["submission", "release"]


def test_what_needs_a_folder_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "sparql+http://127.0.0.1:1?profile=oxigraph"
    done = CliRunner().invoke(group, ["serve", "--scratch", "--port", "0", "--store", address])
    assert done.exception is not None
    assert str(done.exception) == f"{address} is a SPARQL server, and this works on a store in a folder only"


@contextmanager
def running(line: str, folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command of the guide that goes on running."""
    with (folder / "said").open("ab") as said:
        words = ["bash", "-c", f"exec {line}"]
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()


def answered(address: str, process: subprocess.Popen[bytes], folder: Path) -> bytes:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=60) as response:
            return bytes(response.read())
        time.sleep(0.2)
    raise AssertionError((folder / "said").read_text(errors="replace")[-2000:])


def follow(lines: list[str], folder: Path, ports: dict[str, str], ask: str) -> bytes:
    """Run the lines of a section, the first as the server and `iesi-kg serve` last; what the service then answers."""
    text = "\n".join(lines)
    for theirs, ours in ports.items():
        text = text.replace(theirs, ours)
    first, *middle, last = [line.removesuffix(" &") for line in text.splitlines()]
    programs = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(SOURCE)}
    (folder / "iesi-kg").write_text(f'#!/bin/sh\nexec {sys.executable} -m iesi_kg "$@"\n', "utf-8")
    (folder / "iesi-kg").chmod(0o755)
    with running(first, folder, environment) as server:
        answered(f"{ask}?query=ASK%7B%7D", server, folder)
        port = free_port()
        script = "\n".join([*middle, f"env > exported; exec {last} --port {port}"])
        with running(f"bash -c {shlex.quote(script)}", folder, environment) as service:
            query = urllib.request.quote(
                "SELECT (COUNT(*) AS ?n) WHERE { ?i a <https://w3id.org/iesi-kg/ontology#Initiative> }"
            )  # type: ignore[attr-defined]
            return answered(f"http://127.0.0.1:{port}/sparql?query={query}&format=csv", service, folder)


@pytest.mark.long
def test_from_nothing_to_a_service_on_oxigraph(guide: str, tmp_path: Path) -> None:
    port = free_port()
    ask = f"http://127.0.0.1:{port}/query"
    assert follow(section(guide, "oxigraph serve"), tmp_path, {"7878": str(port)}, ask).split()[-1] == b"359"


@pytest.mark.long
def test_from_nothing_to_a_service_on_virtuoso(guide: str, tmp_path: Path) -> None:
    if shutil.which("virtuoso-t") is None:
        pytest.skip("virtuoso-opensource-7-bin is not installed")
    sql, http = free_port(), free_port()
    (tmp_path / "virtuoso.ini").write_text(ini(sql, http, SMALL), "utf-8")
    ports = {"1111": str(sql), "8890": str(http)}
    ask = f"http://127.0.0.1:{http}/sparql"
    assert follow(section(guide, "Virtuoso 7"), tmp_path, ports, ask).split()[-1] == b"359"
