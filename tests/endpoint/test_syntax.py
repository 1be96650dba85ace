"""The lexer: what it sees, what it must not see, what it refuses, and that it stays linear."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.errors import QueryRefused, QuerySyntaxError
from iesi_kg.records import Form

GUARDS = Guards(length=100_000, nesting=100, patterns=1_000)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * {}", Form.SOLUTIONS),
        ("ask{}", Form.BOOLEAN),
        ("# SELECT\nBASE <http://e/> PREFIX select: <x> PREFIX : <y>\nConstruct WHERE {}", Form.GRAPH),
        ('VERSION "1.2" DESCRIBE <a:b>', Form.GRAPH),
        ("PREFIX é.à: <x> ASK {}", Form.BOOLEAN),
    ],
)
def test_form(text: str, form: Form) -> None:
    assert inspect(text, GUARDS).form is form


@pytest.mark.parametrize(
    "text",
    [
        "ASK { BIND(NOW() AS ?x) }",
        "SELECT (rand() AS ?r) {}",
        "ASK { FILTER(?x<RAND()&&?y>3) }",  # an IRI to a lexer, a comparison to a parser
        "SELECT (STRUUID() AS ?u) {}",
        "SELECT (UUID () AS ?u) {}",
        "SELECT (BNODE() AS ?b) {}",
    ],
)
def test_volatile(text: str) -> None:
    assert inspect(text, GUARDS).volatile


@pytest.mark.parametrize(
    "text",
    [
        "ASK { ?s ex:now ?now }",
        'ASK { ?s ?p "NOW()" }',
        "ASK { ?s ?p '''\nit's RAND()\n''' }",
        "ASK { ?s <http://e/uuid> ?o } # RAND()",
        "ASK { ?s ?p 'x'@now }",
        "ASK { ?s ex:it\\'s.now 'RAND()' }",
        "ASK { ?s now:p _:rand }",
    ],
)
def test_not_volatile(text: str) -> None:
    assert not inspect(text, GUARDS).volatile


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "SERVICE"),
        ("SELECT * { ?s ?p ?o.service silent ?x { } }", "SERVICE"),
        ("SELECT * { ?s ?p true.SERVICE ?x { } }", "SERVICE"),
        ("LOAD <http://127.0.0.1/>", "LOAD"),
        ("PREFIX a: <b> insert data { a:x a:y a:z }", "INSERT"),
        ("# c\nDELETE WHERE { ?s ?p ?o }", "DELETE"),
        ("CLEAR ALL", "CLEAR"),
        ("WITH <g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "WITH"),
    ],
)
def test_refused_words(text: str, word: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        inspect(text, GUARDS)
    assert caught.value.members["keyword"] == word
    assert caught.value.hint


@pytest.mark.parametrize("text", ["ASK { ?s ex:service ?o }", 'ASK { ?s ?p "SERVICE <x> {}" }', "ASK {} # SERVICE"])
def test_service_as_a_name_is_fine(text: str) -> None:
    assert inspect(text, GUARDS).form is Form.BOOLEAN


@pytest.mark.parametrize(
    ("text", "limit", "actual"),
    [
        ("ASK {" + " " * 100_000 + "}", "query_length", 100_006),
        ("ASK { FILTER" + "(" * 50_000 + ")" * 49_000, "query_nesting", 50_001),
        ("SELECT * " + "{" * 101 + "}" * 101, "query_nesting", 101),
        ("ASK {" + "?s ?p ?o." * 1_001 + "}", "query_patterns", 1_002),
        ("ASK {" + "{}UNION" * 600 + "{} }", "query_patterns", 1_202),
        ("ASK { FILTER(" + "1+" * 3_001 + "1) }", "query_patterns", 3_001),
        ("SELECT " + "(1 AS ?x)" * 1_001 + "{}", "query_patterns", 1_002),
    ],
)
def test_guards(text: str, limit: str, actual: int) -> None:
    with pytest.raises(QueryRefused) as caught:
        inspect(text, GUARDS)
    assert (caught.value.members["limit"], caught.value.members["actual"]) == (limit, actual)


def test_long_lists_of_values_pass() -> None:
    rows = " ".join(f"(<http://e/{n}> -{n}.5 'a.b;c')" for n in range(2_500))
    assert inspect(f"SELECT * {{ VALUES (?x ?y ?z) {{ {rows} }} }}", GUARDS).form is Form.SOLUTIONS
    names = ",".join(f"<http://e/{n}>" for n in range(2_500))
    assert inspect(f"SELECT * {{ ?s ?p ?o FILTER(?o IN ({names})) }}", GUARDS).form is Form.SOLUTIONS


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("  \n foo { }", 2, 2),
        ("ASK {\n ?s ?p 'abc }", 2, 8),
        ('ASK { ?s ?p """a\nb" }', 1, 13),
        ("PREFIX a: <b>\n", 1, 14),
    ],
)
def test_positions(text: str, line: int, column: int) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        inspect(text, GUARDS)
    assert (caught.value.members["line"], caught.value.members["column"]) == (line, column)


@pytest.mark.parametrize(
    "piece",
    ["a.", '"""', ' \\"""\n', "<", "<a", '"\\', ":", "a:\\", "(", "x", "1.", "a:..", "'", "''' ", "#", "@-", "_:a."],
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    text = ('SELECT """' if piece.endswith("\n") else "SELECT ") + piece * (90_000 // len(piece))
    begun = time.process_time()
    with suppress(QueryRefused, QuerySyntaxError):
        inspect(text, GUARDS)
    assert time.process_time() - begun < 1.0


FEW = Guards(length=100_000, nesting=100, patterns=1_000, path=20, values=10)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("ASK { ?s " + "/".join(["<p>"] * 22) + " ?o }", "query_path"),
        ("ASK { ?s " + "|".join(["a:b"] * 22) + " ?o }", "query_path"),
        ("ASK { ?s " + "(" * 11 + "^<p>" + "/<q>)*" * 11 + "/" + "^<p>/" * 10 + "<p> ?o }", "query_path"),
        ("ASK { VALUES ?x { " + "1 " * 11 + "} }", "query_values"),
        ("ASK { VALUES (?x ?y) { " + "(UNDEF 'a}'@en) " * 6 + "} }", "query_values"),
        ("ASK { VALUES ?x { <a> <b> <c> <d> <e> <f> } VALUES ?y { a:b c:d e:f true 1.5 'x'^^a:b } }", "query_values"),
        ("ASK {} VALUES ?x { # }" + chr(10) + "'a}'@en " * 11 + "}", "query_values"),
    ],
)
def test_long_paths_and_values_are_refused(text: str, limit: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        inspect(text, FEW)
    assert caught.value.members["limit"] == limit
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "ASK { ?s " + "/".join(["<p>"] * 21) + " ?o }",
        "ASK { " + " ".join(["?s <p>/<q>|^<r> ?o ."] * 30) + " }",
        "ASK { VALUES ?x { 1 2 3 4 5 6 7 8 9 10 } ?s ?p " + ", ".join(map(str, range(40))) + " }",
        "ASK { ?s ?p 'VALUES { 1 2 3 4 5 6 7 8 9 10 11 12 }' FILTER(?o IN (" + ", ".join(map(str, range(40))) + ")) }",
        "PREFIX values: <urn:v> ASK { ?s values:x ?o . " + "?s <p> 1 . " * 30 + "}",
    ],
)
def test_what_is_long_in_other_ways_passes(text: str) -> None:
    assert inspect(text, FEW).keyword == "ASK"
