"""Peers on loopback: an `oxigraph serve`, a Virtuoso, and a server that answers wrongly in every known way.

Each is started once for the whole run; the list of peers names them as local, which nothing but that list can.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_peers import HERE, THERE, VIRTUOSO, VIRTUOSO_DATA, Running, answers, entries, free_port, write_list
from wrong_peer import WrongPeer

from benchmarks.virtuoso import ini
from running_server import Server, fill, serving


@pytest.fixture(scope="session")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("oxigraph")
    (folder / "there.ttl").write_text(THERE, "utf-8")
    program = str(Path(sys.executable).parent / "oxigraph")
    subprocess.run([program, "load", "-l", "store", "-f", "there.ttl"], cwd=folder, check=True, capture_output=True)
    port = free_port()
    log = folder / "log"
    with log.open("wb") as words:
        command = [program, "serve-read-only", "-l", "store", "-b", f"127.0.0.1:{port}"]
        process = subprocess.Popen(command, cwd=folder, stdout=words, stderr=words)
    try:
        answers(f"http://127.0.0.1:{port}/query", process, log)
        yield Running(f"http://127.0.0.1:{port}/query", process)
    finally:
        process.kill()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def ports() -> tuple[int, int]:
    """Where Virtuoso will listen for SQL and for HTTP: known before it is started, so that the list can name it."""
    return free_port(), free_port()


@pytest.fixture(scope="session")
def virtuoso(tmp_path_factory: pytest.TempPathFactory, ports: tuple[int, int]) -> Iterator[Running]:
    """Virtuoso 7 on an empty folder, with about 270 MB of memory; started when a test needs it."""
    if shutil.which("virtuoso-t") is None or shutil.which("isql-vt") is None:
        pytest.skip("virtuoso-opensource-7-bin is not installed")
    folder = tmp_path_factory.mktemp("virtuoso")
    sql, http = ports
    (folder / "virtuoso.ini").write_text(ini(sql, http, VIRTUOSO), "utf-8")
    (folder / "data.sql").write_text(VIRTUOSO_DATA, "utf-8")
    log = folder / "log"
    with log.open("wb") as words:
        command = ["virtuoso-t", "-f", "+configfile", "virtuoso.ini"]
        process = subprocess.Popen(command, cwd=folder, stdout=words, stderr=words)
    try:
        answers(f"http://127.0.0.1:{http}/sparql", process, log)
        load = ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", "data.sql"]
        done = subprocess.run(load, cwd=folder, capture_output=True, check=True, timeout=30)
        assert b"Error" not in done.stderr, done.stderr
        yield Running(f"http://127.0.0.1:{http}/sparql", process)
    finally:
        process.kill()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def wrong() -> Iterator[WrongPeer]:
    with WrongPeer() as peer:
        yield peer


@pytest.fixture(scope="session")
def service(
    tmp_path_factory: pytest.TempPathFactory, oxigraph: Running, wrong: WrongPeer, ports: tuple[int, int]
) -> Iterator[Server]:
    """Our service with the towns of HERE, and the peers."""
    folder = tmp_path_factory.mktemp("federation")
    fill(folder / "store", HERE, {"http://example.org/graph/old": "<http://example.org/riga> <urn:p> 1 ."})
    peers = write_list(folder / "peers.json", entries(oxigraph, wrong, ports[1]))
    with serving(folder / "store", peers=peers, query_seconds=6, service_bytes=200_000, service_rows=1_000) as running:
        yield running
