"""Turns a query of ours or of a user into the text and the dataset that another server needs to answer the same.

A query that names no graphs goes with the graph that stands for the default one; ``GRAPH ?g`` means the named graphs of
the store, not those that others keep on the same server; constants stand in place of the variables they are bound to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from pyoxigraph import Literal, NamedNode

from iesi_kg.records import Form
from iesi_kg.store.lexis import Token, tokens
from iesi_kg.store.remote import dialect
from iesi_kg.store.remote.channel import NO_DATASET, Dataset
from iesi_kg.store.remote.places import GRAPH, Places
from iesi_kg.store.settling import settled

_LISTS_END = frozenset({"WHERE", "FROM", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
_FORMS = {"SELECT": Form.SOLUTIONS, "ASK": Form.BOOLEAN, "CONSTRUCT": Form.GRAPH, "DESCRIBE": Form.GRAPH}


def form(text: str) -> Form | None:
    """The form of a query; None where it has none."""
    return _FORMS.get(dialect.form(settled(text)))


def worded(text: str, places: Places, bindings: Mapping[str, NamedNode | Literal] | None = None) -> str:
    """The text to send."""
    text = settled(text)
    if bindings:
        text = _bound(text, {name: str(term) for name, term in bindings.items()})
    return _within(text, places) if places.default is None else text


def dataset(
    text: str,
    places: Places,
    known: Callable[[], Sequence[str]],
    default: Sequence[str] = (),
    named: Sequence[str] = (),
) -> Dataset:
    """The dataset to send: the caller's, or none where the query names its own, or that of the store.

    ``known`` gives the named graphs of the store: a server without a default graph of its own is told them where a
    query asks in named graphs, for a dataset that is told holds nothing else (SPARQL 1.1 Protocol section 2.1.4).
    """
    if default or named:
        return Dataset(tuple(default), tuple(named))
    words = {token.word for token in tokens(settled(text))}
    if places.default is None or "FROM" in words:
        return NO_DATASET
    return Dataset((places.default.value,), tuple(known()) if "GRAPH" in words else ())


def _within(text: str, places: Places) -> str:
    """Bind the variable of each ``GRAPH ?g`` to the named graphs of the store first."""
    found = list(tokens(text))
    at = {index for index, token in enumerate(found) if token.word == "GRAPH"}
    inserts: list[tuple[int, str]] = []
    for index in at:
        name = found[index + 1] if index + 1 < len(found) else None
        end = _end(found, index + 2)
        if name is None or name.kind != "variable" or end is None:
            continue
        known = f"{{ GRAPH {places.state} {{ {places.state} {GRAPH} {name.text} }} "
        inserts += [(found[index].start, known), (end, " }")]
    for place, extra in sorted(inserts, reverse=True):
        text = text[:place] + extra + text[place:]
    return text


def _end(found: Sequence[Token], start: int) -> int | None:
    """Where the group that opens at a token ends."""
    depth = 0
    for token in found[start:]:
        depth += {"{": 1, "}": -1}.get(token.sign, 0)
        if depth == 0:
            return token.end if token.sign == "}" else None
    return None


def _bound(text: str, terms: Mapping[str, str]) -> str:
    """Put constants in place of variables; where one is only named (projected, grouped by), as its value.

    A sub-select that projects one gives it to the first SELECT, which may not give it another time.
    """
    pieces, place = list[str](), 0
    found = list(_variables(text))
    grouped = {token.text[1:] for token, part in found if part == "BY"}
    left = Counter(token.text[1:] for token, part in found if part == "SELECT")
    for token, part in found:
        name = token.text[1:]
        from_within = part == "SELECT" and left[name] > 1
        left[name] -= part == "SELECT"
        if name not in terms or (part == "SELECT" and (name in grouped or from_within)):
            continue
        pieces += [text[place : token.start], f"({terms[name]} AS {token.text})" if part else terms[name]]
        place = token.end
    return "".join([*pieces, text[place:]])


def _variables(text: str) -> Iterator[tuple[Token, str]]:
    """Every variable, with SELECT or BY (of GROUP BY) where it stands alone in such a list."""
    part, depth, before = "", 0, ""
    for token in tokens(text):
        if token.word == "SELECT" or (token.word == "BY" and before == "GROUP"):
            part, depth = token.word, 0
        elif token.sign in ("{", "}") or token.word in (
            "WHERE",
            "FROM",
            "HAVING",
            "ORDER",
            "LIMIT",
            "OFFSET",
            "VALUES",
        ):
            part = ""
        depth += {"(": 1, ")": -1}.get(token.sign, 0)
        if token.kind == "variable":
            yield token, part if depth == 0 else ""
        before = token.word
