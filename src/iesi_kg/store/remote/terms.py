"""Turns what a server made of a literal back into what a store in a folder would have made of it.

Every product writes some values its own way (``"1"`` for ``true``, ``1500.0`` for ``1.5E3``); a store in a folder writes
each in one way, and so does a store on a server, whichever it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from pyoxigraph import Literal, NamedNode, Quad, Store

from iesi_kg.store.base import Solution, Term

_PLAIN = frozenset(
    {"http://www.w3.org/2001/XMLSchema#string", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"}
)
_ANY = NamedNode("urn:x-iesi-kg:any")


def kept(term: Term) -> Term:
    """A term as a store in a folder keeps it.

    >>> kept(Literal("1", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#boolean")))
    <Literal value=true datatype=<NamedNode value=http://www.w3.org/2001/XMLSchema#boolean>>
    """
    if not isinstance(term, Literal) or term.datatype.value in _PLAIN:
        return term
    return _kept(term.value, term.datatype.value)


def kept_solution(solution: Solution) -> Solution:
    """The terms of a solution as a store in a folder keeps them."""
    return {name: kept(term) for name, term in solution.items()}


def kept_quads(quads: Iterable[Quad]) -> dict[Quad, None]:
    """Quads as a store in a folder keeps them, each once and in order."""
    return dict.fromkeys(Quad(q.subject, q.predicate, kept(q.object), q.graph_name) for q in quads)


def is_altered(term: Term) -> bool:
    """Whether a product may keep another value in place of this one: any literal that is not plain text."""
    return isinstance(term, Literal) and term.datatype.value not in _PLAIN


@lru_cache(maxsize=4096)
def _kept(value: str, datatype: str) -> Literal:
    store = Store()
    store.add(Quad(_ANY, _ANY, Literal(value, datatype=NamedNode(datatype))))
    found = next(iter(store)).object
    assert isinstance(found, Literal)
    return found
