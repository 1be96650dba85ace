"""Tells which variables the parts of a query bind: always, or perhaps (https://www.w3.org/TR/sparql11-query/#variableScope).

``certain`` are bound in every solution of a part, ``possible`` in some; what neither names is not visible outside it.
Where this is not sure it says less for ``certain`` and more for ``possible``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from iesi_kg.endpoint.tree import LONGEST, Node, outline
from iesi_kg.store.settling import ESCAPE, settled, unescaped

GROUP, TRIPLES, FILTER, OPTIONAL = "group_graph_pattern", "triples_block", "filter", "optional_graph_pattern"
UNION, GRAPH, VALUES, BIND = "group_or_union_graph_pattern", "graph_graph_pattern", "inline_data", "bind"
MINUS, SUB_SELECT, VARIABLE, SAME_SUBJECT = "minus_graph_pattern", "sub_select", "var", "triples_same_subject"
EXISTS, NOT_EXISTS = "exists_func", "not_exists_func"
IRIS = frozenset({"iri_reference", "prefixed_name"})

_MARKS = frozenset({"{", "}", ".", "comment"})
_REFUSED = frozenset({"blank_node_label", "service_graph_pattern"})
_REACHING = frozenset({FILTER, OPTIONAL, MINUS, BIND})
_QUERIES = frozenset({"select_query", "ask_query", "construct_query", "describe_query"})
_ESCAPED = re.compile(ESCAPE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_PN_ESCAPE = re.compile(r"\\(.)")

Names = frozenset[str]
NOTHING: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """A query that may be rewritten: its settled text, its tree, and what its names stand for."""

    text: str
    root: Node
    query: Node
    prefixes: Mapping[str, str]
    based: bool

    def piece(self, node: Node) -> str:
        """A part as it is written."""
        return self.text[node.start : node.end]

    def names(self, node: Node) -> Names:
        """Every variable that is mentioned in a part."""
        return frozenset(self.piece(found)[1:] for found in node.walk() if found.kind == VARIABLE)

    def iri(self, node: Node) -> str | None:
        """The IRI a term stands for, None where that is not known for sure."""
        written = self.piece(node)
        if node.kind == "iri_reference":
            iri = unescaped(written[1:-1])
            return iri if _SCHEME.match(iri) else None
        prefix, colon, local = written.partition(":")
        namespace = self.prefixes.get(prefix + colon)
        return None if namespace is None else namespace + _PN_ESCAPE.sub(r"\1", local)

    @property
    def head(self) -> str:
        """The declarations of the query."""
        return " ".join(self.piece(node) for node in self.root.children if node.kind == "prologue")

    @property
    def dataset(self) -> str:
        """The FROM clauses of the query."""
        return " ".join(self.piece(node) for node in self.query.children if node.kind == "dataset_clause")

    def fresh(self, stem: str = "step") -> str:
        """The name of a variable that the query does not hold."""
        return next(name for name in (f"{stem}{number}" for number in range(1, 10_000)) if name not in self.text)

    @property
    def star(self) -> Node | None:
        """The ``*`` of the outermost SELECT."""
        clause = self.query.first("select_clause")
        return clause.first("*") if clause else None


def read(text: str) -> Source | None:
    """A query as its rules need it; None for one that cannot be parsed, or holds what no rule looks at.

    A label of a blank node ties blocks of triples together, and a SERVICE is answered before anything is rewritten.
    """
    source = parsed(text)
    if source is None or any(node.kind in _REFUSED for node in source.query.walk()):
        return None
    spans: dict[int, dict[str, tuple[int, int]]] = {}
    return None if any(_reaches_out(source, node, spans) for node in source.query.walk()) else source


def _reaches_out(source: Source, part: Node, spans: dict[int, dict[str, tuple[int, int]]]) -> bool:
    """Whether a part of a nested group names a variable of the outside that its own group does not bind.

    By the standard a group is evaluated alone; this engine lets values in from outside, or not, as its plan has it, so
    that no other plan can be trusted to give the same. What OPTIONAL's own filters see of the outside is settled.
    """
    group = part.parent
    if part.kind not in _REACHING or group is None or group.kind != GROUP:
        return False
    bound = certain(source, [other for other in elements(group) if other is not part])
    around = group.parent.parent if group.parent and group.parent.kind == OPTIONAL else None
    if part.kind == FILTER and around is not None:
        group, bound = around, bound | certain(source, elements(around))
    where = next((node for node in group.ancestors() if node.kind in ("where_clause", *_QUERIES)), None)
    if where is None or group.parent is where:
        return False
    if where.start not in spans:
        spans[where.start] = _spans(source, where)
    known = spans[where.start]
    loose = (known.get(name, (group.start, group.start)) for name in source.names(part) - bound)
    return any(first < group.start or last >= group.end for first, last in loose)


def _spans(source: Source, where: Node) -> dict[str, tuple[int, int]]:
    """Where each variable is named first and last."""
    found: dict[str, tuple[int, int]] = {}
    for node in where.walk():
        if node.kind == VARIABLE:
            name = source.piece(node)[1:]
            found[name] = (found.get(name, (node.start, 0))[0], node.start)
    return found


def parsed(text: str) -> Source | None:
    """A query and its tree; None for one that is too long or not whole."""
    text = settled(text)
    if len(text) > LONGEST:
        return None
    root = outline(_ESCAPED.sub(lambda found: "x" * len(found[0]), text))  # the grammar knows no escape in an IRI
    query = next((child for child in root.children if child.kind in _QUERIES), None) if root else None
    if root is None or query is None:
        return None
    prefixes, based = {}, False
    for node in root.walk():
        based = based or node.kind == "base_declaration"
        name, iri = node.first("namespace"), node.first("iri_reference")
        if node.kind == "prefix_declaration" and name and iri:
            prefixes[text[name.start : name.end].strip()] = unescaped(text[iri.start + 1 : iri.end - 1])
    return Source(text, root, query, {} if based else prefixes, based)


def groups(source: Source) -> Iterator[Node]:
    """The groups of a query in which a part may be put elsewhere, outermost first.

    Not those in EXISTS, into which values come from outside, nor those in GRAPH with a variable, which this engine
    brings into sub-selects.
    """
    for node in source.query.walk():
        if node.kind == GROUP and not any(map(_is_closed, node.ancestors())) and not node.first(SUB_SELECT):
            yield node


def _is_closed(node: Node) -> bool:
    return node.kind in (EXISTS, NOT_EXISTS) or (node.kind == GRAPH and node.first(VARIABLE) is not None)


def elements(group: Node) -> list[Node]:
    """The parts of a group, in order."""
    return [child for child in group.children if child.kind not in _MARKS]


def certain(source: Source, parts: Iterable[Node]) -> Names:
    """What is bound in every solution of these parts of a group, joined."""
    return NOTHING.union(*(_certain(source, part) for part in parts))


def possible(source: Source, parts: Iterable[Node]) -> Names:
    """What may be bound in a solution of these parts of a group, joined."""
    return NOTHING.union(*(_possible(source, part) for part in parts))


def _certain(source: Source, part: Node) -> Names:
    if part.kind == TRIPLES:
        return source.names(part)
    if part.kind == UNION:
        return frozenset.intersection(*(_certain(source, child) for child in part.children if child.kind == GROUP))
    if part.kind == GROUP:
        sub = part.first(SUB_SELECT)
        return _selected(source, sub, sure=True) if sub else certain(source, elements(part))
    if part.kind == GRAPH:
        return _graph(source, part) | certain(source, [child for child in part.children if child.kind == GROUP])
    if part.kind == VALUES:
        return NOTHING if any(node.kind == "UNDEF" for node in part.walk()) else source.names(part)
    return NOTHING


def _possible(source: Source, part: Node) -> Names:
    if part.kind in (TRIPLES, VALUES):
        return source.names(part)
    if part.kind in (UNION, OPTIONAL, GRAPH):
        inner = possible(source, [child for child in part.children if child.kind == GROUP])
        return inner | (_graph(source, part) if part.kind == GRAPH else NOTHING)
    if part.kind == GROUP:
        sub = part.first(SUB_SELECT)
        return _selected(source, sub, sure=False) if sub else possible(source, elements(part))
    if part.kind == BIND:
        return frozenset(source.piece(node)[1:] for node in part.children[-2:] if node.kind == VARIABLE)
    return NOTHING


def _graph(source: Source, part: Node) -> Names:
    return frozenset(source.piece(node)[1:] for node in part.children if node.kind == VARIABLE)


def _selected(source: Source, select: Node, *, sure: bool) -> Names:
    clause, where = select.first("select_clause"), select.first("where_clause")
    group = where.first(GROUP) if where else None
    if clause is None or group is None:
        return NOTHING
    inner = _certain(source, group) if sure else _possible(source, group)
    if clause.first("*"):
        return inner
    plain, made = selected(source, clause)
    return (plain & inner) if sure else (plain | made)


def selected(source: Source, clause: Node) -> tuple[Names, Names]:
    """The variables that a SELECT hands on, and those that it makes (``expression AS ?x``)."""
    plain: set[str] = set()
    made: set[str] = set()
    depth = 0
    for child in clause.children:
        depth += {"(": 1, ")": -1}.get(child.kind, 0)
        if child.kind == VARIABLE:
            # In brackets the variable after AS comes last; one that stands as the expression is not handed on.
            (made if depth else plain).add(source.piece(child)[1:])
    return frozenset(plain), frozenset(made)
