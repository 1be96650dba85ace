"""What was found to the JSON of each answer, in a language (Reconciliation API 0.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from iesi_kg.errors import RequestError
from iesi_kg.linking import reconciliation_offer as offer
from iesi_kg.linking import reconciliation_values as values
from iesi_kg.linking.reconciliation import Candidate, Result
from iesi_kg.linking.reconciliation_offer import Property, Type
from iesi_kg.linking.reconciliation_queries import Wanted
from iesi_kg.linking.reconciliation_things import Thing, Things
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.spelling import nearest
from iesi_kg.vocabulary.told import in_language

_SHORT = 160
_NEAR = 60.0
_CONTENTS = ("label", "id")


def result(known: Things, found: Result, language: str) -> dict[str, Any]:
    """The result of one query; ``error`` is ours, and only there where something was asked that there is not."""
    told: dict[str, Any] = {"result": [_candidate(known, candidate, language) for candidate in found.candidates]}
    return told | ({"error": found.error} if found.error else {})


def type_(known: Things, id_: str, language: str) -> dict[str, Any]:
    """A type, with the one above it."""
    found = known.types[id_]
    told: dict[str, Any] = {"id": found.id, "name": found.title(language)}
    return told | ({"broader": [type_(known, found.broader, language)]} if found.broader else {})


def suggested(known: Things, found: Thing | Type | Property, language: str) -> dict[str, Any]:
    """One line of a list of suggestions."""
    if isinstance(found, Thing):
        told = {"id": found.id, "name": found.name(language), "notable": [type_(known, found.type, language)]}
        return told | _described(known, found, language)
    if isinstance(found, Type):
        return type_(known, found.id, language) | ({"description": found.note} if found.note else {})
    return property_(found, language)


def property_(found: Property, language: str) -> dict[str, str]:
    """A property, with what is to be known of it."""
    told = {"id": found.id, "name": found.title(language)}
    return told | ({"description": in_language(found.help, language)} if found.help else {})


def flyout(known: Things, id_: str, found: Thing | Type | Property, language: str) -> dict[str, str]:
    """The small preview of something suggested, as text with a few marks; nothing of the data is taken for markup."""
    if isinstance(found, Thing):
        name, kind, note = found.name(language), known.types[found.type].title(language), found.note(language)
    else:
        name, kind = found.title(language), found.id
        note = found.note if isinstance(found, Type) else in_language(found.help, language)
    lines = [
        f"<p><strong>{escape(name)}</strong><br>{escape(kind)}</p>",
        f"<p>{escape(short(note))}</p>" if note else "",
    ]
    return {"id": id_, "html": "".join(lines)}


def extension(reader: Reader, known: Things, asked: Wanted, language: str) -> dict[str, Any]:
    """The values of properties of things. Raises RequestError for a property there is not."""
    found = {id_: known.find(id_) for id_ in asked.ids}
    there = [thing for thing in found.values() if thing]
    rows: dict[str, dict[str, Any]] = {id_: {} for id_ in asked.ids}
    columns = [(_known(id_), settings) for id_, settings in asked.properties]
    for column, settings in columns:
        most, content = _settings(column.id, settings)
        had = values.of(reader, column, there)
        for id_, thing in found.items():
            own = values.spoken(column, had.get(thing.id, ()) if thing else (), language)
            told = [values.as_json(known, term, language, content) for term in own]
            rows[id_][column.id] = told[:most] if most else told
    return {"meta": [_meta(known, column, settings, language) for column, settings in columns], "rows": rows}


def short(text: str) -> str:
    """The beginning of a text, cut between words."""
    return text if len(text) <= _SHORT else text[:_SHORT].rpartition(" ")[0] + " …"


def _candidate(known: Things, found: Candidate, language: str) -> dict[str, Any]:
    thing = found.thing
    return {
        "id": thing.id,
        "name": thing.name(language),
        **_described(known, thing, language),
        "type": [type_(known, thing.type, language)],
        "score": found.score,
        "match": found.match,
        "features": [{"id": name, "value": value} for name, value in found.features.items()],
        **({"reason": reason} if (reason := found.reason()) else {}),
    }


def _described(known: Things, thing: Thing, language: str) -> dict[str, str]:
    """What tells namesakes apart: country and years of a record, else what is said of it."""
    if thing.entity is None:
        return {"description": short(thing.note(language))} if thing.note(language) else {}
    places = [_country(known, code, language) for code in thing.entity.countries]
    start, end = thing.entity.start_year, thing.entity.end_year
    years = f"{start or ''}–{end or ''}" if start or end else ""
    told = " · ".join(filter(None, (", ".join(places), years, short(thing.note(language)))))
    return {"description": told} if told else {}


def _country(known: Things, code: str, language: str) -> str:
    thing = known.find(f"{offer.type_of('countries')}:{code}")
    return thing.name(language) if thing else code


def _known(id_: str) -> Property:
    found = offer.properties().get(id_)
    if found is None:
        near = nearest(id_.casefold(), offer.properties(), likeness=_NEAR)
        raise RequestError(
            f"there is no property {id_[:80]!r}" + (f"; did you mean {near!r}?" if near else ""),
            hint="`propose_properties` and `suggest` of the manifest list them",
        )
    return found


def _settings(id_: str, given: Mapping[str, Any]) -> tuple[int, str]:
    """How many values, and as what; a number may come as a text, as OpenRefine sends it."""
    most, content = str(given.get("limit") or "0"), str(given.get("content") or "")
    if not most.isdecimal() or len(most) > 9:
        raise RequestError(f"`limit` of the property {id_!r} is not a whole number")
    return int(most), content if content in _CONTENTS else ""


def _meta(known: Things, column: Property, settings: Mapping[str, Any], language: str) -> dict[str, Any]:
    told: dict[str, Any] = {"id": column.id, "name": column.title(language)}
    if column.of in known.types and settings.get("content") not in _CONTENTS:
        told["type"] = {"id": column.of, "name": known.types[column.of].title(language)}
    return told


def listed(
    known: Things, found: Iterable[Thing] | Sequence[Type] | Sequence[Property], language: str
) -> dict[str, Any]:
    """A page of suggestions."""
    return {"result": [suggested(known, one, language) for one in found]}
