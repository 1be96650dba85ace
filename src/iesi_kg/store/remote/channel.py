"""Turns SPARQL 1.1 Protocol, Update and Graph Store requests to one server into whole answers, or an error.

https://www.w3.org/TR/sparql11-protocol/, https://www.w3.org/TR/sparql11-http-rdf-update/. The one door to the server
that keeps the quads: redirects are never followed, no proxy or password of the environment is used, a query that got no
answer at all is asked once more, and what writes is sent once, on a new connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from iesi_kg.errors import BackendRefused, BackendUnreachable, ResultTooLarge, StoreError, UsageError
from iesi_kg.store.bounded import Broken, Overlong, whole
from iesi_kg.store.remote import dialect, failures
from iesi_kg.store.remote.profiles import Location

if TYPE_CHECKING:
    import httpx

SOLUTIONS = "application/sparql-results+json"
N_TRIPLES = "application/n-triples"
AGENT = "iesi-kg"

_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_ROWS = "text/csv"
_ALL = "SELECT (1 AS ?row) { ?s ?p ?o }"
_MOST_FAILURE = 20_000
_LONGEST_WAIT = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account on the server; the password shows in no text of it."""

    user: str = ""
    password: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.password)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may take: seconds from asking to the last byte, and bytes of the answer."""

    seconds: float = 30.0
    bytes: int = 64_000_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a graph is to hold, written in an RDF format."""

    body: bytes
    media_type: str = N_TRIPLES


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer with a status that means success."""

    status: int
    media_type: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Dataset:
    """The protocol's dataset of a query; empty: what the server takes by itself."""

    default_graphs: Sequence[str] = ()
    named_graphs: Sequence[str] = ()

    def pairs(self) -> Iterator[tuple[str, str]]:
        """The parameters of SPARQL 1.1 Protocol section 2.1.4."""
        yield from (("default-graph-uri", graph) for graph in self.default_graphs)
        yield from (("named-graph-uri", graph) for graph in self.named_graphs)


BOUNDS = Bounds()
NO_DATASET = Dataset()


@dataclass(frozen=True, slots=True)
class _Outgoing:
    method: str
    address: str
    headers: Mapping[str, str]
    content: bytes | None = None
    safe: bool = True  # a query or a read: asking twice does no harm


