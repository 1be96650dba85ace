"""Turns the text of a query into its tree, its single patterns, or the place where it first goes wrong.

The one door to tree-sitter.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import Any

LONGEST = 20_000
_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_MOST_PATTERNS = 12
_NOT_REQUIRED = frozenset(
    {"optional_graph_pattern", "minus_graph_pattern", "filter", "bind", "construct_template", "service_graph_pattern"}
)
_TERMS = frozenset({"var", "iri_reference", "iriref", "prefixed_name", "rdf_literal"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a query first goes wrong: an offset in characters and what is missing or out of place there."""

    offset: int
    missing: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that every solution must match: as written, where it stands, and as a question of its own."""

    text: str
    offset: int
    question: str


@dataclass(slots=True)
class Node:
    """A part of a query: its name in the grammar, its place in characters, and its parts in their order."""

    kind: str
    start: int
    end: int
    parent: Node | None = field(repr=False)
    children: list[Node] = field(default_factory=list, repr=False)

    def walk(self) -> Iterator[Node]:
        """The node and all below it, in document order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            if node.children:
                waiting += node.children[::-1]

    def first(self, kind: str) -> Node | None:
        """The first child of a kind."""
        return next((child for child in self.children if child.kind == kind), None)

    def ancestors(self) -> Iterator[Node]:
        """The nodes around this one, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


def outline(query: str) -> Node | None:
    """The tree of a query; None where the grammar finds a fault in it."""
    source = query.encode("utf-8")
    found = _parser().parse(source).root_node
    if found.has_error:
        return None
    offsets: Sequence[int] | dict[int, int] = range(len(source) + 1)
    if not query.isascii():
        places = [0, *accumulate(len(character.encode("utf-8")) for character in query)]
        offsets = {place: index for index, place in enumerate(places)}
    root = Node(found.type, 0, len(query), None)
    waiting = [(found, root)]
    while waiting:
        theirs, ours = waiting.pop()
        for child in theirs.children:
            node = Node(child.type, offsets[child.start_byte], offsets[child.end_byte], ours)
            ours.children.append(node)
            waiting.append((child, node))
    return root


def first_fault(query: str) -> Fault | None:
    """The first fault of a query, None where the grammar finds none or the query is too long to look at."""
    if len(query) > LONGEST:
        return None
    source = query.encode("utf-8")
    node = _first(_parser().parse(source).root_node)
    if node is None:
        return None
    offset = len(source[: node.start_byte].decode("utf-8", "ignore"))
    if not node.is_missing:
        return Fault(offset, None, node.text.decode("utf-8", "replace"))
    space = _SPACE.match(query, offset)
    after = space.end() if space else offset
    kind = "a variable, an IRI or a value" if node.type in _TERMS else f"`{node.type}`"
    return Fault(after, kind, query[after : after + 20].split(maxsplit=1)[0] if query[after:].strip() else "")


def _first(node: Any) -> Any:  # noqa: ANN401  (tree-sitter's nodes carry no useful type here)
    """The first faulty node in document order, found without recursion: queries nest."""
    while not (node.is_error or node.is_missing):
        node = next((child for child in node.children if child.has_error or child.is_missing), None)
        if node is None:
            return None
    return node


def required_patterns(query: str) -> list[Pattern]:
    """The patterns of a query that none of its solutions can do without, in order; at most a dozen."""
    if len(query) > LONGEST:
        return []
    source = query.encode("utf-8")
    root = _parser().parse(source).root_node
    if root.has_error:
        return []
    head = " ".join(_text(node) for node in _all(root, "prologue"))
    dataset = " ".join(_text(node) for node in _all(root, "dataset_clause"))
    found = []
    for subject, pattern, graph in _required(root):
        text = f"{subject} {_text(pattern)}"
        where = f"GRAPH {graph} {{ {text} }}" if graph else text
        offset = len(source[: pattern.start_byte].decode("utf-8", "ignore"))
        found.append(Pattern(text, offset, f"{head} ASK {dataset} {{ {where} }}"))
    return found[:_MOST_PATTERNS]


def _required(root: Any) -> Iterator[tuple[str, Any, str]]:  # noqa: ANN401
    """Subject, property and graph of each required pattern, found without recursion."""
    waiting = [(root, "")]
    while waiting:
        node, graph = waiting.pop()
        if node.type == "triples_same_subject":
            yield from ((_text(node.children[0]), found, graph) for found in _all(node, "property", deep=False))
            continue
        choice = node.type == "group_or_union_graph_pattern" and len(node.named_children) > 1
        if node.type in _NOT_REQUIRED or choice:
            continue
        if node.type == "graph_graph_pattern":
            graph = _text(node.named_children[0])
        waiting += [(child, graph) for child in reversed(node.children)]


def _all(root: Any, kind: str, *, deep: bool = True) -> list[Any]:  # noqa: ANN401
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if node.type == kind:
            found.append(node)
        elif deep or node.type not in ("property", "blank_node_property_list"):
            waiting += reversed(node.children)
    return found


def _text(node: Any) -> str:  # noqa: ANN401
    return str(node.text.decode("utf-8", "replace"))


@cache
def _parser() -> Any:  # noqa: ANN401
    import tree_sitter_sparql
    from tree_sitter import Language, Parser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the grammar still hands over its pointer as a number
        return Parser(Language(tree_sitter_sparql.language()))


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a query that keeps only some solutions (LIMIT, OFFSET): what it hands on, and what it is sorted by.

    ``handed_on`` is None for ``*``; ``grouped`` the variables of GROUP BY, None where that has expressions.
    """

    offset: int
    handed_on: frozenset[str] | None
    sorted_by: frozenset[str]
    grouped: frozenset[str] | None


