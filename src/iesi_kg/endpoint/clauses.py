"""Turns a query into its SERVICE clauses, and into the query of its own side that each of them is joined with.

SPARQL 1.1 Federated Query: https://www.w3.org/TR/sparql11-federated-query/ ; where a SERVICE may stand here: at the
top of WHERE, or of OPTIONAL groups there, since only at these places its bindings can be sent along without a change
of meaning. A SERVICE inside another one is the peer's to answer, wherever it stands there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from iesi_kg.endpoint.syntax import mentions, position, wavers
from iesi_kg.endpoint.tree import LONGEST, Node, first_fault, outline
from iesi_kg.errors import QueryRefused, QuerySyntaxError
from iesi_kg.store.settling import settled

Render = Callable[[int, int], str]

_SERVICE, _OPTIONAL, _GROUP = "service_graph_pattern", "optional_graph_pattern", "group_graph_pattern"
_TRIPLES, _FILTER, _UNION = "triples_block", "filter", "group_or_union_graph_pattern"
_QUERIES = ("select_query", "ask_query", "construct_query", "describe_query")
_MARKS = frozenset({"{", "}", ".", "comment"})
# What follows one of these is not simply joined with what stands before it.
_BARRIERS = frozenset({_OPTIONAL, "minus_graph_pattern", "bind"})
_EXISTS = frozenset({"exists_func", "not_exists_func"})
_PLACES = {
    "sub_select": "inside a sub-select",
    "exists_func": "inside EXISTS",
    "not_exists_func": "inside NOT EXISTS",
    _UNION: "inside UNION or a group of its own",
    "graph_graph_pattern": "inside GRAPH",
    "minus_graph_pattern": "inside MINUS",
}
_NEVER = " FILTER(false) "  # the engine's optimizer drops everything beside it
_INK = re.compile(r"[^\n]")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


@dataclass(frozen=True, slots=True)
class Step:
    """One group on the way down to a SERVICE: its elements, and which of them leads on."""

    elements: Sequence[Node]
    index: int


@dataclass(frozen=True, slots=True)
class Inner:
    """A SERVICE inside another: the IRI that the peer is to ask, its place, and where its pattern opens."""

    endpoint: str
    start: int
    opening: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One SERVICE: the IRI it asks, its place, its pattern, the groups around it, the outermost first, and those in
    it.
    """

    endpoint: str
    silent: bool
    start: int
    pattern: Node
    path: tuple[Step, ...]
    inner: tuple[Inner, ...] = ()

    @property
    def end(self) -> int:
        """Where the clause ends: with its pattern."""
        return self.pattern.end


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of a query and what stands in its place."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A query with SERVICE clauses, none of which stands where it cannot be answered."""

    text: str
    declarations: tuple[Node, ...]
    dataset: str
    clauses: tuple[Clause, ...]
    closing: int

    def check(self, variables: Sequence[Sequence[str]]) -> list[Edit]:
        """What makes it a query of no rows, at no cost: the engine finds its faults before a peer is asked."""
        empty = [
            Edit(clause.start, clause.end, f"VALUES ({' '.join(f'?{name}' for name in names)}) {{}}")
            for clause, names in zip(self.clauses, variables, strict=True)
        ]
        return [*empty, Edit(self.closing, self.closing, _NEVER)]

    def probe(self, clause: Clause) -> str:
        """A query of no rows, at no cost, whose variables are those of the pattern; every character is in its place.

        What the engine says of it is said of the same line and column of the query.
        """
        before = self.declarations[-1].end if self.declarations else 0
        gap = _INK.sub(" ", self.text[before : clause.start])
        middle = "SELECT*" + _INK.sub(" ", self.text[clause.start + len("SERVICE") : clause.pattern.start - 1]) + "{"
        return f"{self.text[:before]}{gap}{middle}{_bare(self.text, clause)}{_NEVER}}}"

    def remote(self, clause: Clause, most: int, values: str) -> str:
        """The query for the peer, with the declarations it needs and the bindings sent along."""
        pattern = self.text[clause.pattern.start : clause.pattern.end]
        head = "".join(
            self.text[node.start : node.end] + "\n" for node in self.declarations if self._used(node, pattern)
        )
        return f"{head}SELECT * WHERE {pattern} LIMIT {most}{values}"

    def wavering(self) -> list[Node]:
        """The groups beside the clauses that may come out otherwise the next time: LIMIT without order, RAND, SAMPLE.

        What is sent along must be what is joined later, so these are to be evaluated once.
        """
        steps = {id(node): node for clause in self.clauses for step in clause.path for node in step.elements}
        groups = [node for node in steps.values() if node.kind == _UNION]
        return [node for node in groups if wavers(self.text[node.start : node.end])]

    def alone(self, node: Node, most: int) -> str:
        """The query for one group as it stands."""
        head = "".join(self.text[found.start : found.end] + "\n" for found in self.declarations)
        return f"{head}SELECT * {self.dataset} WHERE {{ {self.text[node.start : node.end]} }} LIMIT {most}"

    def local(self, clause: Clause, variables: Sequence[str], render: Render, most: int) -> tuple[str, list[str]]:
        """The query for what the clause is joined with, and those of the variables that it may bind; none is no query.

        Its rows hold every combination that can meet a row of the peer. What stands before the clause counts, and what
        follows it in its own group up to the next OPTIONAL, MINUS or BIND (what follows an OPTIONAL must not decide
        what it matches); other SERVICE clauses count once they have been answered.
        """
        if wavers(self.text[clause.pattern.start : clause.pattern.end]):
            return "", []  # each block would meet another answer of the peer
        group, names = "", set[str]()
        for depth, step in enumerate(reversed(clause.path)):
            inner = f"{{ {group} }}" if group else ""
            used = self._joined(step, outer=depth > 0)
            if any(self._unsteady(node, render) for node in used):
                return "", []
            names.update(name for node in used for name in self._variables(node))
            parts = [self._piece(node, used, render) for node in step.elements]
            parts[step.index] = inner
            group = "\n".join(filter(None, parts))
        shared = [name for name in variables if name in names]
        if not shared:
            return "", []
        head = "".join(self.text[node.start : node.end] + "\n" for node in self.declarations)
        wanted = " ".join(f"?{name}" for name in shared)
        return f"{head}SELECT DISTINCT {wanted}\n{self.dataset} WHERE {{ {group} }} LIMIT {most}", shared

    def _joined(self, step: Step, *, outer: bool) -> list[Node]:
        """The elements of a group that are joined with the one the step leads to, FILTERs that hold there included."""
        behind = range(step.index + 1, len(step.elements))
        barriers = (index for index in behind if step.elements[index].kind in _BARRIERS)
        after = step.index if outer else next(barriers, len(step.elements))
        near = [
            node
            for index, node in enumerate(step.elements[:after])
            if index < step.index or (index > step.index and node.kind != _SERVICE)
        ]
        bound = {name for node in near if node.kind == _TRIPLES for name in self._variables(node)}
        filters = [node for node in step.elements if node.kind == _FILTER and self._certain(node, bound)]
        return [*(node for node in near if node.kind != _FILTER), *filters]

    def _unsteady(self, node: Node, render: Render) -> bool:
        text = self.text[node.start : node.end]
        return wavers(text) and render(node.start, node.end) == text

    def _piece(self, node: Node, used: Sequence[Node], render: Render) -> str:
        if not any(node is other for other in used):
            return ""
        ending = " ." if node.kind == _TRIPLES and node.children[-1].kind != "." else ""
        return render(node.start, node.end) + ending

    def _certain(self, node: Node, bound: set[str]) -> bool:
        """Whether a FILTER can be decided on a part of the group: what it asks about is bound in that part for sure."""
        exists = any(below.kind in _EXISTS for below in node.walk())
        known = bound.issuperset(self._variables(node))
        return known and not exists and not wavers(self.text[node.start : node.end])

    def _variables(self, node: Node) -> list[str]:
        return [self.text[below.start + 1 : below.end] for below in node.walk() if below.kind == "var"]

    def _used(self, declaration: Node, pattern: str) -> bool:
        name = declaration.first("namespace")
        return name is None or self.text[name.start : name.end] in pattern


