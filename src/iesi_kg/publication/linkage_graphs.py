"""Mapping sets in their own graphs, never in the default graph, and the links that all these graphs tell of.

A mapping file's graph tells of every mapping and states the accepted ones, but for what a steward rejected and for
owl:sameAs, which only a steward's decision states.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import TypeGuard

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg import assets
from iesi_kg.errors import IllFormedMappings, NotFound
from iesi_kg.linking import sssom
from iesi_kg.linking.sssom import MappingSet
from iesi_kg.linking.sssom_reading import MOST_FAULTS
from iesi_kg.publication import graphs, redirects
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary import sssom as words
from iesi_kg.vocabulary.namespaces import BASE, DCT, PROV, SKOS
from iesi_kg.vocabulary.spelling import nearest

FOLDER, SUFFIX = "data/mappings", ".sssom.tsv"
DECISIONS, CANDIDATES = iris.graph("mappings", "decisions"), iris.graph("mappings", "candidates")
RELATIONS = (words.SAME_INITIATIVE, words.SAME_ORGANISATION, words.PART_OF)
LINKING = (*RELATIONS, words.SAME_AS)
_NAMED = {
    f"{BASE}id/initiative/": NamedNode(DCT + "title"),
    f"{BASE}id/organisation/": NamedNode(SKOS + "prefLabel"),
}
_OURS = tuple(_NAMED)
_SPACE = iris.graph("mappings", "").value
SUBJECT, PREDICATE, OBJECT = (words.OF_MAPPING[f"{name}_id"].property for name in ("subject", "predicate", "object"))
ORIGIN = NamedNode(PROV + "wasDerivedFrom")  # of a mapping: what it named before that was merged into another thing
Names = Dictionary[NamedNode, NamedNode]


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two records and how they are related; of an identity, which has no direction, ours or the lesser IRI is left."""

    left: str
    relation: str
    right: str

    @property
    def node(self) -> NamedNode:
        return iris.mapping(self.left, self.relation, self.right)

    @property
    def id(self) -> str:
        """The key of the pair in addresses."""
        return self.node.value.rpartition("/")[2]

    @property
    def sides(self) -> tuple[NamedNode, NamedNode]:
        return NamedNode(self.left), NamedNode(self.right)

    def stated(self, predicate: NamedNode | None = None) -> Triple:
        """What holds when the pair is accepted."""
        left, right = self.sides
        return Triple(left, predicate or NamedNode(self.relation), right)


def pair(subject: NamedNode, predicate: NamedNode, other: NamedNode) -> Pair:
    """The pair of a statement."""
    sides = [subject.value, other.value]
    if predicate in words.IDENTITIES:
        sides.sort(key=lambda iri: (not iri.startswith(_OURS), iri))
    return Pair(sides[0], predicate.value, sides[1])


def now(found: Pair, names: Names) -> Pair:
    """A pair under the names that stand for its two; both are one where the two were merged."""
    left, right = (names.get(side, side) for side in found.sides)
    return pair(left, NamedNode(found.relation), right)


@dataclass(frozen=True, slots=True)
class Told:
    """A link as one mapping of a graph tells of it."""

    pair: Pair
    graph: NamedNode
    negative: bool
    confidence: float | None
    reason: str
    labels: tuple[str, str]


def names(reader: Reader) -> list[str]:
    """The mapping sets that stand in a store; candidates are none."""
    found = {
        quad.graph_name.value for quad in reader.quads(object=words.MAPPING_SET) if is_mapping_graph(quad.graph_name)
    }
    return sorted(name.removeprefix(_SPACE) for name in found - {CANDIDATES.value})


def size(reader: Reader, name: str) -> int:
    """How many mappings a set has."""
    return sum(1 for _ in reader.quads(predicate=words.HAS_MAPPING, graph=iris.graph("mappings", name)))


def published(reader: Reader, name: str) -> MappingSet:
    """A mapping set as it stands in its graph. Raises NotFound."""
    found = (
        [quad.triple for quad in reader.quads(graph=iris.graph("mappings", name))] if iris.slug(name) == name else []
    )
    if not found or name == CANDIDATES.value.removeprefix(_SPACE):
        known = ", ".join(names(reader))
        raise NotFound(f"there is no mapping set {name!r}", hint=f"there are {known}" if known else None)
    return sssom.of_triples(found)


