from __future__ import annotations

import doctest
import hashlib
import re
from datetime import date

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.vocabulary import codelists, iris

BASE = "https://w3id.org/iesi-kg/"


@pytest.mark.parametrize("module", [iris, codelists])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Vincles BCN", "vincles-bcn"),
        ("vincles-bcn", "vincles-bcn"),
        ("  E-CARE / ACTION ", "e-care-action"),
        ("Señora Ñandú", "senora-nandu"),
        ("Łódź", "lodz"),
        ("Ørsted Æbler", "orsted-aebler"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ţară și Școală", "tara-si-scoala"),
        ("Cœur", "coeur"),
        ("Ψηφιακή", "psifiaki"),
        ("Ђорђе", "djordje"),
        ("Київ", "kiiv"),
        ("R&D", "r-and-d"),
        ("a\u200bb", "ab"),
    ],
)
def test_a_slug_is_readable_ascii(text: str, name: str) -> None:
    assert iris.slug(text) == name


@pytest.mark.parametrize("text", ["東京", "!!!", ""])
def test_what_cannot_be_written_in_ascii_gets_a_digest(text: str) -> None:
    assert iris.slug(text) == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_two_long_names_that_begin_alike_stay_two() -> None:
    first, second = iris.slug("x" * 100 + "a"), iris.slug("x" * 100 + "b")
    assert first != second
    assert len(first) <= 87


def test_a_slug_is_its_own_slug() -> None:
    long = iris.slug("An initiative " * 20)
    assert iris.slug("vincles-bcn") == "vincles-bcn"
    assert iris.slug(iris.slug("Ørsted")) == "orsted"
    assert not long.endswith("-") and "--" not in long


def test_things_are_minted_by_kind() -> None:
    x = iris.initiative("Vincles BCN")
    assert x.value == f"{BASE}id/initiative/vincles-bcn"
    assert iris.fragment(x, "partner-2").value == f"{BASE}id/initiative/vincles-bcn#partner-2"
    assert iris.organisation("City", "ES").value == f"{BASE}id/organisation/city-es"
    assert iris.organisation("City").value == f"{BASE}id/organisation/city"
    assert iris.agent("A. Coder").value == f"{BASE}id/agent/a-coder"
    assert iris.concept("country", "ES").value == f"{BASE}codes/country/ES"
    assert iris.scheme("country").value == f"{BASE}codes/country"


def test_a_document_is_known_by_its_whole_address() -> None:
    url = "https://www.example.org/a?b=c"
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    assert iris.document(url).value == f"{BASE}id/document/example-org-{digest}"
    assert iris.document(f" {url} ") == iris.document(url)
    assert iris.document(url + "#d") != iris.document(url)


def test_an_address_that_cannot_be_split_still_has_a_document() -> None:
    assert iris.document("http://[broken").value.startswith(f"{BASE}id/document/")


def test_a_submission_has_its_graph() -> None:
    activity = iris.submission(date(2026, 11, 22), "0123456789abcdef")
    assert activity.value == f"{BASE}id/submission/2026-11-22-0123456789ab"
    assert iris.submission_graph(activity).value == f"{BASE}graph/submission/2026-11-22-0123456789ab"


@pytest.mark.parametrize(
    ("iri", "path"),
    [
        (f"{BASE}id/initiative/x", "/id/initiative/x"),
        (f"{BASE}codes/country/ES", "/codes/country/ES"),
        (f"{BASE}ontology#Initiative", "/ontology#Initiative"),
        (f"{BASE}ontology", "/ontology"),
    ],
)
def test_our_addresses_are_answered_under_a_path_and_back(iri: str, path: str) -> None:
    assert iris.local_path(iri) == path
    assert iris.from_path(path).value == iri


def test_the_addresses_of_others_have_no_path() -> None:
    assert iris.local_path("https://w3id.org/iesi-kgx/id/a") is None
    assert iris.local_path("http://data.europa.eu/nuts/code/ES511") is None


def test_a_deployment_may_have_a_base_of_its_own() -> None:
    assert (
        iris.local_path("https://data.example.org/id/initiative/x", "https://data.example.org/") == "/id/initiative/x"
    )
    assert (
        iris.from_path("/id/initiative/x", "https://data.example.org/").value
        == "https://data.example.org/id/initiative/x"
    )


def test_a_judgement_is_named_by_what_who_and_when() -> None:
    assert iris.judgement("welfare", "IE", "Minas et al.", "2014").value.endswith(
        "/id/judgement/welfare-ie-minas-et-al-2014"
    )
    assert iris.judgement("welfare", "IE", "Minas et al.", "2015") != iris.judgement(
        "welfare", "IE", "Minas et al.", "2014"
    )


def test_a_statement_has_one_address_wherever_it_is_made() -> None:
    def made(value: str) -> str:
        return iris.statement(
            Triple(iris.initiative("x"), NamedNode("https://schema.org/startDate"), Literal(value))
        ).value

    assert made("2013") == made("2013") != made("2014")
    assert re.fullmatch(r"https://w3id\.org/iesi-kg/id/statement/[0-9a-f]{16}", made("2013"))
