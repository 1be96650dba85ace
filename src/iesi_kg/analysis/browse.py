"""A reader and the page queries under ``queries/pages`` to the rows that a page shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

from pyoxigraph import Literal, NamedNode

from iesi_kg import assets
from iesi_kg.errors import NotFound
from iesi_kg.store.base import Reader, Solution, Term

FOLDER = "queries/pages"
_THIS = re.compile(r"\?this\b")
_LANGUAGE = re.compile(r"\?lang\b")
ENGLISH = "en"


class Iri(str):
    """The text of a value that is an IRI, so that a page knows what it may link."""

    __slots__ = ()


PageRow: TypeAlias = Mapping[str, str]


def rows(reader: Reader, name: str, this: str | None = None, lang: str = ENGLISH) -> list[PageRow]:
    """The rows of one page query, every value as text; ``this`` replaces the variable ``?this``, ``lang`` ``?lang``."""
    text = _LANGUAGE.sub(str(Literal(lang)), query(name))
    if this is not None:
        # The engine substitutes only variables of the outermost SELECT, so not inside an aggregate or sub-select;
        # NamedNode refuses every character that could end an IRI.
        text = _THIS.sub(str(NamedNode(this)), text)
    return [plain(solution) for solution in reader.select(text)]


def plain(solution: Solution) -> PageRow:
    """A solution as texts; unbound variables stay absent."""
    return {name: _text(term) for name, term in solution.items()}


def sections(reader: Reader, kind: str, this: str | None = None, lang: str = ENGLISH) -> dict[str, list[PageRow]]:
    """Every query of the folder of this kind of page, by file name without suffix."""
    return {name.rpartition("/")[2]: rows(reader, name, this, lang) for name in _names(kind)}


def kind(reader: Reader, iri: str) -> str | None:
    """Which kind of page a thing has: the name of a folder of queries; None for a thing without a page of its own."""
    found = rows(reader, "kind", iri)
    return found[0]["kind"] if found else None


@cache
def query(name: str) -> str:
    """The text of one page query. Raises NotFound."""
    return assets.text(f"{FOLDER}/{name}.rq")


@cache
def _names(kind: str) -> tuple[str, ...]:
    try:
        return tuple(f"{kind}/{path.rpartition('/')[2][:-3]}" for path in assets.names(f"{FOLDER}/{kind}", ".rq"))
    except FileNotFoundError:
        raise NotFound(f"no page queries for {kind!r}") from None


def _text(term: Term) -> str:
    match term:
        case NamedNode():
            return Iri(term.value)
        case Literal():
            return term.value
        case _:
            return str(term)
