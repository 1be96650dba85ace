"""RDF bytes to triples in any of the RDF 1.1 syntaxes, guarded before the parser sees them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import IO, cast
from xml.parsers import expat

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest import jsonld
from iesi_kg.ingest.kinds import Kind, encoded
from iesi_kg.ingest.template import Template
from iesi_kg.records import CellRef, Finding, Severity, SourceFile, Submission
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.declared import meant, undeclared
from iesi_kg.vocabulary.namespaces import RDF
from iesi_kg.vocabulary.told import say

_FORMATS = {
    Kind.TURTLE: RdfFormat.TRIG,
    Kind.TRIG: RdfFormat.TRIG,
    Kind.NTRIPLES: RdfFormat.N_TRIPLES,
    Kind.NQUADS: RdfFormat.N_QUADS,
    Kind.RDFXML: RdfFormat.RDF_XML,
    Kind.JSONLD: RdfFormat.JSON_LD,
}
_BRACKETED = (Kind.TURTLE, Kind.TRIG, Kind.JSONLD)
_DEEPEST = 100
_TYPE = NamedNode(RDF + "type")
_SUBJECT, _PREDICATE, _OBJECT = (NamedNode(RDF + name) for name in ("subject", "predicate", "object"))
_TERM = (NamedNode, Literal)
_ADDRESS = re.compile(r"/id/statement/[0-9a-f]{16}$")
_PLACE = re.compile(r"\AParser error [a-z0-9 ]+: ")
_TOKENS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\''
    r"|<[^<>\s]*>|#[^\n]*|[\[({]|[\])}]",
    re.S,
)
_JSON_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.S)


def submission(source: SourceFile, kind: Kind, template: Template) -> Submission:
    """The statements of a file as they stand: no cells, but the same rules for what may be stored.

    Records are the nodes of the class that a row of the template makes. Raises UnreadableFile.
    """
    return of_triples(source, dict.fromkeys(read(source, kind)), template)


def records(triples: Iterable[Triple], template: Template) -> Iterator[NamedNode]:
    """The nodes that are described as records."""
    root = set(template.nodes[0].types)
    for t in triples:
        if t.object in root and t.predicate == _TYPE and isinstance(t.subject, NamedNode):
            yield t.subject


def of_triples(source: SourceFile, triples: Collection[Triple], template: Template) -> Submission:
    """The submission that statements make, with what is wrong in them."""
    subjects = dict.fromkeys(records(triples, template), CellRef())
    kept = tuple(t for t in triples if not _nested(t))
    return Submission(source, len(subjects), kept, subjects, {}, list(_findings(triples, subjects, template)))


def _nested(triple: Triple) -> bool:
    return isinstance(triple.subject, Triple) or isinstance(triple.object, Triple)


def _findings(triples: Collection[Triple], subjects: Collection[NamedNode], template: Template) -> Iterator[Finding]:
    if not subjects:
        yield Finding(
            Severity.VIOLATION,
            "no-records",
            say("no-records.rdf"),
            suggestion=say("no-records.remedy.rdf", names=", ".join(kind.value for kind in template.nodes[0].types)),
        )
    if any(map(_nested, triples)):
        yield Finding(
            Severity.VIOLATION,
            "quoted-triple",
            say("quoted-triple"),
            suggestion=say("quoted-triple.remedy"),
        )
    blank = {term for t in triples for term in (t.subject, t.object) if isinstance(term, BlankNode)}
    if blank:
        yield Finding(
            Severity.VIOLATION,
            "blank-node",
            say("blank-node.many" if len(blank) > 1 else "blank-node.one", n=len(blank)),
            suggestion=say("blank-node.remedy"),
        )
    for term in dict.fromkeys(term for t in triples for term in (t.predicate, t.object) if undeclared(term)):
        yield _undeclared(term)
    yield from _statements(triples, template)
    root, *others = (f"/id/{node.mint}/" for node in template.nodes if node.key or node.reifies)
    reached = _reached(triples, subjects, [f"/id/{node.mint}/" for node in template.nodes if node.reifies])
    for subject in dict.fromkeys(t.subject for t in triples if isinstance(t.subject, NamedNode)):
        path = iris.local_path(subject) or ""
        if not path.startswith((root, *others)):
            yield _foreign(subject, (root, *others))
        elif subjects and not path.startswith(root) and subject not in reached:
            yield _unreferenced(subject)
        elif path.startswith(root) and subjects and NamedNode(subject.value.partition("#")[0]) not in subjects:
            yield _undescribed(subject)


def _statements(triples: Collection[Triple], template: Template) -> Iterator[Finding]:
    """What is wrong with statements about statements: another address than theirs, or a fact that nobody states."""
    kinds = {kind for node in template.nodes if node.reifies for kind in node.types}
    nodes = (t.subject for t in triples if t.object in kinds)
    parts: dict[NamedNode, dict[NamedNode, object]] = {node: {} for node in nodes if isinstance(node, NamedNode)}
    for t in triples if parts else ():
        if isinstance(t.subject, NamedNode) and t.subject in parts:
            parts[t.subject][t.predicate] = t.object
    stated = set(triples) if parts else set()
    for node, facts in parts.items():
        subject, predicate, value = (facts.get(part) for part in (_SUBJECT, _PREDICATE, _OBJECT))
        if not (isinstance(subject, NamedNode) and isinstance(predicate, NamedNode)) or not isinstance(value, _TERM):
            continue  # said by the shapes
        fact = Triple(subject, predicate, value)
        if fact not in stated:
            yield _unstated(node, fact)
        elif _ADDRESS.search(node.value) and node != iris.statement(fact):
            yield _other_address(node, iris.statement(fact))


def _unstated(node: NamedNode, fact: Triple) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "fact-without-value",
        say("fact-without-value.statement"),
        value=str(fact),
        suggestion=say("fact-without-value.remedy.statement"),
        focus_node=node.value,
    )


def _other_address(node: NamedNode, right: NamedNode) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "statement-address",
        say("statement-address"),
        value=node.value,
        suggestion=right.value,
        focus_node=node.value,
    )


def _undeclared(term: NamedNode) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "unknown-term",
        say("unknown-term"),
        value=term.value,
        suggestion=meant(term) or say("unknown-term.remedy"),
    )


def _undescribed(subject: NamedNode) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "undescribed-record",
        say("undescribed-record"),
        value=subject.value,
        suggestion=say("undescribed-record.remedy"),
        focus_node=subject.value,
    )


def _reached(triples: Collection[Triple], subjects: Collection[NamedNode], notes: Collection[str]) -> set[NamedNode]:
    """What the records, their fragments and the notes on their statements refer to, one after the other."""
    near: dict[NamedNode, list[NamedNode]] = {}
    for t in triples:
        if isinstance(t.subject, NamedNode) and isinstance(t.object, NamedNode):
            near.setdefault(t.subject, []).append(t.object)
    reached = {node for node in near if NamedNode(node.value.partition("#")[0]) in subjects}
    reached |= {node for node in near if (iris.local_path(node) or "").startswith(tuple(notes))}
    waiting = [*reached]
    while waiting:
        new = set(near.get(waiting.pop(), ())) - reached
        reached |= new
        waiting += new
    return reached


def _unreferenced(subject: NamedNode) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "unreferenced-thing",
        say("unreferenced-thing"),
        value=subject.value,
        suggestion=say("unreferenced-thing.remedy"),
        focus_node=subject.value,
    )


def _foreign(subject: NamedNode, kinds: Iterable[str]) -> Finding:
    return Finding(
        Severity.VIOLATION,
        "foreign-subject",
        say("foreign-subject"),
        value=subject.value,
        suggestion=say(
            "foreign-subject.remedy", names=", ".join(dict.fromkeys(iris.from_path(kind).value for kind in kinds))
        ),
        focus_node=subject.value,
    )


def read(source: SourceFile, kind: Kind, base: str | None = None) -> Iterator[Triple]:
    """The triples of a file; graph names are left out. Raises UnreadableFile with the line of a syntax error."""
    content = utf8(source, kind)
    if kind is Kind.RDFXML:
        _guard_xml(source, content)
    elif kind in _BRACKETED:
        _guard_brackets(source, content.decode("utf-8"), kind)
    if kind is Kind.JSONLD:
        content = jsonld.with_our_context(content)
    try:
        for quad in pyoxigraph.parse(content, _FORMATS[kind], base_iri=base):
            yield quad.triple
    except SyntaxError as error:
        if "LoadDocumentCallback" in str(error.msg) or "remote context" in str(error.msg):
            raise _outside_context(source) from None
        reason = _PLACE.sub("", str(error.msg))
        line = error.lineno or _line_of_error(content, kind)
        raise _broken(source, kind, line, reason, column=error.offset) from None
    except (ValueError, OSError) as error:
        raise _broken(source, kind, _line_of_error(content, kind), str(error)) from None


class _LineByLine:
    """A stream that gives one line at a time, and so knows how far a parser has read."""

    def __init__(self, content: bytes) -> None:
        self._lines = BytesIO(content)
        self._line = b""
        self.number = 0

    def read(self, size: int) -> bytes:
        if not self._line:
            self._line = self._lines.readline()
            self.number += bool(self._line)
        piece, self._line = self._line[:size], self._line[size:]
        return piece


def _line_of_error(content: bytes, kind: Kind) -> int:
    """The line at which the parser stops, where it does not say so itself."""
    stream = _LineByLine(content)
    with suppress(SyntaxError, ValueError, OSError):
        for _ in pyoxigraph.parse(cast(IO[bytes], stream), _FORMATS[kind]):
            pass
    return stream.number


def _outside_context(source: SourceFile) -> UnreadableFile:
    return UnreadableFile(
        f"{source.name}: the JSON-LD takes its @context from an address, and no address is opened while a file is read",
        hint=say("unreadable-file.remedy.context", name=repr(jsonld.OURS)),
    )


def utf8(source: SourceFile, kind: Kind) -> bytes:
    """The text of a file as UTF-8. Raises UnreadableFile."""
    encoding = encoded(source.content)
    content = source.content[encoding.skip :]
    try:
        text = content.decode(encoding.name)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        told = f"the bytes are not {encoding.name.upper()}"
        raise _broken(source, kind, line, told, say("unreadable-file.remedy.utf8"), column=column) from None
    return content if encoding.name == "utf-8" else text.encode("utf-8")


def _broken(  # noqa: PLR0913
    source: SourceFile, kind: Kind, line: int | None, reason: str, hint: str | None = None, *, column: int | None = None
) -> UnreadableFile:
    place = (f", line {line}" if line else "") + (f", column {column}" if line and column else "")
    return UnreadableFile(
        f"{source.name}{place}: not well-formed {kind.value}: {reason}",
        hint=hint or say("unreadable-file.remedy.syntax"),
        line=line,
        column=column,
    )


def _too_deep(source: SourceFile, line: int) -> UnreadableFile:
    return UnreadableFile(
        f"{source.name}, line {line}: brackets or elements are nested more than {_DEEPEST} deep",
        hint=say("unreadable-file.remedy.flat"),
        line=line,
    )


def _guard_brackets(source: SourceFile, text: str, kind: Kind) -> None:
    """Refuse nesting that would exhaust the parser's stack, by counting brackets outside strings."""
    depth = 0
    for token in (_JSON_TOKENS if kind is Kind.JSONLD else _TOKENS).finditer(text):
        if token[0] in "[({":
            depth += 1
            if depth > _DEEPEST:
                raise _too_deep(source, text.count("\n", 0, token.start()) + 1)
        elif token[0] in "])}":
            depth -= 1


def _guard_xml(source: SourceFile, content: bytes) -> None:
    """Refuse a document type declaration (entities could expand without end) and deep nesting."""
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _too_deep(source, parser.CurrentLineNumber)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*declared: object) -> None:
        raise UnreadableFile(
            f"{source.name}, line {parser.CurrentLineNumber}: a DOCTYPE is not accepted, since it can declare entities "
            "that expand without end",
            hint=say("unreadable-file.remedy.doctype"),
        )

    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, end, doctype
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _broken(source, Kind.RDFXML, getattr(error, "lineno", None), str(error)) from None
