"""What somebody began to type to the things, types and properties that may be meant.

https://reconciliation-api.github.io/specs/0.2/#suggest-services
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from iesi_kg.linking import reconciliation_offer as offer
from iesi_kg.linking.index import fold
from iesi_kg.linking.reconciliation_offer import CODE, Property, Type
from iesi_kg.linking.reconciliation_things import Thing, Things

_NOT = 3
_LIKE = 10  # things whose names are only like the text, where none begins with it
T = TypeVar("T", bound=Type | Property)


def things(known: Things, prefix: str, type_: str, language: str) -> list[Thing]:
    """The things of an id or IRI, else with a name that begins with a text or has its words, else the likest first."""
    exact = known.find(prefix) if prefix else None
    wanted = known.leaves(type_) if type_ else known.types.keys()
    begun = fold(prefix)
    ranked = sorted(
        (known.things[number] for number in known.index.beginning(prefix)),
        key=lambda thing: _place(known, thing, begun, language),
    )
    if not ranked:
        like = known.index.like(prefix, _LIKE, lambda number: known.things[number].type in wanted)
        ranked = [known.things[number] for number in like]
    whole = dict.fromkeys((exact.id, *(thing.id for thing in ranked)) if exact else (thing.id for thing in ranked))
    found = (known.things[known.numbers[id_]] for id_ in whole)
    return [thing for thing in found if thing.type in wanted]


def types(known: Things, prefix: str) -> list[Type]:
    """The types with an id or a title that begins with a text or has it in it; all of them for no text."""
    return _named(known.types.values(), prefix)


def properties(known: Things, prefix: str, type_: str) -> list[Property]:
    """The same for properties, those of one type where one is given."""
    return _named(proposed(known, type_), prefix)


def proposed(known: Things, type_: str) -> Iterator[Property]:
    """The properties that the things of a type can have; all of them where no type is given."""
    if not type_:
        return iter(offer.properties().values())
    found = known.type(type_)
    return offer.properties_of(found.id) if found else iter(())


def _place(known: Things, thing: Thing, begun: str, language: str) -> tuple[int, int, str, str]:
    """Where a thing stands: names that are the text, begin with it, have it; records before codes; by name and id."""
    name = fold(thing.name(language))
    rank = 0 if name == begun else 1 if name.startswith(begun) else 2
    if rank == 2 and any(other.startswith(begun) for other in known.folded(thing)):
        rank = 1
    return rank, thing.kind == CODE, name, thing.id


def _named(known: Iterable[T], prefix: str) -> list[T]:
    """Those with a text that is, begins with or has in it what was typed, in this order, else in that of the offer."""
    begun, ranked = fold(prefix), defaultdict[int, list[T]](list)
    for one in known:
        ranked[_rank([fold(text) for text in (one.id, *one.titles.values())], begun)].append(one)
    return [one for rank in range(_NOT) for one in ranked[rank]]


def _rank(texts: Sequence[str], begun: str) -> int:
    return min(0 if t == begun else 1 if t.startswith(begun) else 2 if begun in t else _NOT for t in texts)
