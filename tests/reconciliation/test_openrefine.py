"""A walk through OpenRefine: the requests it sends, in the shape and order in which it sends them."""

from __future__ import annotations

import json
from typing import Any

from reconciliation_suite import Client

AGENT = {"User-Agent": "OpenRefine/3.8.2 [TRUNK]", "Accept": "*/*"}


def test_from_adding_the_service_to_a_column_of_values(client: Client) -> None:
    # "Add standard service": the page of OpenRefine reads the manifest across origins.
    manifest = json.loads(client.server.ask("GET", "/reconcile", {**AGENT, "Origin": "http://127.0.0.1:3333"}).text)
    assert manifest["versions"] == ["0.2"]

    # "Start reconciling": ten cells are sent to guess types from their first three candidates.
    cells = ["Vincles BCN", "Care about Care", "la bonne boite", "Early help profiling", "Youth guarantee support"]
    guesses = post(client, {f"q{n}": {"query": cell, "limit": 3} for n, cell in enumerate(cells)})
    types = [candidate["type"][0]["id"] for result in guesses.values() for candidate in result["result"][:1]]
    assert max(set(types), key=types.count) == "initiative"

    # The proposal of columns as properties is completed by the suggest service.
    at = manifest["suggest"]["property"]
    found = client.server.ask("GET", f"{at['service_path']}?prefix=coun&type=initiative&callback=jQuery1_2", AGENT)
    assert '"id": "country"' in found.text

    # The run: ten queries at once, with the type chosen and the columns that were mapped.
    run = post(
        client,
        {
            f"q{n}": {
                "query": cell,
                "type": "initiative",
                "type_strict": "should",
                "properties": [{"pid": "country", "v": country}],
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
    found = client.server.ask("GET", f"{at['service_path']}?prefix=smart&type=initiative&type_strict=should", AGENT)
    assert json.loads(found.text)["result"][0]["id"] == "initiative:smart"
    shown = client.server.ask("GET", f"{at['flyout_service_path'].replace('${id}', 'initiative%3Asmart')}", AGENT)
    assert json.loads(shown.text)["id"] == "initiative:smart"

    # "Add columns from reconciled values": properties are proposed, then fetched by ten ids.
    at = manifest["extend"]["propose_properties"]
    proposed = json.loads(client.server.ask("GET", f"{at['service_path']}?type=initiative&limit=10", AGENT).text)
    assert [one["id"] for one in proposed["properties"][:3]] == ["country", "place", "start_year"]
    asked: dict[str, Any] = {
        "ids": ["initiative:vincles-bcn", "initiative:smart"],
        "properties": [
            {"id": "country"},
            {"id": "start_year"},
            {"id": "status", "settings": {"limit": "1", "content": "label"}},
            {"id": "target_groups", "settings": {"limit": 1, "content": "id"}},
        ],
    }
    extended = json.loads(client.post("/reconcile", AGENT, extend=asked).text)
    assert extended["meta"][0] == {"id": "country", "name": "Country", "type": {"id": "country", "name": "Country"}}
    assert extended["rows"]["initiative:vincles-bcn"] == {
        "country": [{"id": "country:ES", "name": "Spain"}],
        "start_year": [{"int": 2017}],
        "status": [{"str": "running"}],
        "target_groups": [{"str": "target-group:deaf-hard-of-hearing"}],
    }


def post(client: Client, queries: dict[str, Any]) -> dict[str, Any]:
    reply = client.post("/reconcile", AGENT, queries=queries)
    assert reply.status == 200, reply.text
    found: dict[str, Any] = json.loads(reply.text)
    return found
