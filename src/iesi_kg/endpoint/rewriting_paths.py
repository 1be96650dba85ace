"""A path of any length is followed from its constant end, or once for each value it begins with, before it is joined.

``?i p/q* <c>`` becomes ``{ SELECT ?step { ?step q* <c> } } ?i p ?step``; ``?i p ?a . ?a q* <c>`` and ``<c> q* ?a``
likewise. ``?i p ?a . ?a q* ?top`` becomes ``{ SELECT ?a ?top { { SELECT DISTINCT ?a { ?i p ?a } } ?a q* ?top } }
?i p ?a``. The engine follows a path for each solution that comes to it, however many of them ask the same.

Why the answers stay the same. A sequence is the join of its parts over a variable that nothing else mentions (Query
section 18.2.2.4), each solution as often as there are such steps; joins may be made in any order, and a sub-select that
hands on all variables of a pattern is that pattern. ``*``, ``+`` and ``?`` give each pair of ends once, so they may be
joined with the distinct beginnings first: ``T JOIN path = T JOIN (Distinct(beginnings of T) JOIN path)``.

Left alone: several paths that repeat in one, alternatives outside brackets, what stands in OPTIONAL or MINUS, which the
engine looks up for one solution at a time. Nor is it done where the path is asked of one thing, or has more
ends, or a quarter as many beginnings, as there are solutions that come to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iesi_kg.endpoint.rewriting_changes import (
    Bet,
    Change,
    Edit,
    is_anchored,
    narrowed,
    patterns,
    properties,
    question,
    repeats,
)
from iesi_kg.endpoint.rewriting_scope import IRIS, MINUS, OPTIONAL, TRIPLES, VARIABLE, Source, elements, groups
from iesi_kg.endpoint.tree import Node

FROM_END, ONCE_EACH = "path-from-its-end", "path-once-for-each"
_FEWER = 0.25
_LOOPS = frozenset({OPTIONAL, MINUS})


@dataclass(frozen=True, slots=True)
class _Path:
    """A pattern whose path ends in a part that repeats: what stands before that, and the part."""

    block: Node
    triples: Node
    subject: Node
    property: Node
    target: Node
    before: str
    last: str

    def about(self, source: Source) -> str:
        """The pattern as it is written."""
        return f"{source.piece(self.subject)} {source.piece(self.property)}"


def changes(source: Source) -> Iterator[Change]:
    """Every pattern of the kind."""
    for group in groups(source):
        if any(node.kind in _LOOPS for node in group.ancestors()):
            continue
        parts = elements(group)
        hidden = _hides(group)
        for path in _paths(source, parts):
            if path.before and not hidden:
                continue
            change = _from_end(source, parts, path) or _once_each(source, parts, path)
            if change:
                yield change


def _hides(group: Node) -> bool:
    """Whether a new variable is handed on by nothing: the ``*`` of the outermost SELECT is spelt out, no other is."""
    for node in group.ancestors():
        clause = node if node.kind == "describe_query" else node.first("select_clause")
        if clause and clause.first("*") and node.kind != "select_query":
            return False
    return True


def _paths(source: Source, parts: Sequence[Node]) -> Iterator[_Path]:
    for block in parts:
        for triples in block.children if block.kind == TRIPLES else ():
            for subject, prop in properties(triples):
                listed = prop.first("object_list")
                if listed is None or len(listed.children) != 1:
                    continue
                steps = _steps(prop.children[0])
                if not steps or not any(part.kind == "path_mod" for part in steps[-1].children):
                    continue
                if any(map(repeats, steps[:-1])) or any(map(repeats, steps[-1].children[:-1])):
                    continue
                before = source.text[steps[0].start : steps[-2].end] if len(steps) > 1 else ""
                last, target = source.piece(steps[-1]), listed.children[0]
                yield _Path(block, triples, subject, prop, target, before, last)


def _steps(path: Node) -> list[Node]:
    """The parts of a sequence; none where it is no sequence alone."""
    if path.kind == "path_element":
        return [path]
    operators = [child.kind for child in path.children[1::2]]
    if path.kind != "binary_path" or set(operators) != {"/"}:
        return []
    steps: list[Node] = []
    for child in path.children[::2]:
        inner = _steps(child)
        if not inner:
            return []
        steps += inner
    return steps


def _from_end(source: Source, parts: Sequence[Node], path: _Path) -> Change | None:
    ends = (path.subject.kind, path.target.kind)
    if path.before and ends[1] in IRIS:
        near = source.fresh()
        pattern = f"?{near} {path.last} {source.piece(path.target)}"
        coming = f"{source.piece(path.subject)} {path.before} ?{near}"
    elif not path.before and _has_one_end(ends):
        near = source.piece(path.subject if ends[0] == VARIABLE else path.target)[1:]
        pattern, coming = f"{source.piece(path.subject)} {path.last} {source.piece(path.target)}", ""
    else:
        return None
    met = [(one, names) for one, names in patterns(source, parts) if names and (coming or near in names)]
    if coming:
        met.append((coming, source.names(path.subject) | {near}))
    if not met or is_anchored(met):
        return None
    left = tuple(question(source, names, narrowed(source, parts, one, names), path.block) for one, names in met)
    bet = Bet(left, question(source, (near,), pattern, path.block))
    return Change(
        FROM_END, path.about(source), (_moved(source, path, near, f"{{ SELECT ?{near} {{ {pattern} }} }}"),), bet
    )


def _has_one_end(kinds: tuple[str, str]) -> bool:
    return VARIABLE in kinds and not IRIS.isdisjoint(kinds)


def _once_each(source: Source, parts: Sequence[Node], path: _Path) -> Change | None:
    if path.target.kind != VARIABLE:
        return None
    if path.before:
        near = source.fresh()
        coming = f"{source.piece(path.subject)} {path.before} ?{near}"
        met = [*patterns(source, parts), (coming, source.names(path.subject) | {near})]
    elif path.subject.kind == VARIABLE:
        near = source.piece(path.subject)[1:]
        met = patterns(source, parts)
        coming = next((one for one, names in met if near in names), "")
    else:
        return None
    target = source.piece(path.target)[1:]
    if not coming or near == target or is_anchored(met):
        return None
    left = tuple(
        question(source, names, narrowed(source, parts, one, names), path.block) for one, names in met if names
    )
    bet = Bet(left, question(source, (near,), coming, path.block, distinct=True), ratio=_FEWER)
    distinct = f"{{ SELECT DISTINCT ?{near} {{ {coming} }} }}"
    part = f"{{ SELECT ?{near} ?{target} {{ {distinct} ?{near} {path.last} ?{target} }} }}"
    return Change(ONCE_EACH, path.about(source), (_moved(source, path, near, part),), bet)


def _moved(source: Source, path: _Path, near: str, part: str) -> Edit:
    """The path taken out of its block, with what is left of the sequence, and the part that stands for it in front."""
    kept = []
    for triples in (child for child in path.block.children if child.kind != "."):
        pieces = [source.piece(prop) for _, prop in properties(triples) if prop is not path.property]
        if triples is not path.triples:
            kept.append(source.piece(triples))
            continue
        if path.before:
            pieces.append(f"{path.before} ?{near}")
        if pieces:
            kept.append(f"{source.piece(path.subject)} {' ; '.join(pieces)}")
    return (path.block.start, path.block.end, f"{part}\n  {' . '.join(kept)}{' . ' if kept else ''}")
