"""Strange requests over raw sockets, names that are not ours, forms of other sites: refused before anything looks."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI

from iesi_kg.errors import Misdirected, RequestError, UsageError
from iesi_kg.settings import Settings
from iesi_kg.web.app import create_app
from iesi_kg.web.guard import harmless
from iesi_kg.web.hosts import Hosts
from iesi_kg.web.strict import proxies
from running_server import Server, fill, serving, stop

HOST = b"Host: localhost\r\n"
POST = b"POST /sparql HTTP/1.1\r\n" + HOST + b"Content-Type: application/sparql-query\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
ASK = b"ASK {}"
HIDDEN = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"


def talk(server: Server, data: bytes, seconds: float = 5) -> bytes:
    """Send bytes and read until the server closes or falls silent."""
    with socket.create_connection(server.address, timeout=seconds) as connection:
        received = b""
        try:
            connection.sendall(data)
            connection.settimeout(0.4)
            while piece := connection.recv(65536):
                received += piece
        except (TimeoutError, ConnectionError):
            pass
        return received


AMBIGUOUS = {
    "length and chunks": POST + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + CHUNKED + b"Content-Length: 4\r\n\r\n6\r\nASK {}\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 6\r\nContent-Length: 0\r\n\r\n" + ASK + HIDDEN,
    "two equal lengths": POST + b"Content-Length: 6\r\nContent-Length: 6\r\n\r\n" + ASK + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 6, 6\r\n\r\n" + ASK,
    "a signed length": POST + b"Content-Length: +6\r\n\r\n" + ASK,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + ASK,
    "a length beyond any number": POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + ASK,
    "bare line feeds": (POST + b"Content-Length: 6\r\n\r\n").replace(b"\r\n", b"\n") + ASK,
    "one bare line feed": POST + b"X: a\nContent-Length: 6\r\n\r\n" + ASK,
    "a bare carriage return": POST + b"X: a\rContent-Length: 6\r\n\r\n" + ASK,
    "a folded line": POST + b"X: a\r\n Content-Length: 0\r\nContent-Length: 6\r\n\r\n" + ASK,
    "a folded length": POST + b"Content-Length:\r\n 6\r\n\r\n" + ASK,
    "a folded first line": b"GET /health HTTP/1.1\r\n X: a\r\n" + HOST + b"\r\n",
    "a space before the colon": POST + b"Content-Length : 6\r\n\r\n" + ASK,
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n6\r\nASK {}\r\n0\r\n\r\n",
    "chunks not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n6\r\nASK {}\r\n0\r\n\r\n",
    "two codings": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n6\r\nASK {}\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n6\r\nASK {}\r\n0\r\n\r\n",
    "a line feed in a chunk extension": POST + CHUNKED + b"\r\n6;\nx\r\nASK {}\r\n0\r\n\r\n",
    "chunks ended by line feeds": POST + CHUNKED + b"\r\n6\nASK {}\n0\n\n",
    "a chunk longer than it says": POST + CHUNKED + b"\r\n6\r\nASK {}X\r\n0\r\n\r\n",
    "a chunk beyond any number": POST + CHUNKED + b"\r\nfffffffffffffffff\r\nASK {}\r\n0\r\n\r\n",
    "a NUL in a header": POST + b"X: a\0b\r\nContent-Length: 6\r\n\r\n" + ASK,
    "a space in the address": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\n" + HOST + b"Host: 127.0.0.1\r\n\r\n",
    "an empty host and another": b"GET /health HTTP/1.1\r\nHost: \r\n" + HOST + b"\r\n",
    "a host that is none": b"GET /health HTTP/1.1\r\nHost: a/b<script>\r\n\r\n",
    "another version": b"GET /health HTTP/1.2\r\n" + HOST + b"\r\n",
    "the beginning of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("shape", AMBIGUOUS)
def test_what_two_programs_could_read_in_two_ways_is_refused(server: Server, shape: str) -> None:
    """One answer, a refusal: what may be a hidden second request is never answered."""
    received = talk(server, AMBIGUOUS[shape])
    assert received.startswith(b"HTTP/1.1 400 "), received[:200]
    assert received.count(b"HTTP/1.1 ") == 1
    assert b'"status": "ok"' not in received


def test_requests_before_a_refused_one_are_answered_in_order(server: Server) -> None:
    slow = b"ASK%7B%3Fa%20%3Fb%20%3Fc.%3Fd%20%3Fe%20%3Ff%20FILTER(%3Fa=%3Fd%26%26%3Fc=2009)%7D"
    received = talk(
        server,
        b"GET /sparql?query=" + slow + b" HTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN + AMBIGUOUS["two lengths"] + HIDDEN,
    )
    assert received.count(b"HTTP/1.1 ") == received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b'"boolean"') < received.index(b'"status"')


def test_a_trailer_changes_nothing(server: Server) -> None:
    trailer = b"0\r\nAuthorization: Basic eA==\r\nHost: evil.example\r\n\r\n"
    received = talk(server, POST.replace(b"/sparql", b"/check") + CHUNKED + b"\r\n6\r\nASK {}\r\n" + trailer)
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"401" not in received[:20]
    assert b"evil.example" not in received


def test_an_address_with_a_host_says_which_host_is_meant(server: Server) -> None:
    for authority, status in ((b"localhost", b"200"), (b"evil.example", b"421"), (b"[::1]:80", b"200")):
        received = talk(server, b"GET http://" + authority + b"/health HTTP/1.1\r\n" + HOST + b"\r\n")
        assert received.startswith(b"HTTP/1.1 " + status), (authority, received[:100])


@pytest.mark.parametrize("ended", [True, False])
def test_headers_of_200_kilobytes_are_refused_whole_or_not(server: Server, ended: bool) -> None:
    one = b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200_000
    many = b"GET /health HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: a\r\n" % n for n in range(20_000))
    for head in (one + b"\r\n", many):
        received = talk(server, head + (b"\r\n" if ended else b"X-Last: " + b"a" * 500_000))
        assert received.startswith(b"HTTP/1.1 431 Request Header Fields Too Large"), received[:100]
    assert server.query("ASK {}").status == 200


def test_headers_within_the_limit_are_read(server: Server) -> None:
    received = talk(server, b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 60_000 + b"\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 200")


def test_a_query_of_20_thousand_escaped_characters_fits_into_an_address(server: Server) -> None:
    query = b"ASK%20%7B%7D" + b"%20" * 20_000
    received = talk(server, b"GET /sparql?query=" + query + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert received.startswith(b"HTTP/1.1 200"), received[:100]


@pytest.mark.parametrize("length", [65_536, 150_000, 400_000])
def test_a_longer_address_is_refused_with_the_way_out(server: Server, length: int) -> None:
    received = talk(server, b"GET /sparql?query=" + b"x" * length + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert received.startswith(b"HTTP/1.1 414 URI Too Long")
    assert received.endswith(b"send the query in the body of a POST.")


@pytest.mark.parametrize("mark", ["%0d%0aX-Evil:%20yes", "%0aX-Evil:%20yes", "%E5%98%8A%E5%98%8DX-Evil:%20yes"])
def test_line_ends_in_an_address_begin_no_header(server: Server, mark: str) -> None:
    paths = [
        "/id/x{}",
        "/{}",
        "/ontology/{}",
        "/initiatives?q={}",
        "/sparql?query={}",
        "/sparql?query=ASK%7B%7D&format={}",
    ]
    paths += ["/ontology?lang={}", "/problems/{}", "/static/{}", "/codes/{}/x", "/initiatives.csv?country={}"]
    for path in paths:
        reply = server.ask("GET", path.format(mark))
        assert "X-Evil" not in reply.headers, path
        assert reply.status < 500, path


def test_a_header_of_ours_can_hold_no_second_one() -> None:
    fields = [(b"location", b"/x\r\nset-cookie: a=b"), (b"etag", b'"abc"')]
    assert harmless(fields) == [(b"location", b"/x  set-cookie: a=b"), (b"etag", b'"abc"')]


@pytest.mark.parametrize(
    "path", ["/static/%2e%2e/app.py", "/static/..%5capp.py", "/static/%252e%252e/app.py", "/%2e%2e/x"]
)
def test_paths_never_leave_their_folder(server: Server, path: str) -> None:
    received = talk(server, f"GET {path} HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n".encode())
    assert received.startswith(b"HTTP/1.1 404"), received[:100]
    assert b"import" not in received


def test_a_name_that_is_not_ours_gets_nothing(server: Server) -> None:
    """What a page sees whose name was made to resolve to this machine."""
    for path in ("/", "/sparql?query=ASK%7B%7D", "/health", "/check"):
        reply = server.ask("GET", path, {"Host": "rebound.example:8080"})
        assert reply.status == 421
        assert json.loads(reply.body)["type"] == "/problems/misdirected"
        assert "IESI_KG_HOSTS=rebound.example" in reply.text


NAMES = ["localhost", "LOCALHOST:80", "localhost.", "a.localhost", "127.0.0.1:8080", "127.9.9.9", "[::1]", "[::1]:80"]


@pytest.mark.parametrize(
    "name", [*NAMES, "192.0.2.7", "192.0.2.7:8080", "kg.example.org", "KG.example.org.:443", "box"]
)
def test_names_of_this_service(name: str) -> None:
    Hosts("kg.example.org, other.example", "box").require(name, "192.0.2.7")


@pytest.mark.parametrize(
    "name", ["example.org", "x.kg.example.org", "192.0.2.8", "[2001:db8::1]", "localhost.evil", "::1"]
)
def test_names_of_others(name: str) -> None:
    with pytest.raises((Misdirected, RequestError)):
        Hosts("kg.example.org", "box").require(name, "192.0.2.7")


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "a@b", "a:b", "a:123456", "[::1", "é", "a" * 300, "*"])
def test_what_is_no_name_is_refused_even_where_any_is_welcome(name: str) -> None:
    hosts = Hosts("*", "0.0.0.0")
    hosts.require("anything.example:80", "192.0.2.7")
    with pytest.raises(RequestError, match="does not hold a name"):
        hosts.require(name, "192.0.2.7")


def test_what_was_accepted_is_remembered_within_bounds() -> None:
    hosts = Hosts("*", "")
    for port in range(5_000):
        hosts.require(f"localhost:{port}", "127.0.0.1")
    assert len(hosts._accepted) == 256


OTHER_SITES = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "https://evil.example", "Authorization": "Basic eDp4"},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("fields", OTHER_SITES, ids=str)
def test_a_form_of_another_site_is_refused(server: Server, fields: dict[str, str]) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Host": "localhost"}
    reply = server.ask("POST", "/check", {**form, **fields}, b"as=json")
    assert (reply.status, json.loads(reply.body)["type"]) == (403, "/problems/cross-site")


def routes(router: FastAPI | APIRouter) -> Iterator[tuple[str, str]]:
    """Path and method of every route below a router, those of included routers too."""
    for route in router.routes:
        if inner := getattr(route, "original_router", None):
            yield from routes(inner)
        else:
            yield from ((route.path, method) for method in getattr(route, "methods", None) or ())


def test_every_address_that_changes_or_costs_something_refuses_other_sites(server: Server, tmp_path: Path) -> None:
    """Whatever is added to the service. Queries are open, and stopped by a secret."""
    application = create_app(Settings(store=tmp_path / "none"))
    unsafe = {(path, verb) for path, verb in routes(application.api) if verb not in ("GET", "HEAD", "OPTIONS")}
    assert ("/check", "POST") in unsafe
    raw = {("/update", "POST"), ("/graph?default", "PUT"), ("/graph?graph=urn:g", "DELETE"), ("/graph/x", "POST")}
    for path, verb in sorted(unsafe | raw):
        if not path.startswith("/queries/"):
            address = re.sub(r"\{[^}]+\}", "x", path)
            reply = server.ask(verb, address, {"Origin": "https://evil.example"}, b"")
            assert (reply.status, json.loads(reply.body)["type"]) == (403, "/problems/cross-site"), (verb, path)


@pytest.mark.parametrize(
    "fields",
    [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
def test_our_own_forms_and_programs_are_answered(server: Server, fields: dict[str, str]) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Host": "localhost"}
    reply = server.ask("POST", "/check", {**form, **fields}, b"as=json")
    assert (reply.status, json.loads(reply.body)["detail"]) == (400, "no file was chosen")


def test_queries_are_open_to_the_scripts_of_any_site(server: Server) -> None:
    fields = {"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site"}
    reply = server.ask("POST", "/sparql", {**fields, "Content-Type": "application/sparql-query"}, b"ASK {}")
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, "*")


PAGES = ["/", "/initiatives", "/ontology", "/codes/colour", "/id/initiative/alpha", "/check", "/nothing", "/health"]


@pytest.mark.parametrize(
    "path", [*PAGES, "/static/nothing", "/id/initiative/alpha.rdf", "/initiatives.csv", "/openapi.json"]
)
def test_every_answer_tells_browsers_what_not_to_do(server: Server, path: str) -> None:
    fields = server.ask("GET", path, {"Accept": "text/html"}).headers
    policy = fields["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert fields["X-Content-Type-Options"] == "nosniff"
    assert fields["X-Frame-Options"] == "DENY"
    assert fields["Referrer-Policy"] == "same-origin"
    assert fields["Permissions-Policy"] == "camera=(), geolocation=(), microphone=()"
    assert fields["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Server" not in fields


def test_what_a_query_makes_runs_in_no_browser(server: Server) -> None:
    """A CONSTRUCT can make RDF/XML with a script element of XHTML in it; the answer is a sandbox without any right."""
    query = 'CONSTRUCT { <http://e/> <http://www.w3.org/1999/xhtmlscript> "alert(1)" } WHERE {}'
    reply = server.query(query, accept="application/rdf+xml")
    assert b"script" in reply.body
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("proxied") / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(store, query_processes=1, trusted_proxies="127.0.0.1, 10.0.0.0/8") as running:
        yield running


def wrong_tokens(server: Server, forwarded: str) -> list[int]:
    fields = {"Authorization": "Bearer nothing", "X-Forwarded-For": forwarded}
    return [server.ask("GET", "/whoami", fields).status for _ in range(11)]


def test_forwarded_addresses_count_from_trusted_proxies(behind_proxy: Server) -> None:
    assert wrong_tokens(behind_proxy, "198.51.100.1, 10.1.2.3") == [401] * 10 + [429]
    assert wrong_tokens(behind_proxy, "198.51.100.2")[0] == 401
    assert wrong_tokens(behind_proxy, "203.0.113.9, 198.51.100.1")[0] == 429  # the first was said by the client


def test_nobody_else_can_take_another_address(server: Server) -> None:
    statuses = wrong_tokens(server, "198.51.100.1") + wrong_tokens(server, "198.51.100.2")
    assert statuses == [401] * 10 + [429] * 12


@pytest.mark.parametrize("value", ["*", "proxy.example", "10.0.0.0/99", "10.0.0.1;10.0.0.2"])
def test_a_proxy_that_is_no_address_is_refused_at_the_start(value: str) -> None:
    with pytest.raises(UsageError, match="IESI_KG_TRUSTED_PROXIES"):
        proxies(Settings(trusted_proxies=value))
    assert proxies(Settings(trusted_proxies=" 10.0.0.5 ,, 10.0.0.0/24")) == ["10.0.0.5", "10.0.0.0/24"]


def test_nothing_of_a_request_that_was_refused_is_in_the_log(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = tmp_path_factory.mktemp("logged") / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    secret = os.urandom(16).hex()
    with serving(store, query_processes=1) as running:
        for shape in (b"GET /%s HTTP/1.1\r\nX: a\nY: %s\r\n\r\n", b"GET /?a=%s HTTP/1.1\r\nHost: %s.example\r\n\r\n"):
            assert talk(running, shape % (secret.encode(), secret.encode())).startswith(b"HTTP/1.1 4")
        running.ask("GET", "/", {"Authorization": f"Bearer {secret}", "Cookie": secret, "Upgrade": secret})
        said = stop(running.process)
    assert secret not in said
