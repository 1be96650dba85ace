"""Tokens over HTTP: who gets in, who does not, and where a token must never be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iesi_kg.errors import Forbidden, Unauthorized
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.web.access import ANYBODY, Caller
from running_server import Reply, Server, fill, serving, stop

WRONG = "ikg_00000000_" + "A" * 43


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("guarded") / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(store, query_processes=1) as running:
        yield running


def whoami(server: Server, token: str) -> Reply:
    return server.ask("GET", "/whoami", {"Authorization": f"Bearer {token}"})


def make(server: Server, name: str, **more: object) -> str:
    grant = Grant(name, frozenset({"read-more"}), **more)  # type: ignore[arg-type]
    return Tokens(server.store).create(grant, datetime.now(UTC))[1]


def test_without_a_token_one_is_anybody(guarded: Server) -> None:
    reply = guarded.ask("GET", "/whoami")
    assert (reply.status, json.loads(reply.body)) == (200, {"name": None, "scopes": [], "graphs": []})


def test_a_running_service_sees_a_new_token_and_its_end_at_once(guarded: Server) -> None:
    text = make(guarded, "mirror")
    assert json.loads(whoami(guarded, text).body) == {"name": "mirror", "scopes": ["read-more"], "graphs": []}
    Tokens(guarded.store).revoke("mirror", datetime.now(UTC))
    reply = whoami(guarded, text)
    assert (reply.status, json.loads(reply.body)["detail"]) == (401, "this token was revoked")
    assert reply.headers["WWW-Authenticate"].startswith('Bearer realm="iesi-kg", error="invalid_token"')
    assert reply.headers["Cache-Control"] == "no-store"


def test_an_expired_token_says_when(guarded: Server) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    grant = Grant("old", frozenset({"submit"}), expires=past + timedelta(days=1))
    text = Tokens(guarded.store).create(grant, past)[1]
    reply = whoami(guarded, text)
    assert reply.status == 401
    assert "this token expired on 20" in json.loads(reply.body)["detail"]


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer  ", "Digest x", WRONG, f"Bearer {WRONG} x"])
def test_other_credentials_are_refused_with_the_way_in(guarded: Server, header: str) -> None:
    reply = guarded.ask("GET", "/whoami", {"Authorization": header})
    assert reply.status == 401
    assert "Authorization: Bearer" in reply.text
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_an_address_is_refused_everywhere(guarded: Server) -> None:
    text = make(guarded, "careless")
    places = (f"/sparql?query=ASK%7B%7D&token={text}", "/whoami?access_token=x", f"/id/{text}", f"/?q={text}")
    for place in places:
        reply = guarded.ask("GET", place, {"Accept": "application/json"})
        assert (reply.status, json.loads(reply.body)["type"]) == (400, "/problems/request-error"), place
        assert "Authorization: Bearer" in reply.text
        assert "revoke" in reply.text
        assert text not in reply.text


def test_a_damaged_token_file_shuts_tokens_out_and_nobody_else(guarded: Server) -> None:
    text = make(guarded, "steady")
    path = Tokens(guarded.store).path
    path.chmod(0o644)
    reply = whoami(guarded, text)
    assert reply.status == 503
    assert str(guarded.store) not in reply.text
    assert guarded.query("ASK {}").status == 200
    path.chmod(0o600)
    assert whoami(guarded, text).status == 200


def test_wrong_tokens_are_slowed_down_and_never_logged(tmp_path: Path) -> None:
    fill(tmp_path / "store", "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(tmp_path / "store", query_processes=1) as server:
        text = make(server, "mirror")
        assert whoami(server, text).status == 200
        assert [whoami(server, WRONG).status for _ in range(11)] == [401] * 10 + [429]
        reply = whoami(server, text)
        assert reply.status == 429  # the right one too: else the limit could be asked around
        assert 1 <= int(reply.headers["Retry-After"]) <= 60
        assert server.ask("GET", "/whoami").status == 200
        server.ask("GET", f"/whoami?token={text}")
        Tokens(server.store).path.chmod(0o644)
        whoami(server, text)
        said = stop(server.process)
    assert text[13:] not in said
    assert WRONG not in said


def test_what_a_caller_may_do() -> None:
    mirror, admin = Caller("mirror", frozenset({"submit"}), ()), Caller("root", frozenset({"admin"}), ())
    mirror.require("submit")
    admin.require("review")
    with pytest.raises(Forbidden, match="'mirror' does not have the scope review") as refused:
        mirror.require("review")
    assert refused.value.status == 403
    assert 'scope="review"' in str(refused.value.members["challenge"])
    with pytest.raises(Unauthorized, match="needs a token with the scope write") as unknown:
        ANYBODY.require("write")
    assert unknown.value.status == 401
    with pytest.raises(ValueError, match="reviw"):
        admin.may("reviw")
