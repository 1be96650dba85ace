"""Two serving processes are one service: limits, counters, sessions, stops and versions hold whichever is asked."""

from __future__ import annotations

import json
import re
import threading
import time
from urllib.parse import quote, urlencode

import psutil
import pytest

from iesi_kg.web.processes.fellows import LARGEST_CHANGE
from running_server import Reply, Server
from serving_processes import RUNAWAY, SECRET, Line, family, lines, until, workers

from .conftest import REQUESTS, WORKSPACE

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def ask(line: Line, text: str, **headers: str) -> Reply:
    return line.ask("GET", f"/sparql?query={quote(text)}", {k.replace("_", "-"): v for k, v in headers.items()})


def counted(reply: Reply) -> int:
    """Answers at /sparql, as the metrics say."""
    return sum(int(n) for n in re.findall(r'requests_total\{part="sparql".*\} (\d+)', reply.text))


def test_both_take_connections_and_their_counts_are_one(pair: Server) -> None:
    with lines(pair) as (one, other):
        before = counted(one.ask("GET", "/metrics"))
        for n in range(3):
            assert ask(one, f"ASK {{}} # one {n}").status == 200
        for n in range(4):
            assert ask(other, f"ASK {{}} # other {n}").status == 200
        for line in (one, other):
            metrics = line.ask("GET", "/metrics")
            assert counted(metrics) == before + 7
            assert "iesi_kg_workers 2\n" in metrics.text
            found = json.loads(line.ask("GET", "/status.json").body)
            assert (found["workers"], found["requests_running"]) == (2, 1)


def test_connections_are_spread(pair: Server) -> None:
    with lines(pair) as (one, other), lines(pair), lines(pair):
        held = [len(workers(pair)[line.process].net_connections("tcp")) for line in (one, other)]
    assert min(held) >= 3


def test_queries_at_once_are_counted_together(pair: Server) -> None:
    with lines(pair) as first, lines(pair) as second:
        running = [first[0], first[1], second[0]]
        threads = [
            threading.Thread(
                target=ask,
                args=(line, f"{RUNAWAY} # {n}"),
                kwargs={"IESI_KG_Query": f"at-once-{n}", "IESI_KG_Query_Secret": SECRET},
            )
            for n, line in enumerate(running)
        ]
        for thread in threads:
            thread.start()
        stopping = second[1]
        until(lambda: json.loads(stopping.ask("GET", "/status.json").body)["requests_running"] == 4, "they do not run")
        refused = ask(stopping, "ASK { ?s ?p ?o } # one more")
        assert (refused.status, json.loads(refused.body)["limit"]) == (429, "concurrent")
        for n in range(3):  # whichever process runs it
            path = f"/queries/at-once-{n}"
            assert stopping.ask("DELETE", path, {"IESI-KG-Query-Secret": "some-other-secret"}).status == 404
            assert stopping.ask("DELETE", path, {"IESI-KG-Query-Secret": SECRET}).status == 204
        for thread in threads:
            thread.join(10)
        assert ask(stopping, "ASK { ?s ?p ?o } # and now").status == 200


def test_wrong_tokens_are_counted_together(pair: Server) -> None:
    """Ten wrong ones within a minute from one network, of which each process sees five."""
    found = []
    with lines(pair, "127.0.0.2") as both:
        for n in range(11):
            line = both[n % 2]
            found.append(line.ask("GET", "/whoami", {"Authorization": f"Bearer wrong-{n}"}).status)
    assert found == [401] * 10 + [429]


