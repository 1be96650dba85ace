"""Statements about records, of whatever database, to the few facts by which records are compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary import iris, terms
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.namespaces import ADMS, DCT, FOAF, M8G, ORG, RDF, SKOS

INITIATIVE, ORGANISATION = "initiative", "organisation"
_TYPE = NamedNode(RDF + "type")
_KINDS = {
    terms.INITIATIVE: INITIATIVE,
    NamedNode(ORG + "Organization"): ORGANISATION,
}
_NAMES = tuple(map(NamedNode, (DCT + "title", SKOS + "prefLabel", DCT + "alternative", SKOS + "altLabel")))
_DESCRIPTION = NamedNode(DCT + "description")
_ENGLISH = (None, "en")
_COUNTRY, _START, _END = terms.COUNTRY, terms.START_YEAR, terms.END_YEAR
_PLACES = (terms.PLACE_NAME, NamedNode(DCT + "spatial"))
_STATUS = NamedNode(ADMS + "status")
_PAGES = (NamedNode(FOAF + "homepage"), NamedNode(FOAF + "page"))
_SOURCE = NamedNode(DCT + "source")
_PARTICIPATION, _PARTICIPANT = NamedNode(M8G + "hasParticipation"), NamedNode(M8G + "hasParticipant")
_TOPICS = (NamedNode(M8G + "thematicArea"), NamedNode(DCT + "audience"), terms.TECHNOLOGY)
_IDENTIFIER = NamedNode(DCT + "identifier")
_READ = (
    *(_TYPE, *_NAMES, _DESCRIPTION, _COUNTRY, _START, _END, *_PLACES, _STATUS, *_PAGES, _SOURCE, terms.INVOLVES),
    *(_PARTICIPATION, _PARTICIPANT, *_TOPICS, _IDENTIFIER),
)
_WANTED = frozenset(_READ)
_OURS = iris.organisation("x").value[:-1]
_YEAR = re.compile(r"[+-]?0*(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Entity:
    """One record of one database, as far as comparison needs it; the main name is the first of its names."""

    curie: str
    iri: NamedNode
    database: str
    kind: str
    names: tuple[str, ...]
    description: str = ""
    countries: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    start_year: int | None = None
    end_year: int | None = None
    status: str = ""
    pages: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The main name, empty where the record has none."""
        return self.names[0] if self.names else ""


Facts = Mapping[NamedNode, Sequence[NamedNode | Literal]]


def of_quads(quads: Iterable[Quad | Triple], database: str) -> list[Entity]:
    """The records that the statements of one database tell of, in the order of their IRIs."""
    known: dict[NamedNode, dict[NamedNode, list[NamedNode | Literal]]] = defaultdict(lambda: defaultdict(list))
    for quad in quads:
        value = quad.object
        if quad.predicate in _WANTED and isinstance(quad.subject, NamedNode) and isinstance(value, NamedNode | Literal):
            known[quad.subject][quad.predicate].append(value)
    found = (_entity(iri, facts, known, database) for iri, facts in known.items())
    return sorted((entity for entity in found if entity), key=lambda entity: entity.iri.value)


def of_reader(reader: Reader, database: str, graph: NamedNode | None = None) -> list[Entity]:
    """The records of one graph of a store; without a name, of what is published."""
    where = graph or DEFAULT_GRAPH
    return of_quads((quad for term in _READ for quad in reader.quads(None, term, None, where)), database)


def curie(iri: NamedNode) -> str:
    """How a record is named in a mapping: its database, or our kind of thing, and its key.

    >>> curie(iris.initiative("smart"))
    'initiative:smart'
    """
    steps = (iris.local_path(iri) or "").split("/", 3)
    if len(steps) != 4 or steps[1] != "id":
        return shorten(iri)
    database, _, key = steps[3].partition("/") if steps[2] == "peer" else (steps[2], "", steps[3])
    return f"{database}:{key}"


def _entity(iri: NamedNode, facts: Facts, known: Mapping[NamedNode, Facts], database: str) -> Entity | None:
    kinds = [_KINDS[kind] for kind in facts.get(_TYPE, ()) if isinstance(kind, NamedNode) and kind in _KINDS]
    if not kinds or not _is_record(iri, min(kinds), facts):
        return None
    countries = [code.rpartition("/")[2] for code in _texts(facts, _COUNTRY)]
    return Entity(
        curie=curie(iri),
        iri=iri,
        database=database,
        kind=min(kinds),
        names=_once(_texts(facts, *_NAMES)),
        description=_described(facts),
        countries=tuple(sorted(set(countries))),
        places=_once(_last(text) for text in _texts(facts, *_PLACES)),
        start_year=_year(facts, _START),
        end_year=_year(facts, _END),
        status=next((_last(text) for text in sorted(_texts(facts, _STATUS))), ""),
        pages=_once(_pages(facts, known)),
        organisations=_once(_bodies(facts, known)),
        topics=tuple(sorted({_last(text) for text in _texts(facts, *_TOPICS)})),
        identifiers=_once(_texts(facts, _IDENTIFIER)),
    )


def _is_record(iri: NamedNode, kind: str, facts: Facts) -> bool:
    """Whether a node is a record of its own: a body that another database only names, without a key, is none."""
    named = kind == ORGANISATION and not iri.value.startswith(_OURS)
    return "#" not in iri.value and (not named or _IDENTIFIER in facts)


def _pages(facts: Facts, known: Mapping[NamedNode, Facts]) -> Iterator[str]:
    """The addresses of the record, then those of the documents that it rests on."""
    yield from _texts(facts, *_PAGES)
    for document in _nodes(facts, _SOURCE):
        yield from _texts(known.get(document, {}), *_PAGES)


def _bodies(facts: Facts, known: Mapping[NamedNode, Facts]) -> Iterator[str]:
    """The names of the organisations; the nodes of participations sort the lead before the partners."""
    parts = [body for part in _nodes(facts, _PARTICIPATION) for body in _nodes(known.get(part, {}), _PARTICIPANT)]
    for body in (*parts, *_nodes(facts, terms.INVOLVES)):
        yield from _texts(known.get(body, {}), *_NAMES)


def _nodes(facts: Facts, predicate: NamedNode) -> list[NamedNode]:
    nodes = (value for value in facts.get(predicate, ()) if isinstance(value, NamedNode))
    return sorted(nodes, key=lambda node: node.value)


def _texts(facts: Facts, *predicates: NamedNode) -> list[str]:
    return [text for predicate in predicates for text in sorted(value.value for value in facts.get(predicate, ()))]


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _described(facts: Facts) -> str:
    """The longest description in English, else in any language: two records are compared by one of each."""
    told = [value for value in facts.get(_DESCRIPTION, ()) if isinstance(value, Literal)]
    english = [value for value in told if value.language in _ENGLISH]
    return max((value.value for value in sorted(english or told, key=str)), key=len, default="")


def _last(text: str) -> str:
    """The notation of a code; a text that is no address stays."""
    return text.rpartition("/")[2] if text.startswith(("http://", "https://")) else text


def _year(facts: Facts, predicate: NamedNode) -> int | None:
    years = [match[1] for text in _texts(facts, predicate) if (match := _YEAR.match(text))]
    return min(map(int, years), default=None)
