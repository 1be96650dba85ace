"""Tells how a query is evaluated: its parts in words, how much each pattern matches alone, its faster form, both times.

The engine shows no plan of its own (pyoxigraph 0.5), so none is made up: the parts stand in the order in which the
query names them, and the engine is free to take them in another one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from iesi_kg.endpoint import diagnosis
from iesi_kg.endpoint.negotiation import JSON, TURTLE
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.rewriting import Rewriter, Step
from iesi_kg.endpoint.rewriting_changes import properties, question, repeats
from iesi_kg.endpoint.rewriting_runner import RewritingRunner, counter
from iesi_kg.endpoint.rewriting_scope import EXISTS, GROUP, NOT_EXISTS, SUB_SELECT, UNION, Source, parsed
from iesi_kg.endpoint.runner import Runner
from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.endpoint.tree import Node
from iesi_kg.errors import IesiKgError, QuerySyntaxError
from iesi_kg.records import Form
from iesi_kg.store.settling import as_sent, at_hand
from iesi_kg.store.workers import Job, Limits

MOST = 100_000
_LINES, _SECONDS, _EACH_SECONDS, _AGAIN_SECONDS, _SHOWN = 60, 3.0, 1.0, 1.0, 160
_INITIAL = re.compile(r"<\\u([0-9A-F]{4})")

KINDS = {
    "pattern": "triple pattern",
    "path": "path",
    "filter": "keep only where",
    "exists": "keep only where there is",
    "not-exists": "keep only where there is no",
    "optional": "add where there is",
    "minus": "take away what matches",
    "union": "either",
    "or": "or",
    "group": "together",
    "graph": "in the graph",
    "sub_select": "sub-query",
    "bind": "compute",
    "values": "given values",
    "service": "ask another server",
    "select": "hand back",
    "ask": "say whether there is any",
    "construct": "make triples",
    "describe": "describe",
    "group_clause": "group by",
    "having_clause": "keep groups where",
    "order_clause": "sort",
    "limit_offset_clauses": "cut to",
}
RULES = {
    "constants": "A filter for one IRI becomes a given value: it is looked up instead of tested for every match.",
    "path-from-its-end": "The path is followed from its fixed end once, instead of from every match.",
    "path-once-for-each": "The path is followed once for each different beginning, instead of once for each match.",
    "not-exists": "What must not exist is found once and taken away, instead of asked for each match.",
    "exists": "What must exist is found once and joined, instead of asked for each match.",
    "top-first": "The first rows are chosen before their optional details are looked up.",
}
_SIMPLE = {
    "optional_graph_pattern": "optional",
    "minus_graph_pattern": "minus",
    "graph_graph_pattern": "graph",
    "service_graph_pattern": "service",
}
_VERBATIM = {"bind": "bind", "inline_data": "values"}
_FORMS = {f"{kind}_query": kind for kind in ("select", "ask", "construct", "describe")}


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a query: how deep it stands, a key of ``KINDS``, its text, and what it matches alone.

    ``matches`` is None where nobody counted; ``more`` says that counting stopped there.
    """

    depth: int
    kind: str
    text: str
    matches: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one form of a query took, and its rows; else why it came to nothing."""

    seconds: float
    rows: int | None = None
    error: IesiKgError | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is told of a query; ``text`` is its faster form, where there is one."""

    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    text: str | None
    written: Timing | None
    rewritten: Timing | None

    @property
    def gain(self) -> float | None:
        """How many times as long the query takes as it is written."""
        if self.written is None or self.rewritten is None or self.written.error or self.rewritten.error:
            return None
        return self.written.seconds / max(self.rewritten.seconds, 1e-6)


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains queries that a runner evaluates under some limits; ``rewriter`` is None where none is rewritten."""

    runner: Runner
    limits: Limits
    guards: Guards
    rewriter: Rewriter | None = None
    caller: str = ""

    async def explain(self, query: Query) -> Explanation:
        """The explanation. Raises QuerySyntaxError or QueryRefused for a query that may not run."""
        shape = inspect(query.text, self.guards)
        media = TURTLE if shape.form is Form.GRAPH else JSON
        job = Job(at_hand(query.text), media.name, query.default_graphs, query.named_graphs, self.caller)
        source = parsed(query.text)
        lines = await self._counted(job, source, federated=shape.federated) if source else ()
        if shape.federated:  # each run would ask the other servers again
            return Explanation(lines, (), None, None, None)
        runner = RewritingRunner(self.rewriter, self.runner) if self.rewriter and query.rewrite else None
        found = await runner.rewriting(job, self.limits) if runner else None
        text = found.text if found and found.rules else None
        rewritten, written = await self._timed(replace(job, text=text)) if text else None, await self._timed(job)
        if isinstance(written.error, QuerySyntaxError):
            raise diagnosis.explain(query.text, as_sent(query.text, written.error)) from None
        steps = found.steps if found else ()
        return Explanation(lines, steps, readable(text) if text else None, written, rewritten)

    async def _timed(self, job: Job) -> Timing:
        """The better of two runs, where the first one was short: it may have warmed what the next one finds."""
        first = await self._once(job)
        if first.error or first.seconds > _AGAIN_SECONDS:
            return first
        second = await self._once(job)
        return first if second.error else min(first, second, key=lambda one: one.seconds)

    async def _once(self, job: Job) -> Timing:
        begun = time.perf_counter()
        try:
            answer = await self.runner.run(job, self.limits)
        except IesiKgError as error:
            return Timing(time.perf_counter() - begun, error=error)
        return Timing(time.perf_counter() - begun - answer.waited, answer.rows)

    async def _counted(self, job: Job, source: Source, *, federated: bool) -> tuple[Line, ...]:
        brief = replace(self.limits, seconds=min(_EACH_SECONDS, self.limits.seconds))
        begun, found = time.monotonic(), []
        for line, asked in _lines(source):
            if asked and not federated and time.monotonic() - begun < _SECONDS:
                try:
                    matches = await counter(job, self.runner, brief)(asked, MOST + 1)
                    line = replace(line, matches=min(matches, MOST), more=matches > MOST)
                except (IesiKgError, ValueError):
                    pass  # a path between any two ends, say: too much for a glance
            found.append(line)
            if len(found) == _LINES:
                break
        return tuple(found)


def readable(text: str) -> str:
    """A rewritten query as a person would write it: no blank lines, no escapes that only serve one reading."""
    text = _INITIAL.sub(lambda found: "<" + chr(int(found[1], 16)), text)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _lines(source: Source) -> Iterator[tuple[Line, str]]:
    """The parts of a query in order, each with the question of what it matches alone, if that can be asked."""
    query = source.query
    yield from _selecting(source, query, _FORMS[query.kind], 0)


def _selecting(source: Source, query: Node, kind: str, depth: int) -> Iterator[tuple[Line, str]]:
    where = query.first("where_clause")
    group = where.first(GROUP) if where else None
    head = next((node.start for node in query.children if node.kind in ("dataset_clause", "where_clause")), query.end)
    told = source.text[query.start : head].split(None, 1)
    yield Line(depth, kind, _short(told[1]) if len(told) > 1 else ""), ""
    if group:
        yield from _group(source, group, depth + 1)
    modifier = query.first("solution_modifier")
    for clause in modifier.children if modifier else ():
        if clause.kind in KINDS:
            text = source.piece(clause)
            words = 2 if clause.kind in ("group_clause", "order_clause") else clause.kind == "having_clause"
            yield Line(depth + 1, clause.kind, _short(text.split(None, int(words))[-1])), ""


def _group(source: Source, group: Node, depth: int) -> Iterator[tuple[Line, str]]:
    for part in group.children:
        if part.kind == "triples_block":
            for triples in part.children:
                yield from _triples(source, triples, depth)
        elif part.kind == SUB_SELECT:
            yield from _selecting(source, part, SUB_SELECT, depth)
        elif part.kind == "filter":
            yield from _filter(source, part, depth)
        elif part.kind in _SIMPLE:
            inner = next(child for child in part.children if child.kind == GROUP)
            name = next((source.piece(node) for node in part.children[1:] if node is not inner), "")
            yield Line(depth, _SIMPLE[part.kind], _short(name)), ""
            yield from _group(source, inner, depth + 1)
        elif part.kind in _VERBATIM:
            yield Line(depth, _VERBATIM[part.kind], _short(source.piece(part).split(None, 1)[-1])), ""
        elif part.kind == UNION:
            yield from _union(source, part, depth)


def _union(source: Source, part: Node, depth: int) -> Iterator[tuple[Line, str]]:
    groups = [child for child in part.children if child.kind == GROUP]
    if len(groups) == 1 and groups[0].first(SUB_SELECT):
        yield from _group(source, groups[0], depth)
        return
    for place, child in enumerate(groups):
        yield Line(depth, "group" if len(groups) == 1 else "or" if place else "union", ""), ""
        yield from _group(source, child, depth + 1)


def _filter(source: Source, part: Node, depth: int) -> Iterator[tuple[Line, str]]:
    test = part.children[-1]
    while test.kind == "bracketted_expression" and len(test.children) == 3:
        test = test.children[1]
    inner = test.first(GROUP) if test.kind in (EXISTS, NOT_EXISTS) else None
    if inner is None:
        yield Line(depth, "filter", _short(source.piece(part.children[-1]))), ""
        return
    yield Line(depth, "exists" if test.kind == EXISTS else "not-exists", ""), ""
    yield from _group(source, inner, depth + 1)


def _triples(source: Source, triples: Node, depth: int) -> Iterator[tuple[Line, str]]:
    if triples.kind == ".":
        return
    pairs = properties(triples)
    if not pairs:
        yield Line(depth, "pattern", _short(source.piece(triples))), ""
    for subject, prop in pairs:
        text = f"{source.piece(subject)} {source.piece(prop)}"
        names = source.names(subject) | source.names(prop)
        kind = "path" if repeats(prop) or prop.children[0].kind == "binary_path" else "pattern"
        yield Line(depth, kind, _short(text)), question(source, names, text, triples)


def _short(text: str) -> str:
    text = readable(" ".join(text.split()))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
