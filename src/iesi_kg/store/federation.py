"""Turns a request to a peer of the allow-list into its whole answer, or an error; the one door to other servers.

The connection is made to the numeric address that was checked, so that a name cannot change its mind in between;
proxies of the environment are not used, redirects are followed by hand and checked like the first address.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

from pyoxigraph import BlankNode, QueryBoolean, QueryResultsFormat, QuerySolutions, Triple, parse_query_results

from iesi_kg.errors import PeerError, PeerTimeout, ServiceBusy
from iesi_kg.store.addresses import Resolve, Target, checked, system_resolve, target
from iesi_kg.store.bounded import Broken, Overlong, whole
from iesi_kg.store.peers import Peer
from iesi_kg.vocabulary import iris

if TYPE_CHECKING:
    import httpx

RESULTS = "application/sparql-results+json"
GRAPHS = ("text/turtle", "application/n-triples", "application/rdf+xml")
_ACCEPTED = (RESULTS, "application/json")
_REDIRECTS = (301, 302, 307, 308)
_MOST_REDIRECTS = 3
_WAITING = 32
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one request may still take: seconds, bytes after decompression, rows."""

    seconds: float
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Table:
    """Solutions of a peer as SPARQL terms in text; None is unbound. ``bytes`` is what they took on the way.

    ``blank`` says that blank nodes were among them, whose labels mean nothing beside another answer.
    """

    variables: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    bytes: int
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer with status 200, whole."""

    headers: httpx.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        """The type without parameters."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class _Outgoing:
    method: str
    address: str
    headers: dict[str, str]
    content: bytes | None = None
    offered: bool = False  # a redirect too must stay below what the peer offers for LOAD


