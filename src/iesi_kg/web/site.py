"""What a request needs: the settings, the store for our own queries, the pool for those of others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from iesi_kg.endpoint.allowance import Allowance, allowances
from iesi_kg.endpoint.federation import Federation
from iesi_kg.endpoint.rewriting import Rewriter
from iesi_kg.endpoint.rewriting_runner import RewritingRunner
from iesi_kg.endpoint.runner import Runner
from iesi_kg.endpoint.syntax import Guards, Shape
from iesi_kg.settings import Settings
from iesi_kg.store.base import Store
from iesi_kg.store.frames import Limits
from iesi_kg.store.pools import QueryPool
from iesi_kg.web.cache import ResultCache
from iesi_kg.web.processes.fellows import Fellows, Nobody
from iesi_kg.web.queries import Queries
from iesi_kg.web.turnstile import Turnstile


@dataclass(slots=True)
class Site:
    """One running service, found by pages as ``request.app.state.site``.

    ``limits`` is what one query of an unknown caller may use, ``guards`` what the text of one may be; ``anonymous``
    and ``token`` are all limits of the two classes of callers. A ``scratch`` store is its users' to change as a whole.
    ``federation`` asks other servers, ``fellows`` the other processes of this service. ``state`` tells apart what bears
    one version: a release before and after an erasure. ``rewriter`` is None where queries run as they are
    written: by the settings, or on a server whose engine is another one.
    """

    settings: Settings
    store: Store
    pool: QueryPool
    cache: ResultCache
    federation: Federation | None = None
    scratch: bool = False
    state: str = ""
    queries: Queries = field(default_factory=Queries)
    turnstile: Turnstile = field(default_factory=Turnstile)
    fellows: Fellows = field(default_factory=Nobody)
    anonymous: Allowance = field(init=False)
    token: Allowance = field(init=False)
    rewriter: Rewriter | None = field(init=False)
    limits: Limits = field(init=False)
    guards: Guards = field(init=False)

    def __post_init__(self) -> None:
        given = self.settings
        if self.scratch:  # its callers are its owners: what one query may use still holds
            given = replace(given, query_concurrent=0, query_requests=0)
        self.anonymous, self.token = allowances(given)
        self.limits = limits(self.anonymous)
        self.rewriter = Rewriter() if given.rewriting and self.pool.rewritable else None
        services = given.service_clauses if self.federation else 0
        self.guards = Guards(
            given.query_length,
            given.query_nesting,
            given.query_patterns,
            given.query_path,
            given.query_values,
            services,
        )

    def runner(self, shape: Shape, *, rewrite: bool = True) -> Runner:
        """What evaluates a query: the pool, behind somebody who asks other servers where the query has a SERVICE, else
        behind somebody who puts it into a faster form.
        """
        if self.federation and shape.federated:
            return self.federation.over(self.pool)
        return RewritingRunner(self.rewriter, self.pool, self.version) if self.rewriter and rewrite else self.pool

    def change_limits(self, allowance: Allowance) -> Limits:
        """What one change may use: as much as a query of the same caller; a scratch store's own limits are wider."""
        found, given = limits(allowance), self.settings
        if not self.scratch:
            return found
        return replace(found, rows=max(found.rows, given.scratch_rows), bytes=max(found.bytes, given.scratch_bytes))

    @property
    def version(self) -> int:
        """The version that queries are answered from."""
        return self.pool.version


def limits(allowance: Allowance) -> Limits:
    """What the store is told of the limits of a class."""
    return Limits(allowance.seconds, allowance.bytes, allowance.rows, allowance.memory)
