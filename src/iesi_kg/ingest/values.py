"""One value of a cell to a term, or to the one sentence that says why it cannot be read (CSVW tabular data 6.4)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import quote, urlsplit

from pyoxigraph import Literal, NamedNode

from iesi_kg.ingest.characters import shown, suspicious
from iesi_kg.ingest.template import Column, Template
from iesi_kg.records import Severity
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists, Concept, normalise
from iesi_kg.vocabulary.namespaces import XSD

_INTEGER = NamedNode(XSD + "integer")
_DECIMAL_TYPE = NamedNode(XSD + "decimal")
_DATE = NamedNode(XSD + "date")
_FORMULA = "=+-@"
_LONGEST_CODE = 3
_QUOTED = 80
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[/?#]\S*)?", re.I)
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]*)\s*:", re.I)
_SPREADSHEET_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!)", re.I)
_NOTHING = frozenset(("-", "--", "---", "–", "—", ".", "..", "...", "?", "??", "/", "tbd", "tbc", "null", "nil"))
_NOTHING |= {"n/a", "n.a.", "n.a", "na", "n/k", "#n/a"}
_NOTHING_CODED = _NOTHING | frozenset(("none", "unknown", "not known", "not applicable", "not available", "no data"))
_OTHER_SEPARATORS = re.compile(r"\s*[;,/+\n]\s*|\s+(?:and|&|und|et|y|e)\s+")
_BETWEEN_ADDRESSES = re.compile(r"[;,\s]+(?=https?://)", re.I)
_DECIMAL = re.compile(r"([0-9]+)[.,]0+")
_WHOLE = "write the whole address, beginning with https:// or http://"
_CHARACTERS = {
    "bidi": ("bidi-character", "It changes the direction of the text, so that readers see another text than is stored"),
    "invisible": ("invisible-character", "It cannot be seen, so that two texts look the same and are not"),
    "control": ("control-character", "It is a control character, not part of a text"),
    "replacement": ("replacement-character", "It stands where a letter was lost in an earlier conversion"),
    "surrogate": ("replacement-character", "It is half of a character, left over from an earlier conversion"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was read: its term, and the text that names it where a node is minted from it."""

    term: NamedNode | Literal
    key: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value, without its place."""

    severity: Severity
    code: str
    message: str
    value: str
    suggestion: str | None = None


Reading = tuple[Value | None, Problem | None]


class ValueReader:
    """Reads values by the rules of their column; years are bounded where it is told which day it is.

    Columns that cells may name are looked up in ``template``.
    """

    def __init__(self, lists: CodeLists, today: date | None = None, template: Template | None = None) -> None:
        self._lists = lists
        self._template = template
        self._year = today.year if today else None
        self._codes: dict[tuple[str, str], Reading] = {}

    def read(self, column: Column, text: str) -> Reading:
        """The value, or the problem that kept it from being read; both where the problem is no violation, neither where
        the text says that there is no value."""
        if not text.isascii() or not text.isprintable():
            odd = suspicious(text)
            if odd:
                return None, _odd_character(text, *odd)
            text = unicodedata.normalize("NFC", text)
        if text.casefold() in column.null:
            return None, None
        reading = self._read(column, text)
        coded = column.code_list or column.names or column.base != "string"
        if coded and reading[0] is not None:
            return reading
        return _no_value(column, text, _NOTHING_CODED if coded else _NOTHING) or reading

    def _read(self, column: Column, text: str) -> Reading:
        if column.code_list:
            return self._code(column.code_list, text, column.separator)
        if column.names:
            return self._named(column, text)
        if column.base == "decimal":
            return _decimal(text)
        if column.base == "integer":
            latest = None if self._year is None or column.years_ahead is None else self._year + column.years_ahead
            return _integer(text, latest)
        if column.base == "date":
            return _date(text)
        if column.base == "anyURI":
            return _address(column, text)
        return _string(column, text)

    def _named(self, column: Column, text: str) -> Reading:
        """The property of the column that a cell names."""
        template = self._template
        found = template.named(column, text) if template else None
        if found is not None and found.property is not None:
            return Value(found.property, found.name), None
        kind = "of the template" if column.names == "column" else "of codes about the initiative"
        message = f"{_brief(text)!r} is not the name of a column {kind} that can be meant here."
        near = template.nearest(text) if template else None
        meant = near if template and near and template.named(column, near) else column.description
        return _violation("unknown-column-name", message, text, meant)

    def _code(self, scheme: str, text: str, separator: str | None) -> Reading:
        known = self._codes.get((scheme, text))
        if known is None:
            known = self._codes[scheme, text] = self._resolve(scheme, text, separator)
        return known

    def _resolve(self, scheme: str, text: str, separator: str | None) -> Reading:
        concept = self._lists.resolve(scheme, text)
        if concept is None:
            return None, self._several(scheme, text, separator) or self._unknown_code(scheme, text)
        value = Value(concept.iri, concept.notation)
        own = map(normalise, (concept.notation, *concept.labels.values()))
        foreign = len(text) <= _LONGEST_CODE and normalise(text) not in own
        return value, _read_as(concept, text) if foreign else None

    def _several(self, scheme: str, text: str, separator: str | None) -> Problem | None:
        """The problem of codes that stand side by side with another sign than the separator between them."""
        concepts = [self._lists.resolve(scheme, part) for part in _OTHER_SEPARATORS.split(text) if part]
        known = [concept.notation for concept in concepts if concept]
        if len(concepts) < 2 or len(known) < len(concepts):
            return None
        if separator is None:
            message = f"{_brief(text)!r} is more than one code, and this column takes one only."
            return Problem(
                Severity.VIOLATION, "several-codes", message, shown(text), f"choose one of {', '.join(known)}"
            )
        message = f"{_brief(text)!r} is more than one code; several are separated by {separator}."
        return Problem(Severity.VIOLATION, "several-codes", message, shown(text), separator.join(known))

    def _unknown_code(self, scheme: str, text: str) -> Problem:
        label = self._lists[scheme].label
        decimal = _DECIMAL.fullmatch(text)
        whole = self._lists.resolve(scheme, decimal[1]) if decimal else None
        nearest = whole or self._lists.nearest(scheme, text)
        remedy = named(nearest) if nearest else f"use a code or label of the list {scheme}: {self._sample(scheme)}"
        message = f"{_brief(text)!r} is neither a code nor a label of the code list '{label}'."
        return Problem(Severity.VIOLATION, "unknown-code", message, shown(text), remedy)

    def _sample(self, scheme: str) -> str:
        concepts = self._lists.concepts(scheme)
        ranks = all(concept.notation.isdecimal() for concept in concepts)
        notations = [named(concept) if ranks else concept.notation for concept in concepts]
        return ", ".join(notations[:12]) + (" ..." if len(notations) > 12 else "")


def _brief(text: str) -> str:
    """A text as a sentence quotes it: what cannot be seen written out, what is long cut short."""
    return shown(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}...")


def named(concept: Concept) -> str:
    """A code as a suggestion: its notation, with the label where that says more."""
    same = normalise(concept.label) == normalise(concept.notation)
    return concept.notation if same else f"{concept.notation} ({concept.label})"


def _no_value(column: Column, text: str, signs: frozenset[str]) -> Reading | None:
    """The reading of a text that stands where a value is not known, or of a formula that failed; else None."""
    if text.casefold() in signs:
        message = f"{_brief(text)!r} stands where nothing is known; what is not known is left out."
        remedy = "leave its place empty: a||c" if column.group and column.separator else "empty the cell"
        return _violation("placeholder", message, text, remedy)
    if _SPREADSHEET_ERROR.fullmatch(text):
        message = f"{_brief(text)!r} is what a spreadsheet shows where a formula failed."
        return _violation("spreadsheet-error", message, text, "write the value itself in place of the formula")
    return None


def _violation(code: str, message: str, text: str, suggestion: str | None = None) -> Reading:
    return None, Problem(Severity.VIOLATION, code, message, shown(text), suggestion)


def _read_as(concept: Concept, text: str) -> Problem:
    message = f"{_brief(text)!r} was read as {named(concept)}."
    return Problem(Severity.INFO, "read-as", message, shown(text), concept.notation)


def _odd_character(text: str, kind: str, character: str) -> Problem:
    code, why = _CHARACTERS[kind]
    return Problem(
        Severity.VIOLATION,
        code,
        f"The cell holds the character {character}. {why}.",
        shown(text),
        "type the text again, or paste it without formatting",
    )


def _integer(text: str, latest: int | None) -> Reading:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        number = str(int(text))
        if latest is not None and int(text) > latest:
            return _violation(
                "year-ahead", f"{_brief(text)!r} is later than {latest}.", text, f"write a year up to {latest}"
            )
        return Value(Literal(number, datatype=_INTEGER), number), None
    within = re.search(r"(?<![0-9])[0-9]{4}(?![0-9])", text)
    return _violation(
        "not-a-number", f"{_brief(text)!r} is not a whole number.", text, within[0] if within else "write digits only"
    )


def _decimal(text: str) -> Reading:
    if re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?", text):
        return Value(Literal(text.removeprefix("+"), datatype=_DECIMAL_TYPE), text), None
    message = f"{_brief(text)!r} is not a number written with digits and, where needed, one point."
    return _violation("not-a-number", message, text, _plain_number(text) or "write digits, such as 250000 or 0.75")


def _plain_number(text: str) -> str | None:
    """A number without spaces between thousands, percent sign and comma, where it can mean one thing only."""
    number = re.fullmatch(r"([0-9]{1,3}(?:[\s'][0-9]{3})*|[0-9]+)(?:[.,]([0-9]{1,2}))?\s*(%?)", text)
    if number is None:
        return None
    whole, part = re.sub(r"[\s']", "", number[1]), number[2] or ""
    if number[3]:
        return str(Decimal(f"{whole}.{part or 0}") / 100)
    return f"{whole}.{part}" if part else whole


def _date(text: str) -> Reading:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            date.fromisoformat(text)
        except ValueError:
            return _violation("not-a-date", f"{_brief(text)!r} is no day of the calendar.", text, "mend month or day")
        return Value(Literal(text, datatype=_DATE), text), None
    return _violation(
        "not-a-date", f"{_brief(text)!r} is not a date of the form YYYY-MM-DD.", text, _iso(text) or "write YYYY-MM-DD"
    )


def _iso(text: str) -> str | None:
    """An ISO date where another spelling can mean only one day."""
    parts = re.fullmatch(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})", text)
    if parts is None:
        return None
    first, second, year = map(int, parts.groups())
    for month, day, other in ((second, first, first), (first, second, second)):
        if month <= 12 < other or first == second:
            try:
                return date(year, month, day).isoformat()
            except ValueError:
                return None
    return None


def _address(column: Column, text: str) -> Reading:
    scheme = _SCHEME.match(text)
    web = scheme is not None and scheme[1].casefold() in ("http", "https")
    if scheme and not web and not _DOMAIN.match(text):
        return _violation(
            "unsafe-address",
            f"{_brief(text)!r} begins with '{scheme[1]}:' and is not a web address.",
            text,
            _WHOLE,
        )
    if web and (column.format is None or column.format.fullmatch(text)) and _host(text):
        try:
            return Value(NamedNode(text), text), None
        except ValueError:
            pass
    several = _BETWEEN_ADDRESSES.split(text)
    if web and len(several) > 1 and all(map(_host, several)):
        message = f"{_brief(text)!r} is more than one web address"
        if column.separator is None:
            return _violation("several-addresses", f"{message}, and this column takes one only.", text, several[0])
        remedy = column.separator.join(several)
        return _violation("several-addresses", f"{message}; several are separated by |.", text, remedy)
    return _violation("bad-address", f"{_brief(text)!r} is not a web address.", text, _mended(text, web=web) or _WHOLE)


def _host(text: str) -> str | None:
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


def _mended(text: str, *, web: bool) -> str | None:
    if web and _host(text) and " " in text:
        return quote(text, safe=":/?#[]@!$&'()*+,;=%~")
    return f"https://{text}" if not web and _DOMAIN.fullmatch(text) else None


def _string(column: Column, text: str) -> Reading:
    if column.format and not column.format.fullmatch(text):
        mended = next((t for t in (text.upper(), iris.slug(text)) if column.format.fullmatch(t)), None)
        message = f"{_brief(text)!r} does not have the form of this column."
        return _violation("bad-form", message, text, mended or column.description)
    if column.value_url:
        return _expanded(column, text)
    literal = Literal(text, language=column.lang) if column.lang else Literal(text)
    return Value(literal, text), _formula(text) if column.format is None else None


def _expanded(column: Column, text: str) -> Reading:
    """The IRI made by the column's URI template (RFC 6570, simple and reserved expansion of one variable)."""
    assert column.value_url is not None
    iri = column.value_url.replace(f"{{+{column.name}}}", text).replace(f"{{{column.name}}}", quote(text, safe=""))
    return Value(NamedNode(iri), text), None


def _formula(text: str) -> Problem | None:
    if text[0] not in _FORMULA:
        return None
    message = f"The text begins with {text[0]!r}: a spreadsheet would take it for a formula. It was kept as text."
    return Problem(Severity.WARNING, "formula-like", message, shown(text), "begin the text with a letter or a digit")
