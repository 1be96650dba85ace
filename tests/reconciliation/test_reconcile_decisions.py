"""Decisions on candidates sent back: who may, what is kept, and what of it is refused."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from reconciliation_suite import Client

from iesi_kg.operations.tokens import Grant, Tokens
from running_server import Reply

JOBNET = {"subject": "jrc-ips:10000", "object": "initiative:smart"}


@pytest.fixture(scope="module")
def rita(client: Client) -> str:
    return Tokens(client.server.store).create(Grant("rita", frozenset({"review"})), datetime.now(UTC))[1]


def send(client: Client, token: str, *decisions: dict[str, object]) -> Reply:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return client.server.ask("POST", "/reconcile/decisions", headers, json.dumps({"decisions": decisions}))


def newer(client: Client, version: int) -> bool:
    """Whether answers come from a newer version soon; until it is read, the former one answers, and says so."""
    for _ in range(600):
        reply = client.get("/suggest/type")
        assert reply.status == 200
        assert int(reply.headers["IESI-KG-Version"]) >= version
        if int(reply.headers["IESI-KG-Version"]) > version:
            return True
        time.sleep(0.05)
    return False


def test_a_decision_is_kept_with_who_and_why_and_shown_among_the_links(client: Client, rita: str) -> None:
    version = int(client.get("/suggest/type").headers["IESI-KG-Version"])
    reply = send(client, rita, {**JOBNET, "decision": "rejected", "reason": "an algorithm in Austria"})
    (told,) = json.loads(reply.text)["decisions"]
    assert (reply.status, told["subject"], told["link"]["standing"]) == (200, "jrc-ips:10000", "rejected")
    assert [(d["by"], d["reason"]) for d in told["link"]["decisions"]] == [("rita", "an algorithm in Austria")]
    listed = client.server.ask("GET", f"/api/links/{told['link']['id']}", {"Authorization": f"Bearer {rita}"})
    assert json.loads(listed.text)["standing"] == "rejected"
    assert newer(client, version), "answers are from the new version, in the end"

    late = {**JOBNET, "decision": "accepted", "revision": 0}
    organisation = {"subject": "https://example.org/bodies/7", "object": "organisation:smart-be", "decision": "unsure"}
    first, second = json.loads(send(client, rita, late, organisation).text)["decisions"]
    assert (first["error"]["status"], first["error"]["revision"]) == (409, 1)
    assert second["link"]["standing"] == "unsure"
    assert second["link"]["relation"].endswith("#sameOrganisationAs")


def test_only_reviewers_may(client: Client) -> None:
    anna = Tokens(client.server.store).create(Grant("anna", frozenset({"submit"})), datetime.now(UTC))[1]
    wish: dict[str, object] = {**JOBNET, "decision": "accepted"}
    assert send(client, "", wish).status == 401
    assert send(client, anna, wish).status == 403


WRONG = {
    "a word for a decision": ({**JOBNET, "decision": "maybe"}, 400),
    "an unknown record of ours": ({**JOBNET, "object": "initiative:nobody", "decision": "accepted"}, 404),
    "a code": ({**JOBNET, "object": "country:DK", "decision": "accepted"}, 400),
    "a misspelt database": ({**JOBNET, "subject": "jrc-isp:1", "decision": "accepted"}, 400),
    "no record": ({**JOBNET, "subject": "row 7", "decision": "accepted"}, 400),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_names_nothing_is_refused_before_anything_is_decided(client: Client, rita: str, name: str) -> None:
    wrong, status = WRONG[name]
    fine = {"subject": "jrc-ips:10001", "object": "initiative:smart", "decision": "accepted"}
    assert send(client, rita, fine, wrong).status == status
    links = json.loads(client.server.ask("GET", "/api/links", {"Authorization": f"Bearer {rita}"}).text)["links"]
    assert not [link for link in links if link["right"]["id"] == "jrc-ips:10001" and link["decisions"]]


def test_too_many_at_once_are_refused(client: Client, rita: str) -> None:
    reply = send(client, rita, *[{**JOBNET, "decision": "unsure"}] * 51)
    assert (reply.status, json.loads(reply.text)["maximum"]) == (413, 50)
