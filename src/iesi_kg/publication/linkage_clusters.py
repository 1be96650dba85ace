"""Links to the records that they make one, and to what is wrong with that: contradictions, and parts of themselves.

What is wrong is published as annotations of quality, in a graph of their own (https://www.w3.org/TR/vocab-dqv/).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.linking.circles import circles
from iesi_kg.linking.clusters import conflicts
from iesi_kg.linking.entities import curie
from iesi_kg.publication import redirects
from iesi_kg.publication.linkage_records import entity
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DQV, OA, RDF

GRAPH = iris.graph("quality", "links")
_TYPE, _TARGET, _BODY = NamedNode(RDF + "type"), NamedNode(OA + "hasTarget"), NamedNode(OA + "bodyValue")


class Sameness:
    """Records that links make one, directly or through others."""

    def __init__(self, links: Iterable[Triple]) -> None:
        self._next: dict[NamedNode, set[NamedNode]] = defaultdict(set)
        for link in links:
            if isinstance(link.subject, NamedNode) and isinstance(link.object, NamedNode):
                self._next[link.subject].add(link.object)
                self._next[link.object].add(link.subject)

    def of(self, record: NamedNode) -> frozenset[NamedNode]:
        """Every record that is the same as this one, itself included."""
        seen, waiting = {record}, [record]
        while waiting:
            for other in self._next.get(waiting.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return frozenset(seen)

    def all(self) -> Iterator[frozenset[NamedNode]]:
        """Every cluster of more than one record."""
        seen: set[NamedNode] = set()
        for record in sorted(self._next, key=str):
            if record not in seen:
                found = self.of(record)
                seen |= found
                yield found


def contradictions(reader: Reader, cluster: Iterable[NamedNode]) -> Iterator[Quad]:
    """What the records of one cluster say against one another."""
    records = [found for record in sorted(cluster, key=str) if (found := entity(reader, record)) is not None]
    nodes = {record.curie: record.iri for record in records}
    for conflict in conflicts(records):
        said = "; ".join(f"{value} ({', '.join(curies)})" for value, curies in conflict.values.items())
        about = [nodes[curie] for curies in conflict.values.values() for curie in curies]
        yield from _annotation(f"contradiction {conflict.field}", about, f"{conflict.field} differs: {said}")


def parted(sides: tuple[NamedNode, NamedNode], by: str) -> Iterator[Quad]:
    """Two records that a steward told apart, and that links through others make one all the same."""
    left, right = (curie(side) for side in sides)
    text = f"{left} and {right} were told apart by {by}, and are linked through others"
    yield from _annotation("decision", sides, text)


def circular(parts: Iterable[Triple]) -> Iterator[Quad]:
    """Organisations that are part of themselves, as annotations."""
    named = (
        (part.subject.value, part.object.value)
        for part in parts
        if isinstance(part.subject, NamedNode) and isinstance(part.object, NamedNode)
    )
    for circle in circles(named):
        nodes = [NamedNode(iri) for iri in circle]
        way = " is part of ".join(curie(node) for node in (*nodes, nodes[0]))
        yield from _annotation("circle", nodes, f"part of itself: {way}")


def divided(reader: Reader, links: Iterable[Triple]) -> Iterator[Quad]:
    """Links of records that were split, so that nobody knows which part is meant."""
    split = redirects.divided(reader)
    for link in links:
        sides = [side for side in (link.subject, link.object) if isinstance(side, NamedNode)]
        for side in sides:
            if side in split:
                parts = " and ".join(curie(part) for part in split[side])
                pair = " = ".join(map(curie, sides))
                yield from _annotation(
                    "split", sides, f"{pair}: {curie(side)} was split into {parts}; link one of them"
                )


def annotated(reader: Reader, records: Iterable[NamedNode]) -> Iterator[Quad]:
    """What is annotated of these records now."""
    for record in records:
        for quad in reader.quads(predicate=_TARGET, object=record, graph=GRAPH):
            assert isinstance(quad.subject, NamedNode)
            yield from reader.quads(quad.subject, graph=GRAPH)


def texts(reader: Reader) -> list[str]:
    """What is published of all linked records, in words."""
    found = reader.quads(predicate=_BODY, graph=GRAPH)
    return sorted(quad.object.value for quad in found if isinstance(quad.object, Literal))


def _annotation(kind: str, targets: Iterable[NamedNode], text: str) -> Iterator[Quad]:
    about = sorted(targets, key=str)
    node = iris.annotation(kind, *(target.value for target in about))
    yield Quad(node, _TYPE, NamedNode(DQV + "QualityAnnotation"), GRAPH)
    yield Quad(node, NamedNode(OA + "motivatedBy"), NamedNode(DQV + "qualityAssessment"), GRAPH)
    yield Quad(node, _BODY, Literal(text, language="en"), GRAPH)
    for target in about:
        yield Quad(node, _TARGET, target, GRAPH)
