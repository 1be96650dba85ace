"""Classes, properties, code lists and codes to what a search for words finds among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from iesi_kg.analysis.browse import Iri, rows
from iesi_kg.analysis.listing import fold, words
from iesi_kg.store.base import Reader


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that may be found, with its texts in every language, folded."""

    thing: Iri
    kind: str
    texts: tuple[str, ...]


def index(reader: Reader) -> tuple[Found, ...]:
    """Every thing of one version."""
    texts: dict[str, list[str]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for row in rows(reader, "search"):
        texts[row["thing"]].append(fold(row["text"]))
        kinds.setdefault(row["thing"], row["kind"])
    return tuple(
        Found(Iri(thing), kinds[thing], (fold(_local(thing)), *found)) for thing, found in sorted(texts.items())
    )


def search(things: Sequence[Found], asked: str) -> list[Found]:
    """The things of which the texts hold every word, best first: a text that is or begins with them."""
    wanted = words(asked)
    if not wanted:
        return []
    hits = (found for found in things if all(any(word in text for text in found.texts) for word in wanted))
    return sorted(hits, key=lambda found: _rank(found, fold(asked).strip()))


def _rank(found: Found, asked: str) -> tuple[int, int]:
    return min(_distance(text, asked) for text in found.texts), len(min(found.texts, key=len))


def _distance(text: str, asked: str) -> int:
    if text == asked:
        return 0
    return 1 if text.startswith(asked) else 2 if asked in text else 3


def _local(iri: str) -> str:
    return iri.rpartition("#")[2] if "#" in iri else iri.rpartition("/")[2]


def names(reader: Reader, lang: str) -> Mapping[str, Mapping[str, str]]:
    """How each thing is shown in a language, by its IRI."""
    return dict(_named(reader, lang))


def _named(reader: Reader, lang: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for row in rows(reader, "search-names", lang=lang):
        yield row["thing"], row
