"""What is said of a loaded database inside its own graph: data set, licence, files, activity, columns (DCAT, PROV)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg import __version__
from iesi_kg.linking.adapters_tables import Fingerprint
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCAT, DCT, FOAF, OWL, PROV, RDF, RDFS, SCHEMA, VOID, XSD

_TYPE = NamedNode(RDF + "type")
_NAME = NamedNode(FOAF + "name")
_TITLE = NamedNode(DCT + "title")
_LABEL = NamedNode(RDFS + "label")
_ATTRIBUTION = NamedNode("http://creativecommons.org/ns#attributionName")

Fact = tuple[NamedNode, NamedNode, NamedNode | Literal]


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which terms the data are, and whether they may be handed on with this software."""

    address: str
    name: str
    shareable: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What an adapter knows of its database."""

    name: str
    title: str
    description: str
    publisher: str
    publisher_page: str
    licence: Licence
    attribution: str
    address: str
    language: str
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """One reading: into which graph, of which version, from which files, by which adapter, when."""

    graph: NamedNode
    version: str
    files: Sequence[tuple[str, Fingerprint]]
    adapter: str
    at: datetime | None = None
    issued: str = ""


def statements(about: About, read: Read, columns: Mapping[str, str]) -> Iterator[Triple]:
    """The description of a graph; ``columns`` are those under whose own property texts are kept, with their titles."""
    facts = [*_dataset(about, read), *_made(about, read), *_columns(about.name, columns)]
    yield from (Triple(*fact) for fact in facts)


def counts(graph: NamedNode, records: int, triples: int) -> Iterator[Triple]:
    """How much the graph holds, known once it is written; these two statements count themselves."""
    yield Triple(graph, NamedNode(VOID + "entities"), _integer(records))
    yield Triple(graph, NamedNode(VOID + "triples"), _integer(triples + 2))


def _dataset(about: About, read: Read) -> Iterator[Fact]:
    graph, publisher = read.graph, iris.agent(about.publisher)
    for kind in (DCAT + "Dataset", VOID + "Dataset", PROV + "Entity"):
        yield graph, _TYPE, NamedNode(kind)
    yield graph, _TITLE, Literal(f"{about.title}, {read.version}", language="en")
    yield graph, NamedNode(DCT + "description"), Literal(about.description, language="en")
    yield graph, NamedNode(DCT + "publisher"), publisher
    yield graph, NamedNode(DCT + "license"), NamedNode(about.licence.address)
    yield NamedNode(about.licence.address), _TITLE, Literal(about.licence.name, language="en")
    yield graph, NamedNode(DCT + "identifier"), Literal(about.name)
    yield graph, NamedNode(DCT + "source"), NamedNode(about.address)
    yield graph, NamedNode(DCT + "language"), Literal(about.language)
    yield graph, NamedNode(DCAT + "version"), Literal(read.version)
    yield graph, NamedNode(OWL + "versionInfo"), Literal(read.version)
    yield graph, NamedNode(DCT + "isVersionOf"), iris.peer(about.name)
    yield graph, NamedNode(VOID + "uriSpace"), Literal(f"{iris.peer(about.name).value}/")
    if read.issued:
        yield graph, NamedNode(DCT + "issued"), Literal(read.issued, datatype=NamedNode(XSD + "date"))
    if about.attribution:
        yield graph, _ATTRIBUTION, Literal(about.attribution, language="en")
    if about.licence.note:
        yield graph, NamedNode(DCT + "rights"), Literal(about.licence.note, language="en")
    for defect in about.defects:
        yield graph, NamedNode("http://www.w3.org/2004/02/skos/core#editorialNote"), Literal(defect, language="en")
    yield publisher, _TYPE, NamedNode(FOAF + "Agent")
    yield publisher, _NAME, Literal(about.publisher)
    if about.publisher_page:
        yield publisher, NamedNode(FOAF + "homepage"), NamedNode(about.publisher_page)
    yield iris.peer(about.name), _TYPE, NamedNode(DCAT + "Dataset")
    yield iris.peer(about.name), _TITLE, Literal(about.title, language="en")
    yield iris.peer(about.name), NamedNode(DCAT + "landingPage"), NamedNode(about.address)


def _made(about: About, read: Read) -> Iterator[Fact]:
    """The activity that made the graph of the files, and what took part in it."""
    graph, activity = read.graph, iris.fragment(read.graph, "adaptation")
    software, adapter = iris.agent(f"iesi-kg {__version__}"), iris.fragment(read.graph, "adapter")
    yield graph, NamedNode(PROV + "wasGeneratedBy"), activity
    yield activity, _TYPE, NamedNode(PROV + "Activity")
    yield activity, NamedNode(PROV + "wasAssociatedWith"), software
    yield activity, NamedNode(PROV + "used"), adapter
    yield adapter, _TYPE, NamedNode(PROV + "Entity")
    yield adapter, _TITLE, Literal(f"adapter {about.name}", language="en")
    yield adapter, NamedNode(SCHEMA + "sha256"), Literal(read.adapter)
    yield software, _TYPE, NamedNode(PROV + "SoftwareAgent")
    yield software, _NAME, Literal("iesi-kg")
    yield software, NamedNode(SCHEMA + "softwareVersion"), Literal(__version__)
    if read.at is not None:
        when = Literal(read.at.isoformat(timespec="seconds"), datatype=NamedNode(XSD + "dateTime"))
        yield activity, NamedNode(PROV + "endedAtTime"), when
        yield graph, NamedNode(PROV + "generatedAtTime"), when
    for number, (name, mark) in enumerate(read.files, start=1):
        file = iris.fragment(graph, f"file-{number}")
        yield graph, NamedNode(PROV + "wasDerivedFrom"), file
        yield activity, NamedNode(PROV + "used"), file
        yield file, _TYPE, NamedNode(PROV + "Entity")
        yield file, _TITLE, Literal(name)
        yield file, NamedNode(SCHEMA + "sha256"), Literal(mark.sha256)
        yield file, NamedNode(DCAT + "byteSize"), _integer(mark.size)


def _columns(database: str, columns: Mapping[str, str]) -> Iterator[Fact]:
    for name in columns:
        field = iris.peer_field(database, name)
        yield field, _TYPE, NamedNode(RDF + "Property")
        yield field, _LABEL, Literal(name)
        yield field, NamedNode(RDFS + "isDefinedBy"), iris.peer(database)


def _integer(number: int) -> Literal:
    return Literal(str(number), datatype=NamedNode(XSD + "integer"))
