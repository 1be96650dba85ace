"""Three SPARQL servers on the same data: ours, the Rust server of our engine, and rdflib-endpoint."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil
from pyoxigraph import RdfFormat, Store

from benchmarks.graph import quads
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

BIN = Path(sys.executable).parent
READINGS = 5  # of processor time: a process that ends during one is counted twice or not at all
RDFLIB_ENDPOINT = """
import sys, uvicorn
from rdflib import Dataset
from rdflib_endpoint import SparqlEndpoint
graph = Dataset(); graph.parse(sys.argv[1], format="nquads")
app = SparqlEndpoint(graph=graph, path="/sparql", cors_enabled=True)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its query address and its processes."""

    name: str
    address: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """CPU time spent so far by the process and its children, with those that have ended."""
        for _ in range(READINGS):
            family, spent = self._family(), 0.0
            for member in family:
                with suppress(psutil.NoSuchProcess):  # a query process that was stopped in between
                    spent += sum(member.cpu_times()[:4])  # its own, and that of the children it has waited for
            if self._family() == family:
                break
        return spent

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def prepare(folder: Path, initiatives: int) -> int:
    """Write the benchmark graph as our store, as an Oxigraph directory and as N-Quads; returns the number of quads."""
    data = list(quads(initiatives))
    ours = EmbeddedStore(folder / "ours")
    with ours.writer() as writer:
        writer.commit(ChangeSet("benchmark graph", add=data))
    ours.close()
    peer = Store(str(folder / "oxigraph"))
    peer.bulk_extend(data)
    peer.optimize()
    peer.dump(str(folder / "data.nq"), RdfFormat.N_QUADS)
    return len(peer)


def commands(folder: Path, port: int, workers: int) -> dict[str, list[str]]:
    """How each server is started on one port; ours without its bundled data, on the prepared store."""
    return {
        "iesi-kg": [str(BIN / "iesi-kg"), "serve", "--port", str(port), "--store", str(folder / "ours")],
        "oxigraph": [
            str(BIN / "oxigraph"), "serve-read-only",
            "--bind", f"127.0.0.1:{port}", "--location", str(folder / "oxigraph"),
        ],
        "rdflib-endpoint": [sys.executable, "-c", RDFLIB_ENDPOINT, str(folder / "data.nq"), str(port)],
    }  # fmt: skip


PATHS = {"iesi-kg": "/sparql", "oxigraph": "/query", "rdflib-endpoint": "/sparql"}


@contextmanager
def running(
    name: str, folder: Path, *, core: int | None, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """One server, pinned to one core when asked, stopped afterwards."""
    port = free_port()
    command = commands(folder, port, 2)[name]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    with subprocess.Popen(
        command,
        env={**os.environ, "IESI_KG_QUERY_REQUESTS": "0", **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        server = Server(name, f"http://127.0.0.1:{port}{PATHS[name]}", psutil.Process(process.pid))
        try:
            wait_for(f"{server.address}?query=ASK%7B%7D")
            yield server
        finally:
            family = [*server.process.children(recursive=True), server.process]
            process.terminate()
            psutil.wait_procs(family, timeout=10)


@contextmanager
def scratch(store: Path, port: int, settings: dict[str, str]) -> Iterator[psutil.Process]:
    """Our service in scratch mode (it takes updates) on an empty store, ended afterwards."""
    command = [sys.executable, "-m", "iesi_kg", "serve", "--scratch", "--port", str(port), "--store", str(store)]
    with subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        known = psutil.Process(process.pid)
        try:
            yield known
        finally:
            family = [*known.children(recursive=True), known] if known.is_running() else []
            process.terminate()
            psutil.wait_procs(family, timeout=15)


def wait_for(address: str, seconds: float = 60.0) -> None:
    """Wait until the address answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
