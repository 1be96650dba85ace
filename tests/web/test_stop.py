"""Stop means stop: whoever ends a query, its process is idle or gone within a second and its memory is back."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import pytest

from running_server import Reply, Server, fill, serving

GROWING = "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?f ?c ?a"  # sorts a million rows in memory
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
SECRET = "a secret of at least sixteen characters".replace(" ", "-")
PAGES = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service whose own time limit ends nothing in these tests."""
    store = tmp_path_factory.mktemp("stop") / "store"
    fill(store, "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(1_500)))
    with serving(store, query_seconds=60, query_memory=1_500_000_000, query_requests=0) as running:
        yield running


def workers(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children(recursive=True)


def busy(server: Server) -> float:
    """CPU time of the query processes."""
    spent = 0.0
    for child in workers(server):
        try:
            spent += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return spent


def memory(server: Server) -> int:
    """Resident bytes of the largest query process: how many stand by is not what is asked."""
    resident = 0
    for child in workers(server):
        try:
            resident = max(resident, int(Path(f"/proc/{child.pid}/statm").read_text().split()[1]) * PAGES)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return resident


def until_grown(server: Server, before: int) -> None:
    """Wait until a query process takes much more memory than all did before."""
    deadline = time.monotonic() + 15
    while memory(server) < before + 20_000_000:
        assert time.monotonic() < deadline, "the query takes no memory"
        time.sleep(0.05)


def until_given_back(server: Server, before: int) -> None:
    """Wait until no query process takes much more memory than before: one that the machine lets wait looks quiet."""
    deadline = time.monotonic() + 5
    while memory(server) >= before + 20_000_000:
        assert time.monotonic() < deadline, "the memory stays taken"
        time.sleep(0.05)


def until_quiet(server: Server) -> float:
    """Seconds until the query processes compute no more; a replacement that starts is not counted."""
    begun = time.monotonic()
    while time.monotonic() - begun < 10:
        known = {child.pid: sum(child.cpu_times()[:2]) for child in workers(server)}
        time.sleep(0.2)
        later = {}
        for child in workers(server):
            if child.pid in known:
                later[child.pid] = sum(child.cpu_times()[:2])
        if all(later[pid] - known[pid] < 0.1 for pid in later):
            return time.monotonic() - begun
    raise AssertionError("the query goes on")


def start(server: Server, text: str, **headers: str) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    thread = threading.Thread(
        target=lambda: replies.append(server.ask("GET", f"/sparql?query={quote(text)}", given)), daemon=True
    )
    thread.start()
    time.sleep(0.6)
    return thread, replies


def stop(server: Server, query: str, secret: str | None) -> Reply:
    return server.ask("DELETE", f"/queries/{query}", {"IESI-KG-Query-Secret": secret} if secret else {})


def test_a_client_stops_its_own_query_and_its_memory_is_back(patient: Server) -> None:
    before = memory(patient)
    thread, replies = start(patient, GROWING, IESI_KG_Query="my-query-1", IESI_KG_Query_Secret=SECRET)
    until_grown(patient, before)
    assert stop(patient, "my-query-1", SECRET).status == 204
    thread.join(5)
    [reply] = replies
    assert reply.status == 409
    problem = json.loads(reply.body)
    assert problem["type"] == "/problems/query-stopped"
    assert problem["query"] == "my-query-1"
    assert until_quiet(patient) < 5
    until_given_back(patient, before)
    assert stop(patient, "my-query-1", SECRET).status == 404


@pytest.mark.parametrize("secret", [None, "", "another-secret-of-some-length", SECRET.upper()])
def test_nobody_else_can_stop_it(patient: Server, secret: str | None) -> None:
    thread, replies = start(patient, RUNAWAY, IESI_KG_Query="my-query-2", IESI_KG_Query_Secret=SECRET)
    refused, unknown = stop(patient, "my-query-2", secret), stop(patient, "no-such-query", secret)
    assert (refused.status, unknown.status) == (404, 404)
    assert not replies
    assert {**json.loads(refused.body), "instance": 0} == {**json.loads(unknown.body), "instance": 0}
    assert stop(patient, "my-query-2", SECRET).status == 204
    thread.join(5)
    assert [reply.status for reply in replies] == [409]


def test_ids_and_secrets_that_cannot_be(patient: Server) -> None:
    def ask(**headers: str) -> Reply:
        return patient.query("ASK {} # id", **headers)

    assert ask(IESI_KG_Query="short", IESI_KG_Query_Secret=SECRET).status == 400
    assert ask(IESI_KG_Query="long-enough").status == 400
    assert ask(IESI_KG_Query="long-enough", IESI_KG_Query_Secret="too short").status == 400
    assert ask(IESI_KG_Query="long-enough", IESI_KG_Query_Secret=SECRET).status == 200
    thread, replies = start(patient, RUNAWAY, IESI_KG_Query="taken-query", IESI_KG_Query_Secret=SECRET)
    again = patient.query("ASK {} # taken", IESI_KG_Query="taken-query", IESI_KG_Query_Secret=SECRET)
    assert (again.status, json.loads(again.body)["type"]) == (409, "/problems/query-id-taken")
    assert stop(patient, "taken-query", SECRET).status == 204
    thread.join(5)
    assert len(replies) == 1


def test_the_query_page_names_its_query_in_the_form_and_stays_when_it_is_stopped(patient: Server) -> None:
    def post(query: str, id_: str, secret: str = SECRET) -> Reply:
        form = urlencode({"query": query, "query-id": id_, "query-secret": secret})
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        return patient.ask("POST", "/sparql", kind, form)

    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(post(RUNAWAY, "of-the-page")))
    thread.start()
    time.sleep(0.6)
    assert stop(patient, "of-the-page", SECRET.upper()).status == 404
    assert stop(patient, "of-the-page", SECRET).status == 204
    thread.join(10)
    assert [(reply.status, reply.body) for reply in replies] == [(204, b"")]  # a browser then stays where it is
    assert post("ASK {} # page", "short").status == 400
    page = post("ASK {} # page", "of-the-page")
    assert page.status == 200
    assert "/sparql?query=ASK+%7B%7D+%23+page&amp;lang=de" in page.text  # the links lead where GET asks the same
    assert SECRET not in page.text


def test_a_query_that_waits_is_stopped_too(patient: Server) -> None:
    flood = [
        start(patient, f"{RUNAWAY} # {n}", IESI_KG_Query=f"flood-{n:05}", IESI_KG_Query_Secret=SECRET) for n in range(6)
    ]
    for n in reversed(range(6)):
        assert stop(patient, f"flood-{n:05}", SECRET).status == 204
    for thread, replies in flood:
        thread.join(5)
        assert [reply.status for reply in replies] == [409]
    assert until_quiet(patient) < 5
    assert patient.query("ASK {} # after").status == 200


def test_a_hang_up_gives_time_and_memory_back(patient: Server) -> None:
    until_quiet(patient)
    before = memory(patient)
    with socket.create_connection(patient.address, timeout=5) as connection:
        connection.sendall(f"GET /sparql?query={quote(GROWING)} HTTP/1.1\r\nHost: e\r\n\r\n".encode())
        until_grown(patient, before)
    assert until_quiet(patient) < 5
    until_given_back(patient, before)


def test_a_deadline_gives_time_and_memory_back(tmp_path: Path) -> None:
    fill(tmp_path / "store", "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(1_500)))
    with serving(tmp_path / "store", query_seconds=1, query_memory=1_500_000_000) as server:
        before = memory(server)
        reply = server.query(GROWING)
        assert (reply.status, json.loads(reply.body)["limit_seconds"]) == (504, 1)
        assert json.loads(reply.body)["elapsed_seconds"] < 2
        assert until_quiet(server) < 5
        until_given_back(server, before)


def test_the_end_of_the_service_ends_its_queries(tmp_path: Path) -> None:
    fill(tmp_path / "store", "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(1_500)))
    with serving(tmp_path / "store", query_seconds=60, stop_seconds=1) as server:
        started = [start(server, f"{RUNAWAY} # {n}") for n in range(2)]
        family = workers(server)
        begun = time.monotonic()
        server.process.terminate()
        server.process.wait(10)
        assert time.monotonic() - begun < 5
        gone, alive = psutil.wait_procs(family, timeout=1)
        assert (len(gone), alive) == (len(family), [])
        for thread, replies in started:
            thread.join(5)
            assert [reply.status for reply in replies] == [503]
