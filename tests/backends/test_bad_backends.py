"""Servers that fail, cut, lie or hang: each becomes an error that says whose fault it is and what to do about it."""

from __future__ import annotations

import gzip
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from impostor import ROWS, TRUE, Impostor, certificate, reply

from iesi_kg.errors import (
    BackendCut,
    BackendError,
    BackendLied,
    BackendRefused,
    BackendTimeout,
    BackendUnreachable,
    QuerySyntaxError,
    ResultTooLarge,
    UsageError,
)
from iesi_kg.store.remote import channel
from iesi_kg.store.remote.client import Bounds, Client, Content, Credentials, Dataset

SECRET = "n0t-for-1ogs"
ASKED = "SELECT ?t ?m { ?t <http://example.org/mayor> ?m }"
SHORT = Bounds(seconds=5.0, bytes=100_000)
HTML = b"<!doctype html><html><head><title>Please log in</title></head></html>"


@pytest.fixture
def server() -> Iterator[Impostor]:
    with Impostor() as made:
        yield made


@pytest.fixture
def client(server: Impostor) -> Iterator[Client]:
    made = Client(server.address(), Credentials("editor", SECRET))
    yield made
    made.close()


def fails(work: Callable[[], object], kind: type[Exception]) -> str:
    """What the error says, which must be of this kind."""
    with pytest.raises(kind) as caught:
        work()
    error = caught.value
    assert SECRET not in f"{error!s} {error!r} {getattr(error, 'hint', '')} {getattr(error, 'members', '')}"
    return f"{error} | {getattr(error, 'hint', '')}"


