"""What is known of each product, and how the address of a store is read."""

from __future__ import annotations

import pytest

from iesi_kg.errors import UsageError
from iesi_kg.store.remote import profiles
from iesi_kg.store.remote.profiles import AUTHENTICATION, locate, profile

TESTED = {"iesi-kg", "oxigraph", "virtuoso"}


def test_the_products_and_which_of_them_are_run_here() -> None:
    others = {"fuseki", "generic", "graphdb", "neptune", "qlever", "stardog", "virtuoso-cluster"}
    assert set(profiles.names()) == TESTED | others
    assert {name for name in profiles.names() if profile(name).tested} == TESTED


@pytest.mark.parametrize("name", profiles.names())
def test_a_profile_says_what_it_may_say(name: str) -> None:
    found = profile(name)
    assert found.name == name and found.title and found.remarks and found.source.startswith("https://")
    assert found.authentication in AUTHENTICATION
    assert found.default_graph in ("real", "named")
    assert found.transaction in ("request", "operation", "none")
    assert found.query_method in ("form", "get", "direct") and found.update_method in ("form", "direct")
    assert found.timeout_unit in ("s", "ms", "text")
    assert all(
        path is None or not path or path.startswith("/") for path in (found.query, found.update, found.graph_store)
    )


@pytest.mark.parametrize(
    ("address", "query", "update", "graphs"),
    [
        ("sparql+http://h:8890/sparql?profile=virtuoso", "http://h:8890/sparql", "http://h:8890/sparql-auth",
         "http://h:8890/sparql-graph-crud-auth"),
        ("sparql+https://h/virtuoso/sparql?profile=virtuoso", "https://h/virtuoso/sparql",
         "https://h/virtuoso/sparql-auth", "https://h/virtuoso/sparql-graph-crud-auth"),
        ("sparql+http://h:7878?profile=oxigraph", "http://h:7878/query", "http://h:7878/update", "http://h:7878/store"),
        ("sparql+http://h:7878/query?profile=oxigraph", "http://h:7878/query", "http://h:7878/update",
         "http://h:7878/store"),
        ("sparql+http://h:3030/ds?profile=fuseki", "http://h:3030/ds/query", "http://h:3030/ds/update",
         "http://h:3030/ds/data"),
        ("sparql+http://h:7200/repositories/r?profile=graphdb", "http://h:7200/repositories/r",
         "http://h:7200/repositories/r/statements", "http://h:7200/repositories/r/rdf-graphs/service"),
        ("sparql+http://h/s?profile=generic", "http://h/s", "http://h/s", None),
        ("sparql+http://h/s?profile=generic&update=/u&graphs=/g", "http://h/s", "http://h/u", "http://h/g"),
    ],
)  # fmt: skip
def test_an_address_names_three(address: str, query: str, update: str, graphs: str | None) -> None:
    where = locate(address)
    assert (where.query, where.update, where.graph_store) == (query, update, graphs)


def test_an_address_may_say_how_the_account_is_shown() -> None:
    assert locate("sparql+http://h/sparql?profile=virtuoso&authentication=basic").profile.authentication == "basic"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sparql+http://h/sparql", "does not say of which product"),
        ("sparql+http://h/sparql?profile=virtuso", "no product is called 'virtuso'; is virtuoso meant?"),
        ("sparql+http://h/sparql?profile=../../peers", "no product is called"),
        ("sparql+ftp://h/sparql?profile=generic", "not written as sparql+http"),
        ("http://h/sparql?profile=generic", "not written as sparql+http"),
        ("sparql+http:///sparql?profile=generic", "not written as sparql+http"),
        ("sparql+http://h:port/sparql?profile=generic", "host or port cannot be read"),
        ("sparql+http://h/sparql?profile=generic#x", "holds a fragment"),
        ("sparql+http://h/sparql?profile=generic&graph=/g", "the parameter 'graph' is not known"),
        ("sparql+http://h/sparql?profile=generic&update=http://other/", "is not a path that begins with /"),
        ("sparql+http://h/sparql?profile=generic&authentication=ntlm", "authentication is one of"),
    ],
)
def test_an_address_that_is_none(address: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        locate(address)
    assert words in str(caught.value) and caught.value.hint


def test_an_account_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        locate("sparql+http://dba:n0t-for-1ogs@h:8890/sparql?profile=virtuoso")
    assert "n0t-for-1ogs" not in f"{caught.value} {caught.value.hint}"
    assert "h:8890" in str(caught.value) and "IESI_KG_STORE_PASSWORD" in str(caught.value.hint)