def plan(text: str) -> Plan:
    """The SERVICE clauses of a query; raises QuerySyntaxError, or QueryRefused where one stands out of reach."""
    if len(text) > LONGEST:
        raise QueryRefused(
            f"a query with SERVICE may have {LONGEST:,} characters; this one has {len(text):,}",
            hint="put long lists of values into several queries",
            limit="query_length",
            maximum=LONGEST,
            actual=len(text),
        )
    text = settled(text)
    root = outline(text)
    query = next((node for node in root.children if node.kind in _QUERIES), None) if root else None
    if root is None or query is None:
        raise _fault(text)
    prologue = root.first("prologue")
    declarations = tuple(prologue.children) if prologue else ()
    where = query.first("where_clause")
    group = where.first(_GROUP) if where else None
    found = {} if group is None else {id(node): path for node, path in _reachable(group, ())}
    clauses = []
    for node in root.walk():
        if node.kind == _SERVICE:
            if id(node) in found:
                clauses.append(_clause(text, node, found[id(node)], declarations))
            elif all(around.kind != _SERVICE for around in node.ancestors()):
                raise _misplaced(text, node)
    _check_none_hidden(text, clauses)
    dataset = " ".join(text[node.start : node.end] for node in query.children if node.kind == "dataset_clause")
    closing = group.end - 1 if group else len(text)
    return Plan(text, declarations, dataset, tuple(clauses), closing)


