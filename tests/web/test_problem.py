"""Problem documents (RFC 9457): one shape for every error there is, and nothing of our insides in it."""

from __future__ import annotations

import json
import logging

import pytest

from iesi_kg.errors import IesiKgError, MethodNotAllowed, QueryTimeout, ServiceBusy
from iesi_kg.web import problem


@pytest.mark.parametrize("kind", list(problem.kinds()))
def test_every_error_is_a_problem_document(kind: type[IesiKgError]) -> None:
    status, fields, body = problem.response(kind("what happened", hint="what to do"))
    document = json.loads(body)
    assert document["status"] == status == kind.status
    assert document["title"] == kind.title
    assert (document["detail"], document["hint"]) == ("what happened", "what to do")
    assert dict(fields)[b"content-type"] == b"application/problem+json"
    assert int(dict(fields)[b"content-length"]) == len(body)
    assert problem.kind_document(document["type"].rpartition("/")[2])["status"] == status


def test_kinds_have_addresses_of_their_own() -> None:
    codes = [kind("").code for kind in problem.kinds()]
    assert len(codes) == len(set(codes)) > 20


def test_members_add_but_do_not_replace() -> None:
    document = problem.members(QueryTimeout("too slow", limit_seconds=2, elapsed_seconds=2.01))
    assert (document["limit_seconds"], document["elapsed_seconds"]) == (2, 2.01)
    assert problem.members(IesiKgError("x", **{"status": 200, "type": "y"}))["status"] == 500


def test_headers_of_some() -> None:
    assert dict(problem.response(MethodNotAllowed("no", allow="GET"))[1])[b"allow"] == b"GET"
    assert dict(problem.response(ServiceBusy("later"))[1])[b"retry-after"] == b"2"


def test_a_fault_of_ours_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "iesi_kg.web"):
        status, _, body = problem.response(problem.unexpected(KeyError("secret"), "/somewhere"))
    assert status == 500
    assert b"secret" not in body
    assert b"Traceback" not in body
    assert "secret" in caplog.text
    assert "/somewhere" in caplog.text
