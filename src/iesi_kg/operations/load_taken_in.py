"""Takes a graph into a store that the loader of its server has filled: what goes there past us is not known to readers.

A product's own loader reads its own disk, several times as fast as any protocol; who runs it is the server's operator.
"""

from __future__ import annotations

from datetime import UTC

from pyoxigraph import NamedNode

from iesi_kg.errors import NotFound, UsageError
from iesi_kg.operations import load_record
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import AuditedStore
from iesi_kg.operations.load_record import Loaded
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.remote.store import RemoteStore

_BY = "(by the loader of the server)"


def taken_in(store: RemoteStore, log: AuditLog, act: Act, graph: NamedNode) -> tuple[int, Loaded]:
    """Have readers know the graph, in one commit; the version and what it holds. Raises UsageError, NotFound."""
    if graph in store.reader().graphs():
        raise UsageError(
            f"{graph} is a graph of this store already",
            hint="what its server loads into it past us would be seen half loaded: take another graph",
        )
    statements = store.held(graph)
    if not statements:
        raise NotFound(f"there is nothing in {graph} on that server", hint="have its own loader fill it first")
    if store.has_blank(graph):
        raise UsageError(
            f"{graph} has blank nodes, which nobody could take out or back up again",
            hint="empty it there, and load the files with `iesi-kg load`, which gives them IRIs",
        )
    loaded = Loaded(graph, _BY, "", statements, 0, act.at.astimezone(UTC).isoformat(timespec="seconds"))
    with AuditedStore(store, log, act).writer() as writer:
        change = ChangeSet(f"taken in: {graph}", add=[*load_record.quads(loaded)], create=[graph])
        return writer.commit(change), loaded
