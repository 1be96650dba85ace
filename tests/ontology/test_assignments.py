"""Welfare clusters as statements: who is where by whom, and that the contested ones stand beside one another."""

from __future__ import annotations

import pytest
from pyoxigraph import Store

from iesi_kg import assets
from iesi_kg.vocabulary import iris

from .conftest import load, rows

PREFIXES = """
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX iesi: <https://w3id.org/iesi-kg/ontology#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
FILES = [*assets.names("ontology/assignments", ".ttl"), *assets.names("ontology/codelists", ".ttl")]
CLUSTERS = {
    "nordic": "DK FI SE",
    "continental": "AT BE DE FR LU NL",
    "anglo-saxon": "GB IE",
    "southern": "CY ES GR IT MT PT",
    "eastern": "BG CZ EE HR HU LT LV PL RO SI SK",
}


@pytest.fixture(scope="module")
def stated() -> list[tuple[str, ...]]:
    """Rows of address, country, cluster, author, year, review status."""
    store: Store = load(*FILES)
    query = """SELECT ?x ?country ?cluster ?author ?year ?review WHERE {
      ?x iesi:assignedCountry/skos:notation ?country ; iesi:welfareCluster/skos:notation ?cluster ;
         prov:wasAttributedTo/foaf:name ?author ; iesi:validYear ?year ; iesi:reviewStatus/skos:notation ?review }"""
    return rows(store, PREFIXES + query)


def test_the_reconstruction_covers_the_union_of_28_once(stated: list[tuple[str, ...]]) -> None:
    ours = [row for row in stated if row[3] == "iesi-kg project"]
    found = {name: " ".join(sorted(row[1] for row in ours if row[2] == name)) for name in CLUSTERS}
    assert found == CLUSTERS
    assert len(ours) == 28


def test_the_contested_countries_stand_in_two_clusters_and_are_disputed(stated: list[tuple[str, ...]]) -> None:
    contested = {row[1:4] for row in stated if row[5] == "disputed"}
    assert contested == {
        ("NL", "continental", "iesi-kg project"), ("NL", "nordic", "authors not identified"),
        ("IE", "anglo-saxon", "iesi-kg project"), ("IE", "southern", "Minas et al."),
    }  # fmt: skip


def test_each_statement_has_the_address_that_is_minted_for_it(stated: list[tuple[str, ...]]) -> None:
    for address, country, _, author, year, _ in stated:
        assert address == iris.judgement("welfare", country, author, year).value
