"""SKOS mappings to a look-up: the text of another database's code to the codes of ours that it means.

A concept's text means what it has as exactMatch, closeMatch or broadMatch (it is a kind of that); a concept with none
of them is known and means no code (https://www.w3.org/TR/skos-reference/#mapping).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from iesi_kg import assets
from iesi_kg.errors import UnreadableFile
from iesi_kg.vocabulary.codelists import CodeLists, normalise
from iesi_kg.vocabulary.namespaces import RDF, SKOS
from iesi_kg.vocabulary.spelling import nearest

FOLDER = "data/adapters/crosswalks"
_MEANS = tuple(f"{SKOS}{kind}Match" for kind in ("exact", "close", "broad"))
_NAMES = tuple(f"{SKOS}{kind}" for kind in ("notation", "prefLabel", "altLabel"))
_SCHEME = f"{SKOS}inScheme"
_END = re.compile(r"[\s.]+$")
_LIKE = 75.0
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Code:
    """A code of another database: its IRI, and the codes of ours that it means."""

    iri: NamedNode
    means: tuple[NamedNode, ...] = ()
    told: tuple[Triple, ...] = field(default=(), repr=False)


class Crosswalk:
    """Codes by scheme and text; case, accents, blanks and a full stop at the end do not matter.

    >>> walk = Crosswalk.of_assets(["countries"])
    >>> [code.value[-2:] for code in walk.find("country", "The Netherlands").means]
    ['NL']
    """

    def __init__(self, codes: Mapping[str, Mapping[str, Code]]) -> None:
        self._codes = codes

    @staticmethod
    def of_assets(names: Iterable[str], folder: Path | None = None) -> Crosswalk:
        """The crosswalks of these names: of the adapter's own folder, else of those that all adapters share."""
        codes: dict[str, dict[str, Code]] = defaultdict(dict)
        for name in names:
            own = folder / f"{name}.ttl" if folder else None
            told = _parsed(own) if own and own.is_file() else _shared(name)
            for scheme, found in told.items():
                codes[scheme].update(found)
        return Crosswalk(codes)

    def find(self, scheme: str, text: str) -> Code | None:
        """The code that a text names."""
        return self._codes.get(scheme, {}).get(key(text)) if len(text) <= _LONGEST else None

    def near(self, scheme: str, text: str) -> str | None:
        """The known text most like one that names no code."""
        return None if len(text) > _LONGEST else nearest(key(text), self._codes.get(scheme, {}), likeness=_LIKE)

    def has(self, scheme: str) -> bool:
        """Whether there is a scheme of this name."""
        return scheme in self._codes

    def codes(self) -> Iterator[tuple[str, str, Code]]:
        """Every text of every scheme, with its code."""
        for scheme, known in self._codes.items():
            for text, code in known.items():
                yield scheme, text, code


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """What of a text tells one code from another."""
    return _END.sub("", normalise(text))


def ours(scheme: str, text: str) -> Code | None:
    """The code of our own list that a text names; it means itself.

    >>> ours("technology", "SMS").means[0].value.rpartition("/")[2], ours("technology", "magic")
    ('messaging', None)
    """
    found = CodeLists.load().resolve(scheme, text) if len(text) <= _LONGEST else None
    return Code(found.iri, (found.iri,)) if found else None


@cache
def _shared(name: str) -> Mapping[str, Mapping[str, Code]]:
    path = f"{FOLDER}/{name}.ttl"
    return _read(assets.content(path), path)


def _parsed(path: Path) -> Mapping[str, Mapping[str, Code]]:
    return _read(path.read_bytes(), str(path))


def _read(turtle: bytes, where: str) -> Mapping[str, Mapping[str, Code]]:
    facts: dict[NamedNode, list[Triple]] = defaultdict(list)
    try:
        for quad in pyoxigraph.parse(turtle, RdfFormat.TURTLE):
            if isinstance(quad.subject, NamedNode):
                facts[quad.subject].append(quad.triple)
    except SyntaxError as error:
        raise UnreadableFile(f"{where} is not Turtle: {error}") from None
    codes: dict[str, dict[str, Code]] = defaultdict(dict)
    for iri, triples in facts.items():
        if not any(triple.object == NamedNode(SKOS + "Concept") for triple in triples):
            continue
        code = Code(iri, tuple(_nodes(triples, _MEANS)), tuple(_kept(triples)))
        for scheme in _nodes(triples, (_SCHEME,)):
            for text in _texts(triples):
                codes[scheme.value.rstrip("/").rpartition("/")[2]].setdefault(key(text), code)
    return codes


def _kept(triples: Iterable[Triple]) -> Iterator[Triple]:
    """What is told of a code where it is used: that it is one, its notation and label."""
    for triple in triples:
        if triple.predicate.value in (RDF + "type", *_NAMES[:2], _SCHEME):
            yield triple


def _nodes(triples: Iterable[Triple], predicates: Iterable[str]) -> Iterator[NamedNode]:
    for predicate in predicates:
        for triple in triples:
            if triple.predicate.value == predicate and isinstance(triple.object, NamedNode):
                yield triple.object


def _texts(triples: Iterable[Triple]) -> Iterator[str]:
    for triple in triples:
        if triple.predicate.value in _NAMES and isinstance(triple.object, Literal):
            yield triple.object.value
