"""What is published to the terms of an application profile, by the CONSTRUCT queries under ``queries/crosswalks``.

In a query ``?this`` stands for the thing it describes: all of them, or the one that is asked for. The facts of
``code-lists.ttl`` on outside codes that an export names go with it, so that it can be validated on its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from iesi_kg import assets
from iesi_kg.errors import BackendRefused, UsageError
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import BASE, RDF

FOLDER = "queries/crosswalks"
ENDPOINT = f"{BASE}sparql"
_TYPE = RDF + "type"


@dataclass(frozen=True, slots=True)
class Profile:
    """An application profile: its name and address, the kinds of things it may describe, the queries that make it."""

    name: str
    title: str
    address: str
    things: tuple[str, ...]
    queries: tuple[str, ...]


@cache
def profiles() -> Mapping[str, Profile]:
    """Every profile by its name."""
    listed = json.loads(assets.text(f"{FOLDER}/profiles.json"))
    return {
        name: Profile(name, facts["title"], facts["address"], tuple(facts["things"]), _queries(name))
        for name, facts in listed.items()
    }


def profile(name: str) -> Profile:
    """The profile of a name. Raises UsageError, which names those there are."""
    if name not in profiles():
        raise UsageError(f"there is no profile {name!r}", hint="one of " + ", ".join(profiles()))
    return profiles()[name]


def export(reader: Reader, wanted: Profile, endpoint: str = ENDPOINT) -> list[Triple]:
    """Everything that the profile can say of what is published; equal graphs give equal lists."""
    return _ordered(_made(reader, wanted, {"endpoint": NamedNode(endpoint)}))


def export_thing(reader: Reader, wanted: Profile, thing: NamedNode, endpoint: str = ENDPOINT) -> list[Triple]:
    """What the profile says of one thing; nothing where it does not apply."""
    made = _made(reader, wanted, {"this": thing, "endpoint": NamedNode(endpoint)})
    nodes = {triple.subject.value.partition("#")[0] for triple in made if isinstance(triple.subject, NamedNode)}
    return _ordered(made) if thing.value in nodes else []


def applicable(reader: Reader, thing: NamedNode, endpoint: str = ENDPOINT) -> Iterator[tuple[Profile, list[Triple]]]:
    """The profiles that describe a thing, each with what it says.

    One that the server of the data cannot make is left out: the thing has its page all the same.
    """
    kind = thing.value.removeprefix(f"{BASE}id/").partition("/")[0]
    for wanted in profiles().values():
        made: list[Triple] = []
        with suppress(BackendRefused):
            made = export_thing(reader, wanted, thing, endpoint) if kind in wanted.things else []
        if made:
            yield wanted, made


def _made(reader: Reader, wanted: Profile, terms: Mapping[str, NamedNode | Literal]) -> dict[Triple, None]:
    given = {**terms, "version": Literal(str(reader.version))}
    made: dict[Triple, None] = {}
    for query in wanted.queries:
        made.update(dict.fromkeys(reader.construct(_filled(query, given))))
    return made


def _filled(query: str, terms: Mapping[str, NamedNode | Literal]) -> str:
    """The query with variables replaced by terms everywhere, in sub-selects too; a term cannot end itself."""
    return re.sub(r"\?(\w+)", lambda found: str(terms.get(found[1], found[0])), query)


def _pack(triples: Iterable[Triple]) -> Iterator[Triple]:
    """The facts on the outside codes mentioned, and on the lists which these name in turn."""
    waiting = [triple.object for triple in triples]
    seen = set()
    while waiting:
        term = waiting.pop()
        if isinstance(term, NamedNode) and term not in seen:
            seen.add(term)
            facts = _facts().get(term, ())
            yield from facts
            waiting += [fact.object for fact in facts]


@cache
def _facts() -> Mapping[NamedNode, tuple[Triple, ...]]:
    facts: dict[NamedNode, tuple[Triple, ...]] = {}
    for quad in pyoxigraph.parse(assets.content(f"{FOLDER}/code-lists.ttl"), RdfFormat.TURTLE):
        if isinstance(quad.subject, NamedNode):
            facts[quad.subject] = (*facts.get(quad.subject, ()), quad.triple)
    return facts


def _queries(name: str) -> tuple[str, ...]:
    return tuple(assets.text(path) for path in assets.names(f"{FOLDER}/{name}", ".rq"))


def _ordered(triples: Collection[Triple]) -> list[Triple]:
    """With the facts on outside codes; by subject, its type first."""
    whole = dict.fromkeys((*triples, *_pack(triples)))
    return sorted(whole, key=lambda t: (str(t.subject), t.predicate.value != _TYPE, str(t.predicate), str(t.object)))
