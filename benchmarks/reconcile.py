"""Batches of ten misspelt names at /reconcile, at 300, 3,000 and 30,000 initiatives: milliseconds over HTTP, memory,
how often the right one comes first; beside a plain scan of the same names with rapidfuzz. Then names of another
database, of which it is known which are ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

import psutil
from pyoxigraph import Literal, NamedNode, Quad
from rapidfuzz import fuzz, process

from benchmarks.graph import CODES, COUNTRIES, INITIATIVE, ONTOLOGY, RDF_TYPE
from benchmarks.servers import free_port
from iesi_kg import assets
from iesi_kg.publication.bundled import load_bundled
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore

SIZES = (300, 3_000, 30_000)
BATCHES, BATCH = 100, 10
SCANNED = 20  # batches of the plain scan, which takes long
CASES = Path(__file__).resolve().parents[2] / "shared" / "data" / "jrc_ips" / "cases-2022.json"
_SPACE = "https://w3id.org/iesi-kg/id/initiative/"
_TITLE = NamedNode("http://purl.org/dc/terms/title")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def run(sizes: Sequence[int] = SIZES, batches: int = BATCHES) -> dict[str, Any]:
    """What each size gives, and what is right of names whose meaning is known."""
    told: dict[str, Any] = {}
    for size in sizes:
        told[str(size)] = _measured(size, batches)
        print(size, told[str(size)], flush=True)
    return {"initiatives": told, "batch of": BATCH, "names of another database": _known() if CASES.exists() else None}


def _measured(size: int, batches: int) -> dict[str, Any]:
    random = Random(size)
    made = _names(size, random)
    asked = [(random.randrange(size), random) for _ in range(batches * BATCH)]
    queries = [(number, _slip(made[number][0], chance)) for number, chance in asked]
    with tempfile.TemporaryDirectory() as folder:
        with EmbeddedStore.open(Path(folder) / "store", create=True).writer() as writer:
            writer.commit(ChangeSet("benchmark", add=list(_quads(made))))
        with _serving(Path(folder) / "store") as (connection, server):
            before = server.memory_info().rss
            begun = time.perf_counter()
            _ask(connection, {"q": {"query": "first"}})
            reading = time.perf_counter() - begun
            kept = server.memory_info().rss - before
            named = _timed(connection, queries, lambda number, text: {"query": text, "type": "initiative"})
            told = _timed(
                connection,
                queries,
                lambda number, text: {
                    "query": text,
                    "type": "initiative",
                    "properties": [
                        {"pid": "country", "v": made[number][1]},
                        {"pid": "start_year", "v": made[number][2]},
                    ],
                },
            )
    scan = _scanned([name for name, _, _ in made], queries[: SCANNED * BATCH])
    return {
        "reading in seconds": round(reading, 2),
        "memory per initiative in kB": round(kept / size / 1_000, 1),
        "name": named,
        "name, country and year": told,
        "scan with rapidfuzz": scan,
        "the scan takes times as long": round(scan["median ms"] / named["median ms"], 1),
    }


def _timed(
    connection: HTTPConnection, queries: Sequence[tuple[int, str]], query: Callable[[int, str], object]
) -> dict[str, float]:
    times, first = [], 0
    for start in range(0, len(queries), BATCH):
        part = queries[start : start + BATCH]
        batch = {f"q{n}": query(number, text) for n, (number, text) in enumerate(part)}
        begun = time.perf_counter()
        found = _ask(connection, batch)
        times.append(1_000 * (time.perf_counter() - begun))
        best = [found[f"q{n}"]["result"][:1] for n in range(len(part))]
        first += sum(bool(one) and one[0]["id"] == f"initiative:{part[n][0]}" for n, one in enumerate(best))
    return _summary(times, first / len(queries))


def _scanned(names: Sequence[str], queries: Sequence[tuple[int, str]]) -> dict[str, float]:
    times, first = [], 0
    for start in range(0, len(queries), BATCH):
        begun = time.perf_counter()
        for number, text in queries[start : start + BATCH]:
            found = process.extract(text, names, scorer=fuzz.WRatio, limit=10)
            first += found[0][2] == number
        times.append(1_000 * (time.perf_counter() - begun))
    return _summary(times, first / len(queries))


def _summary(times: Sequence[float], first: float) -> dict[str, float]:
    ninety_fifth = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return {"median ms": round(median(times), 2), "95 % ms": round(ninety_fifth, 2), "first is right": round(first, 4)}


def _known() -> dict[str, Any]:
    """Names of the JRC's explorer, by the bundled data: 71 are ours by an identifier that a record of ours states."""
    cases = json.loads(CASES.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore.open(Path(folder) / "store", create=True)
        load_bundled(store, at=datetime.now(UTC))
        rows = store.reader().select(
            "SELECT ?i ?k { ?i <http://purl.org/dc/terms/identifier> ?k FILTER(STRSTARTS(STR(?k), 'jrc-ips:')) }"
        )
        ours = {getattr(row["k"], "value", ""): getattr(row["i"], "value", "").rpartition("/")[2] for row in rows}
        store.close()
        with _serving(Path(folder) / "store") as (connection, _):
            return {
                "cases": len(cases),
                "ours": len(ours),
                "name": _counted(connection, cases, ours, facts=False),
                "name, country and lead": _counted(connection, cases, ours, facts=True),
            }


def _counted(connection: HTTPConnection, cases: Sequence[Any], ours: dict[str, str], *, facts: bool) -> dict[str, int]:
    first = matched = wrong = 0
    for case in cases:
        query: dict[str, Any] = {"query": case["name"], "type": "initiative"}
        if facts:
            query["properties"] = [
                {"pid": "country", "v": case["geocoverage_codes"]},
                {"pid": "lead_organisation", "v": case["lead_organisation_name"]},
            ]
        found = _ask(connection, {"q": query})["q"]["result"]
        meant = f"initiative:{ours.get('jrc-ips:' + str(case['id']))}"
        first += bool(found) and found[0]["id"] == meant
        matched += any(one["match"] and one["id"] == meant for one in found)
        wrong += any(one["match"] and one["id"] != meant for one in found)
    return {"first": first, "matched": matched, "matched wrongly": wrong}


def _names(size: int, random: Random) -> list[tuple[str, str, int]]:
    """Names made of the words of real ones, each with a country and a year; no two are the same."""
    words = sorted({word for name in assets.names("data/iesi", ".csv") for word in _words(assets.text(name))})
    made: dict[str, tuple[str, str, int]] = {}
    while len(made) < size:
        name = " ".join(random.choices(words, k=random.randint(2, 6))).capitalize()
        made.setdefault(name, (name, random.choice(COUNTRIES), random.randint(1995, 2024)))
    return list(made.values())


def _words(table: str) -> Iterator[str]:
    """The words of the first two columns of a table."""
    for line in table.splitlines()[1:]:
        yield from (word for word in " ".join(line.split(",")[:2]).split() if word.isalpha())


def _slip(name: str, random: Random) -> str:
    """The name without one of its letters."""
    place = random.randrange(1, len(name))
    return name[:place] + name[place + 1 :]


def _quads(made: Sequence[tuple[str, str, int]]) -> Iterator[Quad]:
    for number, (name, country, year) in enumerate(made):
        subject = NamedNode(f"{_SPACE}{number}")
        yield Quad(subject, RDF_TYPE, INITIATIVE)
        yield Quad(subject, _TITLE, Literal(name))
        yield Quad(subject, NamedNode(f"{ONTOLOGY}country"), NamedNode(f"{CODES}country/{country}"))
        yield Quad(subject, NamedNode(f"{ONTOLOGY}startYear"), Literal(year))


@contextmanager
def _serving(store: Path) -> Iterator[tuple[HTTPConnection, psutil.Process]]:
    port = free_port()
    command = [sys.executable, "-m", "iesi_kg", "serve", "--port", str(port), "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        connection = HTTPConnection("127.0.0.1", port, timeout=600)
        try:
            _wait(connection)
            yield connection, psutil.Process(server.pid)
        finally:
            connection.close()
            server.terminate()


def _wait(connection: HTTPConnection) -> None:
    while True:
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
            return
        except OSError:
            connection.close()
            time.sleep(0.1)


def _ask(connection: HTTPConnection, batch: Mapping[str, object]) -> dict[str, Any]:
    connection.request("POST", "/reconcile", urlencode({"queries": json.dumps(batch)}), _FORM)
    response = connection.getresponse()
    found: dict[str, Any] = json.loads(response.read())
    if response.status != 200:
        raise SystemExit(f"/reconcile answered {response.status}: {found}")
    return found
