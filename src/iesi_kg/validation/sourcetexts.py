"""Saved texts of sources and the records of a file to warnings: a source that does not name the record it is given for,
and descriptions that repeat what a source says word for word.

Both are judged by words alone, without case, accents and signs; whether a text says what a record says is for a reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser

from pyoxigraph import Literal, NamedNode

from iesi_kg.records import CellRef, Finding, Severity, SourceFile, Submission
from iesi_kg.validation.wordruns import RUN, Run, Runs, words
from iesi_kg.vocabulary.namespaces import DCT, FOAF
from iesi_kg.vocabulary.told import Told, say

FORMS = (".txt", ".md", ".html", ".htm", ".csv", ".json")
_HEAD = 4_000  # letters in which a saved page says its address
_NEAR = 40  # words among which all telling words of a long name must stand
_LONG_NAME = 4
_TITLE, _OTHER = NamedNode(DCT + "title"), NamedNode(DCT + "alternative")
_TEXT, _SOURCE, _PAGE = NamedNode(DCT + "description"), NamedNode(DCT + "source"), NamedNode(FOAF + "page")
_SCHEME = re.compile(r"^https?://(?:www\.)?|/+$", re.I)
_ADDRESS = re.compile(r"https?://\S+")  # what stands in an address names nobody
_BRACKETS = re.compile(r"\s*\(([^()]*)\)\s*")


@dataclass(frozen=True, slots=True)
class SourceText:
    """A saved text: its file, how it begins, and its words."""

    name: str
    head: str
    words: tuple[str, ...]

    def is_of(self, address: str, record: str) -> bool:
        """Whether it was saved from this address, or for this record by its name."""
        bare = _SCHEME.sub("", address)
        said = re.search(re.escape(bare) + r"/?(?![\w/-])", self.head, re.I) is not None
        return said or re.match(re.escape(record) + r"(?![\w-]*[a-z])", self.name.rpartition("/")[2]) is not None

    def mentions(self, name: str) -> bool:
        """Whether a name stands in it, or all words of a long name near one another."""
        wanted = tuple(words(name))
        if not wanted:
            return False
        places = [at for at, word in enumerate(self.words) if word == wanted[0]]
        if any(self.words[at : at + len(wanted)] == wanted for at in places):
            return True
        return len(wanted) >= _LONG_NAME and self._near(set(wanted))

    def _near(self, wanted: set[str]) -> bool:
        places = [at for at, word in enumerate(self.words) if word in wanted]
        return any(wanted <= set(self.words[at : at + _NEAR]) for at in places)


def read(file: SourceFile) -> SourceText:
    """A saved text; of a page in HTML what is shown, of JSON every text in it."""
    raw = file.content.decode("utf-8", "replace")
    suffix = file.name.casefold().rpartition(".")[2]
    text = _shown(raw) if suffix in ("html", "htm") else _said(raw) if suffix == "json" else raw
    return SourceText(file.name, raw[:_HEAD], tuple(words(_ADDRESS.sub(" ", text))))


class SourceTexts:
    """Judges the chunks of a file by saved texts of its sources."""

    def __init__(self, texts: Iterable[SourceText]) -> None:
        self._texts = tuple(texts)

    def findings(self, submission: Submission) -> Iterator[Finding]:
        """The warnings on one chunk, record by record."""
        facts = _facts(submission)
        cells = {(triple.subject, triple.predicate): ref for triple, ref in submission.origin.items()}
        for record, place in submission.subjects.items():
            said = facts.get(record, {})
            yield from self._unnamed(record, said, facts, cells.get((record, _SOURCE), place))
            where = cells.get((record, _TEXT), place)
            yield from (_repeated(record, where, run) for text in said.get(_TEXT, ()) for run in self.repeats(text))

    def repeats(self, text: str) -> list[Run]:
        """The longest run that a text shares with each of the saved texts, where it is long."""
        runs = Runs({"": text})
        return [run for saved in self._texts for run in runs.shared(saved.name, saved.words)]

    def _unnamed(
        self, record: NamedNode, said: Mapping[NamedNode, list[str]], facts: _Facts, place: CellRef
    ) -> Iterator[Finding]:
        slug = record.value.rsplit("/", 1)[-1]
        names = [form for name in (*said.get(_TITLE, ()), *said.get(_OTHER, ())) for form in _forms(name)]
        pages = {page for source in said.get(_SOURCE, ()) for page in facts.get(NamedNode(source), {}).get(_PAGE, ())}
        judged = 0
        for page in sorted(pages):
            texts = [text for text in self._texts if text.is_of(page, slug)]
            judged += len(texts)
            if texts and names and not any(text.mentions(name) for text in texts for name in names):
                message = say("source-without-record", address=page, file=texts[0].name, names=", ".join(names))
                yield _warning("source-without-record", message, say("source-without-record.remedy"), record, place)
        if pages and not judged:
            message = say("source-not-judged")
            told = _warning("source-not-judged", message, say("source-not-judged.remedy"), record, place)
            yield replace(told, severity=Severity.INFO)


_Facts = Mapping[NamedNode, Mapping[NamedNode, list[str]]]


def _facts(submission: Submission) -> dict[NamedNode, dict[NamedNode, list[str]]]:
    facts: dict[NamedNode, dict[NamedNode, list[str]]] = {}
    for triple in submission.triples:
        if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
            facts.setdefault(triple.subject, {}).setdefault(triple.predicate, []).append(triple.object.value)
    return facts


def _forms(name: str) -> list[str]:
    """A name as texts may write it: whole, without what stands in brackets, and that alone."""
    inside = [part for part in _BRACKETS.findall(name) if len(part) > 2]
    return [name, *([_BRACKETS.sub(" ", name).strip(), *inside] if inside else [])]


def _repeated(record: NamedNode, place: CellRef, run: Run) -> Finding:
    message = say("repeated-text", n=run.length, file=run.source, text=run.text)
    return _warning("repeated-text", message, say("repeated-text.remedy", n=RUN), record, place)


def _warning(code: str, message: Told, remedy: Told, record: NamedNode, place: CellRef) -> Finding:
    return Finding(
        Severity.WARNING,
        code,
        message,
        sheet=place.sheet,
        row=place.row,
        column=place.column,
        suggestion=remedy,
        focus_node=record.value,
        file=place.file,
    )


class _Page(HTMLParser):
    """Collects what a page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _shown(page: str) -> str:
    found = _Page()
    found.feed(page)
    found.close()
    return " ".join(found.parts)


def _said(text: str) -> str:
    """Every text in a JSON document; of one that cannot be read the characters as they are."""
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return text
    found = []
    while waiting:
        match waiting.pop():
            case str() as said:
                found.append(said)
            case dict() as members:
                waiting += members.values()
            case list() as items:
                waiting += items
    return "\n".join(found)
