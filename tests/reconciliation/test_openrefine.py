"""A walk through OpenRefine: requests by members, parameters, headers and order as its version 3.6.2 sent them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from reconciliation_suite import Client

SERVER = {"User-Agent": "OpenRefine/3.6.2 [62de008]"}
PAGE = {"Origin": "http://127.0.0.1:3333", "Accept": "application/json, text/javascript, */*; q=0.01"}
SCHEMA = "&spell=always&exact=false&scoring=schema&prefixed=true"
ENTITY = "&spell=always&exact=false&prefixed=true"  # no `type` where a match is searched for


def test_from_adding_the_service_to_a_column_of_values(client: Client) -> None:
    # "Add standard service": the page of OpenRefine reads the manifest across origins.
    manifest = json.loads(client.server.ask("GET", "/reconcile", PAGE).text)
    assert manifest["versions"] == ["0.2"]

    # "Start reconciling": ten cells are sent to guess types from their first three candidates.
    cells = ["Vincles BCN", "Care about Care", "la bonne boite", "Early help profiling", "Youth guarantee support"]
    guesses = post(client, {f"q{n}": {"query": cell, "limit": 3} for n, cell in enumerate(cells)})
    types = [candidate["type"][0]["id"] for result in guesses.values() for candidate in result["result"][:1]]
    assert max(set(types), key=types.count) == "initiative"

    # The proposal of columns as properties is completed by the suggest service.
    at = manifest["suggest"]["property"]
    found = client.server.ask("GET", f"{at['service_path']}?prefix=coun{SCHEMA}&type=initiative", PAGE)
    assert json.loads(found.text)["result"][0]["id"] == "country"
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    found = client.server.ask("GET", at["flyout_service_path"].replace("${id}", "country"), PAGE)
    assert "<strong>Country</strong>" in json.loads(found.text)["html"]

    # The run: ten queries at once, with the type chosen and the columns that were mapped.
    run = post(
        client,
        {
            f"q{n}": {
                "query": cell,
                "type": "initiative",
                "properties": [{"pid": "country", "v": country}],
                "type_strict": "should",
            }
            for n, (cell, country) in enumerate([("Vincles", "Spain"), ("SMart", "Belgium"), ("SMart", "Portugal")])
        },
    )
    best = [result["result"][0] for result in run.values()]
    assert [(found["id"], found["match"]) for found in best] == [
        ("initiative:vincles-bcn", True),
        ("initiative:smart", True),
        ("initiative:smart", False),
    ]

    # "Search for match" in a cell, with the flyout of what is pointed at.
    at = manifest["suggest"]["entity"]
    found = client.server.ask("GET", f"{at['service_path']}?prefix=smart{ENTITY}", PAGE)
    assert json.loads(found.text)["result"][0]["id"] == "initiative:smart"
    shown = client.server.ask("GET", at["flyout_service_path"].replace("${id}", "initiative%3Asmart"), PAGE)
    assert json.loads(shown.text)["id"] == "initiative:smart"

    # Pointing at a candidate: the preview in a frame on the page of OpenRefine.
    at = urlsplit(manifest["preview"]["url"].replace("{{id}}", "initiative:smart"))
    shown = client.server.ask("GET", f"{at.path}?{at.query}", {})
    assert "<h1>SMart</h1>" in shown.text
    assert "X-Frame-Options" not in shown.headers
    assert "frame-ancestors" not in shown.headers["Content-Security-Policy"]

    # "Add columns from reconciled values": properties are proposed, then fetched by ten ids.
    at = manifest["extend"]["propose_properties"]
    proposed = json.loads(client.server.ask("GET", f"{at['service_path']}?type=initiative", PAGE).text)
    assert [one["id"] for one in proposed["properties"][:3]] == ["country", "place", "start_year"]
    asked: dict[str, Any] = {
        "ids": ["initiative:vincles-bcn", "initiative:smart"],
        "properties": [
            {"id": "country"},
            {"id": "start_year"},
            {"id": "status", "settings": {"limit": "1", "content": "label"}},
            {"id": "target_groups", "settings": {"limit": "1", "content": "id"}},
        ],
    }
    extended = json.loads(client.post("/reconcile", SERVER, extend=asked).text)
    assert extended["meta"][0] == {"id": "country", "name": "Country", "type": {"id": "country", "name": "Country"}}
    assert extended["rows"]["initiative:vincles-bcn"] == {
        "country": [{"id": "country:ES", "name": "Spain"}],
        "start_year": [{"int": 2017}],
        "status": [{"str": "running"}],
        "target_groups": [{"str": "target-group:deaf-hard-of-hearing"}],
    }


def test_a_column_picked_as_property_by_its_title(client: Client) -> None:
    # With Enter and no arrow key, the page puts the title into the field and the server sends that.
    facts = [{"pid": "Country", "v": "Spain"}, {"pid": "Start year", "v": "2017"}]
    told = [{"pid": "country", "v": "Spain"}, {"pid": "start_year", "v": "2017"}]
    asked = {"query": "Vincles BCN", "type_strict": "should"}
    found = post(
        client,
        {
            "q0": {**asked, "type": "Initiative", "properties": facts},
            "q1": {**asked, "type": "initiative", "properties": told},
        },
    )
    assert found["q0"] == found["q1"]
    assert found["q0"]["result"][0]["match"] is True


def test_a_column_reconciled_before_is_sent_as_ids_with_names(client: Client) -> None:
    spain = {"name": "Spain", "id": "country:ES"}
    asked = {"query": "Vincles", "type": "initiative", "type_strict": "should"}
    found = post(client, {"q0": {**asked, "properties": [{"pid": "country", "v": spain}]}})
    assert [one["id"] for one in found["q0"]["result"] if one["match"]] == ["initiative:vincles-bcn"]


def test_search_for_match_puts_the_likest_first(client: Client) -> None:
    # The page sends the whole text of the cell, of which no name has every word.
    cell = quote("Debt relief chat bot (Rotterdam)")
    found = client.server.ask("GET", f"/reconcile/suggest/entity?prefix={cell}{ENTITY}", PAGE)
    assert json.loads(found.text)["result"][0]["id"] == "initiative:debt-relief-chatbot-rotterdam"


@pytest.mark.parametrize(
    "id_",
    [
        "initiative:vincles-bcn",
        "initiative/vincles-bcn",
        "/id/initiative/vincles-bcn",
        "https://w3id.org/iesi-kg/id/initiative/vincles-bcn",
    ],
)
def test_use_values_as_identifiers(client: Client, id_: str) -> None:
    # Of an IRI, OpenRefine takes off the identifier space of the manifest.
    asked = {"ids": [id_], "properties": [{"id": "start_year"}]}
    assert json.loads(client.post("/reconcile", SERVER, extend=asked).text)["rows"] == {
        id_: {"start_year": [{"int": 2017}]}
    }


def post(client: Client, queries: dict[str, Any]) -> dict[str, Any]:
    reply = client.post("/reconcile", SERVER, queries=queries)
    assert reply.status == 200, reply.text
    found: dict[str, Any] = json.loads(reply.text)
    return found
