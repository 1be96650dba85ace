"""Syntax errors in plain words, at the place of the fault and not where the engine gave up."""

from __future__ import annotations

import pyoxigraph
import pytest

from iesi_kg.endpoint.diagnosis import explain
from iesi_kg.errors import QuerySyntaxError
from iesi_kg.store.evaluation import syntax_error


def explained(text: str) -> QuerySyntaxError:
    """What a client is told when the real engine refuses this text."""
    with pytest.raises(SyntaxError) as caught:
        pyoxigraph.Store().query(text)
    return explain(text, syntax_error(str(caught.value)))


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        ("SELECT ?x WHERE { ?s ?p }", 1, 25, "a variable, an IRI or a value is missing before '}'"),
        ("SELECT * {\n ?s ?p ?o .\n ?s ?p .\n ?a ?b ?c }", 3, 8, "missing before '.'"),
        ("SELECT * WHRE { ?s ?p ?o }", 1, 10, "'WHRE'"),
        ("SELECT * { ?s ?p ?o } }", 1, 23, "'}'"),
        ("SELECT ?i { ?i a <http://x/", 1, 28, "ends too early"),
        ("PREFIX a: <http://a/>\nSELECT ?i {\n ?i a <http://x/", 3, 17, "ends too early"),
        ("ASK { ?s ?p 'abc", 1, 17, "ends too early"),
        ("SELECT * { ?s ?p ?o", 1, 20, "ends too early: `}` is missing"),
        ("SELECT ?x, ?y { ?x ?p ?y }", 1, 10, "','"),
        ("SELECT * { OPTIONAL ?s ?p ?o }", 1, 12, "'OPTIONAL'"),
        ("SELECT * { ?s ?p 'é' 'b' }", 1, 18, "'é'"),
        ("ASK {\n  ?s foaf:name ?o }", 2, None, "the prefix `foaf:` is not declared"),
        ("ASK { ?s nowhere:name ?o }", 1, None, "the prefix `nowhere:` is not declared"),
    ],
)
def test_place_and_words(text: str, line: int, column: int | None, word: str) -> None:
    error = explained(text)
    assert error.members["line"] == line
    assert column is None or error.members["column"] == column
    assert word in error.detail


def test_known_prefix_is_offered() -> None:
    hint = explained("ASK { ?s skos:note ?o }").hint
    assert hint == "put `PREFIX skos: <http://www.w3.org/2004/02/skos/core#>` before the query"


def test_without_a_place_nothing_is_invented() -> None:
    error = QuerySyntaxError("odd")
    assert explain("ASK {}", error) is error


def test_without_a_place_the_grammar_says_it() -> None:
    """Another server may not say where it saw a fault."""
    found = explain("SELECT * {\n ?s ?p }", QuerySyntaxError("SP030: syntax error"))
    assert (found.members["line"], "SP030" in str(found)) == (2, False)


def test_a_function_that_does_not_exist_is_named() -> None:
    text = "SELECT * { ?s ?p ?o FILTER(xyz(?s)) }"
    error = explained(text)
    assert "SPARQL has no function `xyz`" in str(error.detail)


@pytest.mark.parametrize(
    ("engine", "possible"),
    [
        (
            """"$", "'", "'''", "(", "+", "-", ".", ":", "<", "<<", "<<(", "?", "[", "\\"", "_:", "false" """,
            "a variable, an IRI, a prefixed name, a text, a number, a blank node, a quoted triple, `(`, `[`, false",
        ),
        ('".", ":"', "a prefixed name, `.`"),
        ('"{", DISTINCT', "`{`, DISTINCT"),
        ('"*", "+", "-", "/", "<", "="', "`*`, `+`, `-`, `/`, `<`, `=`"),
        ('"$", "*", "+", "/", ":", "<", "?"', "a variable, an IRI, a prefixed name, `*`, `+`, `/`"),
    ],
    ids=["a value", "a name", "words", "operators", "a path"],
)
def test_what_is_possible_is_named_by_its_kind(engine: str, possible: str) -> None:
    error = QuerySyntaxError(f"line 1, column 1: expected one of {engine}", line=1, column=1)
    assert explain("?x", error).hint == f"possible here, among others: {possible}"


def test_no_hint_is_a_list_of_bare_signs() -> None:
    hint = explained("SELECT * { ?s ?p ?o } GROUP BY x").hint
    assert hint == "possible here, among others: a prefixed name, `.`"
