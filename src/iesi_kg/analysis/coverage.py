"""The list of initiatives to what it covers: each code of a list with its number, and which have few or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from iesi_kg.analysis import country_map
from iesi_kg.analysis.browse import ENGLISH
from iesi_kg.analysis.knowledge_map import Matrix, crossed, written
from iesi_kg.analysis.listing import NONE, Choice, Entry, Index, Value
from iesi_kg.vocabulary.codelists import CodeLists, Concept

PLACES, AREAS = "country", "policy-area"
FACETS = (PLACES, AREAS, "target-group", "technology")
FEW = 5  # fewer than these are few
_NO_CODE = frozenset({NONE})
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
    """How many initiatives that meet the choice have each code of a list.

    Countries of which neither inhabitants nor an initiative are known are left out: those of other continents are in
    the list for organisations that take part from there.
    """
    found = index.select(choice)
    counted, alone = _counted(found, facet), _counted(index.select(choice.without(facet)), facet)
    people = inhabitants if facet == PLACES else {}
    concepts = [
        each for each in _concepts(facet) if facet != PLACES or each.notation in people or counted[each.notation]
    ]
    lines = [
        Line(
            value=_value(each, lang),
            count=counted[each.notation],
            share=counted[each.notation] / len(found) if found else 0.0,
            inhabitants=people.get(each.notation),
            rate=country_map.rate(counted[each.notation], people.get(each.notation)),
            heading=_is_heading(each),
            alone=counted[each.notation] == alone[each.notation],
        )
        for each in concepts
    ]
    return Part(facet, tuple(lines), sum(not entry.codes.get(facet) for entry in found), len(found))


def _counted(found: Iterable[Entry], facet: str) -> Counter[str]:
    return Counter(code for entry in found for code in entry.codes.get(facet, ()))


def _concepts(facet: str) -> tuple[Concept, ...]:
    return CodeLists.load().concepts(facet)


def _is_heading(concept: Concept) -> bool:
    return any(other.broader == concept.iri for other in _concepts(concept.scheme))


def _value(concept: Concept, lang: str) -> Value:
    return Value(concept.iri.value, concept.notation, concept.labels.get(lang) or concept.label)


def gaps(index: Index, choice: Choice, inhabitants: Mapping[str, int], lang: str = ENGLISH) -> Matrix:
    """How many initiatives each country has in each policy area that is no heading of others."""
    down = [line.value for line in coverage(index, choice, PLACES, inhabitants, lang).lines]
    across = [_value(each, lang) for each in _concepts(AREAS) if not _is_heading(each)]
    codes = frozenset(value.code for value in across)
    pairs = [(entry.coded(PLACES), (entry.coded(AREAS) & codes) or _NO_CODE) for entry in index.select(choice)]
    down.sort(key=lambda value: value.label.casefold())
    no_place = [_UNCODED] if any(NONE in places for places, _ in pairs) else []
    no_area = [_UNCODED] if any(NONE in areas for _, areas in pairs) else []
    return crossed(pairs, (*down, *no_place), (*across, *no_area))


def as_csv(part: Part) -> str:
    """One line for each code, the last for those that are not coded."""
    lines = [
        [line.value.code, line.value.label, line.count, f"{line.share:.3f}", line.inhabitants, line.rate]
        for line in part.lines
    ]
    share = part.uncoded / part.total if part.total else 0.0
    return written(_HEAD, [*lines, [NONE, NONE, part.uncoded, f"{share:.3f}", None, None]])
