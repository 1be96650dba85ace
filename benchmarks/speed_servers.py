"""The servers of the speed table on one data set: ours with one and two workers, and three of others."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psutil
from pyoxigraph import RdfFormat, Store

from benchmarks.servers import BIN, RDFLIB_ENDPOINT, Server, free_port, wait_for
from benchmarks.speed_data import Data, bundle, graph
from benchmarks.virtuoso import ini
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.load import Order, Work, load
from iesi_kg.store.aside import Aside
from iesi_kg.store.embedded import EmbeddedStore

OURS, OURS_2 = "iesi-kg", "iesi-kg-2-workers"
OXIGRAPH, RDFLIB, VIRTUOSO = "oxigraph", "rdflib-endpoint", "virtuoso"
SERVERS = (OURS, OURS_2, OXIGRAPH, RDFLIB, VIRTUOSO)
SMALL_ONLY = (RDFLIB,)  # it holds the data in Python: minutes for one query at a million
DEFAULT = "urn:iesi-kg-benchmark:default"
SECONDS = "120"
_START = 300.0
_VIRTUOSO = {"NumberOfBuffers": 340_000, "MaxDirtyBuffers": 250_000, "CheckpointInterval": 0}


def stored(name: str, data: Data, folder: Path) -> Path:
    """Where a server's store of the data stands, made where it is missing."""
    kind = OURS if name == OURS_2 else name
    place = data.folder / kind
    if place.exists():
        return place
    draft = data.folder / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    makers: dict[str, Callable[[Data, Path, Path], None]] = {OURS: _ours, OXIGRAPH: _oxigraph, VIRTUOSO: _virtuoso}
    if (make := makers.get(kind)) is None:
        return data.quads
    make(data, draft, folder)
    draft.rename(place)
    return place


@contextmanager
def running(name: str, data: Data, folder: Path, *, core: int | None) -> Iterator[Server]:
    """One server on the data, pinned to one core when asked, ended afterwards."""
    store, port, sql = stored(name, data, folder), free_port(), free_port()
    address = f"http://127.0.0.1:{port}{'/query' if name == OXIGRAPH else '/sparql'}"
    if name == VIRTUOSO:
        address += f"?default-graph-uri={quote(DEFAULT, safe='')}"
        _configure(store, sql, port)
    command = _command(name, store, port)
    pinned = command if core is None else ["taskset", "-c", str(core), *command]
    settings = {
        "IESI_KG_WORKERS": "2" if name == OURS_2 else "1",
        "IESI_KG_QUERY_REQUESTS": "0",
        "IESI_KG_QUERY_SECONDS": SECONDS,
    }
    with subprocess.Popen(
        pinned,
        cwd=store if name == VIRTUOSO else None,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        server = Server(name, address, psutil.Process(process.pid))
        try:
            wait_for(f"{address}{'&' if '?' in address else '?'}query=ASK%7B%7D", _START)
            yield server
        finally:
            family = [*server.process.children(recursive=True), server.process]
            process.terminate()
            _, living = psutil.wait_procs(family, timeout=20)
            for member in living:
                member.kill()


def memory(server: Server) -> int:
    """Megabytes that a server and its processes have for themselves, shared ones counted once."""
    total = 0
    for member in [server.process, *server.process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += member.memory_full_info().pss
    return round(total / 2**20)


def size_of(folder: Path) -> int:
    """Megabytes on the disk, files that are hard links of one another counted once."""
    found = {(facts.st_dev, facts.st_ino): facts.st_blocks * 512 for facts in map(Path.stat, folder.rglob("*"))}
    return round(sum(found.values()) / 2**20)


def _command(name: str, store: Path, port: int) -> list[str]:
    if name == OXIGRAPH:
        return [str(BIN / "oxigraph"), "serve-read-only", "--bind", f"127.0.0.1:{port}", "--location", str(store)]
    if name == RDFLIB:
        return [str(BIN / "python"), "-c", RDFLIB_ENDPOINT, str(store), str(port)]
    if name == VIRTUOSO:
        return ["virtuoso-t", "-f", "+configfile", "virtuoso.ini"]
    return [str(BIN / "python"), "-m", "iesi_kg", "serve", "--port", str(port), "--store", str(store)]


def _ours(data: Data, place: Path, folder: Path) -> None:
    """The bundle as the service itself makes it; copies by our loader, graph by graph."""
    if data.size == "real":
        shutil.copytree(bundle(folder), place)
        return
    store = EmbeddedStore.open(place, create=True)
    for name in data.graphs:
        act = Act("benchmark", "command", "load", datetime.now(UTC))
        with Aside.opened(store) as door:
            order = Order(graph(name), (data.of_graph(name),))
            load(Work(store, door, AuditLog(place), act), order, lambda _: None)
    store.forget_older()
    store.close()


def _oxigraph(data: Data, place: Path, _: Path) -> None:
    store = Store(str(place))
    store.bulk_load(path=str(data.quads), format=RdfFormat.N_QUADS)
    store.optimize()


def _virtuoso(data: Data, place: Path, _: Path) -> None:
    """By its own loader; what stands in our default graph goes into a graph that each request names."""
    if not shutil.which("virtuoso-t") or not shutil.which("isql-vt"):
        raise SystemExit("Virtuoso is not here; install it (Debian: apt-get install virtuoso-opensource-7-bin)")
    place.mkdir()
    for name in data.graphs:
        file = place / data.of_graph(name).name
        file.hardlink_to(data.of_graph(name))
        file.with_name(f"{file.name}.graph").write_text(name or DEFAULT, encoding="utf-8")
    sql, port = free_port(), free_port()
    _configure(place, sql, port)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(_command(VIRTUOSO, place, port), cwd=place, stdout=quiet, stderr=quiet):
        wait_for(f"http://127.0.0.1:{port}/sparql?query=ASK%7B%7D", _START)
        _isql(sql, "ld_dir('.', '*.nt', NULL);")
        _isql(sql, "rdf_loader_run();")
        _isql(sql, "checkpoint;")
        _isql(sql, "shutdown;")
    for file in place.glob("graph-*"):
        file.unlink()


def _isql(sql: int, command: str) -> None:
    tool = ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", f"exec={command}"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    if (done.returncode or "Error" in done.stderr) and not command.startswith("shutdown"):
        raise SystemExit(f"Virtuoso refused {command}: {done.stderr}")


def _configure(place: Path, sql: int, http: int) -> None:
    (place / "virtuoso.ini").write_text(
        ini(sql, http, _VIRTUOSO | {"MaxQueryExecutionTime": int(SECONDS)}), encoding="utf-8"
    )
