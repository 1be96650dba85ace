"""Ontology and code lists to what is wrong with them: the checks that must return no row, each row as a sentence."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator

from pyoxigraph import NamedNode, QuerySolutions, RdfFormat, Store, parse

from iesi_kg import assets
from iesi_kg.vocabulary import published
from iesi_kg.vocabulary.curies import shorten

CHECKS = "queries/checks"


def unreadable() -> list[str]:
    """The files that are no Turtle, and where they go wrong."""
    wrong = []
    for path in published.paths():
        try:
            deque(parse(assets.content(path), RdfFormat.TURTLE), maxlen=0)
        except SyntaxError as error:
            wrong.append(f"{path}: cannot be read: {error}")
    return wrong


def findings() -> list[str]:
    """File, terms and reason of whatever is wrong in files that can be read."""
    store, places = Store(), defaultdict[object, dict[str, None]](dict)
    for path in published.paths():
        for quad in parse(assets.content(path), RdfFormat.TURTLE):
            store.add(quad)
            places[quad.subject][path] = None
    return [line for path in assets.names(CHECKS, ".rq") for line in _rows(store, places, path)]


def _rows(store: Store, places: dict[object, dict[str, None]], path: str) -> Iterator[str]:
    text = assets.text(path)
    found = store.query(text)
    assert isinstance(found, QuerySolutions)
    for terms in sorted({tuple(term for term in solution if term is not None) for solution in found}, key=str):
        where = next((", ".join(places[term]) for term in terms if term in places), "ontology")
        named = ", ".join(shorten(term) for term in terms if isinstance(term, NamedNode) or len(terms) == 1)
        texts = ", ".join(shorten(term) for term in terms if not isinstance(term, NamedNode) and len(terms) > 1)
        yield f"{where}: {named}{f' ({texts})' if texts else ''}: {_reason(text)} ({path})"


def _reason(text: str) -> str:
    """The sentence at the head of a check, which says how things should be."""
    head = re.match(r"(?:# .*\n)+", text)
    return re.sub(r"\n?# ", " ", head[0]).strip() if head else ""
