"""Turns the address of any SPARQL server into what it is and can, found out by asking, and the profile that fits.

Nothing is changed there unless that is wanted: then one statement goes into a graph of its own and is taken away again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter
from urllib.parse import urlsplit

from iesi_kg.errors import IesiKgError, StoreError
from iesi_kg.store.remote.channel import N_TRIPLES, SOLUTIONS, Bounds, Channel, Credentials, Reply
from iesi_kg.store.remote.profiles import SCHEME, Location, locate, names, profile

TABLES = (SOLUTIONS, "application/sparql-results+xml", "text/csv", "text/tab-separated-values")
GRAPHS = (N_TRIPLES, "text/turtle", "application/rdf+xml", "application/ld+json")
METHODS = ("form", "get", "direct")
MARK = "urn:x-iesi-kg:probe"

_SHORT = Bounds(seconds=5.0, bytes=1_000_000)
_NOTHING = "ASK {}"
_VIRTUOSO_ASK = "__ASK_RETVAL"
_ANY = "ASK { GRAPH ?g { ?s ?p ?o } }"
_APART = "ASK { { SELECT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } } LIMIT 100000 } FILTER NOT EXISTS { ?s ?p ?o } }"
_ONE = "CONSTRUCT { <urn:x-iesi-kg:a> <urn:x-iesi-kg:b> <urn:x-iesi-kg:c> } WHERE {}"
_STATEMENT = f"<{MARK}> <{MARK}> <{MARK}>"


@dataclass(slots=True)
class Found:
    """What a server told of itself; ``default_graph`` is apart, union or empty where that cannot be told."""

    address: str
    server: str = ""
    milliseconds: int = 0
    suggestion: str = ""
    methods: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    default_graph: str = ""
    timeout: bool = False
    graph_store: str = ""
    update: str = ""
    faults: list[str] = field(default_factory=list)

    @property
    def tested(self) -> bool:
        """Whether the profile that fits is of a product that the tests run."""
        return profile(self.suggestion).tested

    @property
    def store(self) -> str:
        """The address to give as the store."""
        return f"{SCHEME}{self.address}?profile={self.suggestion}"


async def probe(address: str, account: Credentials | None = None, *, write: bool = False) -> Found:
    """What is at an address: of a server, a dataset on it, its queries, or a store. Raises StoreError."""
    given = locate(address) if address.startswith(SCHEME) else None
    url = given.base if given is not None else address.split("?", 1)[0].rstrip("/")
    known = [given.query] if given is not None else []
    where, method, reply, seconds = await _first([*known, *_candidates(url)], account)
    found = Found(where, reply.headers.get("server", ""), round(1000 * seconds))
    found.suggestion = given.profile.name if given is not None else _suggested(where, reply)
    asked = _Asked(where, method, account)
    found.methods = tuple(
        [each for each in METHODS if each == method or await replace(asked, method=each).gives(_NOTHING, SOLUTIONS)]
    )
    found.tables = tuple([kind for kind in TABLES if await asked.gives("SELECT (1 AS ?x) {}", kind)])
    found.graphs = tuple([kind for kind in GRAPHS if await asked.gives(_ONE, kind)])
    found.default_graph = await asked.default_graph()
    found.timeout = await asked.gives(_NOTHING, SOLUTIONS, timeout="timeout")
    await asked.other_addresses(found, given or locate(found.store), write=write)
    return found


async def _first(candidates: list[str], account: Credentials | None) -> tuple[str, str, Reply, float]:
    """The first address and way of asking that answer a query."""
    faults: list[str] = []
    for where in dict.fromkeys(candidates):
        for method in ("get", "form"):
            begun = perf_counter()
            try:
                reply = await _Asked(where, method, account).query(_NOTHING, SOLUTIONS)
            except IesiKgError as error:
                faults.append(error.detail)
            else:
                return where, method, reply, perf_counter() - begun
    raise StoreError(
        f"nothing at {candidates[0]} answers SPARQL: {faults[0]}",
        hint="give the address of its queries, as its documentation says it; tried: " + ", ".join(candidates),
    )


def _candidates(url: str) -> Iterator[str]:
    yield url
    yield from dict.fromkeys(url + path for name in names() if (path := profile(name).query))


def _suggested(where: str, reply: Reply) -> str:
    """The profile whose product the answer names, else the one that promises least."""
    server = reply.headers.get("server", "").casefold()
    for name in names():
        known = profile(name)
        if known.telltale and known.telltale in reply.headers:
            return name
        if known.server and server.startswith(known.server.casefold()) and not name.endswith("cluster"):
            return name
    return "graphdb" if "/repositories/" in urlsplit(where).path else "generic"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One way of asking at one address."""

    where: str
    method: str
    account: Credentials | None

    async def query(self, text: str, kind: str, *, timeout: str = "") -> Reply:
        plain = profile("generic")
        known = replace(plain, query_method=self.method, ask_variable=_VIRTUOSO_ASK, timeout_parameter=timeout)
        channel = Channel(Location(self.where, self.where, known), self.account)
        try:
            return await channel.query(text, (kind,), bounds=_SHORT)
        finally:
            await channel.close()

    async def gives(self, text: str, kind: str, *, timeout: str = "") -> bool:
        """Whether the answer to a query comes as asked."""
        try:
            await self.query(text, kind, timeout=timeout)
        except IesiKgError:
            return False
        return True

    async def default_graph(self) -> str:
        """Whether named graphs show in the default graph, as far as a sample of their statements tells."""
        try:
            if not await self._truth(_ANY):
                return ""
            return "apart" if await self._truth(_APART) else "union"
        except IesiKgError:
            return ""

    async def _truth(self, text: str) -> bool:
        return b"true" in (await self.query(text, SOLUTIONS)).body

    async def other_addresses(self, found: Found, store: Location, *, write: bool) -> None:
        """Whether the Graph Store Protocol and updates work where the suggested profile has them."""
        channel = Channel(store, self.account)
        try:
            if store.graph_store is not None:
                await _noted(found, "graph_store", store.graph_store, channel.graph("GET", MARK, bounds=_SHORT))
            if write and store.update is not None:
                await _noted(found, "update", store.update, _written(channel))
        finally:
            await channel.close()


async def _noted(found: Found, name: str, address: str, work: object) -> None:
    try:
        await work  # type: ignore[misc]
    except IesiKgError as error:
        found.faults.append(f"{name.replace('_', ' ')} at {address}: {error.detail}")
    else:
        setattr(found, name, address)


async def _written(channel: Channel) -> None:
    """Put one statement into a graph of its own, see it there, and take it away. Raises StoreError."""
    await channel.update(f"INSERT DATA {{ GRAPH <{MARK}> {{ {_STATEMENT} }} }}", _SHORT)
    try:
        reply = await channel.query(f"ASK {{ GRAPH <{MARK}> {{ {_STATEMENT} }} }}", (SOLUTIONS,), bounds=_SHORT)
        if b"true" not in reply.body:
            raise StoreError("what was written is not there")
    finally:
        await channel.update(f"DELETE DATA {{ GRAPH <{MARK}> {{ {_STATEMENT} }} }}", _SHORT)
