"""Hostile load on a running service: what its worst clients do, and what all others feel of it meanwhile.

Runaways of twelve kinds, eleven shapes of nesting, an endless result, clients that stall, 32 readers beside 8 writers.
"""

from __future__ import annotations

import http.client
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from benchmarks.servers import free_port, scratch, wait_for

LIMIT = 1.0
CLIENT_SECONDS = 1.0
LATENCY = 1.0
MEMORY = 512 * 1024 * 1024
SETTINGS = {
    "IESI_KG_QUERY_SECONDS": str(LIMIT),
    "IESI_KG_QUERY_BYTES": "20000000",
    "IESI_KG_QUERY_MEMORY": "600000000",
    "IESI_KG_TOKEN_MEMORY": "600000000",
    "IESI_KG_QUERY_REQUESTS": "0",
    "IESI_KG_CLIENT_SECONDS": str(CLIENT_SECONDS),
    "IESI_KG_CONNECTIONS": "200",
}
TRIPLES = 1_500
P = "<http://example.org/p>"
Q = "<http://example.org/q>"
SIXTY = " ".join(map(str, range(60)))
BOMB = " ".join(f"BIND(CONCAT({', '.join([f'?v{n}'] * 10)}) AS ?v{n + 1})" for n in range(9))

RUNAWAYS = {
    "cross product counted": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
    "cross product sorted": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?f ?c ?i",
    "VALUES multiplied": "SELECT (COUNT(*) AS ?n) { "
    + " ".join(f"VALUES ?v{n} {{ {SIXTY} }}" for n in range(7))
    + " }",
    "string that doubles": f"SELECT (STRLEN(?v9) AS ?n) {{ BIND('{'a' * 50}' AS ?v0) {BOMB} }}",
    "distinct of a cross product": "SELECT (COUNT(DISTINCT *) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "any path": "SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>)* ?b . ?c (!<urn:x>)* ?d . ?e (!<urn:x>)* ?f }",
    "regex join": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i "
    "FILTER(REGEX(STR(?a), CONCAT(STR(?d), '.*'))) }",
    "endless rows": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "groups without number": "SELECT ?a ?d (GROUP_CONCAT(?i) AS ?t) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } GROUP BY ?a ?d",
    "nested NOT EXISTS": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER NOT EXISTS { ?g ?h ?i "
    "FILTER(?i = ?c + ?f) FILTER NOT EXISTS { ?j ?k ?l FILTER(?l = ?c * ?f) } } }",
    "closure both ways": f"SELECT (COUNT(*) AS ?n) {{ ?a ({Q}|^{Q})* ?b . ?b ({Q}|^{Q})* ?c . ?c ({Q}|^{Q})* ?d }}",
    "hashes of a cross product": "SELECT (COUNT(DISTINCT ?x) AS ?n) "
    "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i BIND(SHA512(CONCAT(STR(?a), STR(?d), STR(?g))) AS ?x) }",
}


def nested(opening: str, inside: str, closing: str) -> Callable[[int], str]:
    """A query that repeats an opening and its closing so many times."""
    return lambda depth: f"ASK {{ {opening * depth}{inside}{closing * depth} }}"


NESTINGS = {
    "groups": nested("{ ", "?s ?p ?o", " }"),
    "OPTIONAL": nested("OPTIONAL { ", "?s ?p ?o", " }"),
    "NOT EXISTS": nested("FILTER NOT EXISTS { ", "?s ?p ?o", " }"),
    "UNION": nested("{ ?s ?p ?o } UNION { ", "?s ?p ?o", " }"),
    "sub-selects": nested("{ SELECT * { ", "?s ?p ?o", " } }"),
    "brackets of an expression": lambda depth: f"ASK {{ FILTER({'(' * depth}1{')' * depth}) }}",
    "negations": lambda depth: f"ASK {{ FILTER({'!' * depth}true) }}",
    "calls": lambda depth: f"ASK {{ FILTER({'STR(' * depth}'a'{')' * depth} = 'a') }}",
    "blank nodes": lambda depth: f"ASK {{ ?s ?p {'[ ?p ' * depth}1{' ]' * depth} }}",
    "lists": lambda depth: f"ASK {{ ?s ?p {'( ' * depth}1{' )' * depth} }}",
    "paths": lambda depth: f"ASK {{ ?s {'(' * depth}{P}{')*' * depth} ?o }}",
}
DEPTHS = (90, 5_000)
TOLD = {200, 400, 403, 413, 414, 503, 504}


@dataclass
class Checks:
    """What was looked at, and whether it held; ``slack`` widens limits of time on a machine that has other work."""

    slack: float = 1.0
    all: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, held: bool, figure: float | str = "") -> None:
        self.all.append({"check": name, "held": bool(held), "figure": figure})

    def within(self, name: str, seconds: float, most: float) -> None:
        self.add(name, seconds <= most * self.slack, round(seconds, 2))

    @property
    def broken(self) -> list[dict[str, Any]]:
        return [check for check in self.all if not check["held"]]


