"""Links to clusters of records of one thing, and to what the records of a cluster disagree on.

Links are taken from the surest down. One that would join two clusters is held back where their records, taken all
together, speak against it, or where a steward said that two of them are not the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from iesi_kg.linking import normal
from iesi_kg.linking.entities import Entity

HELD_BELOW = 0.4  # mean confidence over all pairs of two clusters, below which they are not joined
_MOST_COMPARED = 100  # pairs of two clusters that are looked at
_YEARS_APART = 1

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What records of one cluster disagree on: each value with the records that state it."""

    field: str  # "country" | "start year" | "status" | "decision"
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Clusters:
    """The clusters by the places of their records; for each joined pair the confidence of the link that joined them.

    ``held`` are the links that were not followed, with the reason.
    """

    members: tuple[tuple[int, ...], ...]
    joined: Mapping[Pair, float]
    held: Mapping[Pair, str]


def cluster(
    links: Iterable[tuple[float, int, int]], apart: frozenset[Pair], confidence: Callable[[int, int], float]
) -> Clusters:
    """The clusters that links make; ``confidence`` compares any two records, ``apart`` are pairs never to be joined."""
    group: dict[int, list[int]] = {}
    joined: dict[Pair, float] = {}
    held: dict[Pair, str] = {}
    for sure, left, right in sorted(links, key=lambda link: (-link[0], link[1], link[2])):
        one, other = group.setdefault(left, [left]), group.setdefault(right, [right])
        if one is other:
            continue
        crossing = [(min(a, b), max(a, b)) for a in one for b in other]
        if reason := _against(crossing, sure, apart, confidence):
            held[left, right] = reason
            continue
        joined.update(dict.fromkeys(crossing, sure))
        one += other
        group.update(dict.fromkeys(other, one))
    found = {id(members): tuple(sorted(members)) for members in group.values() if len(members) > 1}
    return Clusters(tuple(sorted(found.values())), joined, held)


def _against(
    crossing: Sequence[Pair], sure: float, apart: frozenset[Pair], confidence: Callable[[int, int], float]
) -> str:
    if any(pair in apart for pair in crossing):
        return "a steward said that two of their cluster are not the same"
    if len(crossing) == 1 or sure >= 1.0:
        return ""
    seen = crossing[:_MOST_COMPARED]
    if sum(confidence(*pair) for pair in seen) / len(seen) < HELD_BELOW:
        return "the other records of their clusters speak against it"
    return ""


def conflicts(members: Sequence[Entity]) -> Iterator[Conflict]:
    """What the records of a cluster disagree on; a record that says nothing disagrees with none."""
    wide = normal.lexicon().wide
    countries = {entity.curie: set(entity.countries) for entity in members if set(entity.countries) - wide}
    if any(not one & other for one in countries.values() for other in countries.values()):
        yield _conflict("country", {curie: "/".join(sorted(codes)) for curie, codes in countries.items()})
    years = {entity.curie: entity.start_year for entity in members if entity.start_year is not None}
    if years and max(years.values()) - min(years.values()) > _YEARS_APART:
        yield _conflict("start year", {curie: str(year) for curie, year in years.items()})
    statuses = {entity.curie: entity.status for entity in members if entity.status}
    if len(set(statuses.values())) > 1:
        yield _conflict("status", statuses)


def _conflict(field: str, told: Mapping[str, str]) -> Conflict:
    values: dict[str, list[str]] = defaultdict(list)
    for curie, value in sorted(told.items()):
        values[value].append(curie)
    return Conflict(field, {value: tuple(curies) for value, curies in sorted(values.items())})
