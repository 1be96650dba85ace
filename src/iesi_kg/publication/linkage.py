"""Links between records to what is published of them: sets loaded, candidates queued, decisions made and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import NamedNode, Quad

from iesi_kg.errors import DecisionConflict, NotFound, UsageError
from iesi_kg.linking.entities import curie
from iesi_kg.linking.sssom import Mapping, MappingSet
from iesi_kg.publication import catalogue, linkage_graphs, linkage_told, redirects
from iesi_kg.publication.linkage_clusters import GRAPH as FINDINGS
from iesi_kg.publication.linkage_clusters import Sameness, annotated, circular, contradictions, divided, parted
from iesi_kg.publication.linkage_graphs import CANDIDATES, DECISIONS, Pair
from iesi_kg.publication.linkage_records import entity, prints
from iesi_kg.publication.linkage_told import Choice, Decision
from iesi_kg.store.base import ChangeSet, Reader, Store
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary import sssom as words

LONGEST_REASON = 2_000
RESERVED = ("decisions", "candidates")
Decided = Dictionary[Pair, tuple[Decision, ...]]
_LINKING = (*words.IDENTITIES, words.PART_OF)
_ABOUT = tuple(words.OF_MAPPING[name].property for name in ("subject_id", "object_id"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides on a pair as it was after ``revision`` decisions; None takes it as it is now.

    ``identical`` says that every fact of one record holds of the other: owl:sameAs is stated too.
    """

    choice: Choice
    by: str
    at: datetime
    reason: str = ""
    identical: bool = False
    revision: int | None = None


def decide(store: Store, found: Pair, verdict: Verdict) -> Decision:
    """Make one decision on a pair in one commit; sent twice, it is one.

    Raises UsageError, and DecisionConflict where somebody decided meanwhile or the decision contradicts others.
    """
    with store.writer() as writer:
        reader = writer.reader
        found = linkage_graphs.now(found, redirects.merged(reader))
        _refuse_unfit(found, verdict)
        history = linkage_told.history(reader, found)
        if repeated := _repeated(history, verdict):
            return repeated
        _refuse_stale(found, history, verdict)
        seen = tuple(prints(entity(reader, record)) for record in found.sides)
        decision = Decision(
            step=1 + max((made.step for made in history), default=0),
            choice=verdict.choice,
            by=verdict.by,
            at=verdict.at,
            reason=" ".join(verdict.reason.split()),
            identical=verdict.identical,
            seen=(seen[0], seen[1]),
        )
        writer.commit(_change(reader, found, (*history, decision)))
        return decision


def pair_of(mappings: MappingSet, mapping: Mapping) -> Pair:
    """The pair that a mapping of a set is about."""
    sides = (mappings.expand(name) for name in (mapping.subject_id, mapping.predicate_id, mapping.object_id))
    return linkage_graphs.pair(*sides)


def load(store: Store, name: str, mappings: MappingSet) -> int:
    """Publish a mapping set in its graph, in place of what was there; returns the version that shows it."""
    if not name or name in RESERVED or iris.slug(name) != name:
        raise UsageError(f"{name!r} cannot name a set of mappings", hint="use small letters, digits and -, like iesi-x")
    return _entered(store, mappings, name, lambda reader: linkage_graphs.loaded(reader, name, mappings))


def enqueue(store: Store, mappings: MappingSet, name: str) -> int:
    """Put the links of a set before the stewards, without stating them; returns the version that shows it."""
    return _entered(
        store,
        mappings,
        name,
        lambda reader: linkage_graphs.queued(reader, mappings),
    )


def unload(store: Store, name: str) -> int:
    """Take a mapping set out. Raises NotFound."""
    graph = CANDIDATES if name == "candidates" else iris.graph("mappings", name)
    with store.writer() as writer:
        gone = list(writer.reader.quads(graph=graph))
        if not gone or name == "decisions":
            raise NotFound(f"no mapping set {name!r} is loaded", hint="`iesi-kg review --list` names those that are")
        return writer.commit(_with_findings(writer.reader, ChangeSet(graph.value, remove=gone)))


def _entered(store: Store, mappings: MappingSet, name: str, make: Callable[[Reader], ChangeSet]) -> int:
    with store.writer() as writer:
        reader = writer.reader
        linkage_graphs.refuse_unknown(reader, mappings, name)
        change = make(reader)
        if not change:
            return reader.version
        return writer.commit(_with_findings(reader, change))


def _with_findings(reader: Reader, change: ChangeSet, decided: Decided | None = None) -> ChangeSet:
    """The change with what it makes wrong or right among the linked records, and with the description kept true."""
    told = _findings(reader, change, linkage_told.decided(reader) if decided is None else decided)
    whole = ChangeSet(change.label, add=[*change.add, *told.add], remove=[*change.remove, *told.remove])
    return catalogue.kept_true(reader, whole)


def _change(reader: Reader, found: Pair, history: tuple[Decision, ...]) -> ChangeSet:
    """What one more decision changes: it is told for good, and what it says stands in place of what stood."""
    before, after = (linkage_told.standing(part) for part in (history[:-1], history))
    old = linkage_told.standing_statements(found, before)
    new = linkage_told.standing_statements(found, after)
    told = linkage_told.activity(found, history[-1])
    was, is_ = _is(before, Choice.REJECTED), _is(after, Choice.REJECTED)
    restored = list(linkage_graphs.restored(reader, found)) if was and not is_ else []
    withheld = list(linkage_graphs.withheld(reader, found)) if is_ else []
    kept = {*new, *told}
    leaving = [quad for quad in old if quad not in kept and not linkage_told.is_of_set(quad)]
    change = ChangeSet("link", add=[*told, *new, *restored], remove=[*leaving, *withheld])
    if _is(after, Choice.ACCEPTED) and not _is(before, Choice.ACCEPTED):
        _refuse_contradiction(reader, found, change)
    return _with_findings(reader, change, {**linkage_told.decided(reader), found: history})


