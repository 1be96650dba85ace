"""Turns what a server made of a literal back into what a store in a folder would have made of it.

Every product writes some values its own way (``"1"`` for ``true``, ``1500.0`` for ``1.5E3``); a store in a folder
writes each in one way, and so does a store on a server, whichever it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import overload

from pyoxigraph import Literal, NamedNode, Quad, Store

from iesi_kg.store.base import Solution, Term
from iesi_kg.store.remote import failures
from iesi_kg.store.remote.answers import check_rows
from iesi_kg.store.remote.channel import SOLUTIONS, Reply
from iesi_kg.store.remote.profiles import Location

_PLAIN = frozenset({"http://www.w3.org/2001/XMLSchema#string", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"})
_ANY = NamedNode("urn:x-iesi-kg:any")


@overload
def kept(term: Literal) -> Literal: ...
@overload
def kept(term: Term) -> Term: ...
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


def kept_table(where: Location, reply: Reply) -> bytes:
    """An answer to SELECT in JSON, its literals as a store in a folder keeps them. Raises BackendLied, BackendCut."""
    try:
        table = json.loads(reply.body)
        rows = table["results"]["bindings"]
        for cell in (cell for row in rows for cell in row.values()):
            if "datatype" in cell:
                literal = kept(Literal(cell["value"], datatype=NamedNode(cell["datatype"])))
                cell.update(type="literal", value=literal.value, datatype=literal.datatype.value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise failures.lied(where, f"{reply.media_type} that cannot be read ({error})", SOLUTIONS) from None
    check_rows(where, reply, len(rows))
    return json.dumps(table).encode()


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
