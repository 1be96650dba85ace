"""So many queries at once and a minute: beyond that 429 with Retry-After, for each caller and class of its own."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from urllib.parse import quote

import pytest

from iesi_kg.endpoint.allowance import Allowance, allowances
from iesi_kg.errors import TooManyQueries
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.settings import Settings
from iesi_kg.web.turnstile import Turnstile
from running_server import Server, fill, serving

FEW = Allowance("few", 1.0, 1, 1, 1, concurrent=2, requests=3)
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def test_queries_at_once() -> None:
    turnstile = Turnstile()
    turnstile.enter("a", FEW)
    turnstile.enter("a", FEW)
    with pytest.raises(TooManyQueries) as caught:
        turnstile.enter("a", FEW)
    assert caught.value.members == {"limit": "concurrent", "maximum": 2, "retry_after": 1}
    turnstile.enter("b", FEW)
    turnstile.leave("a")
    turnstile.enter("a", FEW)


def test_queries_a_minute() -> None:
    turnstile = Turnstile()
    for _ in range(3):
        with turnstile.passage("a", FEW):
            pass
    with pytest.raises(TooManyQueries) as caught:
        turnstile.enter("a", FEW)
    assert caught.value.members == {"limit": "requests", "maximum": 3, "retry_after": 20}


def test_a_batch_counts_as_its_queries_and_a_full_account_takes_any() -> None:
    turnstile = Turnstile()
    turnstile.enter("a", FEW)
    turnstile.charge("a", FEW, 2)
    with pytest.raises(TooManyQueries, match="more than 3 queries a minute"):
        turnstile.charge("a", FEW, 1)
    turnstile.enter("b", FEW)
    turnstile.charge("b", FEW, 99)
    with pytest.raises(TooManyQueries):
        turnstile.enter("b", FEW)


def test_no_limit_is_none() -> None:
    free = Allowance("free", 1.0, 1, 1, 1, concurrent=0, requests=0)
    turnstile = Turnstile()
    for _ in range(10_000):
        turnstile.enter("a", free)


def test_memory_is_bounded_and_those_under_way_are_not_forgotten() -> None:
    turnstile = Turnstile()
    turnstile.enter("kept", FEW)
    for n in range(10_000):
        with turnstile.passage(str(n), FEW):
            pass
    assert len(turnstile._accounts) <= 4_097
    turnstile.leave("kept")


def test_the_classes_are_data_of_one_unit() -> None:
    anonymous, token = allowances(Settings(query_seconds=1.5, token_rows=7))
    assert (anonymous.name, anonymous.seconds, anonymous.rows) == ("anonymous", 1.5, 1_000_000)
    assert (token.name, token.seconds, token.rows) == ("token", 120.0, 7)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("turnstile") / "store"
    fill(store, "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(500)))
    with serving(
        store, query_seconds=2, query_rows=10, query_concurrent=2, query_requests=40, token_rows=100, token_requests=0
    ) as running:
        yield running


def from_address(server: Server, address: str, text: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A query from another address of the loopback network."""
    return asked(server, address, f"/sparql?query={quote(text)}", **headers)


def asked(server: Server, address: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(server.address, source_address=(address, 0), timeout=20) as connection:
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"GET {path} HTTP/1.1\r\nHost: e\r\n{more}Connection: close\r\n\r\n"
        connection.sendall(request.encode())
        response = HTTPResponse(connection)
        response.begin()
        return response.status, dict(response.headers.items()), response.read()


def test_one_caller_may_have_so_many_at_once_and_others_do_not_feel_it(strict: Server) -> None:
    found: list[int] = []

    def run(n: int) -> None:
        found.append(from_address(strict, "127.0.0.2", f"{RUNAWAY} # {n}")[0])

    threads = [threading.Thread(target=run, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.4)
    status, headers, body = from_address(strict, "127.0.0.2", "ASK {} # third")
    assert (status, headers["retry-after"]) == (429, "1")
    assert json.loads(body)["limit"] == "concurrent"
    assert from_address(strict, "127.0.0.3", "ASK {} # third")[0] == 200
    for thread in threads:
        thread.join()
    assert found == [504, 504]
    assert from_address(strict, "127.0.0.2", "ASK {} # later")[0] == 200


def test_one_caller_may_ask_so_many_a_minute(strict: Server) -> None:
    statuses = [from_address(strict, "127.0.0.4", f"ASK {{}} # {n}")[0] for n in range(50)]
    assert statuses[:40] == [200] * 40
    assert 429 in statuses[40:]
    status, headers, body = from_address(strict, "127.0.0.4", "ASK {} # more")
    assert status == 429
    assert 1 <= int(headers["retry-after"]) <= 3
    assert json.loads(body)["maximum"] == 40
    assert from_address(strict, "127.0.0.4", "ASK {} # 1")[0] == 200  # kept answers cost nothing
    assert from_address(strict, "127.0.0.5", "ASK {} # more")[0] == 200


def test_a_plain_query_that_is_not_small_counts_once_too(strict: Server) -> None:
    texts = [f"SELECT * {{ ?s ?p ?o }} LIMIT 5 OFFSET {n}" for n in range(36)]
    assert [from_address(strict, "127.0.0.16", text)[0] for text in texts] == [200] * 36


def test_a_token_has_limits_of_its_own(strict: Server) -> None:
    grant = Grant("reader", frozenset({"read-more"}), (), datetime.now(UTC) + timedelta(days=1))
    _, text = Tokens(strict.store).create(grant, datetime.now(UTC))
    rows = "SELECT ?s { ?s ?p ?o } LIMIT 50"
    anonymous = strict.query(rows)
    assert (anonymous.status, json.loads(anonymous.body)["limit_rows"]) == (503, 10)
    known = strict.query(rows, Authorization=f"Bearer {text}")
    assert (known.status, known.headers["IESI-KG-Rows"]) == (200, "50")
    assert known.headers["IESI-KG-Limits"].startswith("class=token, seconds=120, ")
    assert strict.query(rows).status == 503  # what was kept for the token is not for others
    assert strict.query(rows, Authorization="Bearer ikg_00000000_wrong").status == 401


@pytest.mark.parametrize(("scopes", "status"), [({"write"}, 503), ({"write", "read-more"}, 201)])
def test_a_change_has_the_limits_of_its_class_too(strict: Server, scopes: set[str], status: int) -> None:
    graph = f"http://example.org/{status}"
    grant = Grant(f"writer {status}", frozenset(scopes), (graph,), datetime.now(UTC) + timedelta(days=1))
    _, text = Tokens(strict.store).create(grant, datetime.now(UTC))
    sender = {"Authorization": f"Bearer {text}", "Content-Type": "text/turtle"}
    turtle = "".join(f"<urn:s> <urn:p> {n} .\n" for n in range(50))
    put = strict.ask("PUT", f"/graph?graph={quote(graph, safe='')}", sender, turtle)
    assert put.status == status
    if status == 503:
        assert json.loads(put.body)["limit_rows"] == 10


def test_graphs_that_are_read_count_too(strict: Server) -> None:
    statuses = [asked(strict, "127.0.0.6", "/graph?default")[0] for _ in range(60)]
    assert statuses[:40] == [200] * 40
    assert 429 in statuses[40:]
    assert from_address(strict, "127.0.0.6", "ASK {} # after graphs")[0] == 429
    assert asked(strict, "127.0.0.7", "/graph?default")[0] == 200
