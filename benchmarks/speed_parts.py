"""What is measured of each server at each size: throughput under load, latency one by one, loading, in process."""

from __future__ import annotations

import http.client
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from benchmarks import speed_queries
from benchmarks.load import load
from benchmarks.servers import BIN, Server
from benchmarks.speed_data import Data
from benchmarks.speed_servers import OURS, OURS_2, OXIGRAPH, RDFLIB, memory, running, size_of, stored

ACCEPT = "application/sparql-results+json"
ROUNDS, FEWEST = 30, 5
ROUND_SECONDS, LONGEST = 2.0, 20.0  # for all rounds of one query, unless so few would be too few
WARM_UP = 200
CLOSED_WHILE_IDLE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
REST_SECONDS, IDLE = 20.0, 0.05  # processor time within a second
ROOT = Path(__file__).resolve().parents[1]
GRAPH = "https://example.org/iesi-kg-benchmark/loaded"
BULK = """
import sys, time
from pathlib import Path
from pyoxigraph import NamedNode, RdfFormat, Store
Store(sys.argv[1]).bulk_load(path=sys.argv[2], format=RdfFormat.N_TRIPLES, to_graph=NamedNode(sys.argv[3]))
"""
IN_PROCESS = """
import json, sys, time
engine, seconds, data, store = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4]
texts = json.load(sys.stdin)
if engine == "rdflib":
    import rdflib
    graph = rdflib.Dataset()
    graph.parse(data, format="nquads")
    ask = lambda text: len(list(graph.query(text)))
elif engine == "iesi-kg":
    from pathlib import Path
    from iesi_kg.store.embedded import EmbeddedStore
    reader = EmbeddedStore(Path(store)).reader()
    ask = lambda text: len(reader.answer(text, "text/csv").body)
else:
    import pyoxigraph as ox
    kept = ox.Store.read_only(store) if engine == "pyoxigraph-disk" else ox.Store()
    if engine != "pyoxigraph-disk":
        kept.bulk_load(path=data, format=ox.RdfFormat.N_QUADS)
    ask = lambda text: len(kept.query(text).serialize(format=ox.QueryResultsFormat.CSV))
begun, found = time.monotonic(), {}
for name, text in texts.items():
    if time.monotonic() - begun > seconds:
        break
    spent = []
    try:
        while len(spent) < 5 and sum(spent) < 2:
            started = time.process_time()
            ask(f"{text} # {len(spent)}")
            spent.append(time.process_time() - started)
        found[name] = round(1000 * min(spent), 3)
    except Exception as error:
        found[name] = f"{type(error).__name__}: {str(error)[:100]}"
print(json.dumps(found))
"""
ENGINES = ("iesi-kg", "pyoxigraph-disk", "pyoxigraph-memory", "rdflib")


def under_load(name: str, data: Data, folder: Path, seconds: int) -> dict[str, Any]:
    """Requests per second of one query of each class: new every time, the same again, and asked for what is newer."""
    found: dict[str, Any] = {}
    core = None if name == OURS_2 else 0
    with running(name, data, folder, core=core) as server:
        _warm(server)
        for kind, text in speed_queries.loaded().items():
            asked = data.query(text)
            told: dict[str, Any] = {}
            for mode, etag in _modes(name, server, asked, data):
                given = {"values": data.iris, "etag": etag, "seconds": seconds}
                told[mode] = load(
                    server, asked, initiatives=_lines(data.iris), mode="first" if mode == "first" else "repeated",
                    core=None if name == OURS_2 else 1, **given,  # type: ignore[arg-type]
                )  # fmt: skip
            found[kind] = told
            print(f"{name:20} {kind:10} {told}", flush=True)
        found["memory MB"] = memory(server)
    return found


def _modes(name: str, server: Server, text: str, data: Data) -> list[tuple[str, str | None]]:
    modes: list[tuple[str, str | None]] = [("first", None), ("repeated", None)]
    if name in (OURS, OURS_2):
        with_iri = text.replace("{n}", _second(data.iris))
        modes.append(("304", _asked(server, with_iri, 60)[2]))
    return modes


def latency(name: str, data: Data, folder: Path, seconds: float) -> dict[str, Any]:
    """Each query one by one on one connection, new every time: median milliseconds, processor time, rows."""
    texts = {**speed_queries.shapes(), **speed_queries.questions()}
    found: dict[str, Any] = {}
    begun = time.monotonic()
    with running(name, data, folder, core=None) as server:
        _warm(server)
        for query, text in texts.items():
            if time.monotonic() - begun > seconds:
                found[query] = "not asked: the time was over"
                continue
            asked = data.query(text).replace("{n}", data.first_iri())
            found[query] = _one_by_one(server, asked)
            print(f"{name:20} {query:40} {found[query]}", flush=True)
            if isinstance(found[query], str) and name == RDFLIB:
                break  # it goes on with the query after we have gone
        return {"queries": found, "memory MB": memory(server)}


def _warm(server: Server) -> None:
    """Have a server that has just begun to listen finish what it does beside."""
    for number in range(WARM_UP):
        _asked(server, f"ASK {{ ?s ?p {number} }}", 125)
    deadline = time.monotonic() + REST_SECONDS
    while time.monotonic() < deadline:  # a copy that is being made would be counted with the first queries
        before = server.cpu_seconds()
        time.sleep(1)
        if server.cpu_seconds() - before < IDLE:
            break


