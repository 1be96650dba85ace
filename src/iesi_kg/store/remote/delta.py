"""Turns a change set into just what it changes, and refuses what a server would not keep as it is.

Only then can a change be taken back, be sent twice, and be undone for whoever still reads the version before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from uuid import uuid4

from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.errors import BackendAlters
from iesi_kg.store.base import ChangeSet, Term
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.fetching import LARGE
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.presence import number, present
from iesi_kg.store.remote.reader import RemoteReader
from iesi_kg.store.remote.sending import Sender
from iesi_kg.store.remote.terms import is_altered, kept, kept_quads

_VALUES = 500  # tried at a time: fewer than any server sends rows
_VALUE = "urn:x-iesi-kg:value/"


def effective(reader: RemoteReader, client: Client, places: Places, change: ChangeSet) -> tuple[ChangeSet, int]:
    """The change without what stands already or stands no more, and by how many quads the store grows.

    A graph to create that others have filled already is taken in with what it holds.
    """
    known = set(reader.graphs())
    add = kept_quads(change.add)
    wanted = kept_quads([*change.remove, *(quad for graph in change.drop for quad in reader.quads(graph=graph))])
    remove = [quad for quad in wanted if quad not in add]
    there = present(client, places, known, [*add, *remove])
    delta = replace(
        change, add=[quad for quad in add if quad not in there], remove=[quad for quad in remove if quad in there]
    )
    taken = sum(number(client, f"GRAPH {graph} {{ ?s ?p ?o }}") for graph in change.create if graph not in known)
    return delta, len(delta.add) - len(delta.remove) + taken


def refuse_altered(client: Client, sender: Sender, quads: Iterable[Quad]) -> None:
    """Raise BackendAlters for a literal that does not come back from the server as it was sent."""
    values = iter(dict.fromkeys(quad.object for quad in quads if is_altered(quad.object)))
    while some := [*islice(values, _VALUES)]:
        _try(client, sender, some)


def _try(client: Client, sender: Sender, values: Sequence[Term]) -> None:
    graph = sender.places.part(uuid4().hex, 0)
    sent = [Quad(NamedNode(f"{_VALUE}{n}"), NamedNode(_VALUE), value, graph) for n, value in enumerate(values)]
    try:
        sender.add(sent)
        rows = client.select(f"SELECT ?s ?o {{ GRAPH {graph} {{ ?s ?p ?o }} }}", bounds=LARGE)
    finally:
        sender.end(graph)
    found = {int(getattr(row["s"], "value", "").removeprefix(_VALUE)): kept(row["o"]) for row in rows}
    for place, value in enumerate(values):
        if found.get(place) != value:
            _refuse(client, value, found.get(place))


def _refuse(client: Client, value: object, found: object) -> None:
    product = client.where.profile.title
    made = f"makes {found} of" if isinstance(found, Literal) else "loses"
    raise BackendAlters(f"{product} {made} {value}", backend=product, value=str(value), kept=str(found or ""))
