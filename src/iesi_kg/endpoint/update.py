"""Turns the text of a SPARQL Update request into operations that can be tried, each with the graphs it may change.

A request is cut at the semicolons between its operations (https://www.w3.org/TR/sparql11-update/#updateLanguage, rules
29 to 31); each operation goes to the engine with all the prologue before it, because the engine takes none after the
first one. What cannot be told for sure (a relative IRI, a variable) counts as any graph: that costs time, not truth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pyoxigraph import RdfFormat, parse, serialize

from iesi_kg.endpoint.diagnosis import explain
from iesi_kg.endpoint.protocol import Update
from iesi_kg.endpoint.syntax import Guards, bound, position
from iesi_kg.errors import PeerError, QueryRefused, QuerySyntaxError, RequestError
from iesi_kg.store import lexis
from iesi_kg.store.amending import DELETE, INSERT, TRIAL, Operation
from iesi_kg.store.lexis import Token
from iesi_kg.store.settling import settled, unescaped

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\\]*")
_PROLOGUE = frozenset({"PREFIX", "BASE", "VERSION"})
_LENGTHS = {"PREFIX": 3, "BASE": 2, "VERSION": 2}
_OPENING, _CLOSING = frozenset("{(["), frozenset("})]")
_INTO = 4  # iri INTO GRAPH iri
_ENTITIES = (b"<!DOCTYPE", b"<!ENTITY")
_PAIRS = frozenset({"ADD", "MOVE", "COPY"})
MERGED = "urn:x-iesi-kg:merged"
SEVERAL = 2
PROLOGUES = 50  # so many times the longest text may the prologues of one request have together
_SINGLES = frozenset({"CLEAR", "DROP", "CREATE"})


@dataclass(frozen=True, slots=True)
class Plan:
    """The operations of a request, where each began in its text, and the keyword for which it will be refused."""

    text: str
    operations: tuple[Operation, ...]
    starts: tuple[tuple[int, int], ...]
    refused: str = ""

    def explain(self, error: QuerySyntaxError) -> QuerySyntaxError:
        """The same error at its place in the whole request, in plain words."""
        number, line, column = (error.members.get(name) for name in ("operation", "line", "column"))
        if not (isinstance(number, int) and isinstance(line, int) and isinstance(column, int)):
            return error
        before, start = self.starts[number]
        if line > before:
            first, indent = position(self.text, start)
            line, column = line - before + first - 1, column + (indent - 1 if line == before + 1 else 0)
        elif number:
            return error
        engine = error.detail.partition(": ")[2]
        return explain(self.text, QuerySyntaxError(f"line {line}, column {column}: {engine}", line=line, column=column))

    def refuse(self) -> None:
        """Raise QueryRefused where a keyword of the request is not served; to be asked once it is known to be sound."""
        if not self.refused:
            return
        raise QueryRefused(
            f"{self.refused} is not served here: the service opens no connection for an update",
            hint="fetch the data yourself and send them: INSERT DATA, or PUT and POST at /graph; LOAD works for those "
            "with a token, from addresses that the list of peers offers",
            keyword=self.refused,
        )


@dataclass(frozen=True, slots=True)
class Load:
    """A LOAD: the document it asks for, the graph it goes into (empty for the default graph), whether it may fail."""

    document: str
    graph: str
    silent: bool


def loads(text: str) -> tuple[Load, ...]:
    """The LOAD operations of a request that name a document and a graph for sure."""
    names = _Names()
    found = (_load(tokens, names) for tokens in _split(settled(text, relative=True), names))
    return tuple(load for load in found if load is not None)


def _load(tokens: Sequence[Token], names: _Names) -> Load | None:
    """SPARQL 1.1 Update, rule 31: LOAD SILENT? iri ( INTO GRAPH iri )?"""
    words = [token.word for token in tokens]
    silent = words[1:2] == ["SILENT"]
    rest = tokens[2 if silent else 1 :]
    if words[0] != "LOAD" or len(rest) not in (1, _INTO) or [t.word for t in rest[1:3]] not in ([], ["INTO", "GRAPH"]):
        return None
    document = names.resolve(rest[0])
    graph = names.resolve(rest[-1]) if len(rest) == _INTO else ""
    return None if document is None or graph is None else Load(document, graph, silent)


def insertion(load: Load, content: bytes, media_type: str) -> str:
    """A fetched document as INSERT DATA. Raises PeerError for one that cannot be read as what it says it is."""
    syntax = RdfFormat.from_media_type(media_type)
    if syntax is None or any(mark in content for mark in _ENTITIES):
        raise PeerError(f"<{load.document}> is {media_type} that is not taken: it declares a DOCTYPE or is no RDF")
    try:
        quads = parse(content, syntax, base_iri=load.document, rename_blank_nodes=True)
        text = (serialize((quad.triple for quad in quads), format=RdfFormat.N_TRIPLES) or b"").decode()
    except (SyntaxError, ValueError) as error:
        raise PeerError(f"<{load.document}> cannot be read as {media_type}: {str(error)[:300]}") from None
    return f"INSERT DATA {{ GRAPH <{load.graph}> {{ {text} }} }}" if load.graph else f"INSERT DATA {{ {text} }}"


def plan(update: Update, guards: Guards, loaded: Mapping[Load, str] | None = None) -> Plan:
    """The operations of an update; ``loaded`` are the LOADs that were answered, as what they insert.

    Raises QueryRefused, QuerySyntaxError and RequestError.
    """
    text = settled(update.text, relative=True)
    # The quads of INSERT DATA are no patterns; those of other operations are counted one operation at a time.
    words = bound(text, replace(guards, patterns=guards.length))
    loaded = loaded or {}
    refused = "SERVICE" if "service" in words else "LOAD" if _loads(text, loaded) else ""
    operations: list[Operation] = []
    starts: list[tuple[int, int]] = []
    names = _Names()
    _refuse_shared_blank_nodes(text)
    carried = 0
    for number, tokens in enumerate(_split(text, names), 1):
        _bound_operations(number, carried, guards)
        load = _load(tokens, names)
        if load is not None and load in loaded and not refused:
            operations.append(Operation(loaded[load], _touched(tokens, names), INSERT))
            starts.append((0, tokens[0].start))
            continue
        body = text[tokens[0].start : tokens[-1].end]
        data = tokens[0].word if len(tokens) > 1 and tokens[1].word == "DATA" else ""
        if not data:
            bound(body, guards)
        tried = bool(refused) or tokens[0].word == "LOAD"
        head = names.prologue + (f"{TRIAL}\n" if tried else "")
        body, merged = _with_dataset(body, tokens, update)
        carried += len(head) * (len(merged) + 1)
        _bound_operations(number, carried, guards)
        steps = [Operation(head + body, _touched(tokens, names), data, len(head), tried)]
        if len(merged) > 1 and not tried:
            # A triple of two default graphs counts once (SPARQL 1.1 Query section 13.2): they are merged for a moment.
            copies = (f"ADD SILENT {graph} TO <{MERGED}>" for graph in merged)
            steps = [
                *(Operation(head + copy, (MERGED,)) for copy in copies),
                *steps,
                Operation(f"DROP SILENT GRAPH <{MERGED}>", (MERGED,)),
            ]
        operations.extend(steps)
        starts.extend([(head.count("\n"), tokens[0].start)] * len(steps))
    return Plan(text, tuple(operations), tuple(starts), refused)


def _bound_operations(number: int, carried: int, guards: Guards) -> None:
    """Each operation goes to the engine with its whole prologue, so that both together are bounded."""
    most = guards.length * PROLOGUES
    if number <= guards.patterns and carried <= most:
        return
    bound_met = f"{guards.patterns:,} operations" if number > guards.patterns else f"{most:,} characters of prologues"
    raise QueryRefused(
        f"the request has more than {bound_met}, its prologue counted once for each operation",
        hint="put the quads of many operations into one INSERT DATA or DELETE DATA, or send several requests",
        limit="query_patterns" if number > guards.patterns else "query_length",
        maximum=guards.patterns if number > guards.patterns else most,
    )


class _Names:
    """The prologue read so far, and what a name means under it."""

    def __init__(self) -> None:
        self.prologue = ""
        self._prefixes: dict[str, str] = {}

    def declare(self, tokens: Sequence[Token], text: str) -> None:
        """Take one declaration."""
        self.prologue += text[tokens[0].start : tokens[-1].end] + "\n"
        if tokens[0].word == "PREFIX" and len(tokens) == _LENGTHS["PREFIX"]:
            self._prefixes[tokens[1].text] = unescaped(tokens[2].text[1:-1])

    def resolve(self, token: Token) -> str | None:
        """The IRI of a graph, None where that is not sure."""
        if token.kind == "iri":
            iri = unescaped(token.text[1:-1])
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            iri = self._prefixes.get(f"{prefix}:", "\\") + local
        else:
            return None
        return iri if _ABSOLUTE.fullmatch(iri) else None


def _split(text: str, names: _Names) -> Iterator[list[Token]]:
    """The tokens of each operation; declarations in front of it are taken into ``names`` first."""
    found, depth = list(lexis.tokens(text)), 0
    current: list[Token] = []
    index = 0
    while index < len(found):
        token = found[index]
        if not current and token.word in _PROLOGUE:
            length = _LENGTHS[token.word]
            names.declare(found[index : index + length], text)
            index += length
            continue
        index += 1
        depth += (token.sign in _OPENING) - (token.sign in _CLOSING)
        if token.sign == ";" and depth == 0:
            if not current:
                line, column = position(text, token.start)
                raise QuerySyntaxError(
                    f"line {line}, column {column}: an operation is missing before ';'", line=line, column=column
                )
            yield current
            current = []
            continue
        current.append(token)
    if current:
        yield current


def _loads(text: str, loaded: Mapping[Load, str]) -> bool:
    """Whether a request asks for a LOAD that may not fail; one with SILENT may, and then changes nothing."""
    names = _Names()
    return any(
        tokens[0].word == "LOAD"
        and (len(tokens) == 1 or tokens[1].word != "SILENT")
        and _load(tokens, names) not in loaded
        for tokens in _split(text, names)
    )


def _refuse_shared_blank_nodes(text: str) -> None:
    """A label may stand in one INSERT DATA of a request only (SPARQL 1.1 Update, note 8 of the grammar)."""
    if "_:" not in text:
        return
    seen: dict[str, int] = {}
    for number, tokens in enumerate(_split(text, _Names())):
        for token in tokens if [t.word for t in tokens[:2]] == [INSERT, "DATA"] else ():
            if token.kind == "blank" and seen.setdefault(token.text, number) != number:
                line, column = position(text, token.start)
                raise QuerySyntaxError(
                    f"line {line}, column {column}: the blank node {token.text} stands in two INSERT DATA operations",
                    hint="use another label: the same one would not mean the same node",
                    line=line,
                    column=column,
                )


def _with_dataset(body: str, tokens: Sequence[Token], update: Update) -> tuple[str, tuple[str, ...]]:
    """The operation with the protocol's dataset as USING clauses (SPARQL 1.1 Protocol section 2.2.3).

    Several default graphs become the one that is their merge; these graphs are returned too.
    """
    outer = list(_outer(tokens))
    own = [(token, outer[index + 1]) for index, token in enumerate(outer[:-1]) if token.word == "USING"]
    where = next((index for index, token in enumerate(outer) if token.word == "WHERE"), 0)
    if not update.using and not update.using_named:
        return _merged(body, tokens[0].start, own)
    for token in outer:
        if token.word in ("USING", "WITH"):
            raise RequestError(
                f"the request names its graphs twice: by using-graph-uri or using-named-graph-uri, and by {token.word}",
                hint="leave out one of the two (SPARQL 1.1 Protocol section 2.2.3)",
            )
    if not where:
        return body, ()
    default = tuple(dict.fromkeys(f"<{graph}>" for graph in update.using))
    clauses = [f"USING {graph}" for graph in (default if len(default) < SEVERAL else (f"<{MERGED}>",))]
    clauses += [f"USING NAMED <{graph}>" for graph in update.using_named]
    place = outer[where].start - tokens[0].start
    pattern = body[outer[where].end - tokens[0].start :] if outer[where - 1].word == DELETE else ""
    return f"{body[:place]}{pattern} {' '.join(clauses)} {body[place:]}", default


def _merged(body: str, start: int, own: Sequence[tuple[Token, Token]]) -> tuple[str, tuple[str, ...]]:
    """The operation with one USING clause for all of its own that name default graphs."""
    pairs = [(using, graph) for using, graph in own if graph.word != "NAMED"]
    default = tuple(dict.fromkeys(graph.text for _, graph in pairs))
    if len(default) < SEVERAL:
        return body, default
    for using, graph in reversed(pairs):
        clause = f"USING <{MERGED}>" if using is pairs[0][0] else ""
        body = body[: using.start - start] + clause + body[graph.end - start :]
    return body, default


def _outer(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens outside all braces, opening ones included."""
    depth = 0
    for token in tokens:
        if depth == 0:
            yield token
        depth += (token.sign == "{") - (token.sign == "}")


