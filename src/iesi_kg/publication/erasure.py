"""Takes a record or a person out of what is published and out of every release, and says why where it stood.

Right to erasure, GDPR Article 17 (https://eur-lex.europa.eu/eli/reg/2016/679/art_17/oj). What stays is a mark under a
digest of the IRI, which itself may hold a name: the address answers 410 with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.errors import NotFound, UsageError
from iesi_kg.publication import catalogue, entailment, graphs, provenance, redaction, release, release_content
from iesi_kg.publication.release_shelf import Release, Shelf
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader, Store
from iesi_kg.store.copied import refuse_on_copy
from iesi_kg.store.versions import Layout
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, FOAF, PROV, RDF, RDFS, SKOS, XSD
from iesi_kg.vocabulary.terms import ASSIGNED_COUNTRY, JUDGES

_NAMES = tuple(NamedNode(name) for name in (FOAF + "name", DCT + "title", SKOS + "prefLabel"))
_ABOUT = frozenset((JUDGES, ASSIGNED_COUNTRY, NamedNode(RDF + "subject"), NamedNode(RDF + "object")))
_SUBMISSIONS = iris.graph("submission", "").value
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be erased, why, when, and which texts go too."""

    thing: NamedNode
    reason: str
    at: datetime
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        reason = self.reason
        if not reason.strip() or len(reason) > _LONGEST_REASON or not reason.isprintable():
            raise UsageError(
                "an erasure needs a reason that can be shown", hint=f"--reason, at most {_LONGEST_REASON} characters"
            )
        path = iris.local_path(self.thing) or ""
        if not path.startswith("/id/") or "#" in path or self.thing == iris.dataset():
            raise UsageError(
                f"<{self.thing.value}> is no record or person of this graph",
                hint="name one by its IRI or its path, as in /id/initiative/name or /id/agent/name",
            )


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: statements taken out, releases rewritten, things whose texts still mention a name.

    Each such thing with the releases that hold such a text, and "" for what is published now.
    """

    version: int
    quads: int
    releases: tuple[str, ...]
    mentions: Mapping[str, tuple[str, ...]]


def erase(store: Store, shelf: Shelf, order: Order) -> Erased:
    """Erase a thing here and in every release. Raises NotFound where nothing is known of it anywhere, OnlyACopy."""
    refuse_on_copy(Layout(shelf.folder.parent))
    with shelf.locked():
        names: set[str] = set()
        rewritten, taken = _in_releases(shelf, order, names)
        with store.writer() as writer:
            reader = writer.reader
            leaving = found(reader, order.thing, order.also)
            if not leaving and not rewritten and not _is_marked(reader, shelf, order):
                raise NotFound(
                    f"nothing is known of <{order.thing.value}>, here or in a release", iri=order.thing.value
                )
            names |= _names(reader, order.thing)
            change = redaction.with_counts(reader, _change(reader, order, leaving), apart=[entailment.GRAPH])
            change = catalogue.kept_true(reader, entailment.with_inference(reader, change, order.at))
            version = writer.commit(replace(change, forget=True))
            mentions = _mentions(writer.reader, shelf, names)
    return Erased(version, len(leaving) + taken, rewritten, mentions)


def found(reader: Reader, thing: NamedNode, also: Collection[str] = ()) -> set[Quad]:
    """Every quad that is about a thing, or about what only it upholds, or that holds one of the texts."""
    renewed = [thing] if graphs.is_published(reader, thing) else []
    passing = graphs.superseded(reader, renewed)
    nodes = {thing.value, *_orphans(reader, passing)}
    nodes |= {_base(quad.subject) for quad in reader.quads() if _depends(quad, nodes)}
    nodes |= _left_alone(reader, nodes, passing)
    texts = [text.casefold() for text in also if text.strip()]
    return {
        quad
        for quad in reader.quads()
        if quad.triple in passing or _base(quad.subject) in nodes or _base(quad.object) in nodes or _holds(quad, texts)
    }


def _in_releases(shelf: Shelf, order: Order, names: set[str]) -> tuple[tuple[str, ...], int]:
    """Rewrite the first release that holds the thing and those after it, whose lists of changes may name it.

    What they call the thing is added to ``names``. An erasure that was cut left the first of them rewritten: those
    behind it are known by what it told of itself.
    """
    releases = shelf.all()
    for each in releases:
        each.check()
    rewritten: list[str] = []
    taken = 0
    before: Release | None = None
    reached = ""
    for each in releases:
        reached = max(reached, _told(each, order))
        behind = _told(each, order) < reached and each.issued <= reached
        with release.frozen(each.quads, shelf.folder / ".open" / ".erasing", 1) as reader:
            names |= _names(reader, order.thing)
            leaving = found(reader, order.thing, order.also)
            if leaving or rewritten or behind:
                change = redaction.with_conclusions(reader, _change(reader, order, leaving))
                change = redaction.with_counts(reader, change)
                change = catalogue.with_statistics(reader, change)
                each = release.build(shelf, _facts(each, order, len(leaving)), _after(reader, change), before)
                rewritten.append(each.name)
                taken += len(leaving)
        before = each
    return tuple(rewritten), taken


def _told(each: Release, order: Order) -> str:
    """When a release was last rewritten for this erasure; nothing where it never was."""
    mark = iris.erased(order.thing).value
    return max((str(told["at"]) for told in each.redactions if told["erased"] == mark), default="")


def _is_marked(reader: Reader, shelf: Shelf, order: Order) -> bool:
    """Whether the thing was erased before, in whole or in part."""
    here = next(iter(reader.quads(iris.erased(order.thing), graph=provenance.GRAPH)), None)
    return here is not None or any(_told(each, order) for each in shelf.all())


def _change(reader: Reader, order: Order, leaving: Collection[Quad]) -> ChangeSet:
    """What leaves, and the mark in the place of one of an earlier attempt."""
    mark = _mark(order)
    earlier = set(reader.quads(iris.erased(order.thing), graph=provenance.GRAPH)) - set(mark)
    return ChangeSet("erasure", add=mark, remove=sorted({*leaving, *earlier}, key=str))


def _facts(each: Release, order: Order, quads: int) -> dict[str, Any]:
    told = {
        "at": _time(order.at),
        "reason": order.reason,
        "erased": iris.erased(order.thing).value,
        "quads": quads,
        "before": {name: item["sha256"] for name, item in each.files.items()},
    }
    kept = {name: each.manifest[name] for name in ("release", "issued", "store_version")}
    return {**kept, "redactions": [*each.redactions, told]}


def _after(reader: Reader, change: ChangeSet) -> Iterator[Quad]:
    leaving = set(change.remove)
    yield from (quad for quad in release_content.published(reader) if quad not in leaving)
    yield from change.add


def _mark(order: Order) -> list[Quad]:
    """What is left: that something stood under this digest, when it was erased, and why."""
    node = iris.erased(order.thing)
    moment = Literal(_time(order.at), datatype=NamedNode(XSD + "dateTime"))
    return [
        Quad(node, NamedNode(RDF + "type"), NamedNode(PROV + "Entity"), provenance.GRAPH),
        Quad(node, NamedNode(PROV + "invalidatedAtTime"), moment, provenance.GRAPH),
        Quad(node, NamedNode(RDFS + "comment"), Literal(order.reason), provenance.GRAPH),
    ]


def _orphans(reader: Reader, passing: set[Triple]) -> set[str]:
    """Things of which nothing stays in the merge once these statements have left it."""
    nodes = {triple.subject for triple in passing if isinstance(triple.subject, NamedNode)}
    return {
        node.value.partition("#")[0]
        for node in nodes
        if all(quad.triple in passing for quad in reader.quads(node, graph=DEFAULT_GRAPH))
    }


def _left_alone(reader: Reader, nodes: Collection[str], passing: set[Triple]) -> set[str]:
    """Things that a graph which states one of these nodes, an earlier one too, points to and nothing else upholds.

    A thing is upheld by another thing that points to it, by what stays of it in the merge, and by a graph of its own.
    """
    stating = {quad.graph_name for quad in reader.quads() if _is_submitted(quad) and _base(quad.subject) in nodes}
    pointed = {
        _base(quad.object) for quad in reader.quads() if quad.graph_name in stating and _base(quad.subject) in nodes
    }
    alone = {name for name in pointed - {*nodes} if (iris.local_path(name) or "").startswith("/id/")}
    for quad in reader.quads() if alone else ():
        if quad.graph_name in (entailment.GRAPH, catalogue.GRAPH):
            continue
        about = _base(quad.subject)
        if about in alone and (_owns_nodes(quad) or _upholds_itself(quad, stating, passing)):
            alone.discard(about)
        if about not in nodes and (pointed_at := _base(quad.object)) != about:
            alone.discard(pointed_at)
    return alone


def _is_submitted(quad: Quad) -> bool:
    return isinstance(quad.graph_name, NamedNode) and quad.graph_name.value.startswith(_SUBMISSIONS)


def _owns_nodes(quad: Quad) -> bool:
    """Whether the subject is a node of a record, which stands for itself."""
    return isinstance(quad.subject, NamedNode) and "#" in quad.subject.value


def _upholds_itself(quad: Quad, stating: Collection[object], passing: set[Triple]) -> bool:
    if quad.graph_name == DEFAULT_GRAPH:
        return quad.triple not in passing
    return quad.graph_name not in stating


def _depends(quad: Quad, nodes: Collection[str]) -> bool:
    """Whether a quad makes its subject, a statement about a statement or a judgement, one about these things.

    Who made a judgement, or what it rests on, is not what it is about: there only the link leaves.
    """
    return quad.predicate in _ABOUT and _base(quad.object) in nodes and iris.is_about_another(quad.subject)


def _base(term: object) -> str:
    return term.value.partition("#")[0] if isinstance(term, NamedNode) else ""


def _holds(quad: Quad, texts: Iterable[str]) -> bool:
    return isinstance(quad.object, Literal) and any(text in quad.object.value.casefold() for text in texts)


def _names(reader: Reader, thing: NamedNode) -> set[str]:
    """What the thing is called, in any graph."""
    return {
        quad.object.value
        for naming in _NAMES
        for quad in reader.quads(thing, naming)
        if isinstance(quad.object, Literal) and quad.object.value.strip()
    }


def _mentions(reader: Reader, shelf: Shelf, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Things whose texts still hold one of the names, and where: for people to look at."""
    texts = [name.casefold() for name in names]
    places: dict[str, list[str]] = {}
    sources = [("", reader.quads()), *((each.name, release_content.read_quads(each.quads)) for each in shelf.all())]
    for place, quads in sources if texts else ():
        for thing in {_base(quad.subject) for quad in quads if _holds(quad, texts)}:
            places.setdefault(thing, []).append(place)
    return {thing: tuple(places[thing]) for thing in sorted(places)}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