@dataclass
class Target:
    """The service under load."""

    port: int
    process: psutil.Process

    def ask(self, text: str, source: str, *, accept: str = "text/csv", path: str = "/sparql") -> tuple[int, bytes]:
        """A query, or an update where the path says so, from an address of the loopback network."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(source, 0))
        try:
            if path == "/sparql" and len(text) < 40_000:
                connection.request("GET", f"{path}?query={quote(text)}", headers={"Accept": accept})
            else:
                kind = "update" if path == "/update" else "query"
                connection.request("POST", path, text.encode(), {"Content-Type": f"application/sparql-{kind}"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def memory(self, *kinds: str) -> int:
        """Bytes of the service and its processes, shared pages counted once; of some ``kinds`` of pages only."""
        wanted = tuple(f"{kind}:" for kind in kinds or ("Pss",))
        total = 0
        with suppress(psutil.NoSuchProcess):
            for member in [self.process, *self.process.children(recursive=True)]:
                with suppress(FileNotFoundError, ProcessLookupError):
                    lines = Path(f"/proc/{member.pid}/smaps_rollup").read_text().splitlines()
                    total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))
        return total

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=("127.0.0.8", 0))


@dataclass
class Watch:
    """Asks small queries from an address of its own all the while, and looks at the memory."""

    target: Target
    waits: list[float] = field(default_factory=list)
    failed: int = 0
    peak: int = 0
    stopping: bool = False

    def probe(self) -> None:
        number = 0
        while not self.stopping:
            number += 1
            begun = time.monotonic()
            try:
                status, _ = self.target.ask(f"ASK {{ <http://example.org/{number}> ?p ?o }} # {begun}", "127.0.0.9")
            except OSError:
                status = 0
            self.failed += status != 200
            self.waits.append(time.monotonic() - begun)
            time.sleep(0.02)

    def look(self) -> None:
        while not self.stopping:
            self.peak = max(self.peak, self.target.memory())
            time.sleep(0.1)


@contextmanager
def watching(target: Target, checks: Checks, what: str) -> Iterator[None]:
    """Checks what others feel while something goes on."""
    before = target.memory()
    watch = Watch(target)
    threads = [threading.Thread(target=watch.probe), threading.Thread(target=watch.look)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        watch.stopping = True
        for thread in threads:
            thread.join()
    checks.within(f"{what}: worst answer of others, seconds", max(watch.waits), LATENCY)
    checks.add(f"{what}: others are answered", watch.failed == 0, f"{watch.failed} of {len(watch.waits)} were not")
    grown = max(0, watch.peak - before)
    checks.add(f"{what}: memory at most +512 MiB", grown <= MEMORY, f"{grown // 2**20} MiB")
    checks.add(f"{what}: the process is alive", target.process.is_running())


def runaways(target: Target, checks: Checks, alone: Iterable[str] = RUNAWAYS) -> None:
    """Each kind alone, or the named ones, then all at once from one address."""
    with watching(target, checks, "runaways one by one"):
        for name in alone:
            begun = time.monotonic()
            status, body = target.ask(RUNAWAYS[name], "127.0.0.2")
            checks.within(f"{name}: ended, seconds", time.monotonic() - begun, LIMIT + 1)
            checks.add(f"{name}: told", status in {503, 504} and b'"hint"' in body, status)
    with watching(target, checks, "all runaways at once"), ThreadPoolExecutor(len(RUNAWAYS)) as clients:
        begun = time.monotonic()
        found = list(clients.map(lambda text: target.ask(f"{text} # again", "127.0.0.2")[0], RUNAWAYS.values()))
        checks.within("all runaways at once: ended, waiting included, seconds", time.monotonic() - begun, 2 * LIMIT + 1)
        checks.add("all runaways at once: told", set(found) <= {503, 504}, str(sorted(set(found))))


def nestings(target: Target, checks: Checks) -> None:
    with watching(target, checks, "nesting"):
        for name, build in NESTINGS.items():
            for depth in DEPTHS:
                status, _ = target.ask(build(depth), "127.0.0.3")
                checks.add(f"{name}, {depth} deep: told", status in TOLD, status)


def endless(target: Target, checks: Checks) -> None:
    """A result larger than any limit, in each format, by several clients at once."""
    formats = ("text/csv", "application/sparql-results+json", "application/sparql-results+xml")
    text = f"SELECT ?a ?c {{ ?a {P} ?b . ?c {P} ?d . ?e {P} ?f }}"
    with watching(target, checks, "endless results"), ThreadPoolExecutor(len(formats)) as clients:
        found = list(clients.map(lambda accept: target.ask(text, "127.0.0.4", accept=accept)[0], formats))
        checks.add("endless results: none is a 200", set(found) <= {503, 504}, str(found))


def stalling(target: Target, checks: Checks) -> None:
    """Clients that send a byte at a time, nothing at all, half a body, or read nothing of a large answer."""
    head = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\n"
    large = quote(f"SELECT * {{ ?a {P} ?b . ?c {P} ?d FILTER(?d < 60) }}")
    openings = (b"", b"GET /spa", head + b"Content-Length: 90\r\n\r\nASK", f"GET /sparql?query={large} HTTP/1.1\r\n")
    with watching(target, checks, "stalling clients"):
        begun = time.monotonic()
        connections = [target.connect() for _ in range(120)]
        for number, connection in enumerate(connections):
            opening = openings[number % 4]
            if isinstance(opening, str):
                opening = opening.encode() + b"Host: localhost\r\nAccept: text/csv\r\n\r\n"
            with suppress(OSError):
                connection.sendall(opening)
        while established(target) > 5 and time.monotonic() - begun < 30:
            time.sleep(0.1)
        checks.within("stalling clients: cut off, seconds", time.monotonic() - begun, 4 * CLIENT_SECONDS + LIMIT + 1)
        for connection in connections:
            connection.close()


def established(target: Target) -> int:
    """Open connections of those who stall."""
    found = target.process.net_connections("tcp")
    return sum(bool(c.raddr) and c.raddr[0] == "127.0.0.8" and c.status == psutil.CONN_ESTABLISHED for c in found)


def readers_and_writers(target: Target, checks: Checks, seconds: float) -> None:
    """32 readers and 8 writers, each writer counting up a number of its own: nothing is lost."""
    begun = time.monotonic()
    read, wrote, wrong = [0] * 32, [0] * 8, [0]

    def goes_on() -> bool:
        passed = time.monotonic() - begun
        return passed < seconds or (passed < 4 * seconds and not min(wrote))

    def reader(number: int) -> None:
        while goes_on():
            status, _ = target.ask(f"ASK {{ <urn:w{read[number] % 8}> ?p ?o }} # {number} {read[number]}", "127.0.0.5")
            read[number] += 1
            wrong[0] += status not in {200, 503}

    def writer(number: int) -> None:
        while goes_on():
            next_ = wrote[number] + 1
            update = (
                f"DELETE {{ <urn:w{number}> <urn:n> ?n }} INSERT {{ <urn:w{number}> <urn:n> {next_} }} "
                f"WHERE {{ OPTIONAL {{ <urn:w{number}> <urn:n> ?n }} }}"
            )
            status, _ = target.ask(update, "127.0.0.6", path="/update")
            if status == 204:
                wrote[number] = next_
            else:
                wrong[0] += status not in {503, 504}

    with watching(target, checks, "readers and writers"), ThreadPoolExecutor(40) as clients:
        done = [clients.submit(reader, n) for n in range(32)] + [clients.submit(writer, n) for n in range(8)]
        for one in done:
            one.result()
    checks.add("readers and writers: every answer is right", not wrong[0], wrong[0])
    checks.add(
        "readers and writers: all get their turn", min(read) > 0 and min(wrote) > 0, f"{min(read)}, {min(wrote)}"
    )
    for number, count in enumerate(wrote):
        status, body = target.ask(f"SELECT ?n {{ <urn:w{number}> <urn:n> ?n }} # {time.monotonic()}", "127.0.0.9")
        expected = [b"%d" % count] if count else []
        checks.add(f"writer {number}: no update is lost", (status, body.split()[1:]) == (200, expected), count)


@contextmanager
def started(folder: Path, **settings: str) -> Iterator[Target]:
    """A service in scratch mode on a small graph, with limits low enough to be met often."""
    port = free_port()
    with scratch(folder / "store", port, SETTINGS | settings) as process:
        wait_for(f"http://127.0.0.1:{port}/sparql?query=ASK%7B%7D")
        target = Target(port, process)
        triples = "".join(
            f"<http://example.org/{n}> {P} {n} ; {Q} <http://example.org/{n + 1}> . " for n in range(TRIPLES // 2)
        )
        status, body = 0, b""
        for _ in range(10):  # the limits are tight for a machine that has other work
            if status != 204:
                status, body = target.ask(f"INSERT DATA {{ {triples} }}", "127.0.0.1", path="/update")
        if status != 204:
            raise SystemExit(f"the graph could not be written: {status} {body[:300]!r}")
        yield target


def attack(target: Target, checks: Checks, seconds: float) -> None:
    """The whole programme."""
    runaways(target, checks)
    nestings(target, checks)
    endless(target, checks)
    stalling(target, checks)
    readers_and_writers(target, checks, seconds)


def run() -> dict[str, Any]:
    """Counts of what held, and each check with its figure."""
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as target:
        attack(target, checks, seconds=10)
    held = len(checks.all) - len(checks.broken)
    return {"held": held, "of": len(checks.all), "cores": os.cpu_count(), "broken": checks.broken, "checks": checks.all}
