"""One thing merged into another, and taken apart again: the default graph says everything of the one that stays.

The graphs of submissions stay as they came. What stands for what is a dated, attributed activity in the graph of
provenance (dct:isReplacedBy); a graph of its own keeps what the merge brought to the record that stays, so that it can
be taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import NamedNode, Triple

from iesi_kg import assets
from iesi_kg.errors import NotFound, UsageError
from iesi_kg.publication import (
    catalogue,
    entailment,
    filling,
    graphs,
    linkage_following,
    moving,
    provenance,
    redirects,
)
from iesi_kg.publication.graphs import CODINGS, Quads
from iesi_kg.publication.joined import Joined
from iesi_kg.publication.provenance import Occasion
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Reader, Store, Writer
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.spelling import nearest

_KEPT = ("added", "removed", "sourced")
_KINDS = ("initiative", "organisation")


@dataclass(frozen=True, slots=True)
class Done:
    """What a merge or split did: the version that shows it, the two things, and how many statements moved."""

    version: int
    old: NamedNode
    new: NamedNode
    moved: int


def thing(reader: Reader, name: str) -> NamedNode:
    """The initiative or organisation of an IRI, a path or an identifier. Raises NotFound, naming the nearest."""
    minted = [_minted(kind, name) for kind in _KINDS] if ":" not in name and "/" not in name else []
    candidates = minted or [filling.named(name, iris.initiative)]
    known = {quad.subject for node in candidates for quad in reader.quads(node, graph=DEFAULT_GRAPH)}
    known |= {node for node in candidates if redirects.stand_for(reader, node)}
    if len(known) == 1:
        return next(node for node in candidates if node in known)
    if known:
        raise UsageError(f"both an initiative and an organisation are called {name!r}", hint="name one by its IRI")
    found = (row["thing"] for row in reader.select(assets.text("queries/sheets/things.rq")))
    slugs = sorted({node.value.rsplit("/", 1)[1] for node in found if isinstance(node, NamedNode)})
    best = nearest(name.rsplit("/", 1)[-1], slugs, likeness=60)
    raise NotFound(
        f"there is no published initiative or organisation {name!r}",
        hint=f"did you mean {best}?" if best else "name it by its IRI, its path, or the last part of it",
    )


def merge(store: Store, old: NamedNode, new: NamedNode, occasion: Occasion) -> Done:
    """Merge one thing into another of its kind, in one commit. Raises UsageError."""
    with store.writer() as writer:
        reader = writer.reader
        _refuse(reader, old, new)
        own, brought, naming = (
            moving.owned(reader, old),
            moving.brought(reader, old, new),
            moving.references(reader, old),
        )
        sourced = moving.sourced(reader, old, [CODINGS])
        used = sorted(graphs.sources(reader, [old]), key=str)
        names = moving.places(reader, old, new)
        moved = [(brought, DEFAULT_GRAPH), (redirects.renamed(naming, names), DEFAULT_GRAPH)]
        told = [*provenance.moving(old, new, "merge", used, occasion), Triple(old, redirects.REPLACED_BY, new)]
        reminted = redirects.reminted(_flat(sourced), names)
        kept = [(own, _kept(old, "removed")), (brought, _kept(old, "added")), (reminted, _kept(old, "sourced"))]
        change = ChangeSet(
            "merge",
            add=Quads(*moved, (reminted, CODINGS), *kept, (told, provenance.GRAPH)),
            remove=Quads((own | naming, DEFAULT_GRAPH), (_flat(sourced), CODINGS)),
        )
        change = _joined(change, linkage_following.merged(reader, old, new))
        return Done(_commit(writer, change, occasion.at), old, new, len(own) + len(naming))


def split(store: Store, old: NamedNode, occasion: Occasion) -> Done:
    """Take a merged thing out of the one it was merged into, in one commit. Raises UsageError."""
    with store.writer() as writer:
        reader = writer.reader
        new = _standing(reader, old)
        kept = {name: {q.triple for q in reader.quads(graph=_kept(old, name))} for name in _KEPT}
        added, removed = kept["added"], kept["removed"]
        _refuse_moved_on(reader, old, new)
        names = {old: new}
        naming = moving.natives(reader, old)
        landed = {triple for triple in redirects.renamed(naming, names) if not moving.is_stated(reader, triple)}
        leaving = {triple for triple in added if not moving.is_stated(reader, triple)} | landed
        current = graphs.publishing(reader)
        sourced = moving.sourced(reader, old, [*current, *_used(reader, old)])
        told = provenance.moving(old, new, "split", (), occasion)
        cleared = [(triples, _kept(old, name)) for name, triples in kept.items()]
        about = {*redirects.reminted(_flat(sourced), names), *kept["sourced"]}
        replaced = [Triple(old, redirects.REPLACED_BY, new)]
        change = ChangeSet(
            "split",
            add=Quads((removed | naming, DEFAULT_GRAPH), (_flat(sourced), CODINGS), (told, provenance.GRAPH)),
            remove=Quads(
                (leaving - removed - naming, DEFAULT_GRAPH),
                ({triple for triple in about if not moving.is_stated(reader, triple)}, CODINGS),
                *cleared,
                (replaced, provenance.GRAPH),
            ),
        )
        change = _joined(change, linkage_following.parted(reader, old, new))
        return Done(_commit(writer, change, occasion.at), old, new, len(removed) + len(naming))


def _commit(writer: Writer, change: ChangeSet, at: datetime) -> int:
    return writer.commit(catalogue.kept_true(writer.reader, entailment.with_inference(writer.reader, change, at)))


def _joined(change: ChangeSet, links: ChangeSet) -> ChangeSet:
    return ChangeSet(change.label, add=Joined(change.add, links.add), remove=Joined(change.remove, links.remove))


def _flat(statements: Mapping[NamedNode, Collection[Triple]]) -> list[Triple]:
    return [triple for about in statements.values() for triple in about]


def _kept(old: NamedNode, what: str) -> NamedNode:
    """The graph that keeps what a merge took out of the default graph, or brought to the thing that stays."""
    return iris.graph("merge", *old.value.rsplit("/", 2)[1:], what)


def _standing(reader: Reader, old: NamedNode) -> NamedNode:
    """What a thing was merged into. Raises UsageError."""
    found = redirects.stand_for(reader, old)
    if len(found) > 1:
        raise UsageError(f"<{old.value}> was split", hint="`iesi-kg split --undo` takes that back")
    if not found:
        raise UsageError(
            f"<{old.value}> was not merged into anything",
            hint="`iesi-kg split` takes apart what `iesi-kg merge` put together; --into FILE splits a record in two",
        )
    return found[0]


def _used(reader: Reader, old: NamedNode) -> set[NamedNode]:
    """The graphs from which a merged thing was published."""
    record = reader.quads(iris.fragment(old, "record"), graphs.FROM, graph=_kept(old, "removed"))
    return {quad.object for quad in record if isinstance(quad.object, NamedNode)}


def _refuse(reader: Reader, old: NamedNode, new: NamedNode) -> None:
    """Raises UsageError for what cannot be merged."""
    if old == new:
        raise UsageError("a thing cannot be merged into itself", hint="name two things")
    if _kind(old) != _kind(new):
        raise UsageError("an initiative and an organisation cannot be merged", hint="name two things of one kind")
    for thing in (old, new):
        standing = redirects.target(reader, thing)
        if standing == thing:
            continue
        if standing == old:
            message = f"<{thing.value}> was merged into <{old.value}> before: they would stand for each other"
        else:
            message = f"<{thing.value}> is merged into <{standing.value}> already"
        raise UsageError(message, hint="name what it was merged into, or take it out first: iesi-kg split")
    if rejected := linkage_following.rejected(reader, old, new):
        raise UsageError(
            f"{rejected.by} decided on {rejected.at:%Y-%m-%d} that <{old.value}> and <{new.value}> are not the same",
            hint="take that decision back first, at /review or with iesi-kg review",
        )


def _refuse_moved_on(reader: Reader, old: NamedNode, new: NamedNode) -> None:
    """Raises UsageError where the thing that stays was merged on, or replaced by a file that uses the old name."""
    if (last := redirects.target(reader, new)) != new:
        raise UsageError(
            f"<{new.value}>, into which <{old.value}> was merged, was merged into <{last.value}> since",
            hint=f"take {new.value.rsplit('/', 1)[1]} out first",
        )
    for graph in graphs.sources(reader, [new]) - _used(reader, old):
        if graphs.is_record(reader, old, graph) and not graphs.is_record(reader, new, graph):
            raise UsageError(
                f"<{old.value}> was sent again since it was merged, and stands in <{new.value}>",
                hint=f"send {new.value.rsplit('/', 1)[1]} again first, so that both have a state of their own",
            )


def _kind(thing: NamedNode) -> str:
    return thing.value.rsplit("/", 2)[1]


def _minted(kind: str, name: str) -> NamedNode:
    return iris.from_path(f"/id/{kind}/{iris.slug(name)}")
