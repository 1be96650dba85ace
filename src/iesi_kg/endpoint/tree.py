"""Turns a query that the engine refused into the place where it first goes wrong; the one door to tree-sitter."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

_LONGEST = 20_000
_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_TERMS = frozenset({"var", "iri_reference", "iriref", "prefixed_name", "rdf_literal"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a query first goes wrong: an offset in characters and what is missing or out of place there."""

    offset: int
    missing: str | None
    text: str


def first_fault(query: str) -> Fault | None:
    """The first fault of a query, None where the grammar finds none or the query is too long to look at."""
    if len(query) > _LONGEST:
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


@cache
def _parser() -> Any:  # noqa: ANN401
    import tree_sitter_sparql
    from tree_sitter import Language, Parser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the grammar still hands over its pointer as a number
        return Parser(Language(tree_sitter_sparql.language()))
