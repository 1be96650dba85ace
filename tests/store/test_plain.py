"""Which queries are read as the plainest, and what is read of them."""

from __future__ import annotations

import pytest

from iesi_kg.records import Form
from iesi_kg.store.plain import plain

A, B, P, Q = "<urn:a>", "<urn:b>", "<urn:p>", "<urn:q>"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("SELECT * { <urn:a> <urn:p> ?o }", ((A, P, "?o"),)),
        ("select distinct ?o where{<urn:a><urn:p>?o.}", ((A, P, "?o"),)),
        ("PREFIX u: <urn:> SELECT ?s { ?s u:p u:b ; a u:q . }", (("?s", P, B), ("?s", TYPE, Q))),
        ("PREFIX : <urn:> SELECT ?s { ?s :p :a , :b }", (("?s", P, A), ("?s", P, B))),
        ("SELECT $s { $s <urn:p> ?o ;; <urn:q> 'x'@en-GB , 5 , true . }", (("?s", P, "?o"), *(("?s", Q, '"'),) * 3)),
        ("SELECT ?o { <urn:a> <urn:p> ?o } ORDER BY DESC(?o) ?s LIMIT 5 OFFSET 2", ((A, P, "?o"),)),
        ("ASK {}", ()),
        ("SELECT (COUNT(*) AS ?n) { ?s <urn:p> ?o }", (("?s", P, "?o"),)),
        ("SELECT(count( distinct ?s )as?n) ?x { ?s <urn:p> ?o } ORDER BY ?n", (("?s", P, "?o"),)),
        ("SELECT * { ?s <urn:p>/<urn:q> ?o }", (("?s", P, "?/0"), ("?/0", Q, "?o"))),
        ("SELECT * { ?s a / <urn:q>/<urn:p> ?o, 1 ; <urn:p> ?x }", (
            ("?s", TYPE, "?/0"), ("?/0", Q, "?/1"), ("?/1", P, "?o"),
            ("?s", TYPE, "?/3"), ("?/3", Q, "?/4"), ("?/4", P, '"'), ("?s", P, "?x"),
        )),
        ("ASK WHERE { <urn:a> <urn:p> '''a {brace} and # no comment''' }", None),
    ],
)  # fmt: skip
def test_plainest(text: str, patterns: tuple[tuple[str, str, str], ...] | None) -> None:
    found = plain(text)
    assert (found and found.patterns) == patterns
    assert found is None or found.form is (Form.BOOLEAN if text.startswith("ASK") else Form.SOLUTIONS)


def test_optional_of_one_pattern() -> None:
    found = plain("SELECT ?o { <urn:a> <urn:p> ?o . optional{?o <urn:q> ?x.} OPTIONAL { <urn:b> <urn:p> 1 } . }")
    assert found is not None
    assert found.patterns == ((A, P, "?o"),)
    assert found.optional == (("?o", Q, "?x"), (B, P, '"'))


def test_values_of_one_variable() -> None:
    found = plain("SELECT ?o { VALUES $s { <urn:a> <urn:b> } ?s <urn:p> ?o }")
    assert found is not None
    assert (found.values, found.patterns) == (("?s", 2), (("?s", P, "?o"),))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s <urn:p>/ ?o }",
        "SELECT * { ?s <urn:p>/?q ?o }",
        "SELECT * { ?s ?q/<urn:p> ?o }",
        "SELECT * { ?s /<urn:p> ?o }",
        "SELECT * { ?s <urn:p>|<urn:q> ?o }",
        "SELECT * { ?s <urn:p>/<urn:q>* ?o }",
        "SELECT * { ?s (<urn:p>/<urn:q>) ?o }",
        "SELECT * { ?s <urn:p>+ ?o }",
        "SELECT * { ?s ^<urn:p> ?o }",
        "SELECT * { ?s <urn:p> ?o FILTER(?o > 1) }",
        "SELECT * { ?s <urn:p> ?o OPTIONAL { ?o <urn:q> ?x ; <urn:p> ?y } }",
        "SELECT * { ?s <urn:p> ?o OPTIONAL { ?o <urn:q>/<urn:p> ?x } }",
        "SELECT * { ?s <urn:p> ?o OPTIONAL { } }",
        "SELECT * { ?s <urn:p> ?o OPTIONAL { ?o <urn:q> ?x FILTER(?x > 1) } }",
        "SELECT * { ?s <urn:p> ?o OPTIONAL { ?o <urn:q> ?x } ?s <urn:q> ?y }",
        "SELECT * { ?s <urn:p> ?o OPTIONAL { ?o <urn:q> ?x OPTIONAL { ?x <urn:p> ?y } } }",
        "SELECT * { ?s <urn:p> ?o MINUS { ?o <urn:q> ?x } }",
        "SELECT * { ?s <urn:p> ?o { ?o <urn:q> ?x } }",
        "SELECT * { ?s <urn:p> ?oOPTIONAL { ?o <urn:q> ?x } }",
        "SELECT (SUM(?o) AS ?n) { ?s <urn:p> ?o }",
        "SELECT (COUNT(?o)) { ?s <urn:p> ?o }",
        "SELECT * { { ?s <urn:p> ?o } UNION { ?s <urn:q> ?o } }",
        "SELECT * { GRAPH <urn:g> { ?s <urn:p> ?o } }",
        "SELECT * { SERVICE <urn:g> { ?s <urn:p> ?o } }",
        "SELECT * FROM <urn:g> { ?s <urn:p> ?o }",
        "SELECT ?o { ?s <urn:p> ?o } GROUP BY ?o",
        "SELECT ?o { ?s <urn:p> [ <urn:q> ?o ] }",
        "SELECT ?o { _:b <urn:p> ?o }",
        "SELECT ?o { <urn:a> <urn:p> (1 2) }",
        "SELECT ?o { <urn:a> <urn:p> ?o BIND(NOW() AS ?n) }",
        "SELECT ?o { <urn:a> <urn:p> ?o } ORDER BY RAND()",
        "SELECT ?o { <urn:a> <urn:p> ?o } VALUES ?o { 1 }",
        "SELECT ?o { VALUES (?s ?t) { (<urn:a> <urn:b>) } ?s <urn:p> ?o }",
        "SELECT ?o { VALUES ?s { 'x' } ?o <urn:p> ?s }",
        "SELECT ?o { <urn:a> <urn:p> ?o # a comment\n }",
        "SELECT ?o { <urn:a> u:p ?o }",
        "SELECT ?o { <urn:a> <urn:p> ?o . ?o }",
        "SELECT ?o { <urn:a> <urn:p> }",
        "SELECT ?o { <urn:a> 'p' ?o }",
        "SELECT ?o { <urn:a> <urn:p> ?o , , 1 }",
        "SELECT ?o { <urn:\\u0061> <urn:p> ?o }",
        "SELECT ?o { <urn:a> <urn:p> '\\uD800' }",
        "SELECT ?o { <urn:a> <urn:p> 1e9 }",
        "BASE <urn:> SELECT ?o { <a> <p> ?o }",
        "CONSTRUCT { ?s <urn:p> ?o } WHERE { ?s <urn:p> ?o }",
        "DESCRIBE <urn:a>",
        "DELETE WHERE { ?s ?p ?o }",
        "SELECT ?o { <urn:a> <urn:p> ?o" + " " * 2_000 + "}",
    ],
)
def test_anything_else_is_not_read(text: str) -> None:
    assert plain(text) is None
