"""What a request needs: the settings, the store for our own queries, the pool for those of others."""

from __future__ import annotations

from dataclasses import dataclass, field

from iesi_kg.endpoint.federation import Federation
from iesi_kg.endpoint.syntax import Guards, Shape
from iesi_kg.settings import Settings
from iesi_kg.store.base import Store
from iesi_kg.store.workers import Limits, Pool
from iesi_kg.web.cache import ResultCache


@dataclass(slots=True)
class Site:
    """One running service, found by pages as ``request.app.state.site``.

    ``limits`` is what one query may use, ``guards`` what the text of one may be; ``federation`` asks other servers.
    """

    settings: Settings
    store: Store
    pool: Pool
    cache: ResultCache
    federation: Federation | None = None
    limits: Limits = field(init=False)
    guards: Guards = field(init=False)

    def __post_init__(self) -> None:
        given = self.settings
        self.limits = Limits(given.query_seconds, given.query_bytes, given.query_rows)
        services = given.service_clauses if self.federation else 0
        self.guards = Guards(given.query_length, given.query_nesting, given.query_patterns, services)

    def asked_for(self, shape: Shape) -> Federation | None:
        """What a query needs beside the pool: somebody who asks other servers, where it has a SERVICE."""
        return self.federation if shape.federated else None

    @property
    def version(self) -> int:
        """The version that queries are answered from."""
        return self.pool.version