def is_mapping_graph(name: object) -> TypeGuard[NamedNode]:
    """Whether a graph holds a mapping set."""
    return isinstance(name, NamedNode) and name.value.startswith(_SPACE)


def files() -> tuple[str, ...]:
    """The mapping files that come with the software; a bundle of before has none."""
    try:
        return tuple(assets.names(FOLDER, SUFFIX))
    except FileNotFoundError:
        return ()


def bundled() -> Iterator[tuple[str, MappingSet]]:
    """The mapping files that come with the software, by name."""
    for path in files():
        yield path.rpartition("/")[2].removesuffix(SUFFIX), sssom.read(assets.text(path), path)


def loaded(reader: Reader, name: str, mappings: MappingSet) -> ChangeSet:
    """The change after which the graph of this name holds just these mappings."""
    graph = iris.graph("mappings", name)
    return graphs.replacement(reader, statements(reader, mappings), graph, merged=False)


def statements(reader: Reader, mappings: MappingSet) -> list[Triple]:
    """The triples of a set without what only a steward may state, and what one rejected."""
    return [triple for triple in _followed(reader, sssom.triples(mappings)) if not _is_withheld(reader, triple)]


def _followed(reader: Reader, triples: Iterable[Triple]) -> Iterator[Triple]:
    """Mappings of the things that stand for those they name; what names two that are one by now stays as it came."""
    names, told = redirects.merged(reader), list(triples)
    sides = defaultdict[object, set[NamedNode]](set)
    for triple in told:
        if triple.predicate in (SUBJECT, OBJECT) and isinstance(triple.object, NamedNode):
            sides[triple.subject].add(names.get(triple.object, triple.object))
    for triple in told:
        side = triple.object if triple.predicate in (SUBJECT, OBJECT) and len(sides[triple.subject]) == 2 else None
        if isinstance(side, NamedNode) and side in names:
            yield Triple(triple.subject, triple.predicate, names[side])
            yield from (Triple(triple.subject, ORIGIN, thing) for thing in redirects.way(reader, side))
        elif triple.predicate not in RELATIONS:
            yield triple
        elif (named := redirects.renamed([triple], names)[0]).subject != named.object:
            yield named


def queued(reader: Reader, mappings: MappingSet) -> ChangeSet:
    """The change after which a set waits for decisions: it is told of, and not stated."""
    known = {quad.triple for quad in reader.quads(graph=CANDIDATES)}
    told = (triple for triple in _followed(reader, sssom.triples(mappings)) if triple.predicate not in LINKING)
    new = dict.fromkeys(triple for triple in told if triple not in known)
    return ChangeSet(CANDIDATES.value, add=graphs.Quads((new, CANDIDATES)))


def refuse_unknown(reader: Reader, mappings: MappingSet, name: str) -> None:
    """Raises IllFormedMappings for mappings of records of ours that were never published."""
    wrong = dict.fromkeys(
        side
        for mapping in mappings.mappings
        for side in (mapping.subject_id, mapping.object_id)
        if mappings.expand(side).value.startswith(_OURS) and not _is_known(reader, mappings.expand(side))
    )
    if not wrong:
        return
    faults = [_unknown(reader, side, mappings) for side in wrong]
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    raise IllFormedMappings(
        f"{name}: {faults[0]['message']}{more}", hint=str(faults[0]["hint"]), faults=faults[:MOST_FAULTS]
    )


def _is_known(reader: Reader, record: NamedNode) -> bool:
    """Whether something was ever said of a record, be it withdrawn or merged since."""
    return next(iter(reader.quads(record)), None) is not None


def _unknown(reader: Reader, side: str, mappings: MappingSet) -> dict[str, object]:
    iri = mappings.expand(side).value
    start = next(start for start in _OURS if iri.startswith(start))
    known = (quad.subject for quad in reader.quads(predicate=_NAMED[start], graph=DEFAULT_GRAPH))
    slugs = {node.value.removeprefix(start) for node in known if isinstance(node, NamedNode)}
    meant = nearest(iri.removeprefix(start), slugs, likeness=70)
    hint = f"did you mean {side.partition(':')[0]}:{meant}?" if meant else "publish the record first, or mend the name"
    return {"line": 0, "column": 0, "slot": "", "message": f"there is no published record {side}", "hint": hint}


