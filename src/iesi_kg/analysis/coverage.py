"""The list of initiatives to what it covers: each code of a list with its number, and which have few or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from iesi_kg.analysis import country_map
from iesi_kg.analysis.browse import ENGLISH
from iesi_kg.analysis.knowledge_map import Matrix, crossed, written
from iesi_kg.analysis.listing import NONE, Choice, Index, Value, fold
from iesi_kg.vocabulary.codelists import CodeLists, Concept

PLACES, AREAS = "country", "policy-area"
FACETS = (PLACES, AREAS, "target-group", "technology")
FEW = 5  # fewer than these are few
_UNCODED = Value("", NONE, NONE)
_HEAD = ("code", "label", "initiatives", "share", "inhabitants", "per_million_inhabitants")


@dataclass(frozen=True, slots=True)
class Line:
    """One code: its initiatives, the share of all that are, its inhabitants and its rate where those are known.

    A ``heading`` stands above other codes, whose initiatives count for it too. ``alone`` says that the list of this
    code has as many, whatever else of its facet was chosen.
    """

    value: Value
    count: int
    share: float
    inhabitants: int | None
    rate: float | None
    heading: bool
    alone: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One list: every code that could have initiatives, and how many of them have no code of the list."""

    facet: str
    lines: tuple[Line, ...]
    uncoded: int
    total: int

    @property
    def none(self) -> tuple[Line, ...]:
        """The codes without any initiative."""
        return tuple(line for line in self.lines if not line.count)

    @property
    def few(self) -> tuple[Line, ...]:
        """The codes with some, but fewer than ``FEW``."""
        return tuple(line for line in self.lines if 0 < line.count < FEW)


def coverage(index: Index, choice: Choice, facet: str, inhabitants: Mapping[str, int], lang: str = ENGLISH) -> Part:
    """How many initiatives that meet the choice have each code of a list, by rank and label, beneath its heading.

    Countries of which neither inhabitants nor an initiative are known are left out: those of other continents are in
    the list for organisations that take part from there.
    """
    met = index.met(choice)
    total, counted, alone = (
        met.bit_count(),
        _counted(index, met, facet),
        _counted(index, index.met(choice.without(facet)), facet),
    )
    people = inhabitants if facet == PLACES else {}
    concepts = [
        each for each in _sorted(facet, lang) if facet != PLACES or each.notation in people or counted[each.notation]
    ]
    lines = [
        Line(
            value=_value(each, lang),
            count=counted[each.notation],
            share=counted[each.notation] / total if total else 0.0,
            inhabitants=people.get(each.notation),
            rate=country_map.rate(counted[each.notation], people.get(each.notation)),
            heading=_is_heading(each),
            alone=counted[each.notation] == alone[each.notation],
        )
        for each in concepts
    ]
    return Part(facet, tuple(lines), (met & index.tallies.with_code(facet, NONE, NONE)).bit_count(), total)


def _counted(index: Index, met: int, facet: str) -> Counter[str]:
    return Counter({code: (met & bits).bit_count() for code, bits in index.tallies.holders.get(facet, {}).items()})


def _concepts(facet: str) -> tuple[Concept, ...]:
    return CodeLists.load().concepts(facet)


def _sorted(facet: str, lang: str) -> list[Concept]:
    concepts = {each.iri: each for each in _concepts(facet)}

    def place(concept: Concept) -> tuple[tuple[int, str], ...]:
        above = concepts.get(concept.broader) if concept.broader else None
        return (*(place(above) if above else ()), (concept.rank or 0, fold(_value(concept, lang).label)))

    return sorted(concepts.values(), key=place)


def _is_heading(concept: Concept) -> bool:
    return any(other.broader == concept.iri for other in _concepts(concept.scheme))


def _value(concept: Concept, lang: str) -> Value:
    return Value(concept.iri.value, concept.notation, concept.labels.get(lang) or concept.label)


def gaps(index: Index, choice: Choice, inhabitants: Mapping[str, int], lang: str = ENGLISH) -> Matrix:
    """How many initiatives each country has in each policy area that is no heading of others."""
    down = [line.value for line in coverage(index, choice, PLACES, inhabitants, lang).lines]
    across = [_value(each, lang) for each in _concepts(AREAS) if not _is_heading(each)]
    met, tallies = index.met(choice), index.tallies
    rows = [(value, tallies.with_code(PLACES, value.code, NONE)) for value in down]
    columns = [(value, tallies.with_code(AREAS, value.code, NONE)) for value in across]
    no_place = tallies.with_code(PLACES, NONE, NONE)
    no_area = tallies.everything & ~tallies.with_any(AREAS, [value.code for value in across], NONE)
    return crossed(
        met,
        [*rows, *([(_UNCODED, no_place)] if met & no_place else [])],
        [*columns, *([(_UNCODED, no_area)] if met & no_area else [])],
    )


def as_csv(part: Part) -> str:
    """One line for each code, the last for those that are not coded."""
    lines = [
        [line.value.code, line.value.label, line.count, f"{line.share:.3f}", line.inhabitants, line.rate]
        for line in part.lines
    ]
    share = part.uncoded / part.total if part.total else 0.0
    return written(_HEAD, [*lines, [NONE, NONE, part.uncoded, f"{share:.3f}", None, None]])