@dataclass(slots=True)
class Client:
    """Asks peers under bounds; ``agent`` tells them who asks, ``parallel`` is how many requests one gets at a time.

    Requests to one peer wait for one another, so that one that hangs does not keep the others from being asked.
    """

    agent: str
    resolve: Resolve = system_resolve
    parallel: int = 4
    _turns: dict[str, asyncio.Semaphore] = field(init=False, default_factory=dict)
    _waiting: int = field(init=False, default=0)

    async def select(self, peer: Peer, text: str, allowance: Allowance, *, run: str, over: Connections) -> Table:
        """All solutions of a SELECT query; blank nodes become IRIs of this ``run`` (RDF 1.1 Concepts section 3.5)."""
        reply = await self._fetch(peer, _query(peer, text), allowance, over)
        if reply.media_type not in _ACCEPTED:
            raise PeerError(f"{peer.name} answered with {reply.media_type or 'no media type'}, not with {RESULTS}")
        _check_whole(peer, reply)
        table = await asyncio.to_thread(_table, peer, reply.body, allowance.rows, run)
        capped = str(reply.headers.get("x-sparql-maxrows", ""))
        cap = int(capped) if capped.isdigit() else peer.rows
        if cap and len(table.rows) >= cap:
            raise PeerError(
                f"{peer.name} cut its answer at {cap:,} rows",
                hint="ask it for less: bind more on this side, or put a sub-select with LIMIT into the SERVICE",
            )
        return table

    async def ask(self, peer: Peer, text: str, allowance: Allowance) -> tuple[bool, str]:
        """The answer to an ASK query, and what the server calls itself."""
        async with Connections() as over:
            reply = await self._fetch(peer, _query(peer, text), allowance, over)
        _check_whole(peer, reply)
        result = _parsed(peer, reply.body)
        if not isinstance(result, QueryBoolean):
            raise PeerError(f"{peer.name} answered ASK with rows")
        return bool(result), str(reply.headers.get("server", ""))

    async def graph(self, peer: Peer, address: str, allowance: Allowance) -> tuple[bytes, str]:
        """The bytes behind an address and the RDF media type they came as."""
        outgoing = _Outgoing("GET", address, {"Accept": ", ".join(GRAPHS)}, offered=True)
        async with Connections() as over:
            reply = await self._fetch(peer, outgoing, allowance, over)
        if reply.media_type not in GRAPHS:
            raise PeerError(
                f"{address} came as {reply.media_type or 'no media type'}, which is no RDF that can be loaded",
                accepted=GRAPHS,
            )
        return reply.body, reply.media_type

    async def _fetch(self, peer: Peer, outgoing: _Outgoing, allowance: Allowance, over: Connections) -> Reply:
        seconds = min(peer.seconds, allowance.seconds)
        if self._waiting >= _WAITING:
            raise ServiceBusy(f"{_WAITING} requests to other servers are waiting already")
        self._waiting += 1
        try:
            turn = self._turns.setdefault(peer.name, asyncio.Semaphore(self.parallel))
            async with asyncio.timeout(seconds), turn:
                return await self._follow(peer, outgoing, allowance.bytes, over)
        except TimeoutError:
            raise PeerTimeout(
                f"{peer.name} gave no whole answer within {seconds:.3g} seconds",
                hint="ask it for less, or try again later",
                limit_seconds=round(seconds, 3),
            ) from None
        finally:
            self._waiting -= 1

    async def _follow(self, peer: Peer, outgoing: _Outgoing, most: int, over: Connections) -> Reply:
        where = target(outgoing.address, local=peer.local)
        for _ in range(_MOST_REDIRECTS + 1):
            addresses = await checked(where, local=peer.local, resolve=self.resolve)
            async with self._send(peer, where, addresses, outgoing, over) as response:
                if response.status_code == 200:
                    return Reply(response.headers, await _body(peer, response, most))
                if response.status_code not in _REDIRECTS:
                    raise await _failure(peer, response)
                where = _next(peer, where, str(response.headers.get("location", "")))
                if outgoing.offered and not peer.offers(where.url):
                    raise PeerError(
                        f"{peer.name} redirected to {where.url[:_SHOWN]}, which its entry does not offer for LOAD",
                        hint="the key `loads` in the list of peers says which addresses may be loaded",
                    )
        raise PeerError(f"{peer.name} redirected more than {_MOST_REDIRECTS} times")

    @asynccontextmanager
    async def _send(
        self, peer: Peer, where: Target, addresses: Iterable[str], outgoing: _Outgoing, over: Connections
    ) -> AsyncIterator[httpx.Response]:
        client = await over.to(where)
        library = over.library
        headers = {"Host": where.authority, "User-Agent": self.agent, "Accept-Encoding": "gzip", **outgoing.headers}
        response = None
        try:
            for address in addresses:
                host = f"[{address}]" if ":" in address else address
                request = client.build_request(
                    outgoing.method,
                    f"{where.scheme}://{host}:{where.port}{where.path}",
                    headers=headers,
                    content=outgoing.content,
                    extensions={"sni_hostname": where.host},
                )
                try:
                    response = await client.send(request, stream=True)
                    break
                except library.ConnectError as error:
                    reason = error
            if response is None:
                raise PeerError(f"{peer.name} cannot be reached: {reason}", hint="it may be down; try again later")
            yield response
        except (library.HTTPError, library.InvalidURL) as error:
            raise PeerError(f"{peer.name} broke off: {error or type(error).__name__}") from None
        finally:
            if response is not None:
                await response.aclose()


class Connections:
    """Connections that serve the requests of one SERVICE, to each host its own: every host shows its certificate."""

    def __init__(self) -> None:
        self._clients: dict[str, httpx.AsyncClient] = {}
        self.library: Any = None

    async def to(self, where: Target) -> httpx.AsyncClient:
        """The client for a host; it knows nothing of proxies, cookies and redirects."""
        if where.host not in self._clients:
            self.library, trust = await asyncio.to_thread(_loaded)
            self._clients[where.host] = self.library.AsyncClient(verify=trust, trust_env=False, timeout=None)
        return self._clients[where.host]

    async def __aenter__(self) -> Connections:
        return self

    async def __aexit__(self, *raised: object) -> None:
        for client in self._clients.values():
            await client.aclose()


def _query(peer: Peer, text: str) -> _Outgoing:
    headers = {"Accept": RESULTS}
    pairs = [*(("default-graph-uri", graph) for graph in peer.default_graphs)]
    if peer.method == "direct":
        address = f"{peer.address}?{urlencode(pairs)}" if pairs else peer.address
        return _Outgoing("POST", address, headers | {"Content-Type": "application/sparql-query"}, text.encode())
    encoded = urlencode([("query", text), *pairs])
    if peer.method == "get":
        return _Outgoing("GET", f"{peer.address}?{encoded}", headers)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return _Outgoing("POST", peer.address, headers | form, encoded.encode())


