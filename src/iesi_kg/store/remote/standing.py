"""The record of the version that stands, kept on the server beside the quads, and the updates that go on to the next.

Whoever writes says which change he found; a record that another one has changed meanwhile stops him. Where an update is
not all or nothing, a change is announced there before its first quad is sent, and taken off with its last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pyoxigraph import Literal, NamedNode

from iesi_kg.errors import StoreDamaged
from iesi_kg.store.remote.channel import Bounds
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.places import GRAPH, Places

_KEY = "urn:x-iesi-kg:"
_KEYS = ("version", "created", "quads", "change", "store", "pending")
SHORT = Bounds(seconds=20.0, bytes=1_000_000)


@dataclass(frozen=True, slots=True)
class Standing:
    """One version on a server: ``triples`` counts its quads, ``change`` names the commit that made it.

    ``store`` tells stores apart that stood at one address one after the other; ``pending`` names a change that somebody
    has begun there.
    """

    number: int
    created: datetime
    triples: int
    change: str
    store: str
    pending: str = ""

    def facts(self) -> list[tuple[str, str]]:
        """What the record says, by its keys."""
        values = (str(self.number), self.created.isoformat(), str(self.triples), self.change, self.store, self.pending)
        return [(key, value) for key, value in zip(_KEYS, values, strict=True) if value]


def read(client: Client, places: Places) -> Standing | None:
    """The record; None where no store was begun there. Raises StoreError."""
    keys = " ".join(f"<{_KEY}{key}>" for key in _KEYS)
    text = f"SELECT ?key ?value {{ GRAPH {places.state} {{ VALUES ?key {{ {keys} }} {places.state} ?key ?value }} }}"
    rows = client.select(text, bounds=SHORT)
    found = {_text(row["key"]).removeprefix(_KEY): _text(row["value"]) for row in rows}
    if not rows:
        return None
    try:
        if len(rows) != len(found):
            raise ValueError("two values of one key")
        created = datetime.fromisoformat(found["created"])
        return Standing(
            int(found["version"]),
            created,
            int(found["quads"]),
            found["change"],
            found["store"],
            found.get("pending", ""),
        )
    except (KeyError, ValueError) as error:
        raise StoreDamaged(
            f"the record of the version in {places.state} at {client.where.base} makes no sense: {error}",
            hint="restore the server from a backup",
        ) from None


def named(client: Client, places: Places) -> list[NamedNode]:
    """The named graphs of the store."""
    rows = client.select(f"SELECT ?g {{ GRAPH {places.state} {{ {places.state} {GRAPH} ?g }} }}")
    return sorted((row["g"] for row in rows if isinstance(row["g"], NamedNode)), key=str)


def begin(places: Places, first: Standing, graphs: Iterable[NamedNode]) -> str:
    """The update that begins a store where there is none."""
    return (
        f"INSERT {{ {_record(places, first)} {_known(places, graphs)} }} "
        f"WHERE {{ FILTER NOT EXISTS {{ GRAPH {places.state} {{ {places.state} <{_KEY}change> ?any }} }} }}"
    )


def switch(places: Places, before: Standing, after: Standing) -> str:
    """The operation that goes on from one record to the next; it does nothing where another record stands."""
    return (
        f"DELETE {{ {_record(places, before)} }} INSERT {{ {_record(places, after)} }} "
        f"WHERE {{ {_holds(places, before)} }}"
    )


def announce(places: Places, before: Standing, change: str) -> str:
    """The operation that says that a change is being made."""
    return switch(places, before, replace(before, pending=change))


def guard(places: Places, before: Standing, change: str) -> str:
    """Operations that fail, and the request with them, where another record stands: a graph is dropped that is not."""
    mark = places.part(change, 0)
    return (
        f"INSERT {{ GRAPH {mark} {{ {mark} {mark} {mark} }} }} WHERE {{ {_holds(places, before)} }} ; DROP GRAPH {mark}"
    )


def naming(places: Places, graphs: Iterable[NamedNode], gone: Iterable[NamedNode]) -> str:
    """The operations that note new named graphs of the store, and those that are no more; empty for none."""
    new, old = _known(places, graphs), _known(places, gone)
    parts = ([f"DELETE DATA {{ {old} }}"] if old else []) + ([f"INSERT DATA {{ {new} }}"] if new else [])
    return " ; ".join(parts)


def _known(places: Places, graphs: Iterable[NamedNode]) -> str:
    lines = " ".join(f"{places.state} {GRAPH} {graph} ." for graph in graphs)
    return f"GRAPH {places.state} {{ {lines} }}" if lines else ""


def _record(places: Places, standing: Standing) -> str:
    lines = " ".join(f"{places.state} <{_KEY}{key}> {Literal(value)} ." for key, value in standing.facts())
    return f"GRAPH {places.state} {{ {lines} }}"


def _holds(places: Places, standing: Standing) -> str:
    lines = [f'{places.state} <{_KEY}change> "{standing.change}" .']
    if standing.pending:
        lines.append(f'{places.state} <{_KEY}pending> "{standing.pending}" .')
    return f"GRAPH {places.state} {{ {' '.join(lines)} }}"


def _text(term: object) -> str:
    return str(getattr(term, "value", ""))