def test_who_signed_in_at_one_is_signed_in_at_the_other_and_signed_out_of_both(
    pair: Server, tokens: dict[str, str]
) -> None:
    with lines(pair) as (one, other):
        reply = one.ask("POST", "/submissions/sign-in", FORM, urlencode({"token": tokens["review"]}))
        assert reply.status == 303
        cookie = reply.headers["Set-Cookie"].partition(";")[0]
        pages = [line.ask("GET", "/submissions", {"Cookie": cookie, "Accept": "text/html"}) for line in (one, other)]
        assert [page.status for page in pages] == [200, 200]
        proofs = {re.search(r'name="proof" value="([0-9a-f]{64})"', page.text)[1] for page in pages}  # type: ignore[index]
        assert len(proofs) == 1
        out = urlencode({"proof": proofs.pop()})
        assert other.ask("POST", "/submissions/sign-out", {**FORM, "Cookie": cookie}, out).status == 303
        assert one.ask("GET", "/submissions", {"Cookie": cookie}).status == 401


def test_what_one_has_acknowledged_the_other_answers(pair: Server, tokens: dict[str, str]) -> None:
    count = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{WORKSPACE}> {{ ?s ?p ?o }} }}"
    headers = {"Content-Type": "application/sparql-update", "Authorization": f"Bearer {tokens['write']}"}
    with lines(pair) as both:
        for n in range(1, 7):
            writing, reading = both[n % 2], both[(n + 1) % 2]
            text = f"INSERT DATA {{ GRAPH <{WORKSPACE}> {{ <urn:s> <urn:p> {n} }} }}"
            written = writing.ask("POST", "/update", headers, text)
            assert written.status == 204, written.text
            read = ask(reading, count, Accept="text/csv")
            assert read.text.split() == ["n", str(n)]
            assert int(read.headers["IESI-KG-Version"]) >= int(written.headers["IESI-KG-Version"])
        large = "".join(f"<urn:{n}> <urn:long> {json.dumps('x' * 1_000)} .\n" for n in range(LARGEST_CHANGE // 1_000))
        path = f"/graph?graph={quote(WORKSPACE, safe='')}"
        reply = both[0].ask("PUT", path, {**headers, "Content-Type": "text/turtle"}, large)
        assert reply.status in (200, 204), reply.text
    with lines(pair) as both:  # those before may have rested too long meanwhile
        for line in both:
            assert ask(line, count, Accept="text/csv").text.split() == ["n", str(LARGEST_CHANGE // 1_000)]


def test_queries_a_minute_are_counted_together(pair: Server) -> None:
    """The account of a minute fills up while it is used: it refuses after that, not after twice as much."""
    begun, asked = time.monotonic(), 0
    with lines(pair, "127.0.0.3") as both:
        while ask(both[asked % 2], f"ASK {{}} # minute {asked}").status == 200:
            asked += 1
            assert asked <= 2 * REQUESTS
        assert asked <= REQUESTS * (1 + (time.monotonic() - begun) / 60) + 1
        refused = ask(both[asked % 2], "ASK {} # at the other too")
        assert (refused.status, json.loads(refused.body)["limit"]) == (429, "requests")


def test_one_that_is_killed_is_replaced_and_nothing_else_is_lost(pair: Server) -> None:
    with lines(pair) as (one, other):
        assert ask(one, "ASK {} # the last").status == 200
        before = counted(other.ask("GET", "/metrics"))
        psutil.Process(one.process).kill()
        assert other.ask("GET", "/health/ready").status == 200
        until(lambda: len(workers(pair)) == 2 and one.process not in workers(pair), "it is not replaced")
        until(lambda: json.loads(other.ask("GET", "/status.json").body)["workers"] == 2, "it does not serve")
        metrics = other.ask("GET", "/metrics")
        assert "iesi_kg_workers_lost 1\n" in metrics.text
        assert counted(metrics) == before  # what the killed one had answered is still counted
    with lines(pair) as both:
        assert all(line.ask("GET", "/health/ready").status == 200 for line in both)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/status"])
def test_each_says_how_the_service_is(pair: Server, path: str) -> None:
    with lines(pair) as both:
        assert [line.ask("GET", path, {"Accept": "text/html"}).status for line in both] == [200, 200]


def test_processes_end_with_their_supervisor(pair: Server) -> None:
    everybody = family(pair)
    assert len(everybody) >= 6
    pair.process.kill()
    pair.process.wait(10)
    assert psutil.wait_procs(everybody, timeout=20)[1] == []
