"""``FILTER NOT EXISTS`` becomes MINUS, ``FILTER EXISTS`` of several patterns a join with ``SELECT DISTINCT``.

Why the answers stay the same. G is the group without the filter, P the triples in EXISTS, S the variables both have.
For a solution m of G, EXISTS asks whether the triples with the values of m put in have a solution: for a set of triples
that is whether P has a solution that agrees with m wherever m binds a variable of P (Query section 18.6), and a filter
in P on variables of P sees the same values in both.

* NOT EXISTS keeps m where no solution of P is compatible with it. MINUS does the same, but for solutions of P that
  share no variable with m; a variable of S that is bound in every solution of G is bound in every solution of P too.
* EXISTS keeps m as often as it is there. Where all of S is bound in every solution of G, the solutions of P, taken
  once for each combination of values of S, are compatible with m in one way or none: the join keeps m once or drops it.

A filter is applied to its whole group, so the new part stands at the group's end. Where all of S is bound in every
solution of the first parts of the group it stands behind these already: whatever follows works on each of their
solutions by itself and changes no binding, so dropping one early drops what would be made of it.

Left alone: what stands in an OPTIONAL, whose own filters see the variables outside, or in MINUS; EXISTS in an
expression; anything but triples and filters on their variables in EXISTS; paths of any length in it. Nor is it done
where the filter has little to look at: solutions that are made in full cost more than a few questions.
"""

from __future__ import annotations

from collections.abc import Iterator

from iesi_kg.endpoint.rewriting_changes import (
    Bet,
    Change,
    is_anchored,
    is_filter_with,
    narrowed,
    patterns,
    question,
    repeats,
    without,
)
from iesi_kg.endpoint.rewriting_scope import (
    EXISTS,
    FILTER,
    GROUP,
    MINUS,
    NOT_EXISTS,
    OPTIONAL,
    TRIPLES,
    Names,
    Source,
    certain,
    elements,
    groups,
    possible,
)
from iesi_kg.endpoint.tree import Node

NEGATED, SEVERAL = "not-exists", "exists"
_KINDS = frozenset({EXISTS, NOT_EXISTS})
_ONE_RATIO = 3  # a row that NOT EXISTS asks for costs this much more than one that MINUS reads
_MANY_ROWS = 20
_LOOPS = frozenset({OPTIONAL, MINUS})


def changes(source: Source) -> Iterator[Change]:
    """Every filter of the kind."""
    for group in groups(source):
        if any(node.kind in _LOOPS for node in group.ancestors()):
            continue
        parts = elements(group)
        for part in parts:
            test = is_filter_with(part, _KINDS)
            change = _change(source, group, part, test) if test else None
            if change and not _streams(source, group):
                yield change


def _change(source: Source, group: Node, part: Node, test: Node) -> Change | None:
    inside, rest = test.first(GROUP), [other for other in elements(group) if other is not part]
    if inside is None or not _is_plain(source, inside):
        return None
    blocks = [block for block in elements(inside) if block.kind == TRIPLES]
    given = source.names(inside) & possible(source, rest)
    sure = given & certain(source, rest)
    number, left = _number(source, blocks), [(one, names) for one, names in patterns(source, rest) if names]
    if not left or not sure or number == 0 or is_anchored(left):
        return None
    body = source.piece(inside)
    if test.kind == NOT_EXISTS:
        rule, new = NEGATED, f"\n  MINUS {body}\n"
    elif given == sure and number > 1:
        rule, new = SEVERAL, f"\n  {{ SELECT DISTINCT {' '.join(f'?{name}' for name in sorted(sure))} {body} }}\n"
    else:
        return None
    asked = tuple(question(source, names, narrowed(source, rest, one, names), part) for one, names in left)
    right = question(source, sure, body[1:-1], part)
    bet = Bet(asked, right, ratio=_ONE_RATIO, least=_MANY_ROWS if number > 1 else 0)
    at = _place(source, rest, given, group)
    return Change(rule, source.piece(part), (without(source, part), (at, at, new)), bet)


def _place(source: Source, rest: list[Node], given: Names, group: Node) -> int:
    """Behind the first triples and filters that bind all that is shared, else at the end of the group."""
    for number in range(1, len(rest)):
        if rest[number].kind not in (TRIPLES, FILTER) and given <= certain(source, rest[:number]):
            return max(part.end for part in rest[:number])
    return group.end - 1


def _number(source: Source, blocks: list[Node]) -> int:
    """How many patterns are joined: a sequence in a path joins its parts."""
    return len(patterns(source, blocks)) + sum(node.kind == "/" for block in blocks for node in block.walk())


def _is_plain(source: Source, inside: Node) -> bool:
    """Whether EXISTS holds nothing but triples and filters on their variables."""
    parts = elements(inside)
    blocks = [part for part in parts if part.kind == TRIPLES]
    names = certain(source, blocks)
    return not any(map(repeats, parts)) and all(
        part.kind == TRIPLES
        or (
            part.kind == FILTER and source.names(part) <= names and not any(node.kind in _KINDS for node in part.walk())
        )
        for part in parts
    )


def _streams(source: Source, group: Node) -> bool:
    """Whether a LIMIT without an order ends the work early: what is made in full first would cost more."""
    for node in group.ancestors():
        modifier = node.first("solution_modifier")
        if modifier and modifier.first("limit_offset_clauses"):
            return not (modifier.first("order_clause") or modifier.first("group_clause"))
    return source.query.kind == "ask_query"
