"""The line where an RDF file begins to speak of a node: by hand in each syntax, and nothing where it is not known."""

from __future__ import annotations

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from iesi_kg.ingest import lines
from iesi_kg.ingest.kinds import Kind
from iesi_kg.publication.workflow import check
from iesi_kg.records import Finding, Severity, SourceFile

A, B, C, D = (f"http://e.org/{name}" for name in "abcd")
TURTLE = """@base <http://e.org/> . @prefix e: <http://e.org/> .
PREFIX : <http://e.org/x#>
# <http://e.org/a> e:p 1 .
[] e:p <http://e.org/b> , "<http://e.org/a> ." ; e:q [ e:p e:c . ] .
<a> e:p 1.5 , 2013 , '''
e:b e:p "not here" .
''' ; e:q ( e:c <d> ) .
e:b e:p "x"@en-GB
. <a> e:p 2 . e:c.d e:p 2013. :y
  e:p true .
"""
TRIG = """PREFIX e: <http://e.org/>
e:a { e:b e:p 1 .
  e:c e:p 1 }
GRAPH e:g { e:d
  e:p 1 }
e:a e:p 1 .
"""
RDF_XML = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e.org/">
<rdf:Description rdf:about="http://e.org/a"><e:p>1</e:p></rdf:Description>
<e:C
 rdf:about="http://e.org/b"/></rdf:RDF>
"""
P = "<http://e.org/p>"
N_TRIPLES = f'# <{B}> {P} 1\n<{A}> {P} <{B}> .\n\n <{B}> {P} "" .\n'
BY_HAND = {
    "Turtle": (Kind.TURTLE, TURTLE.replace("e:c . ]", "e:c ]"), {A: 5, B: 8, f"{C}.d": 9, "http://e.org/x#y": 9}),
    "TriG": (Kind.TRIG, TRIG, {B: 2, C: 3, D: 4, A: 6}),
    "RDF/XML": (Kind.RDFXML, RDF_XML, {A: 2, B: 3}),
    "N-Triples": (Kind.NTRIPLES, N_TRIPLES, {A: 2, B: 4}),
    "JSON-LD": (Kind.JSONLD, '{"@id": "http://e.org/a", "http://e.org/p": 1}', {}),
    "another encoding": (Kind.TURTLE, "\x00", {}),
}


@pytest.mark.parametrize(("kind", "text", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_the_line_of_each_subject(kind: Kind, text: str, expected: dict[str, int]) -> None:
    wanted = [A, B, C, D, f"{C}.d", "http://e.org/x#y", "http://e.org/g"]
    assert lines.lines(SourceFile("file", text.encode()), kind, wanted) == expected


@pytest.mark.parametrize(("kind", "syntax"), [(Kind.TURTLE, RdfFormat.TURTLE), (Kind.NTRIPLES, RdfFormat.N_TRIPLES)])
def test_what_a_program_wrote(kind: Kind, syntax: RdfFormat) -> None:
    """Any text in a literal: the line is where the serialiser put the subject first, at the beginning of a line."""
    odd = ["plain", "two\nlines . <http://e.org/9> ", '"""', "\\", "# no comment", "'''[({", "a .\n", "<", "é\u2028"]
    nodes = [NamedNode(f"http://e.org/{number}") for number in range(len(odd) * 3)]
    triples = [Triple(node, NamedNode("http://e.org/p"), Literal(odd[at % len(odd)])) for at, node in enumerate(nodes)]
    text = (pyoxigraph.serialize(triples, format=syntax) or b"").decode()
    starts = {line.split(" ")[0].strip("<>"): number for number, line in enumerate(text.split("\n"), start=1)}
    expected = {node.value: starts[node.value] for node in nodes}
    assert lines.lines(SourceFile("f", text.encode()), kind, expected) == expected


def test_the_finding_names_file_and_line_and_only_what_is_known() -> None:
    one, two = (SourceFile(name, text) for name, text in (("a.ttl", TURTLE.encode()), ("b.nt", N_TRIPLES.encode())))
    at = [Finding(Severity.INFO, "x", "x", focus_node=node, file=file) for node in (A, D) for file in ("a.ttl", "b.nt")]
    told = lines.placed([(one, Kind.TURTLE), (two, Kind.NTRIPLES)], [*at, Finding(Severity.INFO, "x", "x", row=3)])
    assert [finding.line for finding in told] == [5, 2, None, None, None]


def test_a_check_says_the_line() -> None:
    text = """@prefix iesi: <https://w3id.org/iesi-kg/ontology#> .

<https://w3id.org/iesi-kg/id/initiative/x>
  a iesi:Initiative .
"""
    report = check(SourceFile("x.ttl", text.encode()))
    assert report.findings
    assert {(finding.row, finding.line) for finding in report.findings} == {(None, 3)}