def cuts(query: str) -> tuple[Cut, ...]:
    """Every LIMIT and OFFSET of a query, in document order; they count solutions, so their order matters."""
    found = []
    for node in _walk(query):
        if node.type in _SELECTING:
            modifier = _child(node, "solution_modifier")
            sliced = modifier and _child(modifier, "limit_offset_clauses")
            if sliced:
                found.append(Cut(_offset(query, sliced), _handed_on(node), _sorted_by(modifier), _grouped(modifier)))
    return tuple(found)


def words_of(query: str, kinds: frozenset[str]) -> tuple[tuple[int, str], ...]:
    """Where nodes of these kinds stand in a query, and the word that each begins with, in capitals."""
    found = []
    for node in _walk(query):
        if node.type in kinds:
            text = node.text.decode("utf-8", "replace")
            found.append((_offset(query, node), re.split(r"\W", text, maxsplit=1)[0].upper()))
    return tuple(found)


_SELECTING = frozenset({"select_query", "sub_select", "construct_query", "describe_query"})


def _walk(query: str) -> Iterator[Any]:
    waiting = [_parser().parse(query.encode("utf-8")).root_node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _child(node: Any, kind: str) -> Any:  # noqa: ANN401
    return next((child for child in node.children if child.type == kind), None)


def _offset(query: str, node: Any) -> int:  # noqa: ANN401
    return len(query.encode("utf-8")[: node.start_byte].decode("utf-8", "ignore"))


def _variable(node: Any) -> str:  # noqa: ANN401
    return str(node.text.decode("utf-8"))[1:]


def _handed_on(node: Any) -> frozenset[str] | None:  # noqa: ANN401
    if node.type == "construct_query":
        template = _child(node, "construct_template")
        return frozenset(_variable(found) for found in _below(template) if found.type == "var") if template else None
    clause = node if node.type == "describe_query" else _child(node, "select_clause")
    names, inside = set(), False
    for child in clause.children:
        if child.type == "*":
            return None
        if child.type == "(":
            inside = True
        elif child.type.upper() == "AS":
            inside = False
        elif child.type == "var" and not inside:
            names.add(_variable(child))
    return frozenset(names)


def _sorted_by(modifier: Any) -> frozenset[str]:  # noqa: ANN401
    """The plain variables of ORDER BY: an expression may be the same for different values."""
    clause = _child(modifier, "order_clause")
    names = set()
    for condition in clause.children if clause else ():
        inner = _child(condition, "bracketted_expression")
        parts = [child for child in (inner or condition).children if child.is_named]
        if len(parts) == 1 and parts[0].type == "var":
            names.add(_variable(parts[0]))
    return frozenset(names)


def _grouped(modifier: Any) -> frozenset[str] | None:  # noqa: ANN401
    clause = _child(modifier, "group_clause")
    if clause is None:
        return None
    conditions = [child for child in clause.children if child.is_named]
    if any([part.type for part in condition.children] != ["var"] for condition in conditions):
        return None
    return frozenset(_variable(condition.children[0]) for condition in conditions)


def _below(node: Any) -> Iterator[Any]:  # noqa: ANN401
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children)
