"""The page queries over the test graph, against what ``graph.ttl`` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from iesi_kg.analysis import browse
from iesi_kg.analysis.examples import parse
from iesi_kg.errors import NotFound
from iesi_kg.store.base import Reader

ID = "https://w3id.org/iesi-kg/id/"
CODES = "https://w3id.org/iesi-kg/codes/"


def test_the_figures_of_the_landing_page(reader: Reader) -> None:
    figures = browse.rows(reader, "counts")[0]
    assert {name: figures[name] for name in ("initiatives", "countries", "organisations", "sources")} == {
        "initiatives": "3",
        "countries": "3",
        "organisations": "2",
        "sources": "1",
    }
    assert int(figures["triples"]) > 3_000


@pytest.mark.parametrize(
    ("iri", "kind"),
    [
        (ID + "initiative/cafe-numerique", "initiative"),
        (ID + "organisation/lab-ouvert-be", "organisation"),
        (CODES + "policy-area", "scheme"),
        (CODES + "country/FR", "concept"),
        ("https://w3id.org/iesi-kg/ontology", "ontology"),
        ("https://w3id.org/iesi-kg/ontology#Outcome", "term"),
        ("https://w3id.org/iesi-kg/ontology#ictPotential", "term"),
        ("http://data.europa.eu/m8g/role", "term"),
        (ID + "submission/2026-11-22-abcdefabcdef", "submission"),
        (ID + "document/example-org-0123456789ab", None),
    ],
)
def test_each_kind_of_thing_has_its_page(reader: Reader, iri: str, kind: str | None) -> None:
    assert browse.kind(reader, iri) == kind


def test_the_sections_of_an_initiative(reader: Reader) -> None:
    page = browse.sections(reader, "initiative", ID + "initiative/cafe-numerique")
    assert [(row["name"], row["roleLabel"], row["country"]) for row in page["participations"]] == [
        ("Ville d'Essai", "lead", "France"),
        ("Lab Ouvert", "technology provider", "Belgium"),
    ]
    (source,) = page["sources"]
    assert (source["title"], source["locator"], source["date"], source["status"]) == (
        "Five years of the café",
        "p. 4",
        "2026-11-20",
        "read",
    )
    assert [(row["name"], row["date"]) for row in page["coding"]] == [("Tester", "2026-11-21")]
    (record,) = page["record"]
    assert (record["modified"], record["title"], record["by"], record["date"], record["attribution"]) == (
        "2026-11-22",
        "Cafés of the test",
        "Tester",
        "2026-11-22",
        "The testers",
    )
    assert [row["text"] for row in page["outcomes"]] == ["Two in three said they felt less alone."]
    assert {row["title"] for row in page["facts"]} >= {"Also known as", "Country", "Status", "Potential of ICT"}


def test_an_organisation_lists_its_initiatives_and_partners(reader: Reader) -> None:
    page = browse.sections(reader, "organisation", ID + "organisation/lab-ouvert-be")
    assert [row["name"] for row in page["initiatives"]] == ["Café Numérique", "Kinder-Netz"]
    assert [(row["name"], row["shared"]) for row in page["partners"]] == [("Ville d'Essai", "1")]


def test_a_submission_says_what_was_handed_in_and_what_it_rests_on(reader: Reader) -> None:
    page = browse.sections(reader, "submission", ID + "submission/2026-11-22-abcdefabcdef")
    (summary,) = page["summary"]
    assert (summary["file"], summary["digest"], summary["by"]) == ("cafe.csv", "abcdefabcdef0123", "Tester")
    assert [(row["title"], row["publisher"]) for row in page["sources"]] == [("A data set", "The office")]
    assert [row["name"] for row in page["initiatives"]] == ["Café Numérique"]


def test_a_code_list_counts_the_uses_of_its_codes(reader: Reader) -> None:
    uses = {row["code"]: row["uses"] for row in browse.sections(reader, "scheme", CODES + "policy-area")["concepts"]}
    assert len(uses) == 13
    assert (uses["social-inclusion"], uses["childcare"], uses["social-housing"]) == ("2", "1", "0")


def test_a_kind_without_queries_is_not_found(reader: Reader) -> None:
    with pytest.raises(NotFound):
        browse.sections(reader, "unicorn", ID + "initiative/cafe-numerique")


@pytest.mark.parametrize("bad", ["urn:a> . ?s ?p ?o . <urn:b", "urn:a b", 'urn:"', "urn:\\u003E"])
def test_an_iri_that_would_end_its_brackets_is_refused(reader: Reader, bad: str) -> None:
    with pytest.raises(ValueError, match="IRI"):
        browse.rows(reader, "entity/outgoing", bad)


def test_every_page_query_stands_on_its_own(reader: Reader, root: Path) -> None:
    files = sorted((root / "queries" / "pages").rglob("*.rq"))
    assert len(files) > 25
    for path in files:
        assert path.read_text("utf-8").startswith("# "), f"{path} says what it is for"
        reader.select(path.read_text("utf-8"))


def test_an_example_without_header_is_told_by_its_name() -> None:
    example = parse("003-who-leads", "SELECT * { ?s ?p ?o }")
    assert (example.title, example.question, example.keywords) == ("Who leads", "", ())
