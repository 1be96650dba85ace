"""A proof to sentences: what is stated and where, what follows and by which axiom, one indented level a step."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.inference.axioms import Axiom, claims
from iesi_kg.inference.explanation import Proof
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.namespaces import RDFS

_LABEL = NamedNode(RDFS + "label")


def lines(proof: Proof, reader: Reader, level: int = 0) -> Iterator[str]:
    """The sentences of a proof, the conclusion first."""
    indent = "  " * level
    yield f"{indent}{statement(proof.triple)}"
    if proof.axiom is None:
        yield f"{indent}  is stated{_where(proof.triple, reader)}"
        return
    origin = f"{proof.axiom.kind}, {proof.axiom.source}"
    yield f"{indent}  follows, because {sentence(proof.axiom, reader)} ({origin}), from:"
    for premise in proof.premises:
        yield from lines(premise, reader, level + 2)


def statement(triple: Triple) -> str:
    """A statement with its names shortened."""
    return " ".join(shorten(term) for term in (triple.subject, triple.predicate, triple.object))


def sentence(axiom: Axiom, reader: Reader) -> str:
    """What an axiom says, in words."""
    terms = [axiom.subject, *([axiom.object] if axiom.object else [])]
    return claims()[axiom.kind].says.format(*(_named(term, reader) for term in terms))


def _named(term: NamedNode, reader: Reader) -> str:
    labels = [quad.object for quad in reader.quads(term, _LABEL, graph=DEFAULT_GRAPH)]
    english = [label.value for label in labels if isinstance(label, Literal) and label.language == "en"]
    return f"{shorten(term)} ({english[0]})" if english else shorten(term)


def _where(triple: Triple, reader: Reader) -> str:
    graphs = sorted(graph.value for graph in _graphs(triple, reader))
    return f" in {', '.join(graphs)}" if graphs else ""


def _graphs(triple: Triple, reader: Reader) -> Iterator[NamedNode]:
    if isinstance(triple.subject, NamedNode):
        for quad in reader.quads(triple.subject, triple.predicate, triple.object):
            if isinstance(quad.graph_name, NamedNode):
                yield quad.graph_name
