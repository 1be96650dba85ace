"""The same bytes again: the same answer without being read, until the version changes; what a token asks never."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from iesi_kg.web.meter import Meter
from iesi_kg.web.repeats import Repeats, Reply
from running_server import Server, serving
from talking import Talk

QUERY = "GET /sparql?query=SELECT%20%3Fo%20%7B%20%3Curn%3Aa%3E%20%3Fp%20%3Fo%20%7D HTTP/1.1\r\nHost: e\r\n{}\r\n"


@dataclass
class At:
    version: int


def test_a_reply_lasts_as_long_as_its_version() -> None:
    meter, pool = Meter(), At(4)
    repeats = Repeats(10_000, meter)
    key, reply = ("127.0.0.1", b"GET"), Reply("GET", b"HTTP/1.1 200 OK\r\n", b"\r\n", b"x")
    repeats.keep(4, key, reply)
    assert repeats.find(key) is None  # nothing is remembered before the service has started
    repeats.start(pool)
    repeats.keep(3, key, reply)
    assert repeats.find(key) is None
    repeats.keep(4, key, reply)
    assert repeats.find(key) is reply
    assert repeats.find(("::1", b"GET")) is None  # it came in elsewhere, under a name that may not be ours there
    assert meter.answers == {("sparql", "GET", 200): 1}
    pool.version = 5
    assert repeats.find(key) is None
    repeats.keep(5, ("127.0.0.1", b"other"), reply)
    assert repeats.find(key) is None


def test_replies_take_bounded_memory() -> None:
    repeats = Repeats(100_000, Meter())
    repeats.start(At(1))
    for n in range(300):
        repeats.keep(1, ("a", b"%d" % n), Reply("GET", b"HTTP/1.1 200 OK\r\n", b"\r\n", bytes(1_000)))
    kept = [n for n in range(300) if repeats.find(("a", b"%d" % n))]
    assert kept == list(range(kept[0], 300))  # the last ones
    assert 50 <= len(kept) <= 100
    repeats.keep(1, ("a", b"large"), Reply("GET", b"HTTP/1.1 200 OK\r\n", b"\r\n", bytes(70_000)))
    assert repeats.find(("a", b"large")) is None


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("repeats") / "store", "--scratch", query_processes=1) as running:
        yield running


@pytest.fixture
def talk(scratch: Server) -> Iterator[Talk]:
    assert scratch.ask("POST", "/update", {"Content-Type": "application/sparql-update"}, "DROP ALL").status == 204
    opened = Talk(scratch)
    yield opened
    opened.close()


def say(server: Server, update: str) -> None:
    assert server.ask("POST", "/update", {"Content-Type": "application/sparql-update"}, update).status == 204


def test_the_same_bytes_get_the_same_answer_until_the_data_change(scratch: Server, talk: Talk) -> None:
    say(scratch, "INSERT DATA { <urn:a> <urn:p> 1 }")
    text = QUERY.format("")
    first, second, third, fourth = (talk.ask(text) for _ in range(4))
    assert first[1] == second[1] == third[1] == fourth[1]
    assert b'"value":"1"' in first[1]
    assert b"iesi-kg-cache: miss" in first[0]
    assert b"iesi-kg-cache: hit" in second[0]
    assert second == third == fourth
    say(scratch, "INSERT DATA { <urn:a> <urn:p> 2 }")
    head, body = talk.ask(text)
    assert b'"value":"2"' in body
    assert b"iesi-kg-cache: miss" in head


def test_a_request_in_pieces_or_beside_another_is_read_as_ever(talk: Talk) -> None:
    text = QUERY.format("")
    whole = [talk.ask(text) for _ in range(3)][-1]
    assert talk.ask(text[:30], text[30:]) == whole
    talk.socket.sendall((text + text).encode())
    assert [talk.ask(""), talk.ask("")] == [whole, whole]
    assert talk.ask(text) == whole


def test_other_methods_and_conditions_have_answers_of_their_own(talk: Talk) -> None:
    text = QUERY.format("")
    whole = [talk.ask(text) for _ in range(3)][-1]
    tag = re.search(rb'etag: ("[^"]+")', whole[0])
    assert tag
    for _ in range(3):
        head, body = talk.ask(QUERY.format(f"If-None-Match: {tag[1].decode()}\r\n"))
        assert head.startswith(b"HTTP/1.1 304 ")
        assert not body
        head, body = talk.ask(text.replace("GET", "HEAD", 1))
        assert head == whole[0]
        assert talk.ask(text) == whole


def test_who_closes_is_closed_and_all_are_counted(scratch: Server, talk: Talk) -> None:
    def counted() -> int:
        found = re.search(
            r'requests_total\{part="sparql",method="GET",status="200"\} (\d+)', scratch.ask("GET", "/metrics").text
        )
        return int(found[1]) if found else 0

    before = counted()
    for _ in range(6):
        talk.ask(QUERY.format(""))
    assert counted() == before + 6
    for _ in range(3):
        once = Talk(scratch)
        assert b"connection: close" in once.ask(QUERY.format("Connection: close\r\n"))[0]
        assert once.file.read() == b""
        once.close()


def test_a_token_is_looked_at_each_time(server: Server) -> None:
    opened = Talk(server)
    for _ in range(3):
        assert opened.ask(QUERY.format(""))[0].startswith(b"HTTP/1.1 200 ")
    for _ in range(2):
        head, _ = opened.ask(QUERY.format("Authorization: Bearer wrong\r\n"))
        assert head.startswith(b"HTTP/1.1 401 ")
    opened.close()
