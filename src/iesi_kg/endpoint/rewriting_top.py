"""``ORDER BY ... LIMIT`` over OPTIONALs: the first rows are taken before what is optional is looked up for them.

``A OPTIONAL B ... ORDER BY k LIMIT n OFFSET o`` becomes ``{ SELECT * A ORDER BY k LIMIT n+o } OPTIONAL B ...`` with the
same ORDER BY, LIMIT and OFFSET around it.

Why the answers stay the same. An OPTIONAL makes at least one solution of each solution of A and a BIND exactly one, and
neither changes what A bound; k is made of what A binds, so all solutions made of one solution of A have its place in
the order. The first n+o solutions of the whole are therefore made of the first n+o of A, and these make at least as
many. Filters on variables of A keep or drop all that is made of one solution: they go inside. Where k leaves two
solutions in the same place the standard leaves open which comes first, in both forms.

Left alone: DISTINCT, GROUP BY and aggregates, a VALUES at the end, an order or a filter by anything that the OPTIONALs
or BINDs give, more than ``MOST`` rows. A join that is not optional may drop rows: it stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from iesi_kg.endpoint.rewriting_changes import Change
from iesi_kg.endpoint.rewriting_scope import (
    BIND,
    EXISTS,
    FILTER,
    GROUP,
    NOT_EXISTS,
    OPTIONAL,
    SUB_SELECT,
    Source,
    certain,
    elements,
    possible,
)
from iesi_kg.endpoint.tree import Node

RULE = "top-first"
MOST = 10_000
_TAIL = frozenset({OPTIONAL, BIND})
_REFUSED = frozenset({"aggregate", "DISTINCT", "REDUCED", "group_clause", "having_clause", "values_clause"})
_TESTS = frozenset({EXISTS, NOT_EXISTS})


def changes(source: Source) -> Iterator[Change]:
    """The outermost SELECT, where it is of the kind."""
    query, where = source.query, source.query.first("where_clause")
    modifier, group = query.first("solution_modifier"), where.first(GROUP) if where else None
    order = modifier.first("order_clause") if modifier else None
    if query.kind != "select_query" or group is None or modifier is None or order is None:
        return
    rows = _rows(source, modifier)
    clause = query.first("select_clause")
    refused = [*modifier.children, *(clause.walk() if clause else ()), *query.children, *source.root.children]
    if rows is None or any(node.kind in _REFUSED for node in refused):
        return
    head, tail, filters = _split(elements(group))
    if not head or not any(part.kind == OPTIONAL for part in tail) or _is_done(head):
        return
    sure, given = certain(source, head), possible(source, tail)
    names = possible(source, head)
    used = [source.names(part) for part in (order, *filters)]
    if not names or not used[0] <= names or any(one & given - sure for one in used):
        return
    if any(node.kind in _TESTS for node in order.walk()):
        return
    yield Change(
        RULE, source.piece(modifier), _edits(source, head, tail, filters, f"{source.piece(order)} LIMIT {rows}")
    )


def _edits(
    source: Source, head: list[Node], tail: list[Node], filters: list[Node], order: str
) -> tuple[tuple[int, int, str], ...]:
    first, last = head[0].start, max(part.end for part in head)
    names = " ".join(f"?{name}" for name in sorted(possible(source, head)))
    late = [part for part in filters if part.start > last]
    moved = "".join(f" {source.piece(part)}" for part in late)
    early = min([first, *(part.start for part in filters)])
    return (
        (early, early, f"{{ SELECT {names} {{ "),
        (last, last, f"{moved} }} {order} }}\n  "),
        *((part.start, part.end, "") for part in late),
    )


def _rows(source: Source, modifier: Node) -> int | None:
    sliced = modifier.first("limit_offset_clauses")
    numbers = {clause.kind: source.piece(clause).split()[-1] for clause in sliced.children} if sliced else {}
    if "limit_clause" not in numbers or not all(number.isascii() and number.isdigit() for number in numbers.values()):
        return None
    rows = sum(map(int, numbers.values()))
    return rows if 0 < rows <= MOST else None


def _split(parts: list[Node]) -> tuple[list[Node], list[Node], list[Node]]:
    """What comes first, the OPTIONALs and BINDs behind it, and the filters wherever they stand."""
    filters = [part for part in parts if part.kind == FILTER]
    others = [part for part in parts if part.kind != FILTER]
    at = len(others)
    while at and others[at - 1].kind in _TAIL:
        at -= 1
    return others[:at], others[at:], filters


def _is_done(head: list[Node]) -> bool:
    """Whether the head is one sub-select that takes the first rows already."""
    subs = [node for node in head[0].walk() if node.kind == SUB_SELECT] if len(head) == 1 else []
    modifier = subs[0].first("solution_modifier") if subs else None
    return modifier is not None and modifier.first("limit_offset_clauses") is not None
