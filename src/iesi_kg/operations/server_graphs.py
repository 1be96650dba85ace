"""Answers requests on the graphs of a store on another server: they are read here, and changed by submissions alone.

What an update would change is found out by trying it on a copy of the store, which a server does not give.
"""

from __future__ import annotations

import asyncio
from itertools import islice

from pyoxigraph import NamedNode, RdfFormat, Triple, serialize

from iesi_kg.errors import NotAcceptable, NotFound, QueryRefused, ResultTooLarge
from iesi_kg.operations.amendments import Check
from iesi_kg.operations.audit import Act
from iesi_kg.store.amending import Amended, Amendment, digest
from iesi_kg.store.base import DEFAULT_GRAPH, Store
from iesi_kg.store.evaluation import too_many_rows
from iesi_kg.store.frames import Limits


class ServerGraphs:
    """The same requests as ``Amendments`` takes, for a ``store`` on a server of this ``product``."""

    def __init__(self, store: Store, product: str) -> None:
        self._store = store
        self._product = product

    async def read(self, wanted: Amendment, limits: Limits, caller: str = "") -> tuple[Amended, int]:
        """What a ``get`` finds, and the version it is of. Raises NotFound, ResultTooLarge, StoreError."""
        return await asyncio.to_thread(self._read, wanted, limits)

    async def make(
        self, wanted: Amendment, limits: Limits, check: Check, act: Act, caller: str = ""
    ) -> tuple[Amended, int]:
        """Refuse. Raises QueryRefused."""
        raise QueryRefused(
            f"{wanted.verb.upper()} is not made here: the data of this service stand on {self._product}",
            hint="hand in a file, which is checked and published whole; a store in a folder takes updates and graphs",
        )

    async def close(self) -> None:
        """Nothing is held."""

    def _read(self, wanted: Amendment, limits: Limits) -> tuple[Amended, int]:
        syntax = RdfFormat.from_media_type(wanted.parts[0][0])
        if syntax is None:
            raise NotAcceptable(f"a graph cannot be written as {wanted.parts[0][0]}")
        reader = self._store.reader()
        name = NamedNode(wanted.graph) if wanted.graph else DEFAULT_GRAPH
        quads = list(islice(reader.quads(graph=name), limits.rows + 1))
        if not quads and wanted.graph:
            raise NotFound(f"there is no graph <{wanted.graph}>", hint="an empty graph of this store is no graph")
        if len(quads) > limits.rows:
            raise too_many_rows(limits.rows)
        triples = [Triple(quad.subject, quad.predicate, quad.object) for quad in quads]
        body = serialize(triples, format=syntax) or b""
        if len(body) > limits.bytes:
            raise ResultTooLarge(f"the graph is larger than {limits.bytes:,} bytes", limit_bytes=limits.bytes)
        lines = serialize(triples, format=RdfFormat.N_TRIPLES) or b""
        return Amended(True, digest(lines), body), reader.version
