"""Turns queries of the standard into those that a product reads, and its answers into those of the standard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from iesi_kg.store.evaluation import STAR, VARIABLE
from iesi_kg.store.lexis import Token, tokens
from iesi_kg.store.remote.profiles import Profile
from iesi_kg.store.settling import unescaped

FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
GRAPHS = frozenset({"CONSTRUCT", "DESCRIBE"})
_ROW = "SELECT (1 AS ?rowOfAnswer)"
_UNFIT = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_HEAD = re.compile(rb'\s*\{\s*"head"\s*:\s*\{[^{}]*"vars"\s*:\s*(\[[^\[\]{}]*\])')
_TRUTH = re.compile(rb"(XMLSchema#boolean\"\s*,\s*\"value\"\s*:\s*\")([01])\"")
_WORDS = {b"1": b"true", b"0": b"false"}


def form(text: str) -> str:
    """The keyword that says what a query returns; empty where there is none.

    >>> form("PREFIX ask: <urn:ask> SELECT * {}")
    'SELECT'
    """
    return next((token.word for token in tokens(text) if token.word in FORMS), "")


def sent(profile: Profile, text: str, keyword: str) -> str:
    """The text as the product reads it."""
    if not profile.reads_escapes and "\\" in text:
        text = _replaced(text, _plain_iris(text))
    if keyword == "DESCRIBE" and profile.describe_prologue:
        text = f"{profile.describe_prologue}\n{text}"
    return text


def counting(text: str, keyword: str) -> str | None:
    """A query of as many rows as a graph is made from; None where a graph is made from none.

    >>> counting("CONSTRUCT { ?s a ?o } WHERE { ?s ?p ?o } LIMIT 5", "CONSTRUCT")
    'SELECT (1 AS ?rowOfAnswer) WHERE { ?s ?p ?o } LIMIT 5'
    >>> counting("DESCRIBE <urn:a>", "DESCRIBE") is None
    True
    """
    found = list(tokens(text))
    place = next(number for number, token in enumerate(found) if token.word == keyword)
    if keyword == "CONSTRUCT" and found[place + 1].sign == "{":
        last = _closing(found, place + 1)
        return f"{text[: found[place].start]}{_ROW}{text[found[last].end :]}"
    begin = next((token for token in found[place + 1 :] if token.sign == "{" or token.word in ("FROM", "WHERE")), None)
    if begin is None or not any(token.sign == "{" for token in found[place:]):
        return None
    return f"{text[: found[place].start]}{_ROW} {text[begin.start :]}"


def plain(name: str) -> str:
    r"""An IRI or a name without its escapes, in which a forbidden beginning could hide.

    >>> plain(r"\u0062if:sleep")
    'bif:sleep'
    """
    return unescaped(name)


def as_written(text: str, body: bytes) -> bytes:
    """The answer with the variables of SELECT * in the order in which the query first names them.

    >>> as_written("SELECT * { ?s ?p ?o }", b'{"head":{"vars":["o","p","s"]},"results":{"bindings":[]}}')
    b'{"head":{"vars":["s", "p", "o"]},"results":{"bindings":[]}}'
    """
    star, head = STAR.match(text), _HEAD.match(body)
    if star is None or head is None:
        return body
    names: list[str] = json.loads(head[1])
    seen = {name: place for place, name in enumerate(dict.fromkeys(VARIABLE.findall(text, star.end())))}
    ordered = sorted(names, key=lambda name: seen.get(name, len(seen)))
    return body[: head.start(1)] + json.dumps(ordered).encode() + body[head.end(1) :]


def received(profile: Profile, body: bytes) -> bytes:
    """The answer as the standard writes it."""
    for theirs, ours in profile.datatypes.items():
        if (name := theirs.encode()) in body:
            for before, after in ((b'"', b'"'), (b"^^<", b">")):
                body = body.replace(before + name + after, before + ours.encode() + after)
    if profile.numeric_booleans and b"XMLSchema#boolean" in body:
        body = _TRUTH.sub(lambda found: found[1] + _WORDS[found[2]] + b'"', body)
    if profile.ask_variable and profile.ask_variable.encode() in body[:200]:
        body = _truth(profile.ask_variable, body)
    return body


def _truth(name: str, body: bytes) -> bytes:
    head = rf'\s*\{{\s*"head"\s*:\s*\{{[^{{}}]*"vars"\s*:\s*\[\s*"{name}"\s*\]'
    if not re.match(head.encode(), body):
        return body
    value = re.search(rf'"{name}"\s*:\s*\{{[^{{}}]*"value"\s*:\s*"(\w+)"'.encode(), body)
    truth = value is not None and value[1] not in (b"0", b"false")
    return b'{"head":{},"boolean":%s}' % (b"true" if truth else b"false")


def _plain_iris(text: str) -> Iterator[tuple[int, int, str]]:
    for token in tokens(text):
        if token.kind == "iri" and "\\" in token.text:
            plain = unescaped(token.text[1:-1])
            if not _UNFIT.search(plain):
                yield token.start, token.end, f"<{plain}>"


def _replaced(text: str, edits: Iterator[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    kept = 0
    for start, end, new in edits:
        parts += (text[kept:start], new)
        kept = end
    return "".join([*parts, text[kept:]])


def _closing(found: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(found)):
        depth += {"{": 1, "}": -1}.get(found[index].sign, 0)
        if not depth:
            return index
    return len(found) - 1
