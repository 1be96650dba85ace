"""The endpoint says what it rewrote, leaves a query as it is written when asked to, and both have one answer."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from running_server import Server

QUERY = "SELECT ?n ?v { ?n <http://example.org/value> ?v FILTER(?n = <http://example.org/number/7>) }"
CSV = {"Accept": "text/csv"}
BODY = b"n,v\r\nhttp://example.org/number/7,7\r\n"


def path(**more: str) -> str:
    return "/sparql?" + urlencode({"query": QUERY, **more})


def test_the_answer_names_what_was_rewritten(server: Server) -> None:
    reply = server.ask("GET", path(), CSV)
    assert (reply.status, reply.body) == (200, BODY)
    assert reply.headers["IESI-KG-Rewritten"] == "constants"
    assert "IESI-KG-Rewritten" in reply.headers["Access-Control-Expose-Headers"]
    again = server.ask("GET", path(), CSV)
    assert (again.body, again.headers["IESI-KG-Rewritten"]) == (BODY, "constants")


def test_a_query_runs_as_it_is_written_when_asked_to(server: Server) -> None:
    plain, fast = (server.ask("GET", path(rewrite=word), CSV) for word in ("off", "on"))
    assert (plain.status, plain.body, fast.body) == (200, BODY, BODY)
    assert "IESI-KG-Rewritten" not in plain.headers
    assert plain.headers["ETag"] != fast.headers["ETag"]


@pytest.mark.parametrize("word", ["", "no", "OFF"])
def test_another_word_is_refused(server: Server, word: str) -> None:
    reply = server.ask("GET", path(rewrite=word), CSV)
    assert reply.status == 400
    assert "the parameter `rewrite` is `on` or `off`" in reply.body.decode()