def _one_by_one(server: Server, text: str) -> dict[str, Any] | str:
    waits: list[float] = []
    rows, before = 0, server.cpu_seconds()
    while len(waits) < FEWEST or (len(waits) < ROUNDS and sum(waits) < ROUND_SECONDS):
        started = time.perf_counter()
        try:
            status, body, _ = _asked(server, f"{text}\n# {time.monotonic_ns()}", 125)
        except (OSError, http.client.HTTPException) as error:
            return f"no answer: {type(error).__name__}"
        waits.append(time.perf_counter() - started)
        if status != 200:
            return f"{status}: {body[:100].decode(errors='replace')}"
        rows = _rows(body)
        if sum(waits) > LONGEST:
            break
    spent = server.cpu_seconds() - before
    milliseconds = {"ms": statistics.median(waits), "cpu_ms": spent / len(waits)}
    return {**{name: round(1000 * value, 3) for name, value in milliseconds.items()}, "rows": rows}


_connections: dict[str, http.client.HTTPConnection] = {}


def _asked(server: Server, text: str, seconds: float) -> tuple[int, bytes, str]:
    """One request on a connection that is kept; its status, body and ETag.

    A server may close a connection that was idle; then, and only then, it is asked once more on a new one.
    """
    parts = urlsplit(server.address)
    kept = parts.netloc in _connections
    query = f"{parts.query}&" if parts.query else ""
    address = f"{parts.path}?{query}query={quote(text, safe='')}"
    try:
        return _answer(parts.netloc, address, seconds)
    except CLOSED_WHILE_IDLE:
        if not kept:
            raise
        return _answer(parts.netloc, address, seconds)


def _answer(host: str, address: str, seconds: float) -> tuple[int, bytes, str]:
    connection = _connections.get(host)
    if connection is None:
        _connections.clear()
        connection = _connections[host] = http.client.HTTPConnection(host, timeout=seconds)
    try:
        connection.request("GET", address, headers={"Accept": ACCEPT})
        response = connection.getresponse()
        return response.status, response.read(), response.getheader("ETag") or ""
    except (OSError, http.client.HTTPException):
        _connections.clear()
        raise


def _rows(body: bytes) -> int:
    told = json.loads(body)
    return len(told["results"]["bindings"]) if "results" in told else 1


def loading(name: str, data: Data, folder: Path, _: float) -> dict[str, Any]:
    """The default graph's N-Triples into a named graph of an empty store, as a process of its own."""
    place = data.folder / "loading"
    shutil.rmtree(place, ignore_errors=True)
    source = data.of_graph("")
    if name == OURS:
        command = [
            str(BIN / "python"), "-m", "iesi_kg", "load", str(source), "--scratch",
            "--store", str(place), "--graph", GRAPH,
        ]  # fmt: skip
    else:  # the engine of the server, by its own interface
        command = [sys.executable, "-c", BULK, str(place), str(source), GRAPH]
    found = _watched(command)
    found |= {"statements": data.graphs[""], "disk MB": size_of(place)}
    found["statements a second"] = round(data.graphs[""] / found["seconds"])
    print(f"{name:20} {found}", flush=True)
    shutil.rmtree(place)
    return found


def _watched(command: list[str]) -> dict[str, Any]:
    """Seconds, processor time and peak memory of a process, told by the system when it has ended."""
    started = time.perf_counter()
    measured = subprocess.run(
        [sys.executable, "-c", _WATCH, *command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if measured.returncode:
        raise SystemExit(f"{command} failed: {measured.stderr}")
    seconds = time.perf_counter() - started
    told: Mapping[str, float] = json.loads(measured.stdout.splitlines()[-1])
    return {"seconds": round(seconds, 2), "cpu_seconds": round(told["cpu"], 2), "peak MB": round(told["peak"] / 1024)}


_WATCH = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}))
"""


def in_process(name: str, data: Data, folder: Path, seconds: float) -> dict[str, Any]:
    """Each query by one engine in a process of its own: least processor time of five, in milliseconds."""
    texts = {**speed_queries.shapes(), **speed_queries.questions()}
    asked = {query: data.query(text).replace("{n}", data.first_iri()) for query, text in texts.items()}
    store = stored(OXIGRAPH if name.startswith("pyoxigraph") else OURS, data, folder)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        IN_PROCESS,
        name,
        str(seconds),
        str(data.quads),
        str(store),
    ]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{name} failed at {data.size}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{name:20} {len(found)} queries, together {sum(v for v in found.values() if not isinstance(v, str)):,.0f} ms"
    )
    return {"queries": found}


def _lines(path: Path) -> int:
    with path.open(encoding="utf-8") as lines:
        return sum(1 for _ in lines)


def _second(path: Path) -> str:
    """The line that wrk takes when it asks the same again: it counts from 1."""
    with path.open(encoding="utf-8") as lines:
        next(lines)
        return next(lines).strip()


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "load": loading,
    "http": under_load,
    "latency": latency,
    "process": in_process,
}