def _next(peer: Peer, where: Target, location: str) -> Target:
    """Where a redirect leads: to the same host or one that the peer's entry names, and never from https to http."""
    following = target(urljoin(where.url, location), local=peer.local)
    if following.host not in (where.host, *peer.hosts):
        raise PeerError(
            f"{peer.name} redirected to {following.host}, which its entry in the list of peers does not name",
            hint="add the host to the entry's hosts, or correct its address",
        )
    if where.scheme == "https" and following.scheme == "http":
        raise PeerError(f"{peer.name} redirected from https to http")
    if following.port not in (where.port, 80, 443):
        raise PeerError(f"{peer.name} redirected to port {following.port}")
    return following


async def _body(peer: Peer, response: httpx.Response, most: int) -> bytes:
    try:
        return await whole(response.aiter_raw(65_536), str(response.headers.get("content-encoding", "")), most)
    except Overlong:
        raise PeerError(f"the answer of {peer.name} is larger than {most:,} bytes", limit_bytes=most) from None
    except Broken as fault:
        raise PeerError(f"the answer of {peer.name} {fault}") from None


async def _failure(peer: Peer, response: httpx.Response) -> PeerError:
    """What a peer says about its failure, where it says it in plain text; the rest of the body is left unread."""
    said = b""
    if str(response.headers.get("content-type", "")).startswith(("text/plain", "application/problem+json")):
        async for part in response.aiter_raw(_SHOWN):
            said = part
            break
    text = "".join(c if c.isprintable() else " " for c in said.decode("utf-8", "replace"))
    words = f": {' '.join(text.split())[:_SHOWN]}" if text.strip() else ""
    return PeerError(
        f"{peer.name} answered with status {response.status_code}{words}", peer_status=response.status_code
    )


def _check_whole(peer: Peer, reply: Reply) -> None:
    """Virtuoso says in a header alone that the 200 it sends is a part (its "anytime" queries)."""
    state = reply.headers.get("x-sql-state")
    if state is not None:
        message = str(reply.headers.get("x-sql-message", "")).partition("Activity")[0].strip()[:_SHOWN]
        raise PeerError(
            f"{peer.name} sent a part of its answer as if it were whole (X-SQL-State: {state})",
            hint=message or "ask it for less",
        )


def _parsed(peer: Peer, body: bytes) -> Any:  # noqa: ANN401
    try:
        return parse_query_results(body, QueryResultsFormat.JSON)
    except (SyntaxError, ValueError) as error:
        raise PeerError(f"the answer of {peer.name} cannot be read as {RESULTS}: {str(error)[:_SHOWN]}") from None


def _table(peer: Peer, body: bytes, most: int, run: str) -> Table:
    result = _parsed(peer, body)
    if not isinstance(result, QuerySolutions):
        raise PeerError(f"{peer.name} answered SELECT with a truth value")
    names = [variable.value for variable in result.variables]
    rows: list[tuple[str | None, ...]] = []
    blank = False
    try:
        for solution in result:
            blank = blank or any(isinstance(solution[name], BlankNode) for name in names)
            rows.append(tuple(_term(peer, solution[name], run) for name in names))
            if len(rows) > most:
                raise PeerError(
                    f"{peer.name} has more than {most:,} rows for this SERVICE",
                    hint="bind more on this side, or put a sub-select with LIMIT into the SERVICE",
                    limit_rows=most,
                )
    except SyntaxError as error:
        raise PeerError(f"the answer of {peer.name} cannot be read as {RESULTS}: {str(error)[:_SHOWN]}") from None
    finally:
        del result  # the engine wants it dropped in this thread, and an error carries this frame to another one
    return Table(tuple(names), rows, len(body), blank)


def _term(peer: Peer, term: object, run: str) -> str | None:
    if term is None:
        return None
    if isinstance(term, BlankNode):
        return str(iris.skolem(run, term.value))
    if isinstance(term, Triple):
        raise PeerError(f"{peer.name} answered with a triple term, which cannot be joined here")
    return str(term)


@cache
def _loaded() -> tuple[Any, Any]:
    """The library and the certificates it trusts: a quarter of a second the first time, hence beside the event loop."""
    import httpx

    return httpx, httpx.create_ssl_context(trust_env=False)
