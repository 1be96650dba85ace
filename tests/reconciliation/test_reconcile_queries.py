"""What clients send: the examples of the standard, and everything that is no query."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reconciliation_suite import Suite

from iesi_kg.errors import RequestError, RequestTooLarge
from iesi_kg.linking import reconciliation_queries as queries
from iesi_kg.linking.reconciliation_queries import MOST, Named, Query


def test_the_valid_batches_of_the_standard_are_read(suite: Suite) -> None:
    read = {name: queries.batch(queries.loads(text, "it"), 10) for name, text in valid(suite, "query-batch")}
    assert len(read) == 4
    assert read["example-min.json"]["q1"] == Query("Hans-Eberhard Urbaniak")
    assert read["example-full.json"]["q0"] == Query(
        "Christel Hanewinckel",
        ("DifferentiatedPerson",),
        5,
        (("professionOrOccupation", ("Politik*",)), ("affiliation", ("http://d-nb.info/gnd/2022139-3",))),
    )
    (values,) = read["multi-values.json"]["q0"].properties
    assert values[1] == ("Politik*", Named("wissenschaftler", "Wissenschaftler(in)"))
    assert read["no-query-string.json"]["q1"] == Query("", properties=(("uid", ("27eb892afbb2",)),))


def valid(suite: Suite, name: str) -> list[tuple[str, str]]:
    return list(suite.examples(f"reconciliation-{name}", "valid"))


def test_the_invalid_batches_of_the_standard_are_refused_with_the_query(suite: Suite) -> None:
    told = {}
    for name, text in suite.examples("reconciliation-query-batch", "invalid"):
        assert not suite.allows("reconciliation-query-batch", json.loads(text))
        with pytest.raises(RequestError) as refused:
            queries.batch(queries.loads(text, "it"), 10)
        told[name] = refused.value.detail
    assert told == {
        "empty-properties.json": "the query 'q1' has neither `query` nor `properties`",
        "empty-query.json": "the query 'q1' has neither `query` nor `properties`",
        "misnamed-property.json": "the query 'q0' has a member 'props', which no query has; did you mean 'properties'?",
    }


def test_the_extension_queries_of_the_standard_are_read(suite: Suite) -> None:
    read = {
        name: queries.wanted(json.loads(text), 10) for name, text in suite.examples("data-extension-query", "valid")
    }
    assert set(read) == {"example-full.json", "example-min.json"}
    assert read["example-full.json"].properties[1] == ("geographicAreaCode", {"limit": "1", "content": "id"})


NO_QUERY: dict[str, Any] = {
    "a list": [],
    "a text as a query": {"q0": "telecare"},
    "a number as text": {"q0": {"query": 7}},
    "no limit": {"q0": {"query": "a", "limit": 0}},
    "a broken limit": {"q0": {"query": "a", "limit": 1.5}},
    "an endless limit": {"q0": {"query": "a", "limit": float("inf")}},
    "true as a limit": {"q0": {"query": "a", "limit": True}},
    "a number as type": {"q0": {"query": "a", "type": 5}},
    "another strictness": {"q0": {"query": "a", "type_strict": "some"}},
    "properties by name": {"q0": {"properties": {"country": "DK"}}},
    "a property without a value": {"q0": {"properties": [{"pid": "country"}]}},
    "a property without an id": {"q0": {"properties": [{"v": "DK"}]}},
    "a value that is none": {"q0": {"properties": [{"pid": "country", "v": None}]}},
    "a value without an id": {"q0": {"properties": [{"pid": "country", "v": {"name": "Denmark"}}]}},
}


@pytest.mark.parametrize("name", NO_QUERY)
def test_what_is_no_query_is_refused(name: str) -> None:
    with pytest.raises(RequestError):
        queries.batch(NO_QUERY[name], 10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"q0": {"query": "a"}', "line 1 column 22"),
        ('{"q0": {"query": "a"},\n "q0": {"query": "b"}}', "the name 'q0' comes twice"),
        ('{"q0": {"query": "a", "limit": NaN}}', "NaN is no number"),
        ("[" * 100_000, "nested too deep"),
    ],
    ids=["cut", "twice", "not a number", "deep"],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        queries.loads(text, "`queries`")


def test_ten_thousand_queries_are_refused_with_the_limit() -> None:
    with pytest.raises(RequestTooLarge) as refused:
        queries.batch({f"q{n}": {"query": "a"} for n in range(10_000)}, 100)
    assert refused.value.detail == "10,000 queries in one request; at most 100 are answered"
    assert (refused.value.status, refused.value.members["maximum"]) == (413, 100)


@pytest.mark.parametrize("part", ["properties", "values", "ids"])
def test_what_one_query_holds_is_bounded(part: str) -> None:
    many = {
        "properties": lambda: queries.batch({"q": {"properties": [{"pid": "country", "v": "DK"}] * 51}}, 10),
        "values": lambda: queries.batch({"q": {"properties": [{"pid": "country", "v": ["DK"] * 51}]}}, 10),
        "ids": lambda: queries.wanted({"ids": ["a"] * 11, "properties": []}, 10),
    }
    with pytest.raises(RequestTooLarge):
        many[part]()


def test_texts_are_cut_and_limits_lowered() -> None:
    read = queries.batch({"q": {"query": "\ud800" + "a" * 9_000, "limit": 9_000}}, 10)["q"]
    assert (read.limit, len(read.text), read.text[:2]) == (MOST, 500, "?a")


NO_EXTENSION: dict[str, object] = {
    "list": [],
    "ids as text": {"ids": "a", "properties": []},
    "number as id": {"ids": [1], "properties": []},
    "no properties": {"ids": []},
    "nameless property": {"ids": [], "properties": [{}]},
}


@pytest.mark.parametrize("name", NO_EXTENSION)
def test_what_asks_for_no_values_is_refused(name: str) -> None:
    with pytest.raises(RequestError):
        queries.wanted(NO_EXTENSION[name], 10)
