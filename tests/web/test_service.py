"""Health, headers, problem documents: what every answer of the service has in common."""

from __future__ import annotations

import json

import pytest

from iesi_kg import __version__
from running_server import Server


def test_health(server: Server) -> None:
    reply = server.ask("GET", "/health")
    assert json.loads(reply.body) == {"status": "ok", "version": 1, "software": __version__}
    assert reply.headers["Cache-Control"] == "no-store"
    assert server.ask("HEAD", "/health").status == 200


def test_openapi_without_pages_that_load_from_elsewhere(server: Server) -> None:
    paths = json.loads(server.ask("GET", "/openapi.json").body)["paths"]
    assert "/id/{kind}/{slug}" in paths
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert server.ask("GET", "/docs").status == 404
    assert server.ask("GET", "/redoc").status == 404


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/id/initiative/alpha.ttl", "/sparql"])
def test_security_headers(server: Server, path: str) -> None:
    headers = server.ask("GET", path).headers
    policy = headers.get_all("Content-Security-Policy")
    assert policy is not None
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_problem_type_can_be_looked_up(server: Server) -> None:
    document = json.loads(server.query("ASK {").body)
    found = json.loads(server.ask("GET", document["type"]).body)
    assert (found["title"], found["status"]) == (document["title"], 400)
    assert server.ask("GET", "/problems/none").status == 404


def test_errors_are_pages_for_browsers(server: Server) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for path, status in (("/nowhere", 404), ("/id/initiative/gone", 410), ("/sparql?query=%FF", 400)):
        reply = server.ask("GET", path, browser)
        assert reply.status == status
        assert reply.headers["Content-Type"].startswith("text/html")
        assert "<h1" in reply.text


def test_wrong_method_names_the_right_ones(server: Server) -> None:
    reply = server.ask("POST", "/health")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/id/initiative/alpha", "/codes/colour", "/ontology", "/health"])
def test_scripts_of_other_origins_may_read(server: Server, path: str) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    reply = server.ask("OPTIONS", path, asked | {"Access-Control-Request-Headers": "if-none-match"})
    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in reply.headers["Access-Control-Allow-Headers"]
    assert "POST" not in reply.headers["Access-Control-Allow-Methods"]


def test_scripts_of_other_origins_may_not_use_the_forms(server: Server) -> None:
    reply = server.ask("OPTIONS", "/check", {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"})
    assert reply.headers["Access-Control-Allow-Methods"] is None
