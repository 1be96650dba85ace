"""Asks a server which of some quads it has, and how many match: what was acknowledged may still not be there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from pyoxigraph import DefaultGraph, NamedNode, Quad

from iesi_kg.errors import BackendLost
from iesi_kg.store.base import ChangeSet, GraphName
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.fetching import LARGE
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.terms import kept

_PAIRS = 200
_EACH = 5_000  # quads that enter, up to which each is looked for


def present(client: Client, places: Places, known: Collection[NamedNode] | None, quads: Iterable[Quad]) -> set[Quad]:
    """Those of some quads that stand on the server; only these named graphs are ``known`` to hold any."""
    there: set[Quad] = set()
    for graph, own in _by_graph(quads).items():
        if isinstance(graph, DefaultGraph) or known is None or graph in known:
            there |= {*own}.intersection(_among(client, places, graph, own))
    return there


def _among(client: Client, places: Places, graph: GraphName, quads: Sequence[Quad]) -> Iterator[Quad]:
    if len(quads) > _PAIRS and not client.ask(f"ASK {{ {places.block(graph, '?s ?p ?o')} }}"):
        return
    pairs = iter(dict.fromkeys((quad.subject, quad.predicate) for quad in quads))
    while some := [*islice(pairs, _PAIRS)]:
        values = " ".join(f"({subject} {predicate})" for subject, predicate in some)
        pattern = places.block(graph, f"VALUES (?s ?p) {{ {values} }} ?s ?p ?o")
        for row in client.select(f"SELECT ?s ?p ?o {{ {pattern} }}", bounds=LARGE):
            yield Quad(row["s"], row["p"], kept(row["o"]), graph)  # type: ignore[arg-type]  # as in a quad


def _by_graph(quads: Iterable[Quad]) -> dict[GraphName, list[Quad]]:
    graphs: dict[GraphName, list[Quad]] = {}
    for quad in quads:
        graphs.setdefault(quad.graph_name, []).append(quad)  # type: ignore[arg-type]  # none has a blank name
    return graphs


def number(client: Client, pattern: str) -> int:
    """How many quads match a pattern of ?s ?p ?o; some products take seconds to count rows and not to count values."""
    rows = client.select(f"SELECT (COUNT(?s) AS ?n) {{ {pattern} }}", bounds=LARGE)
    return int(getattr(rows[0]["n"], "value", 0))


def refuse_lost(client: Client, places: Places, change: ChangeSet) -> None:
    """Raise BackendLost where a change that was acknowledged step by step was not made."""
    left = present(client, places, None, change.remove)
    if left:
        raise _lost(client, f"still has {len(left):,} of {len(change.remove):,} statements that were to leave")
    if len(change.add) <= _EACH:
        missing = len(change.add) - len(present(client, places, None, change.add))
    else:
        graphs = _by_graph(change.add)
        found = {graph: number(client, places.block(graph, "?s ?p ?o")) for graph in graphs}
        missing = sum(max(0, len(own) - found[graph]) for graph, own in graphs.items())
    if missing:
        raise _lost(client, f"lacks {missing:,} of {len(change.add):,} statements that were to enter")


def _lost(client: Client, what: str) -> BackendLost:
    product = client.where.profile.title
    return BackendLost(
        f"{product} acknowledged a change and {what}",
        hint="nothing of it counts: it was taken back; see its log before you write again",
        backend=product,
    )