WRONG = {
    "html": (reply(HTML, "text/html; charset=utf-8"), BackendLied, "a page titled 'Please log in'"),
    "no type": (reply(ROWS, ""), BackendLied, "no media type"),
    "csv": (reply(b"t,m\r\n", "text/csv"), BackendLied, "text/csv, not with application/sparql-results+json"),
    "xml as json": (reply(b"<?xml version='1.0'?><sparql/>"), BackendLied, "cannot be read"),
    "truth for rows": (reply(TRUE), BackendLied, "a truth value, not with solutions"),
    "cut": (reply(ROWS)[:-40], BackendCut, "broke the connection off"),
    "cut json": (reply(ROWS[:-40]), BackendCut, "cannot be read to its end"),
    "words behind": (reply(ROWS + b"\nquery cancelled"), BackendCut, "cannot be read to its end"),
    "cut chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"20\r\n" + ROWS[:32] + b"\r\n",
        BackendCut,
        "broke the connection off",
    ),
    "cut gzip": (reply(gzip.compress(ROWS)[:-9], Content_Encoding="gzip"), BackendCut, "is cut"),
    "brotli": (reply(ROWS, Content_Encoding="br"), BackendCut, "which was not asked for"),
    "partial": (
        reply(ROWS, X_SQL_State="S1TAT", X_SQL_Message="RC...: Returning incomplete results"),
        BackendCut,
        "sent a part of the answer as if it were whole (S1TAT) | RC...: Returning incomplete results",
    ),
    "capped": (reply(ROWS, X_SPARQL_MaxRows="2"), BackendCut, "cut the answer at 2 rows"),
    "redirect": (
        reply(status="302 Found", Location="http://127.0.0.2:1/inner"),
        BackendRefused,
        "redirect (302) to 'http://127.0.0.2:1/inner', which is not followed",
    ),
    "account": (reply(b"no", "text/plain", "401 Unauthorized"), BackendRefused, "IESI_KG_STORE_PASSWORD"),
    "forbidden": (reply(b"no", "text/plain", "403 Forbidden"), BackendRefused, "refuses the account (403): no"),
    "nothing there": (reply(HTML, "text/html", "404 Not Found"), BackendRefused, "has nothing at"),
    "syntax": (
        reply(b"Virtuoso 37000 Error SP030: line 2: syntax error\nSPARQL query:\nx", "text/plain", "400 Bad"),
        QuerySyntaxError,
        "syntax error",
    ),
    "its time": (reply(b"Virtuoso S1T00 Error SR171: timed out", "text/plain", "500 O"), BackendTimeout, "SR171"),
    "gateway": (reply(HTML, "text/html", "504 Gateway Timeout"), BackendTimeout, "stopped at its own time limit"),
    "broken": (reply(b"out of \x00memory", "text/plain", "500 Oh"), BackendRefused, "status 500: out of memory | see"),
    "too much": (reply(b" " * 200_000 + ROWS), ResultTooLarge, "larger than 100,000 bytes"),
    "bomb": (reply(gzip.compress(b" " * 9_000_000), Content_Encoding="gzip"), ResultTooLarge, "100,000 bytes"),
    "no http": (b"SSH-2.0-OpenSSH_9.9\r\n", BackendCut, "broke the connection off"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_answer_is_an_error_that_says_what_is_wrong(case: str, server: Impostor, client: Client) -> None:
    answer, kind, words = WRONG[case]
    server.behaves = [answer]
    said = fails(lambda: client.select(ASKED, bounds=SHORT), kind)
    assert words in said


def test_a_good_answer_is_read_whole(server: Impostor, client: Client) -> None:
    server.behaves = [reply(ROWS)]
    found = client.select(ASKED, Dataset(("http://example.org/g",)), SHORT)
    assert [str(row["m"]) for row in found] == ['"Vilnis"', '"Anne"']
    head, _, form = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /sparql ") and b"application/x-www-form-urlencoded" in head
    assert b"default-graph-uri=http%3A%2F%2Fexample.org%2Fg" in form and b"timeout=5000" in form
    assert b"authorization" not in head.lower()  # Digest sends nothing before it is asked to


def test_a_server_that_hangs_is_left_at_the_time_limit(server: Impostor, client: Client) -> None:
    server.behaves = [server.hang]
    said = fails(lambda: client.select(ASKED, bounds=Bounds(seconds=0.3)), BackendTimeout)
    assert "gave no whole answer within 0.3 seconds" in said
    assert server.left.wait(10), "the request was not closed"
    assert len(server.requests) == 1, "a query that took too long is not asked again"


def test_a_server_that_drips_is_left_at_the_time_limit(server: Impostor, client: Client) -> None:
    def drip(connection: socket.socket) -> None:
        for byte in reply(ROWS):
            connection.sendall(bytes([byte]))
            server.gate.wait(0.02)

    server.behaves = [drip]
    fails(lambda: client.select(ASKED, bounds=Bounds(seconds=0.5)), BackendTimeout)


def test_nobody_there(server: Impostor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Client(f"sparql+http://127.0.0.1:{port}/?profile=oxigraph")
    said = fails(lambda: client.select(ASKED, bounds=SHORT), BackendUnreachable)
    assert f"Oxigraph server at http://127.0.0.1:{port} cannot be reached" in said
    client.close()


def close(connection: socket.socket) -> None:
    """Drop the connection without a word."""


def test_a_query_whose_connection_was_dropped_is_asked_once_more(server: Impostor, client: Client) -> None:
    server.behaves = [close, reply(ROWS)]
    assert len(client.select(ASKED, bounds=SHORT)) == 2
    assert len(server.requests) == 2
    server.behaves = [close]
    assert "broke the connection off" in fails(lambda: client.select(ASKED, bounds=SHORT), BackendCut)
    assert len(server.requests) == 4, "once more, not for ever"


def test_an_update_whose_connection_was_dropped_is_sent_once(server: Impostor, client: Client) -> None:
    server.behaves = [close, reply()]
    said = fails(lambda: client.update("INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> 1 } }", SHORT), BackendCut)
    assert "whether it did what was asked is not known" in said
    assert len(server.requests) == 1
    server.behaves = [close]
    fails(lambda: client.put_graph("urn:g", Content(b""), SHORT), BackendCut)
    assert len(server.requests) == 2


def test_a_busy_server_is_asked_again_when_it_says(server: Impostor, client: Client) -> None:
    server.behaves = [reply(status="503 Busy", Retry_After="0"), reply(ROWS)]
    assert len(client.select(ASKED, bounds=SHORT)) == 2
    for wait, asked in (("0", 2), ("3600", 1), ("Fri, 31 Dec 2099 23:59:59 GMT", 1)):
        server.requests.clear()
        server.behaves = [reply(status="503 Busy", Retry_After=wait)]
        assert "too busy (503)" in fails(lambda: client.select(ASKED, bounds=SHORT), BackendUnreachable)
        assert len(server.requests) == asked
    server.requests.clear()
    server.behaves = [reply(status="503 Busy", Retry_After="0"), reply()]
    fails(lambda: client.update("CLEAR GRAPH <urn:g>", SHORT), BackendUnreachable)
    assert len(server.requests) == 1, "what writes is not sent again"


def test_a_graph_that_the_server_cuts_without_a_word_is_an_error(server: Impostor, client: Client) -> None:
    whole = reply(b"<urn:a> <urn:b> <urn:c> .\n", "application/n-triples")
    counted = reply(b'"x"\n1\n', "text/csv", X_SPARQL_MaxRows="1")

    def answer(connection: socket.socket) -> None:
        connection.sendall(counted if b"Accept: text/csv" in server.requests[-1] else whole)

    server.behaves = [answer]
    made = "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o } LIMIT 9"
    assert "cut the answer at 1 rows" in fails(lambda: client.construct(made, bounds=SHORT), BackendCut)
    assert "cut the answer at 1 rows" in fails(lambda: client.get_graph("urn:g", SHORT), BackendCut)


def test_a_graph_that_is_none(server: Impostor, client: Client) -> None:
    server.behaves = [reply(b"<urn:a> <urn:b> <urn:c> .\n<urn:a> <ur", "application/n-triples")]
    said = fails(lambda: client.construct("DESCRIBE <urn:a>", bounds=SHORT), BackendCut)
    assert "cannot be read to its end" in said
    server.behaves = [reply(HTML, "text/html")]
    fails(lambda: client.get_graph("urn:g", SHORT), BackendLied)


def test_a_request_that_is_larger_than_the_server_takes_is_not_sent(server: Impostor, client: Client) -> None:
    said = fails(lambda: client.update(" " * 9_000_001), ResultTooLarge)
    assert "takes requests up to 9,000,000 bytes" in said and server.requests == []


def test_an_expired_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, expired = certificate(tmp_path, expired=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    channel._loaded.cache_clear()
    with Impostor(expired) as server:
        server.behaves = [reply(ROWS)]
        client = Client(server.address(), Credentials("editor", SECRET))
        said = fails(lambda: client.select(ASKED, bounds=SHORT), BackendUnreachable)
        client.close()
    assert "certificate that is not valid: certificate has expired" in said and "nothing was sent" in said
    assert server.requests == []
    channel._loaded.cache_clear()


def test_a_certificate_of_an_authority_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, valid = certificate(tmp_path, expired=False)
    with Impostor(valid) as server:
        server.behaves = [reply(ROWS)]
        stranger = Client(server.address())
        assert "is not valid" in fails(lambda: stranger.select(ASKED, bounds=SHORT), BackendUnreachable)
        stranger.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        channel._loaded.cache_clear()
        trusting = Client(server.address())
        assert len(trusting.select(ASKED, bounds=SHORT)) == 2
        trusting.close()
    channel._loaded.cache_clear()


def test_the_password_goes_to_the_server_and_nowhere_else(
    server: Impostor, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    challenge = 'Digest realm="SPARQL", nonce="abc", qop="auth", algorithm=MD5'
    server.behaves = [reply(status="401 Unauthorized", WWW_Authenticate=challenge)]
    client = Client(server.address(), Credentials("editor", SECRET))
    fails(lambda: client.update("CLEAR GRAPH <urn:g>", SHORT), BackendRefused)
    assert b'username="editor"' in server.requests[1], "Digest answers the challenge"
    assert all(SECRET.encode() not in request for request in server.requests), "Digest never sends the password"
    assert SECRET not in repr(Credentials("editor", SECRET)) + caplog.text + "".join(capfd.readouterr())
    client.close()


@pytest.mark.parametrize(
    ("profile", "scheme"),
    [("fuseki", b"authorization: basic "), ("qlever", b"authorization: bearer " + SECRET.encode())],
)
def test_other_ways_to_show_an_account(profile: str, scheme: bytes, server: Impostor) -> None:
    server.behaves = [reply(ROWS)]
    client = Client(server.address(profile, "/data"), Credentials("editor", SECRET))
    client.select(ASKED, bounds=SHORT)
    assert scheme.lower() in server.requests[0].lower()
    client.close()


def test_a_product_without_updates_says_so(server: Impostor) -> None:
    client = Client(server.address("generic"))
    said = fails(lambda: client.get_graph("urn:g"), UsageError)
    assert "no address for the Graph Store Protocol" in said and "update and graphs" in said
    client.close()


def test_every_error_of_a_backend_is_a_store_error_with_a_remedy() -> None:
    for kind in (BackendCut, BackendLied, BackendRefused, BackendTimeout, BackendUnreachable):
        assert issubclass(kind, BackendError) and kind.status in (502, 503, 504)