class Channel:
    """Asynchronous requests to one server, of one event loop; ``connections`` bounds how many run at once."""

    def __init__(
        self, where: Location, credentials: Credentials | None = None, *, agent: str = AGENT, connections: int = 8
    ) -> None:
        self.where = where
        self._credentials = credentials or Credentials()
        self._agent = agent
        self._connections = connections
        self._library: Any = None
        self._reading: httpx.AsyncClient | None = None
        self._writing: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def query(
        self, text: str, accept: Sequence[str], dataset: Dataset = NO_DATASET, bounds: Bounds = BOUNDS
    ) -> Reply:
        """The whole answer to a query in one of the media types asked for, in the words of the standard."""
        profile = self.where.profile
        keyword = dialect.form(text)
        outgoing = self._query(dialect.sent(profile, text, keyword), accept, dataset, bounds.seconds)
        counting = dialect.counting(text, keyword) if profile.graphs_cut and keyword in dialect.GRAPHS else None
        if counting is None:
            reply = await self._ask(outgoing, bounds)
        else:
            beside = asyncio.create_task(self._count(counting, dataset, bounds))
            try:
                reply = await self._ask(outgoing, bounds)
                await beside
            finally:
                beside.cancel()
        self._check(reply, accept)
        return replace(reply, body=dialect.received(profile, reply.body))

    async def _count(self, text: str, dataset: Dataset, bounds: Bounds) -> None:
        """Raise BackendCut where the rows that a graph is made from are more than the server ever gives."""
        keyword = dialect.form(text)
        rows = self._query(dialect.sent(self.where.profile, text, keyword), (_ROWS,), dataset, bounds.seconds)
        reply = await self._ask(rows, bounds)
        self._check(reply, (_ROWS,))
        if most := reply.headers.get(self.where.profile.rows_header.lower()):
            raise failures.capped(self.where, int(most) if most.isdigit() else 0)

    async def update(self, text: str, bounds: Bounds = BOUNDS) -> None:
        """Have an update done; on an error it is said whether it may have been done."""
        address = self.where.update
        if address is None:
            raise self._lacks("updates")
        if self.where.profile.update_method == "form":
            content, kind = urlencode([("update", text)]).encode(), _FORM
        else:
            content, kind = text.encode(), _UPDATE
        headers = {"Content-Type": kind, "Accept": "*/*"}
        await self._ask(_Outgoing("POST", address, headers, content, safe=False), bounds)

    async def graph(
        self, method: str, name: str | None, content: Content | None = None, bounds: Bounds = BOUNDS
    ) -> Reply | None:
        """Graph Store Protocol: GET, PUT, POST or DELETE of a graph (None: the default one); None for a missing one."""
        address = self.where.graph_store
        if address is None:
            raise self._lacks("the Graph Store Protocol")
        if name is None and not self.where.profile.default_graph_store:
            raise self._lacks("a default graph in the Graph Store Protocol")
        target = f"{address}?{urlencode([('graph', name)]) if name is not None else 'default'}"
        headers = {"Accept": N_TRIPLES if method == "GET" else "*/*"}
        headers |= {"Content-Type": content.media_type} if content is not None else {}
        body = content.body if content is not None else None
        try:
            reply = await self._ask(_Outgoing(method, target, headers, body, safe=method == "GET"), bounds)
        except BackendRefused as error:
            if error.members.get("backend_status") == 404 and method in ("GET", "DELETE"):
                return None
            raise
        if method == "GET":
            self._check(reply, (N_TRIPLES,))
            if self.where.profile.graphs_cut and name is not None:
                await self._count(_ALL, Dataset((name,)), bounds)
            reply = replace(reply, body=dialect.received(self.where.profile, reply.body))
        return reply

    async def close(self) -> None:
        """Close every connection."""
        for client in (self._reading, self._writing):
            if client is not None:
                await client.aclose()
        self._reading = self._writing = None

    def _query(self, text: str, accept: Sequence[str], dataset: Dataset, seconds: float) -> _Outgoing:
        profile = self.where.profile
        pairs = [*dataset.pairs(), *profile.timeout(seconds).items(), *profile.parameters.items()]
        if profile.default_graph_iri and not dataset.default_graphs and not dataset.named_graphs:
            pairs.append(("default-graph-uri", profile.default_graph_iri))
        headers = {"Accept": ", ".join(accept)}
        if profile.query_method == "direct":
            address = f"{self.where.query}?{urlencode(pairs)}" if pairs else self.where.query
            return _Outgoing("POST", address, headers | {"Content-Type": _QUERY}, text.encode("utf-8", "replace"))
        encoded = urlencode([("query", text), *pairs], errors="replace")
        if profile.query_method == "get":
            return _Outgoing("GET", f"{self.where.query}?{encoded}", headers)
        return _Outgoing("POST", self.where.query, headers | {"Content-Type": _FORM}, encoded.encode())

    def _check(self, reply: Reply, accept: Sequence[str]) -> None:
        """A success may still be a part, or something else than was asked for."""
        profile = self.where.profile
        if profile.partial_header and (state := reply.headers.get(profile.partial_header.lower())):
            raise failures.partial(self.where, state, reply.headers.get("x-sql-message", ""))
        wanted = (*accept, "application/json") if SOLUTIONS in accept else accept
        if reply.media_type not in wanted:
            raise failures.lied(self.where, reply.media_type, accept[0], reply.body)

    async def _ask(self, outgoing: _Outgoing, bounds: Bounds) -> Reply:
        limit = self.where.profile.max_request_bytes
        if limit and outgoing.content is not None and len(outgoing.content) > limit:
            raise ResultTooLarge(
                f"{self.where.profile.title} takes requests up to {limit:,} bytes, this one has"
                f" {len(outgoing.content):,}",
                hint="send it in parts",
                limit_bytes=limit,
            )
        try:
            async with asyncio.timeout(bounds.seconds):
                return await self._persist(outgoing, bounds.bytes, time.monotonic() + bounds.seconds)
        except TimeoutError:
            raise failures.late(self.where, bounds.seconds, writing=not outgoing.safe) from None

    async def _persist(self, outgoing: _Outgoing, most: int, deadline: float) -> Reply:
        """Ask, and once more where nothing at all came back and asking twice does no harm."""
        try:
            return await self._send(outgoing, most)
        except _Unanswered as unanswered:
            if not outgoing.safe:
                raise unanswered.error from None
        except BackendUnreachable as busy:
            wait = busy.members.get("retry_after")
            if not (outgoing.safe and isinstance(wait, int)) or wait > _LONGEST_WAIT:
                raise
            if time.monotonic() + wait >= deadline:
                raise
            await asyncio.sleep(wait)
        try:
            return await self._send(outgoing, most)
        except _Unanswered as unanswered:
            raise unanswered.error from None

    async def _send(self, outgoing: _Outgoing, most: int) -> Reply:
        client = await self._open(writing=not outgoing.safe)
        library = self._library
        answered = False
        try:
            request = client.build_request(
                outgoing.method, outgoing.address, headers=dict(outgoing.headers), content=outgoing.content
            )
            response = await client.send(request, stream=True)
            answered = True
            try:
                return await self._whole(response, outgoing, most)
            finally:
                await response.aclose()
        except library.ConnectError as error:
            raise failures.unreachable(self.where, error) from None
        except (library.HTTPError, library.InvalidURL) as error:
            failure = failures.broken(self.where, error, writing=not outgoing.safe)
            if answered:
                raise failure from None
            raise _Unanswered(failure) from None

    async def _whole(self, response: httpx.Response, outgoing: _Outgoing, most: int) -> Reply:
        status = response.status_code
        if 300 <= status < 400:
            raise failures.redirected(self.where, status, str(response.headers.get("location", "")))
        headers = {name.lower(): value for name, value in response.headers.items()}
        good = 200 <= status < 300
        coding = headers.get("content-encoding", "")
        try:
            body = await whole(response.aiter_raw(65_536), coding, most if good else _MOST_FAILURE)
        except Overlong:
            if good:
                raise ResultTooLarge(
                    f"the answer is larger than {most:,} bytes", limit_bytes=most, limit="bytes"
                ) from None
            body = b""
        except Broken as fault:
            raise failures.cut(self.where, str(fault)) from None
        if not good:
            raise failures.refused(self.where, status, headers, body, updating=not outgoing.safe)
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return Reply(status, media_type, headers, body)

    async def _open(self, *, writing: bool) -> httpx.AsyncClient:
        async with self._opening:
            if self._reading is None or self._writing is None:
                self._library, trust = await asyncio.to_thread(_loaded)
                self._reading = self._made(trust, kept=self._connections)
                # A connection that idles may be closed by the other side just as it is used again: then nobody knows
                # whether a write arrived. A query is asked again; a write gets a connection of its own.
                self._writing = self._made(trust, kept=0)
        return self._writing if writing else self._reading

    def _made(self, trust: object, *, kept: int) -> httpx.AsyncClient:
        library = self._library
        made: httpx.AsyncClient = library.AsyncClient(
            verify=trust,
            trust_env=False,
            timeout=None,
            follow_redirects=False,
            auth=self._authentication(),
            headers={"User-Agent": self._agent, "Accept-Encoding": "identity", **self._bearer()},
            limits=library.Limits(max_connections=self._connections, max_keepalive_connections=kept),
        )
        return made

    def _authentication(self) -> Any:  # noqa: ANN401
        kind, account = self.where.profile.authentication, self._credentials
        if not account or kind == "bearer":
            return None
        if kind == "digest":
            return self._library.DigestAuth(account.user, account.password)
        return self._library.BasicAuth(account.user, account.password)

    def _bearer(self) -> dict[str, str]:
        if self.where.profile.authentication != "bearer" or not self._credentials:
            return {}
        return {"Authorization": f"Bearer {self._credentials.password}"}

    def _lacks(self, what: str) -> UsageError:
        return UsageError(
            f"{self.where.profile.title} has no address for {what}",
            hint="the parameters update and graphs of the store's address name them",
        )


class _Unanswered(Exception):
    """The connection ended before a byte of an answer came."""

    def __init__(self, error: StoreError) -> None:
        super().__init__(str(error))
        self.error = error


@cache
def _loaded() -> tuple[Any, Any]:
    """The library and the certificates it trusts: a quarter of a second the first time, hence beside the event loop."""
    import httpx

    return httpx, httpx.create_ssl_context()  # SSL_CERT_FILE names an authority of one's own
