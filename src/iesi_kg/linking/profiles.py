"""Records to the weighted words by which they are compared: a word tells the more, the fewer records have it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern

from iesi_kg.linking import normal
from iesi_kg.linking.entities import ORGANISATION, Entity
from iesi_kg.linking.normal import Address

SMALLEST = 1_000  # among fewer records every word is rare; it is weighed as if there were so many
LONGEST_VECTOR = 64  # words of a description that are kept: the most telling ones
MOST_NAMES, MOST_PARTS = 6, 6
MANY, LEAST_TELLING = 40, 0.2  # a body that so many records name tells so little
_LESSER, _SMALL = 0.5, 0.5  # what words of places count; the share of records that have an "of" or "the"
_STROKE = re.compile(r"\s+[/|]\s+")
LONGEST_HEAD = 4
_HEAD = re.compile(r"\s+[-–—|]+\s*|\s*[:(,]")
_PART = re.compile(r"\s+[-–—|]+\s*|\s*[:;(),]\s*")
_ACRONYM = re.compile(r"\b[A-Z][A-Za-z]?[A-Z]{1,6}\b")

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation as far as its name tells: weighted words, short forms, and whether it governs a place."""

    name: str
    words: Weights
    squashed: str
    short: frozenset[str]
    governs: bool
    rare: float  # how much it tells that a record names it: 1 where no other record of its database does


@dataclass(frozen=True, slots=True)
class Profile:
    """A record made ready for comparison; computed once however often it is compared."""

    entity: Entity
    names: tuple[Weights, ...]
    squashed: tuple[str, ...]
    heads: Weights  # of the words by which it is called, before any explanation
    titles: Weights  # its names and their parts, each as one word, by how far that names it and nothing else
    text: Weights  # of length 1
    said: float  # how much the text tells: what its length was
    bodies: tuple[Body, ...]
    places: frozenset[str]
    pages: tuple[Address, ...]
    keys: frozenset[str]  # its own name, and what it states of other databases


class Corpus:
    """How many records have each word, and how many records of each database each page."""

    def __init__(self, entities: Sequence[Entity] = ()) -> None:
        self.records = max(len(entities), SMALLEST)
        self._words: Counter[str] = Counter()
        self._called: Counter[str] = Counter()
        self._titles: Counter[str] = Counter()
        self._titled: Counter[tuple[str, str]] = Counter()
        self._pages: Counter[tuple[str, Address]] = Counter()
        self._bodies: Counter[tuple[str, str]] = Counter()
        self._log = math.log(self.records + 1)
        self._known: dict[str, Profile] = {}

    @classmethod
    def of(cls, databases: Iterable[Iterable[Entity]]) -> Corpus:
        """What is compared, counted; keeps the profiles of these records."""
        entities = [entity for database in databases for entity in database]
        corpus = cls(entities)
        for entity in entities:
            corpus._count(entity)
        corpus._known = {entity.curie: corpus.profile(entity) for entity in entities}
        return corpus

    def _count(self, entity: Entity) -> None:
        self._words.update(map(intern, {word for text in _texts(entity) for word in normal.words(text)}))
        self._called.update(_called(entity))
        titles = _titles(entity).keys()
        self._titles.update(titles)
        self._titled.update((entity.database, title) for title in titles)
        self._pages.update((entity.database, page) for page in _pages(entity))
        self._bodies.update((entity.database, body) for body in {normal.squashed(n) for n in entity.organisations})

    def weight(self, word: str) -> float:
        """How much a word tells, from 0 (every record has it) to 1 (only one record has it)."""
        count = max(self._words.get(word, 1), normal.lexicon().shares.get(word, 0.0) * self.records, 1.0)
        return max(0.0, 1.0 - math.log(count) / self._log)

    def uses(self, database: str, page: Address) -> int:
        """How many records of a database name a page."""
        return self._pages.get((database, page), 0)

    def titled(self, database: str, title: str) -> int:
        """How many records of a database have a title."""
        return self._titled.get((database, title), 0)

    def profile(self, entity: Entity) -> Profile:
        """A record made ready; one that is not part of the corpus is weighed by the words of the corpus."""
        known = self._known.get(entity.curie)
        if known is not None and known.entity == entity:
            return known
        text, said = self._vector(normal.words(entity.description))
        called = _names(entity)
        bodies = tuple(self._body(name, entity.database) for name in entity.organisations)
        return Profile(
            entity=entity,
            names=tuple(self._name(words, entity) for words, _ in called),
            squashed=tuple(squashed for _, squashed in called),
            heads=self._heads(entity),
            titles=self._telling(entity),
            text=text,
            said=said,
            bodies=bodies,
            places=_places(entity),
            pages=tuple(_pages(entity)),
            keys=frozenset({entity.curie, *(key for key in entity.identifiers if ":" in key)}),
        )

    def _heads(self, entity: Entity) -> dict[str, float]:
        """What a record is called; a word counts less that others say without being called so."""
        weighted = self._weighted(_called(entity)).items()
        return {
            word: weight * min(1.0, (self._called[word] or 1) / (self._words[word] or 1)) for word, weight in weighted
        }

    def _telling(self, entity: Entity) -> dict[str, float]:
        """How much each title tells: as its rarest word, less where others say that word without having the title."""
        told = {}
        for title, said in _titles(entity).items():
            titled = self._titles[title] or 1
            told[intern(title)] = max(self.weight(word) * min(1.0, titled / (self._words[word] or 1)) for word in said)
        return told

    def _name(self, words: Sequence[str], entity: Entity) -> dict[str, float]:
        """The words of a name; those that only say where, or whose, tell half."""
        lexicon = normal.lexicon()
        bodies = {word for name in entity.organisations for word in normal.words(name)}
        lesser = {*bodies, *_places(entity), *lexicon.countries} - lexicon.shares.keys()
        return {word: value * (_LESSER if word in lesser else 1.0) for word, value in self._weighted(words).items()}

    def _weighted(self, words: Iterable[str]) -> dict[str, float]:
        return {intern(word): self.weight(word) for word in words}

    def _vector(self, words: Sequence[str]) -> tuple[dict[str, float], float]:
        """The most telling words of a text, by how often it says them, as a vector of length 1; what its length was."""
        counted = Counter(words)
        weighted = {word: (1.0 + math.log(count)) * self.weight(word) ** 2 for word, count in counted.items()}
        kept = sorted(weighted.items(), key=lambda item: (-item[1], item[0]))[:LONGEST_VECTOR]
        length = math.sqrt(sum(value * value for _, value in kept)) or 1.0
        return {intern(word): value / length for word, value in kept if value}, length

    def _body(self, name: str, database: str) -> Body:
        lexicon = normal.lexicon()
        said = [lexicon.same.get(word, word) for word in normal.words(name) if word not in lexicon.legal]
        weighted = self._weighted(said)
        telling = [word for word in said if lexicon.shares.get(word, 0.0) < 0.5]
        initials = "".join(word[0] for word in telling)
        short = {intern(found.casefold()) for found in _ACRONYM.findall(normal.mended(name))}
        if len(initials) > 2:
            short.add(intern(initials))
        squashed = normal.squashed(name)
        count = max(1, self._bodies[database, squashed])
        rare = max(LEAST_TELLING, 1.0 - math.log(count) / math.log(MANY))
        return Body(name, weighted, squashed, frozenset(short), bool(lexicon.territory & set(said)), rare)


