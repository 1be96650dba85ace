"""Servers of other products on loopback, for a store to stand on: `oxigraph serve`, Virtuoso 7; each started once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.virtuoso import SMALL, ini

START_SECONDS = 60.0
USER, PASSWORD = "editor", "n0t-for-1ogs"

# An account as the documentation tells an operator to make one.
_ACCOUNT = (
    f"DB.DBA.USER_CREATE ('{USER}', '{PASSWORD}');",
    f'GRANT SPARQL_UPDATE TO "{USER}";',
    f"DB.DBA.RDF_DEFAULT_USER_PERMS_SET ('{USER}', 7);",
)


@dataclass(frozen=True)
class Backend:
    """A running server: the address of a store on it, and who may write there."""

    name: str
    address: str
    process: subprocess.Popen[bytes]
    user: str = ""
    password: str = ""
    folder: Path = Path()
    sql: int = 0  # the port of Virtuoso for its own language

    def settings(self, state: Path) -> dict[str, str]:
        """The environment of a service whose store stands there."""
        found = {"IESI_KG_STORE": self.address, "IESI_KG_STATE": str(state)}
        return found | ({"IESI_KG_STORE_USER": self.user, "IESI_KG_STORE_PASSWORD": self.password} if self.user else {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def oxigraph_server(folder: Path, quads: Path | None = None, *, port: int = 0) -> Iterator[Backend]:
    """`oxigraph serve` on an empty folder, on what a file of N-Quads holds, or again on what it held."""
    port = port or free_port()
    program = str(Path(sys.executable).parent / "oxigraph")
    if quads is not None:
        subprocess.run([program, "load", "-l", "store", "-f", quads], cwd=folder, check=True, capture_output=True)
    command = [program, "serve", "-l", "store", "-b", f"127.0.0.1:{port}"]
    with _running(command, folder, f"http://127.0.0.1:{port}/query") as process:
        yield Backend("oxigraph", f"sparql+http://127.0.0.1:{port}?profile=oxigraph", process)


@contextmanager
def virtuoso_server(folder: Path, quads: Path | None = None, *, rows: int = 2_000_000) -> Iterator[Backend]:
    """Virtuoso 7 on an empty folder, with an account that may write; ``quads`` it holds from the beginning.

    It has about 100 MB of memory and no default graph: every quad names its own. Skips where it is not installed.
    """
    if shutil.which("virtuoso-t") is None or shutil.which("isql-vt") is None:
        message = "virtuoso-opensource-7-bin is not installed"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    sql, http = free_port(), free_port()
    (folder / "virtuoso.ini").write_text(ini(sql, http, {**SMALL, "ResultSetMaxRows": rows}), "utf-8")
    command = ["virtuoso-t", "-f", "+configfile", "virtuoso.ini"]
    with _running(command, folder, f"http://127.0.0.1:{http}/sparql") as process:
        orders = [*_ACCOUNT]
        if quads is not None:
            (folder / "quads.nq").write_bytes(quads.read_bytes())
            orders.append("DB.DBA.TTLP (file_open ('quads.nq'), '', 'urn:none', 512);")
        tool = ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", "exec=" + " ".join(orders)]
        done = subprocess.run(tool, capture_output=True, check=True, timeout=60)
        assert b"Error" not in done.stderr, done.stderr
        address = f"sparql+http://127.0.0.1:{http}/sparql?profile=virtuoso"
        yield Backend("virtuoso", address, process, USER, PASSWORD, folder, sql)


@contextmanager
def _running(command: list[str], folder: Path, query: str) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / "log"
    with log.open("wb") as words:
        process = subprocess.Popen(command, cwd=folder, stdout=words, stderr=words)
    try:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{query}?query=ASK%7B%7D", timeout=5):
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"no answer at {query}: {log.read_text(errors='replace')[-2000:]}")
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)
