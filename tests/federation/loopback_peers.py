"""What the peers on loopback hold, how they are started and listed."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wrong_peer import WrongPeer

from benchmarks.virtuoso import SMALL

HERE = """
@prefix ex: <http://example.org/> .
ex:riga ex:people 605802 ; ex:country ex:latvia ; ex:code "riga" .
ex:porto ex:people 231800 ; ex:country ex:portugal .
ex:oulu ex:people 214000 ; ex:country ex:finland ; ex:code "oulu" .
ex:oslo ex:country ex:norway ; ex:people 709000 .
"""
THERE = """
@prefix ex: <http://example.org/> .
ex:riga ex:mayor "Vilnis"@lv ; ex:twin ex:oslo , ex:pori .
ex:oulu ex:mayor "Päivi"@fi ; ex:code "oulu" .
ex:oslo ex:mayor "Anne"@no , "A." ; ex:twin ex:riga .
ex:pori ex:mayor "Lauri"@fi ; ex:weight "01.50"^^<http://www.w3.org/2001/XMLSchema#decimal> .
ex:paris ex:note [ ex:part ex:seine ] .
<http://publications.europa.eu/resource/authority/country/EST>
  <http://www.w3.org/2004/02/skos/core#prefLabel> "Eesti"@et , "Estonia"@en .
<http://publications.europa.eu/resource/authority/country/FIN>
  <http://www.w3.org/2004/02/skos/core#prefLabel> "Soome"@et .
"""
START_SECONDS = 30.0


@dataclass(frozen=True)
class Running:
    """A server of another product: its query address and its process."""

    endpoint: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers ASK {}."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}?query=ASK%7B%7D", timeout=5):
            return
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"no answer at {address}: {log.read_text(errors='replace')[-2000:]}")


# A query is cut after a second, an answer after a hundred rows.
VIRTUOSO = {**SMALL, "NumberOfBuffers": 2_000, "MaxDirtyBuffers": 1_500, "ServerThreads": 10}
VIRTUOSO |= {"ResultSetMaxRows": 100, "MaxQueryExecutionTime": 1}
VIRTUOSO_DATA = """
grant SPARQL_UPDATE to "SPARQL";
SPARQL INSERT DATA { GRAPH <http://example.org/graph/there> {
  <http://example.org/riga> <http://example.org/mayor> "Vilnis"@lv .
  <http://example.org/riga> <http://example.org/founded> 1201 .
  <http://example.org/oulu> <http://example.org/mayor> "Päivi"@fi . } };
"""


DOWN = "http://127.0.0.1:1/sparql"


def entries(oxigraph: Running, wrong: WrongPeer, virtuoso: int | None = None) -> list[dict[str, object]]:
    """The list of peers: each way to answer wrongly is a peer of its own."""
    local: dict[str, object] = {"local": True, "seconds": 5}
    found = [{"name": "towns", "title": "Towns", "address": oxigraph.endpoint, "block": 3, **local}]
    found += [
        {"name": f"wrong-{way}", "title": way, "address": f"{wrong.url}/{way}", **local, "seconds": 1}
        | {"loads": [f"{wrong.url}/{way}"], "block": 2 if way == "labels" else 100}
        for way in wrong.ways
    ]
    found.append({"name": "down", "title": "Nobody", "address": DOWN, **local})
    if virtuoso is not None:
        graphs = ["http://example.org/graph/there"]
        found.append(
            {
                "name": "virtuoso",
                "title": "V",
                "address": f"http://127.0.0.1:{virtuoso}/sparql",
                "default_graphs": graphs,
                **local,
            }
        )
    return found


def write_list(path: Path, found: list[dict[str, object]]) -> Path:
    path.write_text(json.dumps({"peers": found}), "utf-8")
    return path
