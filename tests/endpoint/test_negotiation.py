"""Accept headers against forms (RFC 9110 section 12.5.1), twelve of them as the Oxigraph server tests them."""

from __future__ import annotations

import pytest

from iesi_kg.endpoint.negotiation import accepts_gzip, choose, names_rdf, prefers_html
from iesi_kg.errors import NotAcceptable, RequestError
from iesi_kg.records import Form

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("form", "accept", "short"),
    [
        (Form.SOLUTIONS, None, "json"),
        (Form.SOLUTIONS, "", "json"),
        (Form.SOLUTIONS, "*/*", "json"),
        (Form.SOLUTIONS, "text/*", "csv"),
        (Form.SOLUTIONS, "application/*", "json"),
        (Form.SOLUTIONS, "text/csv;q=0.5, text/tab-separated-values;q=0.6", "tsv"),
        (Form.SOLUTIONS, "application/sparql-results+json;q=0, */*;q=0.1", "xml"),
        (Form.SOLUTIONS, "application/json", "json"),
        (Form.SOLUTIONS, "application/xml, */*;q=0.1", "xml"),
        (Form.SOLUTIONS, "application/sparql-results+xml; charset=utf-8", "xml"),
        (Form.SOLUTIONS, "TEXT/CSV ; Q=1.0", "csv"),
        (Form.SOLUTIONS, "text/csv;q=0.1, application/sparql-results+xml;q=0.9, image/png", "xml"),
        (Form.BOOLEAN, "text/csv", "csv"),
        (Form.GRAPH, None, "ttl"),
        (Form.GRAPH, "application/rdf+xml", "rdf"),
        (Form.GRAPH, "application/sparql-results+json, application/ld+json;q=0.2", "jsonld"),
        (Form.GRAPH, "application/n-triples, text/turtle", "ttl"),
        (Form.GRAPH, "application/json", "jsonld"),
        (Form.GRAPH, "text/*;q=0.3, application/n-triples;q=0.4", "nt"),
    ],
)
def test_choice(form: Form, accept: str | None, short: str) -> None:
    assert choose(form, accept).short == short


@pytest.mark.parametrize(
    ("form", "accept"),
    [
        (Form.SOLUTIONS, "image/png"),
        (Form.SOLUTIONS, "text/turtle"),
        (Form.SOLUTIONS, "*/*;q=0"),
        (Form.SOLUTIONS, "text/csv;q=0"),
        (Form.SOLUTIONS, "text/csv;q=nonsense"),
        (Form.GRAPH, "text/csv, application/sparql-results+json"),
    ],
)
def test_not_acceptable_names_what_there_is(form: Form, accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        choose(form, accept)
    available = caught.value.members["available"]
    assert isinstance(available, list)
    assert ("text/turtle" in available) == (form is Form.GRAPH)


@pytest.mark.parametrize(
    ("form", "shorts", "expected"),
    [
        (Form.SOLUTIONS, ("csv",), "csv"),
        (Form.SOLUTIONS, ("application/sparql-results+xml",), "xml"),
        (Form.SOLUTIONS, ("nonsense", "tsv"), "tsv"),
        (Form.GRAPH, ("xml",), "rdf"),
        (Form.GRAPH, ("json",), "jsonld"),
        (Form.GRAPH, ("turtle",), "ttl"),
        (Form.GRAPH, ("json-ld",), "jsonld"),
    ],
)
def test_format_outweighs_accept(form: Form, shorts: tuple[str, ...], expected: str) -> None:
    assert choose(form, "image/png", shorts).short == expected


def test_format_errors() -> None:
    with pytest.raises(NotAcceptable, match="cannot carry the graph"):
        choose(Form.GRAPH, None, ("csv",))
    with pytest.raises(RequestError, match="unknown format 'banana'"):
        choose(Form.SOLUTIONS, None, ("banana",))


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.5, text/turtle", False),
        ("text/turtle, text/html;q=0.5", False),
        ("text/html;q=0", False),
        ("*/*", False),
        (None, False),
        ("application/sparql-results+json, text/html;q=0.1", False),
    ],
)
def test_who_prefers_html(accept: str | None, html: bool) -> None:
    assert prefers_html(accept) is html


def test_who_names_rdf() -> None:
    assert names_rdf("text/turtle")
    assert names_rdf("application/rdf+xml;q=0.2, */*;q=0.1")
    assert not names_rdf("*/*")
    assert not names_rdf("application/json")
    assert not names_rdf("text/turtle;q=0")


def test_gzip() -> None:
    assert accepts_gzip("gzip, deflate, br")
    assert accepts_gzip("*")
    assert not accepts_gzip("gzip;q=0, *")
    assert not accepts_gzip("br")
    assert not accepts_gzip(None)
