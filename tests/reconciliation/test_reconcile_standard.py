"""Every answer of the running service against the schemas of the standard, and the rules of its public test bench."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from reconciliation_suite import Client, Suite

from running_server import Reply


@pytest.fixture(scope="module")
def manifest(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.read("")
    return found


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def is_open(reply: Reply) -> bool:
    return reply.status == 200 and reply.headers["Access-Control-Allow-Origin"] == "*"


def test_the_schemas_tell_the_examples_apart(suite: Suite) -> None:
    """Else what follows would say nothing."""
    for name in ("manifest", "reconciliation-result-batch", "data-extension-response"):
        assert all(suite.allows(name, json.loads(text)) for _, text in suite.examples(name, "valid"))
        assert not any(suite.allows(name, json.loads(text)) for _, text in suite.examples(name, "invalid"))


def test_the_manifest(suite: Suite, manifest: dict[str, Any]) -> None:
    suite.require("manifest", manifest)
    assert manifest["versions"] == ["0.2"]
    assert manifest["batchSize"] == 50
    assert [found["id"] for found in manifest["defaultTypes"]] == ["initiative", "organisation"]


def test_results(suite: Suite, client: Client) -> None:
    queries = {
        "named": {"query": "Vincles BCN", "type": "initiative", "limit": 3},
        "any type": {"query": "Barcelona", "type_strict": "should"},
        "code": {"query": "Dänemark", "type": ["country", "status"]},
        "facts": {"query": "Vincles", "properties": [{"pid": "country", "v": {"id": "country:ES", "name": "Spain"}}]},
        "nothing": {"query": "qqqq"},
        "empty": {"query": ""},
        "no such type": {"query": "Vincles", "type": "person"},
    }
    suite.require("reconciliation-query-batch", queries)
    found = json.loads(client.post(queries=queries).text)
    suite.require("reconciliation-result-batch", found)
    assert list(found) == list(queries)
    assert len(found["named"]["result"]) <= 3
    assert found["nothing"] == found["empty"] == {"result": []}


@pytest.mark.parametrize(("kind", "schema"), [("entity", "entities"), ("type", "types"), ("property", "properties")])
def test_suggestions(suite: Suite, client: Client, manifest: dict[str, Any], kind: str, schema: str) -> None:
    at = manifest["suggest"][kind]
    reply = client.server.ask("GET", f"{path_of(at['service_url'] + at['service_path'])}?prefix=co")
    found = json.loads(reply.text)
    suite.require(f"suggest-{schema}-response", found)
    assert is_open(reply)
    assert found["result"]
    for one in found["result"][:3]:
        shown = at["flyout_service_url"] + at["flyout_service_path"].replace("${id}", quote(one["id"], safe=""))
        reply = client.server.ask("GET", path_of(shown))
        assert is_open(reply)
        flyout = json.loads(reply.text)
        assert flyout["id"] == one["id"]
        assert flyout["html"].startswith("<p><strong>")


def test_the_view_and_the_preview_of_a_candidate(client: Client, manifest: dict[str, Any]) -> None:
    for found in (client.match(query="Vincles BCN")[0], client.match(query="Denmark")[0]):
        id_ = quote(found["id"], safe="")
        preview = client.server.ask("GET", path_of(manifest["preview"]["url"].replace("{{id}}", id_)))
        assert is_open(preview)
        assert preview.headers["Content-Type"] == "text/html; charset=utf-8"
        assert f"<h1>{found['name']}</h1>" in preview.text
        assert "frame-ancestors" not in preview.headers["Content-Security-Policy"], "any program may show it"
        assert "X-Frame-Options" not in preview.headers
        view = client.server.ask("GET", path_of(manifest["view"]["url"].replace("{{id}}", id_)))
        assert view.status == 308
        assert client.server.ask("GET", view.headers["Location"], {"Accept": "text/html"}).status == 200


def test_values_of_properties(suite: Suite, client: Client, manifest: dict[str, Any]) -> None:
    at = manifest["extend"]["propose_properties"]
    proposal = json.loads(client.server.ask("GET", f"{at['service_path']}?type=initiative&limit=50").text)
    suite.require("data-extension-property-proposal", proposal)
    asked = {
        "ids": ["initiative:vincles-bcn", "nobody"],
        "properties": [{"id": p["id"]} for p in proposal["properties"]],
    }
    suite.require("data-extension-query", asked)
    reply = client.post(extend=asked)
    found = json.loads(reply.text)
    suite.require("data-extension-response", found)
    assert is_open(reply)
    assert [meta["id"] for meta in found["meta"]] == [p["id"] for p in proposal["properties"]]
    assert list(found["rows"]) == asked["ids"]
    assert all(values == [] for values in found["rows"]["nobody"].values())


def test_every_type_of_ours_is_suggested_and_answers(suite: Suite, client: Client, root: Path) -> None:
    first = client.read("/suggest/type", limit="100")["result"]
    assert {"initiative", "organisation", "code", "country", "ict-role", "policy-area"} <= {one["id"] for one in first}
    lists = [one for one in first if one.get("broader")]
    assert len(lists) == len(list((root / "ontology" / "codelists").glob("*.ttl"))) > 60
    names = client.read("/suggest/entity", prefix="", type="ict-role")
    suite.require("suggest-entities-response", names)


@pytest.mark.parametrize("path", ["", "/suggest/entity?prefix=a", "/properties", "/nothing-here", "/preview?id=none"])
def test_pages_of_any_origin_may_ask(client: Client, path: str) -> None:
    """The first rule of the test bench, for errors too: else a page could not read them."""
    reply = client.server.ask("GET", f"/reconcile{path}", {"Origin": "https://bench.example"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    preflight = client.server.ask("OPTIONS", f"/reconcile{path}", {"Origin": "https://bench.example"})
    assert (preflight.status, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, POST, OPTIONS")


def test_a_page_of_any_origin_may_post(client: Client) -> None:
    headers = {"Origin": "https://bench.example", "Sec-Fetch-Site": "cross-site"}
    assert is_open(client.post("/reconcile", headers, queries={"q0": {"query": "Denmark"}}))
    assert is_open(client.post("/reconcile/de", headers, queries={"q0": {"query": "Denmark"}}))
