"""Every link that mapping graphs tell of to what awaits a decision, the one that matters most first.

The value of a decision is how unsure the link is (4 c (1 - c) for a confidence c: 1 at 0.5, 0 at 0 and 1), times how
many other records hang on it: the two, and all that is the same as either, less one. A link of which a record changed
since somebody decided on it comes before all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pyoxigraph import Literal, NamedNode

from iesi_kg.linking.entities import curie
from iesi_kg.publication import linkage_graphs, linkage_told
from iesi_kg.publication.linkage_clusters import Sameness
from iesi_kg.publication.linkage_graphs import Pair, Told
from iesi_kg.publication.linkage_records import changed, entity, prints, values
from iesi_kg.publication.linkage_told import Choice, Decision
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import DCT, SKOS

CURATED = 0.9  # what a link counts for that somebody found by reading and gave no confidence
_NAMES = (NamedNode(DCT + "title"), NamedNode(SKOS + "prefLabel"))


class Standing(StrEnum):
    """Where a link stands: not decided, decided on records that changed since, or decided."""

    REOPENED = "reopened"
    OPEN = "open"
    UNSURE = "unsure"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Item:
    """One link with all that a decision on it needs, the two records apart."""

    pair: Pair
    labels: tuple[str, str]
    curies: tuple[str, str]
    confidence: float | None
    reason: str
    sources: tuple[str, ...]
    value: float
    history: tuple[Decision, ...]
    changed: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def decision(self) -> Decision | None:
        return linkage_told.standing(self.history)

    @property
    def standing(self) -> Standing:
        if self.decision is None:
            return Standing.OPEN
        return Standing.REOPENED if any(self.changed) else Standing(self.decision.choice.value)

    @property
    def revision(self) -> int:
        return len(self.history)


def queue(reader: Reader) -> list[Item]:
    """Every link, those first whose decision matters most."""
    by_pair: dict[Pair, list[Told]] = {}
    for item in linkage_graphs.told(reader):
        if not item.negative:
            by_pair.setdefault(item.pair, []).append(item)
    decided = linkage_told.decided(reader)
    clusters = Sameness(linkage_graphs.links(reader))
    pairs = {*by_pair, *decided}
    found = [_item(reader, one, by_pair.get(one, []), decided.get(one, ()), clusters) for one in pairs]
    order = list(Standing)
    return sorted(found, key=lambda item: (order.index(item.standing), -item.value, item.pair))


def find(reader: Reader, link_id: str) -> Item | None:
    """One link by its key in addresses."""
    return next((item for item in queue(reader) if item.pair.id == link_id), None)


def _item(reader: Reader, found: Pair, told: list[Told], history: tuple[Decision, ...], clusters: Sameness) -> Item:
    best = max(told, key=lambda item: (item.confidence is not None, bool(item.reason)), default=None)
    confidence = best.confidence if best else None
    left, right = found.sides
    near = clusters.of(left) | clusters.of(right)
    unsure = 4 * (share := CURATED if confidence is None else confidence) * (1 - share)
    return Item(
        pair=found,
        labels=(_label(reader, left, told, 0), _label(reader, right, told, 1)),
        curies=(curie(left), curie(right)),
        confidence=confidence,
        reason=best.reason if best else "",
        sources=tuple(sorted({item.graph.value.rpartition("/")[2] for item in told})),
        value=round(unsure * (len(near) - 1), 3),
        history=history,
        changed=_changed(reader, found, history),
    )


def _changed(reader: Reader, found: Pair, history: tuple[Decision, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of either record that are not as they were when the decision that holds was made."""
    held = linkage_told.standing(history)
    if held is None or held.choice is Choice.UNSURE:
        return (), ()
    now = [prints(entity(reader, record)) for record in found.sides]
    return changed(held.seen[0], now[0]), changed(held.seen[1], now[1])


def _label(reader: Reader, record: NamedNode, told: list[Told], side: int) -> str:
    """The name of a record: as it is now, else as a mapping gave it, else its key."""
    for predicate in _NAMES:
        names = [quad.object.value for quad in reader.quads(record, predicate) if isinstance(quad.object, Literal)]
        if names:
            return min(names)
    return next((item.labels[side] for item in told if item.labels[side]), curie(record))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The other record of a link, as the page of one shows it."""

    curie: str
    iri: str
    label: str
    page: str
    confidence: float | None
    reason: str
    decision: Decision | None
    changed: bool
    sources: tuple[str, ...]


def elsewhere(reader: Reader, record: NamedNode) -> list[Elsewhere]:
    """The records that are the same as one: decided ones first, then the surest; nothing that somebody rejected."""
    told: dict[Pair, list[Told]] = {}
    for item in linkage_graphs.told_of(reader, record):
        if not item.negative and item.graph != linkage_graphs.CANDIDATES:
            told.setdefault(item.pair, []).append(item)
    histories = {pair: linkage_told.history(reader, pair) for pair in told} | linkage_told.of_record(reader, record)
    alone = Sameness(())
    items = (_item(reader, pair, told.get(pair, []), history, alone) for pair, history in histories.items())
    shown = [item for item in items if _is_shown(item, item.pair in told)]
    shown.sort(key=lambda item: (item.decision is None, -(item.confidence or CURATED), item.pair))
    return [_elsewhere(reader, item, record) for item in shown]


def _is_shown(item: Item, published: bool) -> bool:
    """A link that a mapping set states, or that somebody accepted."""
    if item.decision is None or item.decision.choice is Choice.UNSURE:
        return published
    return item.decision.choice is Choice.ACCEPTED


def _elsewhere(reader: Reader, item: Item, record: NamedNode) -> Elsewhere:
    other = 1 if item.pair.sides[0] == record else 0
    iri = item.pair.sides[other]
    found = entity(reader, iri)
    return Elsewhere(
        curie=item.curies[other],
        iri=iri.value if found else "",
        label=item.labels[other],
        page=next(iter(values(found, "pages")), ""),
        confidence=item.confidence,
        reason=item.reason,
        decision=item.decision,
        changed=any(item.changed),
        sources=item.sources,
    )
