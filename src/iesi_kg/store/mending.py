"""Turns a query into one that this engine answers as SPARQL 1.1 says, where it would answer the first one otherwise.

Every rewriting keeps the meaning the standard gives the query, for any query; what cannot be told for sure stays as it
is. Three differences are mended: GROUP_CONCAT keeps a language it should not (Query section 18.5.1.7), a GRAPH with a
variable lets that variable into MINUS, sub-SELECT and VALUES (18.6), a path of length zero needs its constant end to be
in the data (18.4). They go when the engine changes: tests/conformance says whether they are still needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from pyoxigraph import NamedNode, QueryBoolean, Store

from iesi_kg.store.lexis import Token, tokens

GRAPHS_SPELT_OUT = 64
_SHORT = 2_000
# A path that repeats, its end, and there the end of its triple where that is a variable: no asterisk of a sum or count.
_REPEATED = re.compile(r"[*?](?!\w)\s*+(?:[?$]\w++\s*+[.}]|<|[\w.\-\u00b7]*+:)")
_GRAPH = re.compile(r"\bgraph\s*[?$]", re.IGNORECASE)
_MISREAD = frozenset({"MINUS", "SELECT", "VALUES"})
_PROLOGUE = {"PREFIX": 3, "BASE": 2, "VERSION": 2}
_CONSTANTS = frozenset({"iri", "name"})

Edit = tuple[int, int, str]


def mended(text: str, store: Store, named: Callable[[], Sequence[str] | None]) -> str:
    """The query to give to the engine for a settled one; ``named`` tells its dataset's named graphs, None for all."""
    low = text.lower()
    wanted = [
        "group_concat" in low,
        "graph" in low and _GRAPH.search(text) is not None,
        _REPEATED.search(text) is not None,
    ]
    if not any(wanted):
        return text
    found = _tokens(text) if len(text) <= _SHORT else tuple(tokens(text))
    edits: list[Edit] = []
    if wanted[0]:
        edits += _concatenations(found)
    if wanted[2]:
        edits += _zero_length_paths(text, found, store)
    if wanted[1] and not edits:
        edits += _graphs(text, found, store, named())
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


@lru_cache(maxsize=64)
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(tokens(text))


def _concatenations(found: Sequence[Token]) -> Iterator[Edit]:
    """GROUP_CONCAT returns a simple literal: STR takes the language away."""
    for index, token in enumerate(found[:-1]):
        if token.word == "GROUP_CONCAT" and found[index + 1].sign == "(":
            end = found[_closing(found, index + 1)].end
            yield token.start, token.start, "STR("
            yield end, end, ")"


def _graphs(text: str, found: Sequence[Token], store: Store, named: Sequence[str] | None) -> Iterator[Edit]:
    """The graphs one by one, and the variable joined from outside: what the standard defines GRAPH to be."""
    index = 0
    while index + 2 < len(found):
        head, variable, brace = found[index : index + 3]
        index += 1
        if head.word != "GRAPH" or variable.kind != "variable" or brace.sign != "{":
            continue
        last = _closing(found, index + 1)
        inside = {token.word for token in found[index + 2 : last]}
        if _MISREAD.isdisjoint(inside):
            continue
        graphs = _named_graphs(store) if named is None else list(dict.fromkeys(named))
        if graphs and len(graphs) <= GRAPHS_SPELT_OUT:
            pattern = text[brace.start : found[last].end]
            parts = (f"{{ GRAPH <{graph}> {pattern} VALUES {variable.text} {{ <{graph}> }} }}" for graph in graphs)
            yield head.start, found[last].end, "{ " + " UNION ".join(parts) + " }"
        index = last


def _named_graphs(store: Store) -> list[str]:
    graphs: list[str] = []
    for graph in store.named_graphs():
        if not isinstance(graph, NamedNode) or len(graphs) > GRAPHS_SPELT_OUT:
            return []
        graphs.append(graph.value)
    return graphs


def _zero_length_paths(text: str, found: Sequence[Token], store: Store) -> Iterator[Edit]:
    """``constant path* ?x`` where nothing in the store is said of the constant: it reaches itself and nothing else."""
    prologue = text[: found[_prologue_length(found)].start] if found else ""
    for index in range(3, len(found) - 1):
        if found[index].sign not in ("*", "?"):
            continue
        first = _start_of_path(found, index)
        if first < 2 or not _stands_alone(found, first, index):
            continue
        ends = (found[first - 1], found[index + 1])
        kinds = tuple("constant" if end.kind in _CONSTANTS else end.kind for end in ends)
        if kinds not in (("constant", "variable"), ("variable", "constant")):
            continue
        constant, variable = ends if kinds[0] == "constant" else (ends[1], ends[0])
        if _is_absent(constant.text, prologue, store):
            yield ends[0].start, ends[1].end, f"VALUES {variable.text} {{ {constant.text} }}"


def _start_of_path(found: Sequence[Token], quantifier: int) -> int:
    """Where the path that ends with this quantifier begins; 0 where it is none."""
    last = found[quantifier - 1]
    if last.sign == ")":
        depth, index = 0, quantifier - 1
        while index >= 0:
            depth += (found[index].sign == ")") - (found[index].sign == "(")
            if depth == 0:
                break
            index -= 1
        first = index
    else:
        first = quantifier - 1 if last.kind in _CONSTANTS or last.text == "a" else 0
    return first - 1 if first > 0 and found[first - 1].sign == "^" else first


def _stands_alone(found: Sequence[Token], first: int, quantifier: int) -> bool:
    """Whether subject, path and object are a triple pattern of their own."""
    before = found[first - 2].sign
    after = found[quantifier + 2].sign if quantifier + 2 < len(found) else ""
    return before in ("{", "}", ".") and after in ("}", ".")


def _is_absent(constant: str, prologue: str, store: Store) -> bool:
    patterns = (f"{constant} ?p ?o", f"?s ?p {constant}")
    groups = " UNION ".join(f"{{ {each} }} UNION {{ GRAPH ?g {{ {each} }} }}" for each in patterns)
    try:
        answer = store.query(f"{prologue} ASK {{ {groups} }}")
    except SyntaxError:
        return False
    return isinstance(answer, QueryBoolean) and not answer


def _prologue_length(found: Sequence[Token]) -> int:
    index = 0
    while index < len(found) - 1 and found[index].word in _PROLOGUE:
        index += _PROLOGUE[found[index].word]
    return min(index, len(found) - 1)


def _closing(found: Sequence[Token], opening: int) -> int:
    """Where the bracket that opens here is closed; the last token where it is not."""
    pair = {"(": ")", "{": "}"}[found[opening].sign]
    depth = 0
    for index in range(opening, len(found)):
        depth += (found[index].sign == found[opening].sign) - (found[index].sign == pair)
        if depth == 0:
            return index
    return len(found) - 1
