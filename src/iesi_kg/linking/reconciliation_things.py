"""A version of the graph to the things that can be reconciled: records, organisations, codes, under one numbering."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from iesi_kg.linking import index
from iesi_kg.linking.entities import Entity, of_reader
from iesi_kg.linking.index import Index
from iesi_kg.linking.reconciliation_offer import CODE, Type, kinds, said, titled
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, RDF, SKOS

DATABASE = "iesi"
_ENGLISH = "en"
_TYPE, _SCHEME = NamedNode(RDF + "type"), NamedNode(SKOS + "ConceptScheme")
_IN, _NOTATION, _LABEL, _OTHER, _DEFINITION, _ABOUT = (
    *(NamedNode(SKOS + name) for name in ("inScheme", "notation", "prefLabel", "altLabel", "definition")),
    NamedNode(DCT + "description"),
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What an id stands for. A code has labels and definitions by language, a record the facts it is compared by."""

    id: str
    iri: NamedNode
    type: str
    names: tuple[str, ...]
    labels: Mapping[str, str]
    notes: Mapping[str, str]
    entity: Entity | None = None

    @property
    def kind(self) -> str:
        """Its type, where that is no code list."""
        return self.type if self.entity else CODE

    def name(self, language: str) -> str:
        """What it is called."""
        return said(self.labels, language) or (self.names[0] if self.names else self.id)

    def note(self, language: str) -> str:
        """What is said of it, if anything."""
        return said(self.notes, language)


@dataclass(frozen=True, slots=True)
class Things:
    """Everything of one version that has an id, with the index of its names."""

    version: int
    things: Sequence[Thing]
    types: Mapping[str, Type]
    numbers: Mapping[str, int]
    index: Index

    def find(self, id_: str) -> Thing | None:
        """The thing of an id, of its IRI, or of the path of that on this server."""
        number = self.numbers.get(id_)
        if number is None:
            number = self.numbers.get(_id_of(id_.strip()))
        return None if number is None else self.things[number]

    def folded(self, thing: Thing) -> Sequence[str]:
        """The names of a thing as they are compared."""
        return self.index.names_of(self.numbers[thing.id])

    def type(self, id_: str) -> Type | None:
        """The type of an id, of an IRI, or of a title in any language."""
        types = self.types.values()
        return self.types.get(id_) or next((found for found in types if found.iri == id_), None) or titled(types, id_)

    def leaves(self, id_: str) -> frozenset[str]:
        """The ids of a type and of those below it; none for a type that there is not."""
        found = self.type(id_)
        return frozenset(type_.id for type_ in self.types.values() if found and found.id in (type_.id, type_.broader))


def read(reader: Reader) -> Things:
    """Everything that a reader's version can be asked for."""
    lists = {found.id: found for found in sorted(_lists(reader), key=lambda found: found.id)}
    things = [*map(_of_entity, of_reader(reader, DATABASE)), *_codes(reader, lists)]
    types = {found.id: found for found in (*kinds(), *lists.values())}
    numbers = {thing.id: number for number, thing in enumerate(things)}
    return Things(reader.version, things, types, numbers, index.build(thing.names for thing in things))


def _of_entity(entity: Entity) -> Thing:
    notes = {_ENGLISH: entity.description} if entity.description else {}
    return Thing(entity.curie, entity.iri, entity.kind, entity.names, {}, notes, entity)


def _lists(reader: Reader) -> Iterator[Type]:
    for quad in reader.quads(None, _TYPE, _SCHEME, DEFAULT_GRAPH):
        path = iris.local_path(quad.subject) if isinstance(quad.subject, NamedNode) else None
        if path is not None and isinstance(quad.subject, NamedNode):
            facts = _texts(reader, quad.subject)
            id_ = path.rpartition("/")[2]
            yield Type(id_, quad.subject.value, facts[_LABEL], CODE, facts[_ABOUT].get(_ENGLISH, ""))


def _codes(reader: Reader, lists: Mapping[str, Type]) -> Iterator[Thing]:
    """The codes of every list of ours; each quad of labels is read once for all."""
    of = {found.iri: found.id for found in lists.values()}
    told: dict[NamedNode, dict[NamedNode, list[Literal]]] = defaultdict(lambda: defaultdict(list))
    for predicate in (_NOTATION, _LABEL, _OTHER, _DEFINITION):
        for quad in reader.quads(None, predicate, None, DEFAULT_GRAPH):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, Literal):
                told[quad.subject][predicate].append(quad.object)
    found = (quad for quad in reader.quads(None, _IN, None, DEFAULT_GRAPH))
    for iri, scheme in sorted((quad.subject.value, quad.object.value) for quad in found):  # type: ignore[union-attr]
        if scheme in of:
            yield _code(NamedNode(iri), of[scheme], told[NamedNode(iri)])


def _code(iri: NamedNode, scheme: str, told: Mapping[NamedNode, Sequence[Literal]]) -> Thing:
    labels = {text.language or "": text.value for text in sorted(told.get(_LABEL, ()), key=str)}
    notes = {text.language or "": text.value for text in told.get(_DEFINITION, ())}
    notation = next((text.value for text in told.get(_NOTATION, ())), iri.value.rpartition("/")[2])
    others = sorted(text.value for text in told.get(_OTHER, ()))
    names = (labels.get(_ENGLISH, notation), notation, *labels.values(), *others)
    return Thing(f"{scheme}:{notation}", iri, scheme, tuple(dict.fromkeys(names)), labels, notes)


def _texts(reader: Reader, subject: NamedNode) -> Mapping[NamedNode, Mapping[str, str]]:
    found: dict[NamedNode, dict[str, str]] = {_LABEL: {}, _ABOUT: {}}
    for predicate, texts in found.items():
        for quad in reader.quads(subject, predicate, None, DEFAULT_GRAPH):
            if isinstance(quad.object, Literal):
                texts[quad.object.language or ""] = quad.object.value
    return found


def _id_of(text: str) -> str:
    """The id that an IRI of ours, its path on a server or its end stands for; any other text as it is.

    The end, `kind/key`, is what OpenRefine makes of an IRI: it takes off what the manifest says that ids begin with.
    """
    path = iris.local_path(text) or (text if text.startswith("/") else f"/id/{text}")
    steps = path.split("/")
    return f"{steps[-2]}:{steps[-1]}" if len(steps) == 4 and steps[1] in ("id", "codes") else text