def told(reader: Reader, relations: Iterable[NamedNode] = RELATIONS) -> Iterator[Told]:
    """Every link between records that a mapping graph tells of, those of decisions left out."""
    names = redirects.merged(reader)
    for relation in relations:
        for quad in reader.quads(predicate=PREDICATE, object=relation):
            if is_mapping_graph(quad.graph_name) and quad.graph_name != DECISIONS:
                item = _told(reader, quad)
                if not _is_one(item.pair, names):
                    yield item


def told_of(reader: Reader, record: NamedNode) -> Iterator[Told]:
    """The same, of the links of one record."""
    names = redirects.merged(reader)
    for side in (SUBJECT, OBJECT):
        for quad in reader.quads(predicate=side, object=record):
            item = _told(reader, quad) if is_mapping_graph(quad.graph_name) and quad.graph_name != DECISIONS else None
            if item and NamedNode(item.pair.relation) in RELATIONS and not _is_one(item.pair, names):
                yield item


def _is_one(found: Pair, names: Names) -> bool:
    """Whether the two of a pair were merged since."""
    left, right = now(found, names).sides
    return left == right


def _told(reader: Reader, quad: Quad) -> Told:
    assert isinstance(quad.graph_name, NamedNode) and isinstance(quad.subject, NamedNode)
    about = {fact.predicate: fact.object for fact in reader.quads(quad.subject, graph=quad.graph_name)}
    subject, relation, other = about[SUBJECT], about[PREDICATE], about[OBJECT]
    assert isinstance(subject, NamedNode) and isinstance(relation, NamedNode) and isinstance(other, NamedNode)
    found = pair(subject, relation, other)
    labels = tuple(_text(about.get(_of(f"{side}_label"))) for side in ("subject", "object"))
    confidence = _text(about.get(_of("confidence")))
    return Told(
        pair=found,
        graph=quad.graph_name,
        negative=_of("predicate_modifier") in about,
        confidence=float(confidence) if confidence else None,
        reason=_text(about.get(_of("comment"))),
        labels=(labels[0], labels[1]) if found.left == subject.value else (labels[1], labels[0]),
    )


def links(reader: Reader, change: ChangeSet | None = None) -> set[Triple]:
    """What all mapping graphs state about which records are the same, once a change is made."""
    found = (quad for predicate in words.IDENTITIES for quad in reader.quads(predicate=predicate))
    standing = {quad for quad in found if is_mapping_graph(quad.graph_name)}
    return _after(standing, change, _is_identity)


def _is_identity(quad: Quad) -> bool:
    return quad.predicate in words.IDENTITIES and is_mapping_graph(quad.graph_name)


def parts(reader: Reader, change: ChangeSet | None = None) -> set[Triple]:
    """What any graph states about which organisation is part of which, once a change is made."""
    return _after(set(reader.quads(predicate=words.PART_OF)), change, lambda quad: quad.predicate == words.PART_OF)


def _after(standing: set[Quad], change: ChangeSet | None, concerns: Callable[[Quad], bool]) -> set[Triple]:
    if change is not None:
        standing = (standing - set(change.remove)) | {quad for quad in change.add if concerns(quad)}
    return {quad.triple for quad in standing}


def withheld(reader: Reader, found: Pair) -> Iterator[Quad]:
    """What graphs of mapping files state of a pair: it leaves them when the pair is rejected."""
    relation, sides = NamedNode(found.relation), found.sides
    for subject, other in (sides, sides[::-1]) if relation in words.IDENTITIES else (sides,):
        for quad in reader.quads(subject, relation, other):
            if is_mapping_graph(quad.graph_name) and quad.graph_name != DECISIONS:
                yield quad


def restored(reader: Reader, found: Pair) -> Iterator[Quad]:
    """What graphs of mapping files would state of a pair if nobody had rejected it."""
    for item in told(reader, [NamedNode(found.relation)]):
        if item.pair == found and not item.negative and item.graph != CANDIDATES:
            triple = found.stated()
            yield Quad(triple.subject, triple.predicate, triple.object, item.graph)


def _is_withheld(reader: Reader, triple: Triple) -> bool:
    if triple.predicate == words.SAME_AS:
        return True
    if triple.predicate not in RELATIONS:
        return False
    assert isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode)
    node = pair(triple.subject, triple.predicate, triple.object).node
    return next(iter(reader.quads(node, _of("predicate_modifier"), graph=DECISIONS)), None) is not None


def _of(slot: str) -> NamedNode:
    return words.OF_MAPPING[slot].property


def _text(term: object) -> str:
    return term.value if isinstance(term, Literal) else ""
