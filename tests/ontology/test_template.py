"""The template as data: whatever it names exists, and it agrees with the shapes and the documentation."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from pyoxigraph import Store

from iesi_kg import assets
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.namespaces import RDF
from iesi_kg.vocabulary.uses import uses

from .conftest import load, rows

TEMPLATE = json.loads(assets.text("ontology/template.json"))
COLUMNS: dict[str, dict[str, Any]] = {column["name"]: column for column in TEMPLATE["tableSchema"]["columns"]}
NODES: dict[str, dict[str, Any]] = {node["iesi:name"]: node for node in TEMPLATE["iesi:nodes"]}

# Column names fixed by the first issue.
STATED = {"iesi:to", "iesi:value", "iesi:propertyOf", "iesi:valueOf", "iesi:valueNamedBy"}
FIXED = """name country start_year website governance_level service_areas ict_potential integration_level target_groups
    lead_organisation lead_org_type technologies sip_objectives source_url identifier"""
# How many columns stand in each aligned group, and the first of them, which the others follow.
GROUPS = {
    "partners": (9, "partner_organisations"),
    "outcomes": (19, "outcome"),
    "sources": (6, "source_url"),
    "involvements": (3, "involved_group"),
    "fundings": (8, "funding_source"),
    "observations": (5, "indicator"),
    "memberships": (6, "membership_edition"),
    "awards": (4, "award_category"),
    "judged": (12, "judged_column"),
    "facts": (4, "fact_column"),
}
PARTS = {
    None: 49, "framework": 22, "people": 13, "funding": 8, "outcomes": 16, "indicators": 5, "map": 10,
    "judgements": 21, "facts": 4,
}  # fmt: skip


def test_the_columns_are_those_that_were_agreed() -> None:
    assert len(COLUMNS) == len(TEMPLATE["tableSchema"]["columns"]) == sum(PARTS.values())
    assert Counter(column.get("iesi:part") for column in COLUMNS.values()) == PARTS
    assert list(COLUMNS)[:49] == [name for name, column in COLUMNS.items() if "iesi:part" not in column]
    assert set(FIXED.split()) <= set(list(COLUMNS)[:49])
    required = [name for name, column in COLUMNS.items() if column.get("required")]
    assert required == ["name", "country", "service_areas", "source_url"]


def test_every_column_helps_the_person_who_fills_it() -> None:
    titles = [column["titles"]["en"] for column in COLUMNS.values()]
    assert len(set(titles)) == len(titles)
    for name, column in COLUMNS.items():
        assert column["titles"]["und"] == name
        help_texts = {text["@language"]: text["@value"] for text in column["dc:description"]}
        assert sorted(help_texts) == ["de", "en", "es", "fr", "it"], name
        assert len(set(help_texts.values())) == 5, name
        assert all(
            text.endswith(".") and (" |" in text or " |" not in help_texts["en"]) for text in help_texts.values()
        ), name
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
    assert {group: (len(names), names[0]) for group, names in found.items()} == GROUPS


def test_whatever_a_node_names_exists() -> None:
    for name, node in NODES.items():
        assert callable(getattr(iris, node["iesi:mint"])), name
        named = [*node.get("iesi:key", []), *node.get("iesi:when", [])]
        for statement in node.get("iesi:statements", []):
            assert len(STATED & set(statement)) == 1
            assert set(statement.get("iesi:to", [])) <= set(NODES)
            named += [*statement.get("iesi:propertyOf", []), *statement.get("iesi:valueOf", [])]
            named += filter(None, [statement.get("iesi:valueNamedBy"), node.get("iesi:reifies")])
        assert set(named) <= set(COLUMNS), name
        assert ("{position}" in node.get("iesi:fragment", "")) == (
            node["iesi:mint"] == "fragment" and "iesi:group" in node
        )
    assert {column.get("iesi:node", "initiative") for column in COLUMNS.values()} <= set(NODES)
    assert {column["iesi:defaultFrom"] for column in COLUMNS.values() if "iesi:defaultFrom" in column} <= set(COLUMNS)


def test_a_constant_value_is_a_code_or_the_data_set_of_all_observations() -> None:
    values = {s["iesi:value"] for node in NODES.values() for s in node.get("iesi:statements", []) if "iesi:value" in s}
    lead, read = iris.concept("participation-role", "lead").value, iris.concept("reading-status", "read").value
    (data_set,) = values - {lead, read}
    assert f"<{data_set}> a qb:DataSet" in assets.text("ontology/observations.ttl")


def test_a_cell_that_names_a_column_has_such_a_column() -> None:
    naming = {name: column["iesi:names"] for name, column in COLUMNS.items() if "iesi:names" in column}
    assert naming == {"judged_column": "code", "fact_column": "column"}
    assert [node["iesi:reifies"] for node in NODES.values() if "iesi:reifies" in node] == ["fact_column"]


def test_every_column_has_its_title_in_five_languages() -> None:
    assert {
        lang for column in COLUMNS.values() for lang in {"en", "fr", "de", "es", "it"} - {*column["titles"]}
    } == set()


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
    assert {iri for iri in used - declared if not iri.startswith(RDF)} == set()


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


def test_each_property_has_a_column_or_a_written_reason(ontology: Store) -> None:
    """A property that no column makes says why; one that a column makes says nothing of the kind."""
    kinds = "VALUES ?kind { owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty }"
    prefix = "PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>"
    ours = "FILTER (STRSTARTS(STR(?term), 'https://w3id.org/iesi-kg/ontology#'))"
    properties = {row[0] for row in rows(ontology, f"{prefix} SELECT ?term WHERE {{ {kinds} ?term a ?kind . {ours} }}")}
    query = f"{prefix} SELECT ?term WHERE {{ ?term skos:editorialNote ?why FILTER (STRSTARTS(?why, 'No column: ')) }}"
    assert len(properties) > 100
    assert {term for term in properties if not uses(term).columns} == {row[0] for row in rows(ontology, query)}