def _touched(tokens: Sequence[Token], names: _Names) -> tuple[str, ...] | None:
    """The graphs that an operation may change; None where it may be any."""
    first = tokens[0].word
    words = [token for token in tokens if token.word not in ("SILENT", "GRAPH", "TO")]
    if first in _SINGLES or first in _PAIRS:
        found = [("" if token.word == "DEFAULT" else names.resolve(token)) for token in words[1:]]
    elif first in (INSERT, DELETE, "WITH"):
        found = list(_of_templates(tokens, names))
    else:
        return None
    known = [name for name in found if name is not None]
    return tuple(dict.fromkeys(known)) if len(known) == len(found) else None


def _of_templates(tokens: Sequence[Token], names: _Names) -> Iterator[str | None]:
    """The graphs that the templates of DELETE and INSERT name."""
    plain = names.resolve(tokens[1]) if tokens[0].word == "WITH" and tokens[1:] else ""
    depth, template, graph = 0, False, False
    before = ""
    for token in tokens:
        sign = token.sign
        if sign == "{" and depth == 0:
            template = before in (INSERT, DELETE, "WHERE-OF-DELETE", "DATA")
        elif template and depth == 1 and sign not in ("}", "{", "."):
            if graph:
                yield names.resolve(token)
            elif token.word != "GRAPH":
                yield plain
            graph = token.word == "GRAPH" and not graph
        depth += (sign == "{") - (sign == "}")
        before = "WHERE-OF-DELETE" if token.word == "WHERE" and before == DELETE else token.word
