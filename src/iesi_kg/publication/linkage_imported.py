"""A file of decisions on links, exported from another store or an earlier one, to decisions here under the same names.

A negative mapping is a rejection, a pair that is owl:sameAs too is identical (see ``linkage_told.mappings``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from iesi_kg.errors import DecisionConflict, IllFormedMappings
from iesi_kg.linking.entities import curie
from iesi_kg.linking.sssom import Mapping, MappingSet
from iesi_kg.publication import linkage, linkage_graphs, linkage_told, redirects
from iesi_kg.publication.linkage import Verdict
from iesi_kg.publication.linkage_graphs import Pair
from iesi_kg.publication.linkage_told import Choice
from iesi_kg.store.base import Store
from iesi_kg.vocabulary import sssom as words


@dataclass(frozen=True, slots=True)
class Imported:
    """How many decisions were made, how many stood already, and what stood otherwise and was left as it is."""

    made: int
    known: int
    otherwise: tuple[str, ...]


def decisions(mappings: MappingSet, name: str) -> dict[Pair, Verdict]:
    """What somebody decided on each pair of a set. Raises IllFormedMappings where it is not said who did."""
    wrong = [item for item in mappings.mappings if item.mapping_justification != words.REVIEW or not _who(item)]
    if wrong:
        raise IllFormedMappings(
            f"{name}: {wrong[0].subject_id} = {wrong[0].object_id} is no decision of a person",
            hint=f"it would have the justification {words.REVIEW} and a reviewer_label; decide on it without --import",
        )
    identical = {_sides(mappings, item) for item in mappings.mappings if _is_same_as(mappings, item)}
    found = {}
    for item in mappings.mappings:
        if not _is_same_as(mappings, item) or item.is_negative:
            same = _sides(mappings, item) in identical and not item.is_negative
            found[linkage.pair_of(mappings, item)] = _verdict(item, name, identical=same)
    return found


def take_over(store: Store, mappings: MappingSet, name: str, audited: Callable[[Pair, Choice], Store]) -> Imported:
    """Make the decisions of a set here, each under the name and on the day that it says; what stands is not undone."""
    given = decisions(mappings, name)
    linkage_graphs.refuse_unknown(store.reader(), mappings, name)
    made, known, otherwise = 0, 0, list[str]()
    for pair, verdict in given.items():
        pair = linkage_graphs.now(pair, redirects.merged(store.reader()))
        held = linkage_told.standing(linkage_told.history(store.reader(), pair))
        if held is not None:
            same = (held.choice, held.identical) == (verdict.choice, verdict.identical)
            known += same
            otherwise += [] if same else [f"{_told(pair)}: {held.choice.value} here by {held.by}"]
            continue
        try:
            linkage.decide(audited(pair, verdict.choice), pair, verdict)
            made += 1
        except DecisionConflict as conflict:
            otherwise.append(f"{_told(pair)}: {conflict.detail}")
    return Imported(made, known, tuple(otherwise))


def _verdict(item: Mapping, name: str, *, identical: bool) -> Verdict:
    day = item.review_date or item.mapping_date
    try:
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        told = f"{item.subject_id} = {item.object_id}"
        raise IllFormedMappings(f"{name}: {told} says no day of its decision", hint="give a review_date") from None
    choice = Choice.REJECTED if item.is_negative else Choice.ACCEPTED
    return Verdict(choice, _who(item), at, item.comment, identical=identical)


def _who(item: Mapping) -> str:
    return " and ".join(item.reviewer_label)


def _is_same_as(mappings: MappingSet, item: Mapping) -> bool:
    return mappings.expand(item.predicate_id) == words.SAME_AS


def _sides(mappings: MappingSet, item: Mapping) -> frozenset[str]:
    return frozenset(mappings.expand(side).value for side in (item.subject_id, item.object_id))


def _told(pair: Pair) -> str:
    return " = ".join(curie(side) for side in pair.sides)
