"""Turns a change set into engine operations: one transaction, or the bulk loader where that pays.

Quads leave by ``DELETE DATA`` and enter by ``INSERT DATA`` of one request (SPARQL 1.1 Update section 3.1), unless a
blank node is among them: SPARQL has no name for one, so they leave and enter through the engine's own interface.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pyoxigraph import BlankNode, DefaultGraph, Quad, Store, Triple

from iesi_kg.errors import UsageError
from iesi_kg.store.base import ChangeSet

BULK = 50_000


def is_bulk(change: ChangeSet) -> bool:
    """Whether a change is so large that the engine's bulk loader pays."""
    return len(change.add) + len(change.remove) > BULK


def in_steps(change: ChangeSet) -> bool:
    """Whether a change takes more than one transaction, so that a failure may leave a part of it behind."""
    if is_bulk(change) or change.drop or change.create or _has_blank_nodes(change.remove):
        return True
    return bool(change.remove) and _has_blank_nodes(change.add)


def apply(live: Store, change: ChangeSet) -> int:
    """Make the quads of a change leave and enter; returns by how many the store grew."""
    gone = 0
    for graph in change.drop:
        gone += sum(1 for _ in live.quads_for_pattern(None, None, None, graph))
        live.remove_graph(graph)  # its quads go with it, faster than one by one
    if change.drop:
        dropped = set(change.drop)
        remove = [quad for quad in change.remove if quad.graph_name not in dropped]
        change = ChangeSet(change.label, change.add, remove, (), change.create)
    growth = _apply_bulk(live, change) if is_bulk(change) else _apply_small(live, change)
    for graph in change.create:
        live.add_graph(graph)
    return growth - gone


def _apply_small(live: Store, change: ChangeSet) -> int:
    entering = set(change.add)
    leaving = set(change.remove) - entering
    growth = sum(quad not in live for quad in entering) - sum(quad in live for quad in leaving)
    if _has_blank_nodes(change.remove) or (leaving and _has_blank_nodes(change.add)):
        _remove(live, leaving)
        live.extend(entering)
    elif leaving:
        live.update(f"{data('DELETE', leaving)} ;\n{data('INSERT', entering)}")
    elif entering:
        live.extend(entering)
    return growth


def _apply_bulk(live: Store, change: ChangeSet) -> int:
    before = len(live)
    live.bulk_extend(change.add)
    leaving = set(change.remove)
    if leaving:
        leaving.difference_update(change.add)
    _remove(live, leaving)
    return len(live) - before


def _remove(live: Store, leaving: Collection[Quad]) -> None:
    plain = [quad for quad in leaving if not _has_blank_nodes((quad,))]
    if plain:
        live.update(data("DELETE", plain))
    if len(plain) < len(leaving):
        for quad in leaving:
            live.remove(quad)


def data(verb: str, quads: Iterable[Quad]) -> str:
    """The operation INSERT DATA or DELETE DATA of some quads."""
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
    terms = (term for quad in quads for term in (quad.subject, quad.object, quad.graph_name))
    return any(_is_blank(term) for term in terms)


def _is_blank(term: object) -> bool:
    """Whether a term is a blank node or, as a triple term may, holds one."""
    if isinstance(term, Triple):
        return _is_blank(term.subject) or _is_blank(term.object)
    return isinstance(term, BlankNode)