def _fault(text: str) -> QuerySyntaxError:
    """The place where the grammar finds a fault; endpoint/diagnosis says which."""
    fault = first_fault(text)
    line, column = position(text, fault.offset if fault else 0)
    return QuerySyntaxError(f"line {line}, column {column}: ", line=line, column=column)


def _reachable(group: Node, path: tuple[Step, ...]) -> Iterator[tuple[Node, tuple[Step, ...]]]:
    """Each SERVICE at the top of a group and of the OPTIONAL groups in it, with the way to it."""
    elements = [node for node in group.children if node.kind not in _MARKS]
    for index, node in enumerate(elements):
        here = (*path, Step(elements, index))
        if node.kind == _SERVICE:
            yield node, here
        elif node.kind == _OPTIONAL and (inner := node.first(_GROUP)) is not None:
            yield from _reachable(inner, here)


def _clause(text: str, node: Node, path: tuple[Step, ...], declarations: Sequence[Node]) -> Clause:
    pattern, endpoint = _asked(text, node, declarations)
    within = (below for below in pattern.walk() if below.kind == _SERVICE)
    asked = ((below, *_asked(text, below, declarations)) for below in within)
    inner = tuple(Inner(address, below.start, group.start) for below, group, address in asked)
    return Clause(endpoint, node.first("SILENT") is not None, node.start, pattern, path, inner)


def _asked(text: str, node: Node, declarations: Iterable[Node]) -> tuple[Node, str]:
    """The pattern of a SERVICE and the IRI it asks. Raises QueryRefused where that is a variable."""
    pattern = node.first(_GROUP)
    named = node.first("iri_reference") or node.first("prefixed_name")
    if pattern is None or named is None:
        line, column = position(text, node.start)
        raise QueryRefused(
            f"line {line}, column {column}: SERVICE asks a variable; it is answered for an address in the query only",
            hint="write SERVICE <https://...> with the address of a peer; `iesi-kg peers list` names them",
            keyword="SERVICE",
            line=line,
            column=column,
        )
    return pattern, _iri(text, named, declarations)


def _bare(text: str, clause: Clause) -> str:
    """The pattern of a clause as a pattern of ours: those of the SERVICE clauses in it as groups, each at its place."""
    kept, done = [], clause.pattern.start
    for inner in clause.inner:
        kept += [text[done : inner.start], _INK.sub(" ", text[inner.start : inner.opening])]
        done = inner.opening
    return "".join([*kept, text[done : clause.pattern.end]])


def _iri(text: str, named: Node, declarations: Iterable[Node]) -> str:
    base, prefixes = "", {}
    for node in declarations:
        reference = node.first("iri_reference")
        if reference is not None:
            iri = urljoin(base, _plain(text[reference.start + 1 : reference.end - 1]))
            if (name := node.first("namespace")) is not None:
                prefixes[text[name.start : name.end]] = iri
            else:
                base = iri
    written = text[named.start : named.end]
    if named.kind == "iri_reference":
        return urljoin(base, _plain(written[1:-1]))
    prefix, _, rest = written.partition(":")
    return prefixes.get(f"{prefix}:", "") + rest.replace("\\", "")


def _plain(iri: str) -> str:
    """An IRI without the escapes that SPARQL allows anywhere (section 19.2)."""
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), iri)


def _misplaced(text: str, node: Node) -> QueryRefused:
    line, column = position(text, node.start)
    place = next((_PLACES[around.kind] for around in node.ancestors() if around.kind in _PLACES), "here")
    return QueryRefused(
        f"line {line}, column {column}: SERVICE stands {place}; it is answered at the top of WHERE or of OPTIONAL",
        hint="move the SERVICE to the top of WHERE; what it is joined with may stay where it is",
        keyword="SERVICE",
        line=line,
        column=column,
    )


def _check_none_hidden(text: str, clauses: Iterable[Clause]) -> None:
    """Nothing that the lexer takes for SERVICE may be left outside the clauses: the engine must never see one."""
    kept, done = [], 0
    for clause in clauses:
        kept.append(text[done : clause.start])
        done = clause.end
        inside = _bare(text, clause)
        if mentions(inside, "service"):
            kept.append(inside)
    if mentions(" ".join([*kept, text[done:]]), "service"):
        raise QueryRefused("the query holds a SERVICE that could not be found in its tree", keyword="SERVICE")