def _texts(entity: Entity) -> tuple[str, ...]:
    return (*entity.names, entity.description, *entity.organisations)


def _names(entity: Entity) -> list[tuple[list[str], str]]:
    """The words of each name, and all of it as one word.

    A body has each name that it joins by a stroke, without legal forms and small words.
    """
    if entity.kind != ORGANISATION:
        return [(normal.words(name), normal.squashed(name)) for name in entity.names[:MOST_NAMES]]
    split = [part for name in entity.names for part in _STROKE.split(name)]
    return [_core(part) for part in split[:MOST_NAMES]]


def _core(name: str) -> tuple[list[str], str]:
    """What tells of the name of a body."""
    lexicon = normal.lexicon()
    said = [token for token in normal.tokens(name) if normal.stem(token) not in lexicon.legal]
    said = [token for token in said if lexicon.shares.get(normal.stem(token)) != _SMALL] or said
    heard = [(lexicon.same.get(normal.stem(token)), token) for token in said]
    return [same or normal.stem(token) for same, token in heard], "".join(same or token for same, token in heard)


def _called(entity: Entity) -> set[str]:
    """The words before any explanation, "Kamu" of "Kamu - Chatbot", but for places, bodies and common words."""
    lexicon = normal.lexicon()
    said: set[str] = set()
    for name in entity.names[:MOST_NAMES]:
        head = normal.words(_HEAD.split(name, maxsplit=1)[0])
        said.update(head if len(head) <= LONGEST_HEAD else [])
    bodies = {word for name in entity.organisations for word in normal.words(name)}
    known = {*bodies, *_places(entity), *lexicon.countries, *lexicon.shares}
    return {word for word in said if word not in known and not word.isdecimal()}


def _titles(entity: Entity) -> dict[str, list[str]]:
    """Each name and each part of a name, "Kamu" of "Kamu - Chatbot", as one word, with its words."""
    if entity.kind == ORGANISATION:
        return {}
    parts = (part for name in entity.names[:MOST_NAMES] for part in (name, *_PART.split(name)[:MOST_PARTS]))
    return {title: normal.words(part) for part in parts if (title := normal.squashed(part))}


def _pages(entity: Entity) -> list[Address]:
    found = (normal.address(page) for page in entity.pages)
    return list(dict.fromkeys(page for page in found if page))


def _places(entity: Entity) -> frozenset[str]:
    """The words of a record that name where it is: its countries, places, and the places that its bodies govern."""
    lexicon = normal.lexicon()
    said = {word for place in entity.places for word in normal.words(place)}
    for name in entity.organisations:
        heard = [lexicon.same.get(word, word) for word in normal.words(name)]
        if lexicon.territory & set(heard):
            said.update(heard)
    return frozenset(
        intern(word) for word in said if lexicon.shares.get(word, 0.0) == 0 and word not in lexicon.territory
    )
