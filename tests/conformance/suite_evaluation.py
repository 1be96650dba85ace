"""Runs query, update and syntax tests against a service: fill it, ask it, compare what comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, serialize
from suite_comparison import (
    GRAPHS,
    RESULTS,
    read_graph,
    read_results,
    result_set,
    same_csv,
    same_graph,
    same_table,
)
from suite_manifests import MF, QT, RDFS, UT, Node, Test, file_of
from suite_service import Service

ACCEPT = {
    ".srx": "application/sparql-results+xml",
    ".srj": "application/sparql-results+json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
}


class Miss(AssertionError):
    """What a service did that the test does not expect."""


def query_test(test: Test, service: Service) -> None:
    """Fill the service with the data of a test, ask its query, compare the answer. Raises Miss."""
    action = _node(test.one(test.node, MF + "action"))
    _fill(service, _data(test, action, QT))
    query = _iri(test.one(action, QT + "query"))
    expected = file_of(_iri(test.one(test.node, MF + "result")))
    _compare(expected, _iri(test.one(test.node, MF + "result")), service, _with_base(query))


def _compare(expected: Path, base: str, service: Service, text: str) -> None:
    suffix, content = expected.suffix, expected.read_bytes()
    wanted = read_graph(content, GRAPHS[suffix], base) if suffix in GRAPHS else None
    table = result_set(wanted) if wanted is not None else None
    accept = ACCEPT.get(suffix) or (ACCEPT[".srx"] if table is not None else "application/n-triples")
    reply = service.query(text, accept)
    if reply.status != 200:
        raise Miss(f"status {reply.status}: {reply.text[:300]}")
    if suffix == ".csv":
        _require(same_csv(content, reply.body), content, reply.body)
    elif wanted is not None and table is None:
        _require(same_graph(wanted, read_graph(reply.body, RdfFormat.N_TRIPLES, base)), content, reply.body)
    else:
        expectation = table if table is not None else read_results(content, suffix)
        found = read_results(reply.body, suffix if suffix in RESULTS else ".srx")
        if isinstance(expectation, bool) or isinstance(found, bool):
            _require(expectation == found, content, reply.body)
        else:
            _require(same_table(expectation, found), content, reply.body)


def _require(equal: bool, expected: bytes, found: bytes) -> None:
    if not equal:
        shown = (part.decode("utf-8", "replace")[:4000] for part in (expected, found))
        raise Miss("expected\n{}\nfound\n{}".format(*shown))


def update_test(test: Test, service: Service) -> None:
    """Fill the service with the data of a test, send its update, compare the graph store. Raises Miss."""
    action, result = _node(test.one(test.node, MF + "action")), _node(test.one(test.node, MF + "result"))
    before, after = _data(test, action, UT), _data(test, result, UT)
    _fill(service, before)
    reply = service.update(_with_base(_iri(test.one(action, UT + "request"))))
    if reply.status not in (200, 204):
        raise Miss(f"status {reply.status}: {reply.text[:300]}")
    expected = [
        Quad(t.subject, t.predicate, t.object, _name(graph)) for graph, triples in after.items() for t in triples
    ]
    found = _dump(service, set(before) | set(after))
    if not same_graph(expected, found):
        raise Miss(f"expected\n{_shown(expected)}\nfound\n{_shown(found)}")


def syntax_test(test: Test, service: Service) -> None:
    """Send a text and see whether it is taken for well-formed, as it should or should not be. Raises Miss.

    A well-formed one may still be refused for what it asks (a SERVICE, a LOAD): with any status but 400.
    """
    file = _iri(test.one(test.node, MF + "action"))
    text = _with_base(file)
    reply = service.update(text) if file.endswith(".ru") else service.query(text, "*/*")
    accepted = reply.status != 400
    if accepted != test.kind.startswith("Positive"):
        raise Miss(f"status {reply.status}: {reply.text[:300]}")


def fill_named(test: Test, service: Service) -> None:
    """Empty the service and put in the named graphs that a test of the protocol begins with."""
    _fill(service, _data(test, test.node, UT))


def _fill(service: Service, graphs: dict[str | None, list[Triple]]) -> None:
    reply = service.update("DROP ALL")
    assert reply.status in (200, 204), reply.text
    for name, triples in graphs.items():
        reply = service.put(name, serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
        assert reply.status in (200, 201, 204), f"the data of the test are not taken: {reply.text}"


def _data(test: Test, node: Node, space: str) -> dict[str | None, list[Triple]]:
    """The triples that a test puts into the default graph (None) and into named graphs."""
    graphs: dict[str | None, list[Triple]] = {}
    for value in test.all(node, space + "data"):
        graphs.setdefault(None, []).extend(_triples(_iri(value)))
    for value in test.all(node, space + "graphData"):
        file = test.one(value, space + "graph") if isinstance(value, BlankNode) else value
        label = test.one(value, RDFS + "label") if isinstance(value, BlankNode) else None
        name = label.value if isinstance(label, Literal) else _iri(file)
        graphs.setdefault(name, []).extend(_triples(_iri(file)))
    return graphs


def _triples(iri: str) -> Iterable[Triple]:
    path = file_of(iri)
    return [quad.triple for quad in read_graph(path.read_bytes(), GRAPHS[path.suffix], iri)]


def _dump(service: Service, graphs: set[str | None]) -> list[Quad]:
    """Every quad of the service: of the default graph, and of the graphs it lists or the test names."""
    listed = read_results(service.query("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }", ACCEPT[".srj"]).body, ".srj")
    assert not isinstance(listed, bool)
    names = {None, *graphs, *(str(row[0].value) for row in listed.rows if row[0] is not None)}
    found: list[Quad] = []
    for name in names:
        pattern = "?s ?p ?o" if name is None else f"GRAPH <{name}> {{ ?s ?p ?o }}"
        reply = service.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}", "application/n-triples")
        for quad in read_graph(reply.body, RdfFormat.N_TRIPLES, "http://example.org/"):
            found.append(Quad(quad.subject, quad.predicate, quad.object, _name(name)))
    return found


def _with_base(iri: str) -> str:
    """The text of a file, relative IRIs resolved against its address as the suite means them."""
    text = file_of(iri).read_text(encoding="utf-8")
    return f"BASE <{iri}>\n{text}" if re.search(r"<[^<>\s:]*>", text) else text


def _shown(quads: list[Quad]) -> str:
    return "\n".join(sorted(map(str, quads)))


def _name(graph: str | None) -> NamedNode | DefaultGraph:
    return DefaultGraph() if graph is None else NamedNode(graph)


def _node(value: object) -> Node:
    assert isinstance(value, NamedNode | BlankNode), value
    return value


def _iri(value: object) -> str:
    assert isinstance(value, NamedNode), value
    return value.value
