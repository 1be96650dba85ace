"""Turns a change set into engine operations: one transaction, or the bulk loader where that pays.

Quads leave by ``DELETE DATA`` and enter by ``INSERT DATA`` of one request (SPARQL 1.1 Update section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyoxigraph import BlankNode, DefaultGraph, Quad, Store

from iesi_kg.errors import UsageError
from iesi_kg.store.base import ChangeSet

BULK = 50_000


def is_bulk(change: ChangeSet) -> bool:
    """Whether a change is so large that the engine's bulk loader pays."""
    return len(change.add) + len(change.remove) > BULK


def apply(live: Store, change: ChangeSet) -> int:
    """Make the quads of a change leave and enter; returns by how many the store grew."""
    if is_bulk(change):
        return _apply_bulk(live, change)
    entering = set(change.add)
    leaving = set(change.remove) - entering
    growth = sum(quad not in live for quad in entering) - sum(quad in live for quad in leaving)
    if leaving:
        live.update(f"{_data('DELETE', leaving)} ;\n{_data('INSERT', entering)}")
    elif entering:
        live.extend(entering)
    return growth


def _apply_bulk(live: Store, change: ChangeSet) -> int:
    before = len(live)
    live.bulk_extend(change.add)
    leaving = set(change.remove)
    if leaving:
        leaving.difference_update(change.add)
    if leaving:
        live.update(_data("DELETE", leaving))
    return len(live) - before


def _data(verb: str, quads: Iterable[Quad]) -> str:
    graphs: dict[str, list[str]] = {}
    for quad in quads:
        name = "" if isinstance(quad.graph_name, DefaultGraph) else str(quad.graph_name)
        graphs.setdefault(name, []).append(f"{quad.triple} .")
    blocks = ("\n".join(lines) if not name else f"GRAPH {name} {{\n" + "\n".join(lines) + "\n}"
              for name, lines in graphs.items())  # fmt: skip
    return f"{verb} DATA {{\n" + "\n".join(blocks) + "\n}"


def refuse_blank_nodes(change: ChangeSet) -> None:
    """Blank nodes have no name that a later change or the journal could mean: none is ever stored."""
    for quads in (change.add, change.remove):
        if _has_blank_nodes(quads):
            raise UsageError("a blank node cannot be stored", hint="give the node an IRI")


def _has_blank_nodes(quads: Sequence[Quad]) -> bool:
    return any(isinstance(term, BlankNode) for quad in quads for term in (quad.subject, quad.object, quad.graph_name))
