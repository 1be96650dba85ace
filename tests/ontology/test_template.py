"""The template as data: whatever it names exists, and it agrees with the shapes and the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pyoxigraph import Store

from iesi_kg import assets
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists

from .conftest import load, rows

TEMPLATE = json.loads(assets.text("ontology/template.json"))
COLUMNS: dict[str, dict[str, Any]] = {column["name"]: column for column in TEMPLATE["tableSchema"]["columns"]}
NODES: dict[str, dict[str, Any]] = {node["iesi:name"]: node for node in TEMPLATE["iesi:nodes"]}

# Column names fixed by the first issue.
FIXED = """name country start_year website governance_level service_areas ict_potential integration_level target_groups
    lead_organisation lead_org_type technologies sip_objectives source_url identifier"""
GROUPS = {
    "partners": ["partner_organisations", "partner_roles", "partner_types", "partner_countries"],
    "outcomes": ["outcome", "outcome_source_url", "evaluation_method"],
    "sources": [f"source_{part}" for part in ("url", "title", "publisher", "locator", "read", "check")],
}


def test_the_columns_are_those_that_were_agreed() -> None:
    assert len(COLUMNS) == len(TEMPLATE["tableSchema"]["columns"]) == 48
    assert set(FIXED.split()) <= set(COLUMNS)
    required = [name for name, column in COLUMNS.items() if column.get("required")]
    assert required == ["name", "country", "service_areas", "source_url"]


def test_every_column_helps_the_person_who_fills_it() -> None:
    titles = [column["titles"]["en"] for column in COLUMNS.values()]
    assert len(set(titles)) == len(titles)
    for name, column in COLUMNS.items():
        assert column["titles"]["und"] == name
        assert column["dc:description"].endswith("."), name
        assert len(column["titles"]["en"]) <= 40, name


def test_no_header_means_two_columns() -> None:
    seen: dict[str, str] = {}
    for name, column in COLUMNS.items():
        for title in column["titles"].values():
            assert seen.setdefault(title.casefold(), name) == name


def test_every_code_list_exists() -> None:
    assert {column["iesi:codeList"] for column in COLUMNS.values() if "iesi:codeList" in column} <= set(
        CodeLists.load().schemes
    )


def test_every_default_is_a_code() -> None:
    lists = CodeLists.load()
    for column in COLUMNS.values():
        assert "default" not in column or lists.resolve(column["iesi:codeList"], column["default"])


def test_groups_hold_together() -> None:
    found: dict[str, list[str]] = {}
    for name, column in COLUMNS.items():
        if group := column.get("iesi:group"):
            found.setdefault(group, []).append(name)
            assert column["separator"] == "|"
            assert NODES[column["iesi:node"]]["iesi:group"] == group
    assert found == GROUPS


def test_whatever_a_node_names_exists() -> None:
    for name, node in NODES.items():
        assert callable(getattr(iris, node["iesi:mint"])), name
        named = [*node.get("iesi:key", []), *node.get("iesi:when", [])]
        for statement in node.get("iesi:statements", []):
            assert len({"iesi:to", "iesi:value", "iesi:propertyOf"} & set(statement)) == 1
            assert set(statement.get("iesi:to", [])) <= set(NODES)
            named += statement.get("iesi:propertyOf", [])
        assert set(named) <= set(COLUMNS), name
        assert ("{position}" in node.get("iesi:fragment", "")) == (
            node["iesi:mint"] == "fragment" and "iesi:group" in node
        )
    assert {column.get("iesi:node", "initiative") for column in COLUMNS.values()} <= set(NODES)
    assert {column["iesi:defaultFrom"] for column in COLUMNS.values() if "iesi:defaultFrom" in column} <= set(COLUMNS)


def test_a_constant_value_is_a_code() -> None:
    values = [s["iesi:value"] for node in NODES.values() for s in node.get("iesi:statements", []) if "iesi:value" in s]
    assert values == [iris.concept("participation-role", "lead").value]


def test_every_key_is_documented(root: Path) -> None:
    text = (root / "docs/reference/template-mapping.md").read_text()
    keys = set(re.findall(r'"(iesi:\w+)":', assets.text("ontology/template.json")))
    assert len(keys) >= 14
    assert {key for key in keys if f"`{key}`" not in text} == set()


def test_every_property_and_class_is_declared(ontology: Store) -> None:
    declared = {row[0] for row in rows(ontology, "SELECT ?t WHERE { ?t a ?kind }")}
    used = {column["propertyUrl"] for column in COLUMNS.values() if "propertyUrl" in column}
    for node in NODES.values():
        used |= {*node["iesi:type"], *(statement["iesi:property"] for statement in node.get("iesi:statements", []))}
    assert used - declared == set()


def test_a_shape_names_the_column_that_makes_what_it_looks_at() -> None:
    shapes = load(*assets.names("shapes", ".ttl"))
    query = """PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
      SELECT ?code ?column ?path WHERE { ?s iesi:code ?code ; iesi:column ?column ; sh:path ?path
                                          FILTER (ISIRI(?path)) }"""
    made = {name: column.get("propertyUrl") for name, column in COLUMNS.items()}
    linked = {s["iesi:property"] for node in NODES.values() for s in node.get("iesi:statements", [])}
    astray = {code for code, column, path in rows(shapes, query) if made[column] != path and path not in linked}
    assert astray == {"end-before-start", "end-date-before-start-date"}, "these name the later of two columns"
    named = {row[0] for row in rows(shapes, "SELECT ?c WHERE { ?s <https://w3id.org/iesi-kg/ontology#column> ?c }")}
    assert named <= set(COLUMNS)
