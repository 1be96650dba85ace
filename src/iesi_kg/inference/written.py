"""Files of SPARQL CONSTRUCT to rules that no axiom can say: what each gives, from what, and how it is put in words.

They choose among statements, and so read what is stated and what an earlier one of them gave, never what axioms add.
The first lines of a file are its title, the sentence that says why, and the statements that a proof names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pyoxigraph import NamedNode

from iesi_kg import assets
from iesi_kg.errors import IesiKgError
from iesi_kg.inference.steps import Pattern
from iesi_kg.vocabulary import uses
from iesi_kg.vocabulary.curies import expand

FOLDER = "queries/rules"

_HEADER = re.compile(r"^# (title|says|from): (.+)$", re.M)
_CONSTRUCT = re.compile(r"CONSTRUCT\s*\{([^{}]*)\}\s*WHERE")


@dataclass(frozen=True, slots=True)
class Written:
    """One rule: its sentence, its query, the statements it gives and those from which a proof says they follow."""

    name: str
    title: str
    says: str
    query: str
    conclusions: tuple[Pattern, ...]
    premises: tuple[Pattern, ...]
    reads: frozenset[NamedNode]

    @property
    def search(self) -> str:
        """The query as one for its solutions."""
        return _CONSTRUCT.sub("SELECT * WHERE", self.query)


@cache
def bundled() -> tuple[Written, ...]:
    """The written rules of the bundle, in the order of their names."""
    return tuple(read(path, assets.text(path)) for path in assets.names(FOLDER, ".rq"))


def read(path: str, text: str) -> Written:
    """A rule from its file. Raises IesiKgError where something is missing."""
    header: dict[str, list[str]] = {}
    for key, value in _HEADER.findall(text):
        header.setdefault(key, []).append(value.strip())
    construct = _CONSTRUCT.search(text)
    if construct is None or set(header) != {"title", "says", "from"}:
        raise IesiKgError(
            f"{path} is no rule: it needs the lines # title:, # says:, # from: and CONSTRUCT {{ }} WHERE",
            hint="see the other files of the folder",
        )
    return Written(
        name=path.rsplit("/", 1)[1].removesuffix(".rq"),
        title=header["title"][0],
        says=header["says"][0],
        query=text,
        conclusions=tuple(_patterns(construct[1])),
        premises=tuple(pattern for line in header["from"] for pattern in _patterns(line)),
        reads=frozenset(map(NamedNode, uses.mentioned(text))),
    )


def _patterns(text: str) -> Iterator[Pattern]:
    """Triple patterns that are written in full, one after the other."""
    for statement in re.split(r"\s\.(?:\s|$)", text.strip()):
        if statement.strip():
            subject, predicate, value = (_term(word) for word in statement.split())
            yield subject, predicate, value


def _term(word: str) -> str | NamedNode:
    return word[1:] if word.startswith("?") else expand(word)
