"""Requests by SPARQL 1.1 Protocol section 2.1, in all three ways and in the ways it forbids."""

from __future__ import annotations

from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iesi_kg.endpoint import protocol
from iesi_kg.endpoint.protocol import Query, Update, parse
from iesi_kg.errors import IesiKgError, MethodNotAllowed, QueryRefused, RequestError, UnsupportedMediaType

FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"


def test_get() -> None:
    assert parse("GET", b"query=ASK+%7B%7D&default-graph-uri=http%3A%2F%2Fe%2Fa&default-graph-uri=http://e/b") == Query(
        "ASK {}", ("http://e/a", "http://e/b")
    )


def test_get_without_query() -> None:
    assert parse("GET", b"") is None
    assert parse("HEAD", b"format=ttl") is None


def test_form_decodes_once() -> None:
    # rdflib-endpoint 0.6 decodes twice and then refuses the blank in the IRI.
    query = parse("POST", b"", f"{FORM}; charset=UTF-8", b"query=ASK+%7B%3Chttp%3A%2F%2Fe%2Fa%2520b%3E+%3Fp+%3Fo%7D")
    assert query == Query("ASK {<http://e/a%20b> ?p ?o}")


def test_direct_with_graphs_in_the_address() -> None:
    query = parse("POST", b"named-graph-uri=http://e/g", f"{DIRECT};charset=utf-8", "ASK {?s ?p 'é'}".encode())
    assert query == Query("ASK {?s ?p 'é'}", (), ("http://e/g",))


def test_split_between_form_and_address() -> None:
    assert parse("POST", b"default-graph-uri=http://e/g", FORM, b"query=ASK%7B%7D") == Query("ASK{}", ("http://e/g",))


def test_formats_may_be_repeated() -> None:
    found = parse("GET", b"query=ASK%7B%7D&format=tsv&format=text/tab-separated-values&output=tsv")
    assert found is not None
    assert found.formats == ("tsv", "text/tab-separated-values")


@pytest.mark.parametrize(
    ("method", "address", "kind", "body", "error", "word"),
    [
        ("GET", b"query=ASK%7B%7D&query=ASK%7B%7D", None, b"", RequestError, "2 times"),
        ("POST", b"query=ASK%7B%7D", FORM, b"query=ASK%7B%7D", RequestError, "2 times"),
        ("POST", b"query=ASK%7B%7D", DIRECT, b"ASK {}", RequestError, "twice"),
        ("POST", b"", FORM, b"", RequestError, "no `query` field"),
        ("POST", b"", "text/plain", b"ASK {}", UnsupportedMediaType, "text/plain"),
        ("POST", b"", None, b"ASK {}", UnsupportedMediaType, "without Content-Type"),
        ("POST", b"", DIRECT, b"ASK {?s ?p '\xff'}", RequestError, "byte 12"),
        ("GET", b"query=%FF", None, b"", RequestError, "UTF-8"),
        ("GET", b"query=ASK%7", None, b"", RequestError, "%7"),
        ("GET", b"query=ASK%zz", None, b"", RequestError, "%zz"),
        ("GET", b"query=ASK%7B%7D&default-graph-uri=here", None, b"", RequestError, "absolute IRI"),
        ("GET", b"query=ASK%7B%7D&named-graph-uri=http://e/%3Ex", None, b"", RequestError, "absolute IRI"),
        ("GET", b"update=CLEAR+ALL", None, b"", QueryRefused, "address"),
        ("PUT", b"", None, b"", MethodNotAllowed, "PUT"),
        ("DELETE", b"", None, b"", MethodNotAllowed, "DELETE"),
    ],
)
def test_refused(
    method: str, address: bytes, kind: str | None, body: bytes, error: type[IesiKgError], word: str
) -> None:
    with pytest.raises(error) as caught:
        parse(method, address, kind, body)
    assert word in caught.value.detail


@given(st.binary(max_size=60).filter(lambda data: b"&" not in data))
def test_decoding_is_percent_decoding(data: bytes) -> None:
    """What reads quickly must read like the standard library, for every byte in every place."""
    text = data.decode("latin-1")
    plain = quote(text, safe="=\r\n\t !*'();:@$,/?#[]").encode()
    for encoded in (plain, quote_plus(text).encode(), b"".join(b"%%%02X" % byte for byte in text.encode())):
        pairs = list(protocol.fields(b"query=" + encoded, "the address"))
        assert pairs == [("query", unquote_plus(encoded.decode(), errors="strict"))]


@pytest.mark.parametrize(
    ("address", "kind", "body", "expected"),
    [
        (b"", "application/sparql-update", b"CLEAR ALL", Update("CLEAR ALL")),
        (b"", FORM, b"update=CLEAR+ALL&using-graph-uri=urn:a", Update("CLEAR ALL", ("urn:a",))),
        (
            b"using-graph-uri=urn:a&using-named-graph-uri=urn:b&using-named-graph-uri=urn:c",
            "application/sparql-update; charset=utf-8",
            b"CLEAR ALL",
            Update("CLEAR ALL", ("urn:a",), ("urn:b", "urn:c")),
        ),
    ],
)
def test_update_bindings(address: bytes, kind: str, body: bytes, expected: Update) -> None:
    assert protocol.is_update(kind, body)
    assert protocol.parse_update(address, kind, body) == expected


@pytest.mark.parametrize(
    ("address", "kind", "body", "word"),
    [
        (b"", FORM, b"update=CLEAR+ALL&update=CLEAR+ALL", "2 times"),
        (b"", FORM, b"", "missing"),
        (b"", FORM, b"update=CLEAR+ALL&query=ASK{}", "both"),
        (b"update=CLEAR+ALL", "application/sparql-update", b"CLEAR ALL", "twice"),
        (b"using-graph-uri=here", "application/sparql-update", b"CLEAR ALL", "absolute IRI"),
        (b"", "application/sparql-update", b"\xff", "UTF-8"),
        (b"", "text/plain", b"CLEAR ALL", "text/plain"),
    ],
)
def test_updates_refused(address: bytes, kind: str, body: bytes, word: str) -> None:
    with pytest.raises(RequestError) as caught:
        protocol.parse_update(address, kind, body)
    assert word in caught.value.detail
