"""The columns of SELECT * stand as the query names them, and the answer is the same."""

from __future__ import annotations

from io import BytesIO

import pyoxigraph
import pytest

from iesi_kg.store.evaluation import Target, evaluate


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("SELECT * { ?s ?p ?o }", "s,p,o"),
        ("select distinct*where{?s ?p ?o}", "s,p,o"),
        ("# ?a first\nPREFIX e: <http://e/>\nPREFIX : <http://f/> SELECT REDUCED * { $s ?p ?o }", "s,p,o"),
        ("SELECT * { ?a ?b ?c }", "a,b,c"),
        ("SELECT * { { SELECT (?x AS ?y) ?z { ?x ?q ?z } } }", "y,z"),
        ("SELECT ?o ?s { ?s ?p ?o }", "o,s"),
        ("SELECT * { ?s ?p ?o BIND('?b' AS ?a) } ORDER BY ?s LIMIT 1", "s,p,o,a"),
    ],
)
def test_columns(text: str, header: str) -> None:
    store = pyoxigraph.Store()
    store.load(b"<http://e/s> <http://e/p> 'o' .", format=pyoxigraph.RdfFormat.TURTLE)
    output = BytesIO()
    evaluate(store, text, Target("text/csv", output))
    lines = output.getvalue().decode().splitlines()
    assert lines[0] == header
    assert len(lines) == 2


def test_no_variable_at_all() -> None:
    output = BytesIO()
    evaluate(pyoxigraph.Store(), "SELECT * {}", Target("text/csv", output))
    assert output.getvalue().decode().splitlines()[0] == ""
