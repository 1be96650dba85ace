"""Things and properties to the values that the graph has, and back: values to the things that have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from math import isfinite

from pyoxigraph import Literal, NamedNode

from iesi_kg.linking.reconciliation_offer import Property
from iesi_kg.linking.reconciliation_queries import Named, Value
from iesi_kg.linking.reconciliation_things import Thing, Things
from iesi_kg.store.base import Reader, Term
from iesi_kg.vocabulary.namespaces import PREFIXES, XSD

_ENGLISH = "en"
_BEYOND = 2**63
_MOST_HOLDERS = 200  # things with one value
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^<>\"{}|\\^`\x00-\x20]+")


def of(reader: Reader, property_: Property, things: Iterable[Thing]) -> dict[str, list[Term]]:
    """The values of a property by the ids of the things, in one order whatever the store's."""
    by_iri = {thing.iri.value: thing for thing in things}
    found: dict[str, list[Term]] = {}
    for kind, pattern in property_.patterns.items():
        asked = " ".join(str(thing.iri) for thing in by_iri.values() if thing.kind == kind)
        query = f"SELECT DISTINCT ?entity ?value WHERE {{ VALUES ?entity {{ {asked} }} {pattern} }}"
        for row in reader.select(_prefixes() + query) if asked else ():
            found.setdefault(by_iri[getattr(row["entity"], "value", "")].id, []).append(row["value"])
    return {id_: sorted(values, key=str) for id_, values in found.items()}


def spoken(property_: Property, values: Sequence[Term], language: str) -> Sequence[Term]:
    """The values in a language, else in English, where there are such; all of a property that tells every language."""
    if property_.every_language:
        return values
    for wanted in (language, _ENGLISH):
        if any(isinstance(value, Literal) and value.language == wanted for value in values):
            return [v for v in values if not isinstance(v, Literal) or v.language in (None, wanted)]
    return values


def holders(reader: Reader, things: Things, property_: Property, values: Sequence[Value]) -> Iterator[str]:
    """The ids of things that have exactly one of these values."""
    terms = " ".join(dict.fromkeys(str(term) for value in values for term in meant(things, property_, value)))
    for pattern in property_.patterns.values() if terms else ():
        where = f"VALUES ?value {{ {terms} }} {pattern}"
        query = f"SELECT DISTINCT ?entity WHERE {{ {where} }} ORDER BY ?entity LIMIT {_MOST_HOLDERS}"
        rows = reader.select(_prefixes() + query)
        found = (things.find(row["entity"].value) for row in rows if isinstance(row["entity"], NamedNode))
        yield from (thing.id for thing in found if thing)


def meant(things: Things, property_: Property, value: Value) -> Iterator[NamedNode | Literal]:
    """The terms that a value may stand for."""
    if isinstance(value, Named):
        thing = things.find(value.id)
        yield from (thing.iri,) if thing else meant(things, property_, value.name) if value.name else ()
    elif isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < _BEYOND):
        yield Literal(int(value) if isinstance(value, float) and value.is_integer() else value)
    elif isinstance(value, int | float):  # no number that the store could hold
        return
    elif value:
        yield from _of_text(things, property_, value)


def _of_text(things: Things, property_: Property, text: str) -> Iterator[NamedNode | Literal]:
    known = things.find(text)
    named = (things.things[number] for number in things.index.equal(text))
    yield from (thing.iri for thing in (known, *named) if thing and property_.of in ("", thing.type))
    if property_.of:
        return
    yield Literal(text)
    yield Literal(text, language="en")
    if text.isascii() and text.isdigit() and len(text) < 10:
        yield Literal(int(text))
    if _DATE.fullmatch(text):
        yield Literal(text, datatype=NamedNode(XSD + "date"))
    if _ADDRESS.fullmatch(text):
        with suppress(ValueError):
            yield NamedNode(text)


def as_json(things: Things, term: Term, language: str, content: str = "") -> Mapping[str, object]:
    """A value as the data extension response has it; ``content`` asks for the label or the id of a thing alone.

    https://reconciliation-api.github.io/specs/0.2/#data-extension-responses
    """
    if isinstance(term, NamedNode):
        thing = things.find(term.value)
        if thing is None:
            return {"str": term.value}
        if content:
            return {"str": thing.id if content == "id" else thing.name(language)}
        return {"id": thing.id, "name": thing.name(language)}
    if not isinstance(term, Literal):
        return {}
    kind = term.datatype.value.removeprefix(XSD)
    if kind == "integer":
        return {"int": int(term.value)}
    if kind in ("decimal", "double", "float") and isfinite(float(term.value)):
        return {"float": float(term.value)}
    if kind == "date" and _DATE.fullmatch(term.value):
        return {"date": f"{term.value}T00:00:00Z"}
    return {"str": term.value}


@cache
def _prefixes() -> str:
    return "".join(f"PREFIX {name}: <{space}>\n" for name, space in PREFIXES.items())
