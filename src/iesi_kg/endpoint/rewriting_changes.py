"""What a rule of rewriting hands back: which pieces of the text others stand for, and what must hold to gain by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iesi_kg.endpoint.rewriting_scope import FILTER, GRAPH, GROUP, TRIPLES, VALUES, Source, possible
from iesi_kg.endpoint.tree import Node

Edit = tuple[int, int, str]

_VARIABLE = re.compile(r"[?$](\w+)")


@dataclass(frozen=True, slots=True)
class Bet:
    """What must hold for a change to be worth it, in numbers of solutions that are counted beforehand.

    ``left`` are the questions of whose numbers the least counts, ``right`` is one more. The change is made where the
    left number is at least ``least``, or the right one at most ``ratio`` times the left one.
    """

    left: tuple[str, ...]
    right: str
    ratio: float = 1.0
    least: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One application of a rule: its name, the part it is about as that was written, and the edits."""

    rule: str
    about: str
    edits: tuple[Edit, ...]
    bet: Bet | None = None


def applied(text: str, changes: Sequence[Change]) -> str:
    """The text with these changes, whose edits do not overlap."""
    edits = [(start, end, place, new) for place, each in enumerate(changes) for start, end, new in each.edits]
    for start, end, _, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def without(source: Source, node: Node) -> Edit:
    """A FILTER taken away; where only it parts two blocks of triples, or a point follows, one that is true stays."""
    beside = node.parent.children if node.parent else [node]
    place = beside.index(node)
    before, after = beside[place - 1 : place], beside[place + 1 : place + 2]
    touching = [each.kind for each in (*before, *after)] == [TRIPLES, TRIPLES]
    needed = any(each.kind == "." for each in after) or (touching and not source.piece(before[0]).endswith("."))
    return (node.start, node.end, "FILTER(true)" if needed else "")


def spelt_out(source: Source) -> Edit | None:
    """``SELECT *`` with its variables in the order in which the query first names them, as the answer gives them."""
    star, where = source.star, source.query.first("where_clause")
    if star is None or where is None:
        return None
    names = possible(source, where.children)
    values = source.root.first("values_clause") or source.query.first("values_clause")
    names |= source.names(values) if values else frozenset()
    order = {name: place for place, name in reversed([*enumerate(_VARIABLE.findall(source.text, star.end))])}
    return (star.start, star.end, " ".join(f"?{name}" for name in sorted(names, key=lambda name: order[name])))


def question(
    source: Source, names: Iterable[str], pattern: str, around: Node | None = None, *, distinct: bool = False
) -> str:
    """The solutions of a pattern alone, in the graphs that stand around a node, as a query to be counted."""
    for node in around.ancestors() if around else ():
        if node.kind == GRAPH:
            graph = next(child for child in node.children if child.kind not in ("GRAPH", GROUP))
            pattern = f"GRAPH {source.piece(graph)} {{ {pattern} }}"
    handed = ("DISTINCT " if distinct else "") + (" ".join(f"?{name}" for name in sorted(names)) or "(1 AS ?one)")
    return f"{source.head} SELECT (COUNT(*) AS ?n) {source.dataset} {{ {{ SELECT {handed} {{ {pattern} }}"


def counting(asked: str, most: int) -> str:
    """The query that counts the solutions of a question, at most so many."""
    return f"{asked} LIMIT {most} }} }}"


def patterns(source: Source, parts: Sequence[Node]) -> list[tuple[str, frozenset[str]]]:
    """The triple patterns that stand in these parts themselves, without paths that repeat, and their variables."""
    found = []
    for block in parts:
        for triples in block.children if block.kind == TRIPLES else ():
            for subject, prop in properties(triples):
                if not repeats(prop):
                    names = source.names(subject) | source.names(prop)
                    found.append((f"{source.piece(subject)} {source.piece(prop)}", names))
    return found


def is_anchored(found: Iterable[tuple[str, frozenset[str]]]) -> bool:
    """Whether a pattern is about one thing: there are few solutions, and counting them costs as much as it gains."""
    return any(pattern[0] not in "?$[(" for pattern, _ in found)


def narrowed(source: Source, parts: Sequence[Node], pattern: str, names: frozenset[str]) -> str:
    """A pattern together with what VALUES beside it gives for its variables."""
    given = [part for part in parts if part.kind == VALUES and source.names(part) & names]
    return " ".join([*map(source.piece, given), pattern])


def properties(triples: Node) -> list[tuple[Node, Node]]:
    """Subject and property of each predicate of triples with one subject."""
    listed = triples.first("property_list")
    if triples.kind != "triples_same_subject" or listed is None:
        return []
    return [(triples.children[0], child) for child in listed.children if child.kind == "property"]


def repeats(node: Node) -> bool:
    """Whether a part holds a path of any length (``*``, ``+``, ``?``)."""
    return any(found.kind == "path_mod" for found in node.walk())


def is_filter_with(node: Node, kinds: frozenset[str]) -> Node | None:
    """The one expression of a FILTER where it is of such a kind, in brackets or not."""
    if node.kind != FILTER:
        return None
    inner = node.children[-1]
    while inner.kind == "bracketted_expression" and len(inner.children) == 3:
        inner = inner.children[1]
    return inner if inner.kind in kinds else None
