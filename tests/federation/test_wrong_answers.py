"""Whatever a peer sends that is not a whole answer is an error that names it; under SILENT it is seen in the header."""

from __future__ import annotations

import json
import time

import pytest
from wrong_peer import WrongPeer

from running_server import Server

GRAPHS = ("doctype", "graph", "nodes", "not-turtle")  # what LOAD is answered with
HEAD = "PREFIX ex: <http://example.org/> SELECT ?t ?n ?m { ?t ex:people ?n "
WRONG = [
    ("html", 502, "answered with text/html"),
    ("cut", 502, "broke off"),
    ("cut-json", 502, "cannot be read as application/sparql-results+json"),
    ("cut-chunks", 502, "broke off"),
    ("liar", 502, "cannot be read as application/sparql-results+json"),
    ("csv", 502, "answered with text/csv"),
    ("elsewhere", 502, "redirected to 127.0.0.2, which its entry in the list of peers does not name"),
    ("metadata", 502, "redirected to 169.254.169.254"),
    ("circle", 502, "redirected more than 3 times"),
    ("file", 502, "only http:// and https:// are spoken"),
    ("huge", 502, "larger than 200,000 bytes"),
    ("bomb", 502, "larger than 200,000 bytes"),
    ("no-gzip", 502, "gzip that cannot be read"),
    ("cut-gzip", 502, "its gzip does not end where it should"),
    ("brotli", 502, "coding 'br', which was not asked for"),
    ("error", 502, "status 500: Virtuoso 37000 Error SP030: syntax error"),
    ("busy", 502, "status 429"),
    ("not-json", 502, "cannot be read as application/sparql-results+json"),
    ("array", 502, "cannot be read as application/sparql-results+json"),
    ("deep", 502, "cannot be read as application/sparql-results+json"),
    ("trailer", 502, "cannot be read as application/sparql-results+json"),
    ("truth", 502, "answered SELECT with a truth value"),
    ("stranger", 502, "cannot be read as application/sparql-results+json"),
    ("bad-iri", 502, "cannot be read as application/sparql-results+json"),
    ("partial", 502, "a part of its answer as if it were whole (X-SQL-State: S1TAT)"),
    ("capped", 502, "cut its answer at 20 rows"),
    ("many", 502, "more than 1,000 rows"),
    ("nonsense", 502, "broke off"),
    ("long-header", 502, "broke off"),
    ("hang", 504, "no whole answer within 1 seconds"),
    ("drip", 504, "no whole answer within 1 seconds"),
]


def asking(wrong: WrongPeer, way: str, silent: str = "") -> str:
    return f"{HEAD}\n  SERVICE {silent} <{wrong.url}/{way}> {{ ?t ex:mayor ?m }} }}"


@pytest.mark.parametrize(("way", "status", "words"), WRONG, ids=[way for way, _, _ in WRONG])
def test_error(service: Server, wrong: WrongPeer, way: str, status: int, words: str) -> None:
    reply = service.query(asking(wrong, way))
    problem = json.loads(reply.text)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json"), reply.text
    assert problem["detail"].startswith(f"SERVICE <{wrong.url}/{way}>: ")
    assert words in problem["detail"]
    assert (problem["service"], problem["line"], problem["column"]) == (f"{wrong.url}/{way}", 2, 3)
    assert problem["hint"]
    assert wrong.seen[way] >= 1


@pytest.mark.parametrize("way", ["html", "bomb", "error", "elsewhere"])
def test_silent_goes_on_and_says_so(service: Server, wrong: WrongPeer, way: str) -> None:
    reply = service.query(asking(wrong, way, "SILENT"))
    result = json.loads(reply.text)
    assert reply.status == 200
    assert result["head"]["vars"] == ["t", "n", "m"]
    assert sorted(row["n"]["value"] for row in result["results"]["bindings"]) == [
        "214000",
        "231800",
        "605802",
        "709000",
    ]
    assert not any("m" in row for row in result["results"]["bindings"])
    said = reply.headers["IESI-KG-Services"]
    assert f'"{wrong.url}/{way}";peer="wrong-{way}";answered=?0;requests=1;rows=0;milliseconds=' in said
    assert ';error="' in said
    (link,) = result["head"]["link"]
    assert f"/peers/wrong-{way}?" in link and "answered=false" in link and "error=" in link
    assert "etag" not in reply.headers


@pytest.mark.parametrize("way", ["good", "gzip", "moved"])
def test_right_ways(service: Server, wrong: WrongPeer, way: str) -> None:
    """The same server, answering as it should: by itself, compressed, after a move on the same host."""
    reply = service.query(asking(wrong, way), "text/csv")
    assert (reply.status, reply.text) == (200, "t,n,m\r\nhttp://example.org/riga,605802,Vilnis\r\n")
    request = wrong.requests["good" if way == "moved" else way]
    assert b"content-type: application/x-www-form-urlencoded" in request.lower()
    assert f"\r\nhost: 127.0.0.1:{wrong.port}\r\n".encode() in request.lower()
    assert b"\r\nuser-agent: iesi-kg/" in request.lower()
    assert b"VALUES+%28%3Ft%29" in request


def test_nobody_waits_for_a_peer_that_hangs(service: Server, wrong: WrongPeer) -> None:
    """Others are answered while a peer is waited for, and the waiting ends when the peer's time is up."""
    import threading

    done: list[int] = []
    hanging = threading.Thread(target=lambda: done.append(service.query(asking(wrong, "hang")).status))
    hanging.start()
    time.sleep(0.2)
    assert service.query("ASK {}").status == 200
    assert not done
    hanging.join(timeout=20)
    assert done == [504]


def test_every_way_is_tried(wrong: WrongPeer) -> None:
    elsewhere = {"good", "gate", "gzip", "labels", "moved", "watch", *GRAPHS}
    assert {way for way, _, _ in WRONG} | elsewhere == set(wrong.ways)
