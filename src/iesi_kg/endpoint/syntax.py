"""Turns the text of a SPARQL query into its form and the facts that decide whether it may run here.

The tokens of SPARQL are a regular language (https://www.w3.org/TR/sparql11-query/#sparqlGrammar, rules 139 to 173), so
one pass of one expression without backtracking finds every bracket, keyword and operator that is not part of a
comment, a string, an IRI or a name. The engine parses what is let through, in a process that may die of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from iesi_kg.errors import QueryRefused, QuerySyntaxError
from iesi_kg.records import Form
from iesi_kg.store.settling import IRI, STRING, settled

_TOKEN = re.compile(
    rf"""
    (?: \s+
      | \#[^\n\r]*+
      | <{IRI}>
      | {STRING}
      | [?$]\w++
      | @[A-Za-z]++(?:-++[A-Za-z0-9]++)*+
      | \^\^
      | \d++(?:\.\d++)?+(?:[eE][+-]?\d++)?+
      | \.\d++
      | (?:[^\W\d][\w.\-\u00b7]*+)?+:(?:[\w:%\-\u00b7]|\\.|\.(?=[\w:%\-\\.\u00b7]))*+
    )++
    | ( [^\W\d][\w.\-]*+ | [{{}}()\[\]] | && | \|\| | [-+*/|!=<>^.;,] | ["'].*+ )
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_JOINTS = re.compile(r"[.\-\u00b7]")
_CALLS = ("now(", "rand(", "uuid(", "bnode(")
_HIDDEN_CALL = re.compile(r"<[^<>\s]*\b(?:now|rand|uuid|struuid|bnode)\(", re.IGNORECASE)

_OPENING, _CLOSING = frozenset("{(["), frozenset("})]")
_PUNCTUATION = frozenset("{}()[]|-+*/!=<>^.;,") | {"&&", "||"}
_SHOWN = 40
_SHORT = 2_000
_PROLOGUE = frozenset({"prefix", "base", "version"})
_FORMS = {
    "select": Form.SOLUTIONS,
    "ask": Form.BOOLEAN,
    "construct": Form.GRAPH,
    "describe": Form.GRAPH,
}
_UPDATES = frozenset({"insert", "delete", "load", "clear", "drop", "create", "copy", "move", "add", "with", "modify"})
_VOLATILE = frozenset({"now", "rand", "uuid", "struuid", "bnode"})
_WAVERING = _VOLATILE | {"limit", "offset", "sample", "group_concat"}
_CLAUSES = frozenset({"filter", "bind", "as", "union", "optional", "minus", "graph", "exists", "values", "lateral"})
_SEPARATORS = frozenset({".", ";", "{"})
_OPERATORS = frozenset({"&&", "||", "-", "+", "*", "/", "|", "!", "=", "<", ">", "^"})
_STEPS = frozenset({"/", "|", "^"})
_ENDINGS = frozenset({".", ";", ",", "{", "}"})
_DATA_WORDS = frozenset({"undef", "true", "false"})
_TERM = re.compile(
    rf"""
      \#[^\n\r]*+
    | <{IRI}>
    | (?:{STRING})
      (?:@[\w-]++ | \^\^(?:<[^<>\s]*+> | [\w.\-]*+:[\w:%.\-]*+))?+
    | (?P<bracket>[{{}}])
    | [?$]\w++
    | [+-]?\.?\d[\w.+-]*+
    | (?:[^\W\d][\w.\-]*+)?+:(?:[\w:%.\-]|\\.)*+
    | (?P<word>[^\W\d]\w*+)
    """,
    re.VERBOSE | re.DOTALL,
)
OPERATORS_PER_PATTERN = 3


@dataclass(frozen=True, slots=True)
class Guards:
    """What a query text may be.

    Its length in characters, its depth of brackets, its number of patterns, the operators of one path, the terms in its
    VALUES blocks, its SERVICE clauses (none where federation is off).
    """

    length: int
    nesting: int
    patterns: int
    path: int = 100
    values: int = 10_000
    services: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a query before it is parsed; a volatile one may answer differently the next time.

    A federated one has a SERVICE, and may run only where that is answered by us and not by the engine.
    """

    form: Form
    keyword: str
    volatile: bool
    federated: bool = False


def inspect(text: str, guards: Guards) -> Shape:
    """The shape of a query that may run. Raises QuerySyntaxError or QueryRefused.

    >>> inspect("PREFIX a: <urn:a> ASK { ?s a:now ?o }", Guards(100, 10, 10))
    Shape(form=<Form.BOOLEAN: 'boolean'>, keyword='ASK', volatile=False, federated=False)
    """
    if len(text) > guards.length:
        raise QueryRefused(
            f"the query is {len(text):,} characters long; at most {guards.length:,} are accepted",
            hint="ask in several smaller queries, or fetch the data and query them on your own machine",
            limit="query_length",
            maximum=guards.length,
            actual=len(text),
        )
    return _short(text, guards) if len(text) <= _SHORT else _inspect(text, guards)


def bound(text: str, guards: Guards) -> set[str]:
    """The keywords, in lower case, of an update within the limits of a text. Raises QueryRefused, QuerySyntaxError."""
    if len(text) > guards.length:
        raise QueryRefused(
            f"the update is {len(text):,} characters long; at most {guards.length:,} are accepted",
            hint="send large data as a file: PUT or POST at /graph",
            limit="query_length",
            maximum=guards.length,
            actual=len(text),
        )
    text = settled(text, relative=True)
    tokens = [token for token in _TOKEN.findall(text) if token]
    words = _words(tokens)
    _check_nesting(tokens, guards)
    _check_patterns(tokens, guards)
    _check_paths(tokens, guards)
    if "values" in words:
        _check_values(text, guards)
    return words


def _inspect(text: str, guards: Guards) -> Shape:
    text = settled(text)
    tokens = [token for token in _TOKEN.findall(text) if token]
    keyword = _keyword(text, tokens)
    words = _words(tokens)
    federated = "service" in words
    if federated:
        _check_services(text, tokens, guards)
    # Neither limit can be passed by fewer tokens than it allows, and nearly every query has fewer.
    if len(tokens) > guards.nesting:
        _check_nesting(tokens, guards)
    if len(tokens) + text.count(".") > guards.patterns:
        _check_patterns(tokens, guards)
    if len(tokens) > guards.path:
        _check_paths(tokens, guards)
    # A term takes a character and one of space behind it.
    if "values" in words and len(text) > 2 * guards.values:
        _check_values(text, guards)
    volatile = federated or not _VOLATILE.isdisjoint(words) or _hides_call(text)
    return Shape(_FORMS[keyword], keyword.upper(), volatile, federated)


_short = lru_cache(maxsize=1024)(_inspect)  # long texts are rarely asked twice and would fill the memory


def wavers(text: str) -> bool:
    """Whether a part of a query may come out otherwise when it is evaluated again.

    >>> wavers("{ SELECT ?s { ?s ?p ?o } LIMIT 3 }"), wavers("?limit a <urn:now>")
    (True, False)
    """
    words = _words(token for token in _TOKEN.findall(settled(text)) if token)
    return not words.isdisjoint(_WAVERING) or _hides_call(text)


def _hides_call(text: str) -> bool:
    """Whether a call of what varies may stand in what looks like an IRI."""
    low = text.lower()
    return any(call in low for call in _CALLS) and _HIDDEN_CALL.search(text) is not None


def mentions(text: str, keyword: str) -> bool:
    """Whether a keyword, given in lower case, stands in a query outside strings, IRIs, names and comments.

    >>> mentions("ASK { ?service a <urn:service> } # service", "service")
    False
    """
    return keyword in _words(token for token in _TOKEN.findall(settled(text)) if token)


def _words(tokens: Iterable[str]) -> set[str]:
    """Keywords in lower case; dots and hyphens, which a prefixed name may hold, end a word that has no colon."""
    return set(_JOINTS.sub(" ", " ".join({token for token in tokens if token not in _PUNCTUATION}).lower()).split())


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both counted from 1.

    >>> position("ASK\\n{ ?", 6)
    (2, 3)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _keyword(text: str, tokens: Iterable[str]) -> str:
    first = next((word for token in tokens if (word := token.lower()) not in _PROLOGUE), None)
    if first in _FORMS:
        return first
    if first in _UPDATES:
        raise QueryRefused(
            f"{first.upper()} is SPARQL Update, which is not sent as a query",
            hint="POST it to /update; what is published changes by `iesi-kg submit FILE` alone",
            keyword=first.upper(),
        )
    if first is None:
        raise _syntax(text, len(text.rstrip()), "the query is empty: SELECT, ASK, CONSTRUCT or DESCRIBE is missing")
    shown = first if len(first) <= _SHOWN else first[:_SHOWN] + "..."
    raise _syntax(text, _find(text, first), f"expected SELECT, ASK, CONSTRUCT or DESCRIBE, found {shown!r}")


def _check_services(text: str, tokens: Iterable[str], guards: Guards) -> None:
    line, column = position(text, _find(text, "service"))
    if not guards.services:
        raise QueryRefused(
            "SERVICE is not answered here: the endpoint opens no connection to other servers",
            hint="query this endpoint from the other one (SERVICE into this address works), or join on your side",
            keyword="SERVICE",
            line=line,
            column=column,
        )
    count = sum("service" in _JOINTS.split(token.lower()) for token in tokens)
    if count > guards.services:
        raise QueryRefused(
            f"the query has {count} SERVICE clauses; at most {guards.services} are accepted",
            hint="ask in several queries",
            limit="query_services",
            maximum=guards.services,
            actual=count,
        )


def _check_nesting(tokens: Iterable[str], guards: Guards) -> None:
    depth = deepest = 0
    for token in tokens:
        if token in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif token in _CLOSING:
            depth -= 1
    if deepest > guards.nesting:
        raise QueryRefused(
            f"the query nests brackets {deepest:,} deep; at most {guards.nesting:,} levels are accepted",
            hint="flatten the groups: braces around a single pattern can be left out",
            limit="query_nesting",
            maximum=guards.nesting,
            actual=deepest,
        )


def _check_patterns(tokens: Iterable[str], guards: Guards) -> None:
    counts = Counter(tokens)
    patterns = sum(counts[token] for token in _SEPARATORS)
    operators = sum(counts[token] for token in _OPERATORS)
    for token, count in counts.items():
        if token not in _PUNCTUATION:
            parts = _JOINTS.split(token.lower())
            patterns += count * (token.count(".") + sum(part in _CLAUSES for part in parts))
    most = guards.patterns * OPERATORS_PER_PATTERN
    for count, maximum, noun in ((patterns, guards.patterns, "patterns"), (operators, most, "operators")):
        if count > maximum:
            raise QueryRefused(
                f"the query has about {count:,} {noun}; at most {maximum:,} are accepted",
                hint="put long lists of things into one VALUES block or one IN (...)",
                limit="query_patterns",
                maximum=maximum,
                actual=count,
            )


def _check_paths(tokens: Iterable[str], guards: Guards) -> None:
    """The longest run of path operators that no pattern ends; the engine walks paths by recursion."""
    longest = run = 0
    for token in tokens:
        if token in _STEPS:
            run += 1
            longest = max(longest, run)
        elif token in _ENDINGS:
            run = 0
    if longest > guards.path:
        raise QueryRefused(
            f"a path of the query has {longest:,} operators; at most {guards.path:,} are accepted",
            hint="write p* or p+ for a path of any length",
            limit="query_path",
            maximum=guards.path,
            actual=longest,
        )


def _check_values(text: str, guards: Guards) -> None:
    terms, depth, inside = 0, 0, False
    for match in _TERM.finditer(text):
        token = match[0]
        if match["word"]:
            inside = inside or token.lower() == "values"
            terms += inside and token.lower() in _DATA_WORDS and depth > 0
        elif match["bracket"]:
            if inside:
                depth += 1 if token == "{" else -1
                inside = depth > 0
        elif inside and depth > 0:
            terms += 1
    if terms > guards.values:
        raise QueryRefused(
            f"the VALUES blocks of the query hold {terms:,} terms; at most {guards.values:,} are accepted",
            hint="ask in several queries of fewer values each",
            limit="query_values",
            maximum=guards.values,
            actual=terms,
        )


def _find(text: str, word: str) -> int:
    """Where a keyword stands (only on the way to an error, so a second pass is affordable)."""
    for match in _TOKEN.finditer(text):
        token = match.group(1)
        if token and word in _JOINTS.split(token.lower()):
            return match.start(1)
    return 0


def _syntax(text: str, offset: int, detail: str) -> QuerySyntaxError:
    line, column = position(text, offset)
    return QuerySyntaxError(f"line {line}, column {column}: {detail}", line=line, column=column)
