"""Turns a query with SERVICE clauses into one without: peers are asked by us, their rows stand in it as VALUES.

A SERVICE and a VALUES with all its solutions are the same multiset in the same place of the algebra (SPARQL 1.1
Federated Query section 2.4, Query section 18), so the process that evaluates the query needs no network. Bindings of
this side are sent along in blocks where every one of them is an IRI; that changes what travels, not what is found.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyoxigraph import Literal, NamedNode, QueryResultsFormat, QuerySolutions, parse_query_results

from iesi_kg import __version__
from iesi_kg.endpoint.clauses import Clause, Edit, Inner, Plan, plan
from iesi_kg.endpoint.negotiation import JSON
from iesi_kg.endpoint.runner import Runner
from iesi_kg.endpoint.syntax import position
from iesi_kg.endpoint.tree import Node
from iesi_kg.errors import PeerError, QueryRefused, QuerySyntaxError, QueryTimeout, ServiceBusy
from iesi_kg.records import Answer, ServiceCall
from iesi_kg.settings import Settings
from iesi_kg.store.federation import Allowance, Client, Connections, Table
from iesi_kg.store.peers import Peer, Peers, load
from iesi_kg.store.workers import Job, Limits
from iesi_kg.vocabulary.namespaces import BASE

MOST_BINDINGS = 2_000
_TRIES = 3
_LAST_MOMENT = 0.05


@dataclass(frozen=True, slots=True)
class Federation:
    """The peers, the client that asks them, and what one SERVICE may take: seconds, bytes, rows."""

    peers: Peers
    client: Client
    allowance: Allowance

    def over(self, runner: Runner) -> Runner:
        """What evaluates a job that has a SERVICE, with a runner that must never see one."""
        return _Federated(self, runner)

    async def load(self, iri: str, seconds: float) -> tuple[bytes, str]:
        """The bytes of a graph for LOAD and their RDF media type; raises QueryRefused when no peer offers it."""
        peer = self.peers.for_graph(iri)
        if peer is None:
            raise QueryRefused(
                f"LOAD <{iri[:200]}>: no peer offers this address",
                hint="the key `loads` in the list of peers says which addresses may be loaded (IESI_KG_PEERS)",
                keyword="LOAD",
            )
        return await self.client.graph(peer, iri, replace(self.allowance, seconds=min(seconds, self.allowance.seconds)))

    def unknown(self, text: str, clause: Clause | Inner) -> QueryRefused:
        line, column = position(text, clause.start)
        near = self.peers.nearest(clause.endpoint)
        hint = f"did you mean <{near.address}> ({near.title})? " if near else ""
        return QueryRefused(
            f"line {line}, column {column}: <{clause.endpoint[:200]}> is not among the peers this service asks",
            hint=f"{hint}`iesi-kg peers list` and /peers name them all",
            keyword="SERVICE",
            line=line,
            column=column,
        )


@dataclass(frozen=True, slots=True)
class _Federated:
    """A runner that asks the peers of a query before another one evaluates the rest of it."""

    federation: Federation
    runner: Runner

    async def run(self, job: Job, limits: Limits) -> Answer:
        """The whole answer or an error, with what became of each SERVICE.

        Raises what a query raises, QueryRefused for a peer nobody named, PeerError for one that fails without SILENT.
        """
        found = plan(job.text)
        for clause in found.clauses:
            if not clause.silent and self.federation.peers.at(clause.endpoint) is None:
                raise self.federation.unknown(found.text, clause)
            for inner in clause.inner:  # asked by the peer, which may be in this network
                if self.federation.peers.at(inner.endpoint) is None:
                    raise self.federation.unknown(found.text, inner)
        deadline = asyncio.get_running_loop().time() + limits.seconds
        for _ in range(_TRIES):
            run = _Run(self.federation, found, job, self.runner, limits, deadline)
            answer = await run.answer()
            if len(run.versions) == 1:
                return answer
        raise ServiceBusy("the graph changed each time while other servers were asked", hint="try again in a moment")


@dataclass(slots=True)
class _Run:
    """One attempt at a query: clause after clause is replaced, then the rest is evaluated here."""

    federation: Federation
    plan: Plan
    job: Job
    runner: Runner
    limits: Limits
    deadline: float
    versions: set[int] = field(default_factory=set)
    calls: list[ServiceCall] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    async def answer(self) -> Answer:
        variables = [await self._variables(clause) for clause in self.plan.clauses]
        self.edits = self.plan.check(variables)
        await self._whole()
        self.edits = []
        for node in self.plan.wavering():
            await self._freeze(node)
        for clause, names in zip(self.plan.clauses, variables, strict=True):
            await self._replace(clause, names)
        return replace(await self._whole(), services=tuple(self.calls))

    async def _whole(self) -> Answer:
        try:
            return await self._evaluate(self._text(0, len(self.plan.text)), self.job.media_type)
        except QuerySyntaxError as error:
            raise self._as_written(error) from None

    async def _replace(self, clause: Clause, variables: Sequence[str]) -> None:
        call = _Call(self, clause, variables)
        begun = asyncio.get_running_loop().time()
        table, fault = Table((), [], 0), None
        try:
            table = await call.table(begun)
        except PeerError as error:
            self._remaining()  # at the end of the query's own time that is the error, SILENT or not
            fault = error
        elapsed = round((asyncio.get_running_loop().time() - begun) * 1000)
        name = call.peer.name if call.peer else None
        said = fault.detail if fault else None
        known = ServiceCall(clause.endpoint, name, not fault, call.requests, len(table.rows), elapsed, said)
        self.calls.append(known)
        if fault is not None and not clause.silent:
            raise self._failed(clause, fault)
        # SILENT: "a single solution mapping without bindings" (Federated Query section 2.3).
        rows = table.rows if fault is None else [(None,) * len(variables)]
        text = await asyncio.to_thread(_values, variables, rows)
        self._edit(Edit(clause.start, clause.end, text))

    async def _freeze(self, node: Node) -> None:
        """Put the rows of a part that may come out otherwise the next time in its place, where they are not many."""
        answer = await self._evaluate(self.plan.alone(node, MOST_BINDINGS + 1), JSON.name)
        result = parse_query_results(answer.body, QueryResultsFormat.JSON)
        assert isinstance(result, QuerySolutions)
        names = [variable.value for variable in result.variables]
        rows = [tuple(row[name] for name in names) for row in result]
        plain = all(isinstance(term, NamedNode | Literal | None) for row in rows for term in row)
        if plain and len(rows) <= MOST_BINDINGS:
            written = [tuple(None if term is None else str(term) for term in row) for row in rows]
            self._edit(Edit(node.start, node.end, _values(names, written)))

    def _edit(self, edit: Edit) -> None:
        self.edits = sorted([*self.edits, edit], key=lambda one: one.start)

    async def _variables(self, clause: Clause) -> Sequence[str]:
        """The variables a pattern binds, in their order; the engine also says here what is wrong in it."""
        answer = await self._evaluate(self.plan.probe(clause), JSON.name)
        result = parse_query_results(answer.body, QueryResultsFormat.JSON)
        return [variable.value for variable in result.variables] if isinstance(result, QuerySolutions) else []

    async def bindings(
        self, clause: Clause, variables: Sequence[str]
    ) -> tuple[list[str], list[tuple[str, ...]]] | None:
        """Which IRIs a clause can meet on this side, by variable; None where that bounds nothing or is too much."""
        text, shared = self.plan.local(clause, variables, self._text, MOST_BINDINGS + 1)
        if not shared:
            return None
        try:
            answer = await self._evaluate(text, JSON.name)
        except QuerySyntaxError:
            return None  # whatever is wrong is said of the whole query, where its place is known
        result = parse_query_results(answer.body, QueryResultsFormat.JSON)
        rows = [*result] if isinstance(result, QuerySolutions) else []
        if len(rows) > MOST_BINDINGS:
            return None
        # Other terms are compared by value here and by spelling elsewhere: only IRIs are the same everywhere.
        names = [name for name in shared if all(isinstance(row[name], NamedNode) for row in rows)]
        return (names, [*dict.fromkeys(tuple(str(row[name]) for name in names) for row in rows)]) if names else None

    async def _evaluate(self, text: str, media_type: str) -> Answer:
        limits = replace(self.limits, seconds=self._remaining())
        answer = await self.runner.run(replace(self.job, text=text, media_type=media_type), limits)
        self.versions.add(answer.version)
        return answer

    def _remaining(self) -> float:
        left = self.deadline - asyncio.get_running_loop().time()
        if left > _LAST_MOMENT:
            return left
        asked = ", ".join(f"{call.peer or call.endpoint}: {call.milliseconds} ms" for call in self.calls)
        raise QueryTimeout(
            f"the query was stopped after {self.limits.seconds - left:.1f} seconds, while other servers were asked",
            hint=f"asked so far: {asked}" if asked else "ask the other server for less",
            limit_seconds=self.limits.seconds,
        )

    def _failed(self, clause: Clause, fault: PeerError) -> PeerError:
        line, column = position(self.plan.text, clause.start)
        return type(fault)(
            f"SERVICE <{clause.endpoint}>: {fault.detail}",
            hint=fault.hint or "SERVICE SILENT goes on without it",
            **{**fault.members, "service": clause.endpoint, "line": line, "column": column},
        )

    def _text(self, start: int, end: int) -> str:
        """A piece of the query, its answered clauses replaced."""
        parts, done = [], start
        for edit in self.edits:
            if start <= edit.start and edit.end <= end:
                parts += [self.plan.text[done : edit.start], edit.text]
                done = edit.end
        return "".join([*parts, self.plan.text[done:end]])

    def _as_written(self, error: QuerySyntaxError) -> QuerySyntaxError:
        """A fault in the rewritten query at the place where it stands in the query that was sent."""
        line, column = error.members.get("line"), error.members.get("column")
        if not isinstance(line, int) or not isinstance(column, int):
            return error
        lines = self._text(0, len(self.plan.text)).split("\n")
        offset = sum(len(before) + 1 for before in lines[: line - 1]) + column - 1
        for edit in self.edits:
            if offset < edit.start:
                break
            inside = offset < edit.start + len(edit.text)
            offset = edit.start if inside else offset - len(edit.text) + edit.end - edit.start
        line, column = position(self.plan.text, min(offset, len(self.plan.text)))
        reason = error.detail.partition(": ")[2]
        return QuerySyntaxError(f"line {line}, column {column}: {reason}", line=line, column=column)


@dataclass(slots=True)
class _Call:
    """What one clause asks of its peer, in as many requests as its bindings need."""

    run: _Run
    clause: Clause
    variables: Sequence[str]
    requests: int = 0

    @property
    def peer(self) -> Peer | None:
        return self.run.federation.peers.at(self.clause.endpoint)

    async def table(self, begun: float) -> Table:
        """All rows of the clause that can meet a row of this side."""
        peer = self.peer
        if peer is None:
            raise PeerError("it is not among the peers this service asks")
        given = await self.run.bindings(self.clause, self.variables) if peer.block else None
        blocks = [""]
        if given is not None:
            names, rows = given
            blocks = [_block(names, rows[start : start + peer.block]) for start in range(0, len(rows), peer.block)]
        until = min(self.run.deadline, begun + self.run.federation.allowance.seconds)
        async with Connections() as over:
            found = await self._blocks(peer, blocks, until, over)
            # Labels are good for one answer, so what two answers say of a blank node cannot be told apart or joined.
            return found or await self._once(peer, until, over)

    async def _blocks(self, peer: Peer, blocks: Sequence[str], until: float, over: Connections) -> Table | None:
        """The rows of all blocks; None once two answers hold blank nodes."""
        left = self.run.federation.allowance
        whole = Table(tuple(self.variables), [], 0)
        for block in blocks:
            part = await self._part(peer, block, left, until, over)
            if whole.blank and part.blank:
                return None
            left = replace(left, bytes=left.bytes - part.bytes, rows=left.rows - len(part.rows))
            whole.rows.extend(_ordered(self.variables, part))
            whole = replace(whole, blank=whole.blank or part.blank)
        return whole

    async def _once(self, peer: Peer, until: float, over: Connections) -> Table:
        part = await self._part(peer, "", self.run.federation.allowance, until, over)
        return Table(tuple(self.variables), _ordered(self.variables, part), part.bytes, part.blank)

    async def _part(self, peer: Peer, block: str, left: Allowance, until: float, over: Connections) -> Table:
        left = replace(left, seconds=max(until - asyncio.get_running_loop().time(), 0.001))
        self.requests += 1
        text = self.run.plan.remote(self.clause, left.rows + 1, block)
        token = secrets.token_hex(6)
        return await self.run.federation.client.select(peer, text, left, run=token, over=over)


def _ordered(variables: Sequence[str], table: Table) -> list[tuple[str | None, ...]]:
    if tuple(variables) == table.variables:
        return table.rows
    places = [table.variables.index(name) if name in table.variables else None for name in variables]
    return [tuple(None if place is None else row[place] for place in places) for row in table.rows]


def _block(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return " " + _values(names, rows)


def _values(variables: Sequence[str], rows: Sequence[Sequence[str | None]]) -> str:
    head = " ".join(f"?{name}" for name in variables)
    body = " ".join(f"({' '.join(term or 'UNDEF' for term in row)})" for row in rows)
    return f"VALUES ({head}) {{ {body} }}"


def of_settings(settings: Settings) -> Federation | None:
    """Federation as the settings ask for it, None where it is off; raises UsageError for a faulty list of peers."""
    if not settings.federation or settings.service_clauses < 1:
        return None
    peers = load(Path(settings.peers) if settings.peers else None)
    bounds = Allowance(settings.service_seconds, settings.service_bytes, settings.service_rows)
    return Federation(peers, Client(f"iesi-kg/{__version__} ({BASE})"), bounds)