def _is(decision: Decision | None, choice: Choice) -> bool:
    return decision is not None and decision.choice is choice


def _findings(reader: Reader, change: ChangeSet, decided: Decided) -> ChangeSet:
    """What is wrong among the records that a change links or parts, in place of what was said of them before."""
    sides = {side for quad in (*change.add, *change.remove) for side in _sides(quad)}
    clusters = Sameness(linkage_graphs.links(reader, change))
    found = {clusters.of(side) for side in sides}
    old = set(annotated(reader, sides.union(*found)))
    new = {quad for cluster in found for quad in _wrong(reader, cluster, decided)}
    if any(quad.predicate == words.PART_OF for quad in (*change.add, *change.remove)):
        new |= set(circular(linkage_graphs.parts(reader, change)))
    return ChangeSet("", add=sorted(new - old, key=str), remove=sorted(old - new, key=str))


def _wrong(reader: Reader, cluster: frozenset[NamedNode], decided: Decided) -> Iterator[Quad]:
    """What speaks against the records of a cluster being one: what they say, and what a steward said."""
    if len(cluster) > 1:
        yield from contradictions(reader, cluster)
    for pair, history in decided.items():
        held = linkage_told.standing(history)
        if held is not None and held.choice is Choice.REJECTED and cluster.issuperset(pair.sides):
            yield from parted(pair.sides, held.by)


def _sides(quad: Quad) -> Iterator[NamedNode]:
    """The records that a link links, or that a decision is about."""
    if quad.predicate in _LINKING:
        yield from (side for side in (quad.subject, quad.object) if isinstance(side, NamedNode))
    elif quad.graph_name == DECISIONS and quad.predicate in _ABOUT and isinstance(quad.object, NamedNode):
        yield quad.object


def refresh(store: Store) -> int:
    """Say anew what is wrong among all linked records, after one changed elsewhere; returns how much is said."""
    with store.writer() as writer:
        reader = writer.reader
        clusters = Sameness(linkage_graphs.links(reader))
        decided = linkage_told.decided(reader)
        new = {quad for cluster in clusters.all() for quad in _wrong(reader, cluster, decided)}
        new |= set(circular(linkage_graphs.parts(reader)))
        new |= set(divided(reader, linkage_graphs.links(reader)))
        old = set(reader.quads(graph=FINDINGS))
        if new != old:
            writer.commit(ChangeSet("findings", add=sorted(new - old, key=str), remove=sorted(old - new, key=str)))
        return len({quad.subject for quad in new})


def _repeated(history: tuple[Decision, ...], verdict: Verdict) -> Decision | None:
    """The last decision, where it is the one that came: a button pressed twice, an answer that got lost."""
    if not history or verdict.revision != len(history) - 1:
        return None
    last = history[-1]
    was = (last.choice, last.by, last.reason, last.identical)
    return last if was == (verdict.choice, verdict.by, " ".join(verdict.reason.split()), verdict.identical) else None


def _refuse_unfit(found: Pair, verdict: Verdict) -> None:
    if not verdict.by.strip():
        raise UsageError("a decision says whose it is", hint="give your name, or a role")
    if len(verdict.reason) > LONGEST_REASON:
        raise UsageError(f"a reason is at most {LONGEST_REASON:,} characters", parameter="reason")
    if found.left == found.right:
        raise UsageError("a record is always the same as itself", hint="name two records that were not merged")
    if verdict.identical and (verdict.choice is not Choice.ACCEPTED or NamedNode(found.relation) == words.PART_OF):
        raise UsageError("only an accepted identity can hold for every fact", parameter="identical")


def _refuse_stale(found: Pair, history: tuple[Decision, ...], verdict: Verdict) -> None:
    if verdict.revision is not None and verdict.revision != len(history):
        last = history[-1] if history else None
        told = f"{last.by} decided on this link meanwhile: {last.choice.value}" if last else "nobody decided on it yet"
        raise DecisionConflict(told, state=last.choice.value if last else "open", revision=len(history))
    if verdict.choice is Choice.UNDONE and linkage_told.standing(history) is None:
        raise DecisionConflict("there is no decision on this link to take back", state="open", revision=len(history))


def _refuse_contradiction(reader: Reader, found: Pair, change: ChangeSet) -> None:
    """Raises DecisionConflict where a link would make two records one that a steward said are two."""
    cluster = Sameness(linkage_graphs.links(reader, change)).of(NamedNode(found.left))
    for other, history in linkage_told.decided(reader).items():
        held = linkage_told.standing(history)
        if held is None or held.choice is not Choice.REJECTED or other == found:
            continue
        if {NamedNode(other.left), NamedNode(other.right)} <= cluster:
            left, right = (curie(side) for side in other.sides)
            raise DecisionConflict(
                f"then {left} and {right} would be the same, which {held.by} rejected on {held.at:%Y-%m-%d}",
                hint="take one of the two decisions back first",
                state="contradiction",
                revision=len(linkage_told.history(reader, found)),
            )
