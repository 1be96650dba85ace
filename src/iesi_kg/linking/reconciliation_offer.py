"""What reconciliation offers, as ``ontology/reconciliation.json`` says it: types, and properties by type."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeVar

from iesi_kg import assets
from iesi_kg.linking.index import fold
from iesi_kg.vocabulary.told import tagged

_FILE = "ontology/reconciliation.json"
_TEMPLATE = "ontology/template.json"
_ENGLISH = "en"
CODE = "code"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind of things: its id, which is the prefix of their ids, the IRI of its class or list, its titles."""

    id: str
    iri: str
    titles: Mapping[str, str]
    broader: str = ""
    note: str = ""

    def title(self, language: str) -> str:
        """What it is called."""
        return said(self.titles, language) or self.id


@dataclass(frozen=True, slots=True)
class Property:
    """A property: its id, titles, help, and the pattern that binds ``?value`` by type.

    ``of`` is the type of its values, ``compares`` the fact of a record that a given value is held against.
    """

    id: str
    titles: Mapping[str, str]
    help: str
    patterns: Mapping[str, str]
    compares: str = ""
    of: str = ""
    every_language: bool = False

    def title(self, language: str) -> str:
        """What it is called."""
        return said(self.titles, language) or self.id


T = TypeVar("T", bound=Type | Property)


def said(texts: Mapping[str, str], language: str) -> str:
    """A text in a language, else in English, else empty."""
    return texts.get(language) or texts.get(_ENGLISH) or ""


def name() -> Mapping[str, str]:
    """What the service is called."""
    found: Mapping[str, str] = _offer()["name"]
    return found


def features() -> Mapping[str, str]:
    """What each feature of a candidate means; ``property`` stands for those of properties."""
    found: Mapping[str, str] = _offer()["features"]
    return found


def settings() -> Sequence[Mapping[str, Any]]:
    """What can be set for each property whose values are asked for."""
    found: Sequence[Mapping[str, Any]] = _offer()["settings"]
    return found


@cache
def kinds() -> tuple[Type, ...]:
    """The types that are no code lists."""
    return tuple(Type(facts["id"], facts["class"], facts["titles"]) for facts in _offer()["types"])


@cache
def properties() -> Mapping[str, Property]:
    """Every property by its id, in the order in which they are proposed."""
    columns = {column["name"]: column for column in json.loads(assets.text(_TEMPLATE))["tableSchema"]["columns"]}
    return {facts["id"]: _property(facts, columns) for facts in _offer()["properties"]}


def type_of(fact: str) -> str:
    """The type of the values of the property that is compared with a fact of records."""
    return next(found.of for found in properties().values() if found.compares == fact)


@lru_cache(maxsize=256)
def property_of(text: str) -> Property | None:
    """The property of an id, else of a title: programs send as an id what somebody typed and did not pick."""
    return properties().get(text) or titled(properties().values(), text)


def titled(known: Iterable[T], text: str) -> T | None:
    """The one that is called so in some language, but for case and marks; none where several are."""
    name = fold(text)
    found = [one for one in known if name and name in map(fold, (one.id, *one.titles.values()))]
    return found[0] if len(found) == 1 else None


def properties_of(type_: str) -> Iterator[Property]:
    """The properties of the things of a type; the name of a code list stands for its codes."""
    own = type_ if type_ in {kind.id for kind in kinds()} else CODE
    return (found for found in properties().values() if own in found.patterns)


def _property(facts: Mapping[str, Any], columns: Mapping[str, Any]) -> Property:
    column = columns.get(facts.get("column", ""), {})
    given = facts.get("titles") or column["titles"]
    titles = {code: title if isinstance(title, str) else title[0] for code, title in given.items() if code != "und"}
    about = tagged(column.get("dc:description", ""))
    of = facts.get("of") or column.get("iesi:codeList", "")
    compares, every = facts.get("compares", ""), facts.get("every_language", False)
    return Property(facts["id"], titles, about, facts["patterns"], compares, of, every)


@cache
def _offer() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(assets.text(_FILE))
    return found
