"""The text of RDF files to the line at which the first statement on each node begins, where the syntax shows it.

Turtle and TriG (https://www.w3.org/TR/turtle/#sec-grammar) are read as tokens, the line-based syntaxes by their lines,
RDF/XML by its ``rdf:about``. What is not found has no line: no place is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin
from xml.parsers import expat

from iesi_kg.errors import InputError
from iesi_kg.ingest.kinds import Kind
from iesi_kg.ingest.rdf import utf8
from iesi_kg.records import Finding, SourceFile
from iesi_kg.vocabulary.namespaces import RDF

_TOKENS = re.compile(
    r"""(?P<skipped>[#][^\n]*|\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|@[a-z]+(?:-[a-z0-9]+)+|[+-]?[0-9]*[.]?[0-9]+(?:[eE][+-]?[0-9]+)?)
      |<(?P<iri>[^<>"{}|^`\\\s]*)>
      |(?P<prefix>[^\W\d_](?:[\w.-]*[\w-])?)?:(?P<local>(?:[\w:%-]|\\.|[.](?=[\w:%.\\-]))*)
      |(?P<word>@?[A-Za-z]+)|(?P<sign>[][(){}.;,])""",
    re.S | re.X,
)
_STATED = re.compile(rb"^[ \t]*<([^<>\s]*)>", re.M)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ABOUT = f"{RDF}|about"


def placed(files: Sequence[tuple[SourceFile, Kind]], findings: Iterable[Finding]) -> list[Finding]:
    """The findings on nodes of RDF files, each with the line at which the file first says something of its node."""
    found = list(findings)
    several = len(files) > 1
    for source, kind in files:
        if kind.tabular:
            continue
        mine = [f for f in found if f.focus_node and not (f.row or f.line) and (not several or f.file == source.name)]
        if mine:
            at = lines(source, kind, {finding.focus_node or "" for finding in mine})
            chosen = {id(finding) for finding in mine}
            found = [replace(f, line=at.get(f.focus_node or "")) if id(f) in chosen else f for f in found]
    return found


def lines(source: SourceFile, kind: Kind, wanted: Iterable[str]) -> dict[str, int]:
    """The line of the first statement on each IRI that is wanted and found."""
    try:
        content = utf8(source, kind)
    except InputError:
        return {}
    subjects = _SUBJECTS[kind](content) if kind in _SUBJECTS else iter(())
    found: dict[str, int] = {}
    missing = set(wanted)
    for iri, line in subjects:
        if iri in missing:
            found[iri] = line
            missing.discard(iri)
            if not missing:
                break
    return found


def _by_line(content: bytes) -> Iterator[tuple[str, int]]:
    line, end = 1, 0
    for match in _STATED.finditer(content):
        line += content.count(b"\n", end, match.start())
        end = match.start()
        yield match[1].decode(), line


@dataclass(slots=True)
class _Reader:
    """Reads tokens of Turtle or TriG, and knows at which of them a statement begins."""

    prefixes: dict[str, str] = field(default_factory=dict)
    base: str = ""
    depth: int = 0
    fresh: bool = True
    declaring: str = ""
    naming: str = ""
    candidate: tuple[str, int] | None = None

    def take(self, token: re.Match[str], line: int) -> Iterator[tuple[str, int]]:
        """The subject that is known to be one with this token: a name before ``{`` is that of a graph."""
        sign, word = token["sign"], token["word"]
        if self.candidate is not None:
            if sign != "{":
                yield self.candidate
            self.candidate = None
        if self.declaring:
            self._declare(token)
        elif sign:
            self._punctuate(sign)
        elif word and word.lstrip("@").casefold() in ("prefix", "base") and self.fresh:
            self.declaring = word.lstrip("@").casefold()
        elif self.fresh and not word:
            self.fresh = False
            iri = self._resolved(token)
            self.candidate = (iri, line) if iri else None

    def _punctuate(self, sign: str) -> None:
        if sign in "[(":
            self.depth, self.fresh = self.depth + 1, False
        elif sign in "])":
            self.depth -= 1
        elif sign in ".{}" and self.depth == 0:
            self.fresh = True

    def _declare(self, token: re.Match[str]) -> None:
        if token["iri"] is None:
            self.naming = token["prefix"] or ""
            return
        address = self._whole(token["iri"])
        if self.declaring == "base":
            self.base = address
        else:
            self.prefixes[self.naming] = address
        self.declaring = ""

    def _whole(self, reference: str) -> str:
        """A reference with the base before it where it is a relative one."""
        return reference if not self.base or _SCHEME.match(reference) else urljoin(self.base, reference)

    def _resolved(self, token: re.Match[str]) -> str:
        if token["iri"] is not None:
            return self._whole(token["iri"])
        space = self.prefixes.get(token["prefix"] or "")
        return space + re.sub(r"\\(.)", r"\1", token["local"] or "") if space is not None else ""


def _by_token(content: bytes) -> Iterator[tuple[str, int]]:
    text = content.decode("utf-8")
    reader = _Reader()
    line, end = 1, 0
    for token in _TOKENS.finditer(text):
        if token["skipped"] is not None:
            continue
        line += text.count("\n", end, token.start())
        end = token.start()
        yield from reader.take(token, line)


def _by_element(content: bytes) -> Iterator[tuple[str, int]]:
    """The elements that name what they are about by its whole address."""
    parser = expat.ParserCreate(namespace_separator="|")
    found: list[tuple[str, int]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if _ABOUT in attributes:
            found.append((attributes[_ABOUT], parser.CurrentLineNumber))

    parser.StartElementHandler = start
    parser.Parse(content, True)  # rdf.read has read it before
    yield from found


_SUBJECTS = {
    Kind.NTRIPLES: _by_line,
    Kind.NQUADS: _by_line,
    Kind.TURTLE: _by_token,
    Kind.TRIG: _by_token,
    Kind.RDFXML: _by_element,
}
