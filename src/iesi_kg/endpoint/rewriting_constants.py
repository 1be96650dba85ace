"""``FILTER(?x = <iri>)`` becomes ``VALUES ?x { <iri> }`` before the triples that bind ``?x``; IN and sameTerm likewise.

Why the answers stay the same. Let the group be ``F(rest(prefix JOIN T))``, T a block of triples that mentions ?x and F
the filter. Every solution of T binds ?x, and all that follows in the group (join, OPTIONAL, MINUS, BIND, other filters)
works on each solution of ``prefix JOIN T`` by itself and never changes a binding, so F may be moved to T. An IRI
equals nothing but itself, and an error or a literal drops the solution like false does: ``F(T)`` holds the solutions of
T in which ?x is one of the IRIs, each as often as before. T JOIN VALUES is that too, where VALUES has no IRI twice.
A filter of OPTIONAL's own group is a condition of the left join; on a variable that the group itself binds that is the
same as filtering the group. Of ``a && b`` each side may be a filter of its own.

Left alone: anything but IRIs, an IRI whose full form is not known here (BASE), a variable at the end of a path of
any length (this engine then takes a constant for one that is in the data).
"""

from __future__ import annotations

from collections.abc import Iterator

from iesi_kg.endpoint.rewriting_changes import Change, properties, repeats, without
from iesi_kg.endpoint.rewriting_scope import FILTER, IRIS, TRIPLES, VARIABLE, Names, Source, elements, groups
from iesi_kg.endpoint.tree import Node

RULE = "constants"
MOST = 16


def changes(source: Source) -> Iterator[Change]:
    """Every filter of the kind."""
    for group in groups(source):
        parts = elements(group)
        binding = _binding(source, parts) if any(part.kind == FILTER for part in parts) else {}
        for part in parts if binding else ():
            change = _change(source, binding, part)
            if change:
                yield change


def _change(source: Source, binding: dict[str, Node], part: Node) -> Change | None:
    if part.kind != FILTER:
        return None
    test = part.children[-1]
    sides = _conjuncts(test.children[1]) if test.kind == "bracketted_expression" else [test]
    for side in sides:
        given = _given(source, side)
        block = binding.get(given[0]) if given else None
        if given is None or block is None:
            continue
        values = f"VALUES ?{given[0]} {{ {' '.join(given[1])} }}\n  "
        edit = without(source, part)
        if len(sides) > 1:
            left = " && ".join(source.piece(other) for other in sides if other is not side)
            edit = (part.start, part.end, f"FILTER({left})")
        return Change(RULE, source.piece(part), ((block.start, block.start, values), edit))
    return None


def _conjuncts(expression: Node) -> list[Node]:
    """The sides of ``a && b && c``; the expression alone where it holds an ``||`` outside brackets."""
    sides, waiting = [], [expression]
    while waiting:
        node = waiting.pop(0)
        kinds = [child.kind for child in node.children]
        if node.kind == "binary_expression" and "||" in kinds:
            return [expression]
        if node.kind == "binary_expression" and kinds[1:2] == ["&&"]:
            waiting = [node.children[0], *node.children[2:], *waiting]
        else:
            sides.append(node)
    return sides


def _given(source: Source, node: Node) -> tuple[str, list[str]] | None:
    """The variable, and the IRIs one of which it must be."""
    while node.kind == "bracketted_expression" and len(node.children) == 3:
        node = node.children[1]
    parts = [child for child in node.children if child.kind not in ("(", ")", ",")]
    kinds = [part.kind for part in parts]
    if node.kind == "build_in_function" and len(parts) == 3 and kinds[0].lower() == "sameterm":
        ends = parts[1:]
    elif node.kind == "binary_expression" and len(parts) == 3 and kinds[1] == "=":
        ends = [parts[0], parts[2]]
    elif node.kind == "binary_expression" and kinds[1:] == ["IN", "expression_list"]:
        ends = [parts[0], *(one for one in parts[2].children if one.kind not in ("(", ")", ","))]
    else:
        return None
    ends.sort(key=lambda end: end.kind != VARIABLE)
    if ends[0].kind != VARIABLE or not 2 <= len(ends) <= MOST + 1:
        return None
    iris: dict[str, str] = {}
    for end in ends[1:]:
        iri = source.iri(end) if end.kind in IRIS else None
        if iri is None:
            return None
        iris.setdefault(iri, source.piece(end))
    return source.piece(ends[0])[1:], list(iris.values())


def _binding(source: Source, parts: list[Node]) -> dict[str, Node]:
    """The first block of triples that binds each variable, but for those at the end of a path of any length."""
    blocks = [part for part in parts if part.kind == TRIPLES]
    first: dict[str, Node] = {}
    for block in blocks:
        for name in source.names(block):
            first.setdefault(name, block)
    for name in {name for block in blocks for name in _ends(source, block)}:
        first.pop(name, None)
    return first


def _ends(source: Source, block: Node) -> Names:
    found: set[str] = set()
    for triples in block.children:
        pairs = properties(triples)
        found |= {name for subject, prop in pairs if repeats(prop) for name in source.names(subject)}
        found |= {name for _, prop in pairs if repeats(prop) for name in source.names(prop)}
        if not pairs and repeats(triples):
            found |= source.names(triples)
    return frozenset(found)
