"""One value of a cell to a term, or to the one sentence that says why it cannot be read (CSVW tabular data 6.4)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import quote, urlsplit

from pyoxigraph import Literal, NamedNode

from iesi_kg.ingest.characters import name, shown, suspicious
from iesi_kg.ingest.template import Column, Template
from iesi_kg.records import Severity
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.codelists import CodeLists, Concept, normalise
from iesi_kg.vocabulary.namespaces import XSD
from iesi_kg.vocabulary.spelling import latin, strangers
from iesi_kg.vocabulary.told import Told, say

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
_BROKEN_SCHEME = re.compile(r"(?:h?t{1,2}p(s?))\s*(?::\s*/{1,3}|;/{1,2}|:?/{2,3}|:\\\\)\s*(?=\w)", re.I)
_MAIL = re.compile(r"[^\s@/]+@[\w-]+(?:\.[\w-]+)+")
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_CHARACTERS = {
    "bidi": ("bidi-character", ""),
    "invisible": ("invisible-character", ""),
    "control": ("control-character", ""),
    "replacement": ("replacement-character", ""),
    "surrogate": ("replacement-character", ".half"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was read: its term, and the text that names it where a node is minted from it."""

    term: NamedNode | Literal
    key: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value, without its place; ``fix`` is what may stand for it without asking."""

    severity: Severity
    code: str
    message: str
    value: str
    suggestion: str | None = None
    fix: str | None = None


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
        kind = "" if column.names == "column" else ".coded"
        message = say(f"unknown-column-name{kind}", text=_brief(text))
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
            message = say("several-codes.one", text=_brief(text))
            remedy = say("several-codes.remedy.one", names=", ".join(known))
            return Problem(Severity.VIOLATION, "several-codes", message, shown(text), remedy)
        message, mended = say("several-codes", text=_brief(text), separator=separator), separator.join(known)
        return Problem(Severity.VIOLATION, "several-codes", message, shown(text), mended, mended)

    def _unknown_code(self, scheme: str, text: str) -> Problem:
        decimal = _DECIMAL.fullmatch(text)
        same = self._lists.resolve(scheme, decimal[1] if decimal else latin(text))
        sure = same or self._lists.only(scheme, text)
        nearest = sure or self._lists.nearest(scheme, text)
        message = say("unknown-code", text=_brief(text), list=self._lists[scheme].title)
        if same and not decimal:
            signs = ", ".join(map(name, strangers(text)))
            message = say("unknown-code.homoglyph", text=_brief(text), meant=named(same), characters=signs)
        remedy = named(nearest) if nearest else self._sample(scheme)
        fix = sure.notation if sure else None
        return Problem(Severity.VIOLATION, "unknown-code", message, shown(text), remedy, fix)

    def _sample(self, scheme: str) -> str:
        concepts = self._lists.concepts(scheme)
        ranks = all(concept.notation.isdecimal() for concept in concepts)
        notations = [named(concept) if ranks else concept.notation for concept in concepts]
        names = ", ".join(notations[:12]) + (" ..." if len(notations) > 12 else "")
        return say("unknown-code.remedy", scheme=scheme, names=names)


def _brief(text: str) -> str:
    """A text as a sentence quotes it: what cannot be seen written out, what is long cut short."""
    return shown(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}...")


def named(concept: Concept) -> str:
    """A code as a suggestion: its notation, with the label of the reader's language where that says more."""
    code = concept.notation
    labels = {"en": concept.label, **concept.labels}
    plain = {language for language, label in labels.items() if normalise(label) == normalise(code)}
    return Told({language: code if language in plain else f"{code} ({label})" for language, label in labels.items()})


def _no_value(column: Column, text: str, signs: frozenset[str]) -> Reading | None:
    """The reading of a text that stands where a value is not known, or of a formula that failed; else None."""
    if text.casefold() in signs:
        remedy = say("placeholder.remedy.place" if column.group and column.separator else "placeholder.remedy")
        return _violation("placeholder", say("placeholder", text=_brief(text)), text, remedy, fix="")
    if _SPREADSHEET_ERROR.fullmatch(text):
        message = say("spreadsheet-error", text=_brief(text))
        return _violation("spreadsheet-error", message, text, say("spreadsheet-error.remedy"))
    return None


def _violation(code: str, message: str, text: str, suggestion: str | None, *, fix: str | None = None) -> Reading:
    return None, Problem(Severity.VIOLATION, code, message, shown(text), suggestion, fix)


def _mended_as(code: str, message: str, text: str, mended: str | None, remedy: str) -> Reading:
    """A violation that one text only can mend, or that ``remedy`` tells how to."""
    return _violation(code, message, text, mended or remedy, fix=mended)


def _read_as(concept: Concept, text: str) -> Problem:
    message = say("read-as", text=_brief(text), meant=named(concept))
    return Problem(Severity.INFO, "read-as", message, shown(text), concept.notation, concept.notation)


def _odd_character(text: str, kind: str, character: str) -> Problem:
    code, half = _CHARACTERS[kind]
    message, remedy = say(f"{code}{half}", character=character), say("character.remedy")
    return Problem(Severity.VIOLATION, code, message, shown(text), remedy)


def _integer(text: str, latest: int | None) -> Reading:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        number = str(int(text))
        if latest is not None and int(text) > latest:
            remedy = say("year-ahead.remedy", latest=latest)
            return _violation("year-ahead", say("year-ahead", text=_brief(text), latest=latest), text, remedy)
        return Value(Literal(number, datatype=_INTEGER), number), None
    message, remedy = say("not-a-number", text=_brief(text)), say("not-a-number.remedy")
    whole = _DECIMAL.fullmatch(text) or re.fullmatch(r"'?([12])[.,'\s]?([0-9]{3})", text)
    if whole:
        return _mended_as("not-a-number", message, text, "".join(whole.groups()), remedy)
    years = set(_YEAR.findall(text))
    return _violation("not-a-number", message, text, years.pop() if len(years) == 1 else remedy)


def _decimal(text: str) -> Reading:
    if re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?", text):
        return Value(Literal(text.removeprefix("+"), datatype=_DECIMAL_TYPE), text), None
    message, remedy = say("not-a-number.decimal", text=_brief(text)), say("not-a-number.remedy.decimal")
    return _mended_as("not-a-number", message, text, _plain_number(text), remedy)


def _plain_number(text: str) -> str | None:
    """A number without signs between thousands, percent sign and comma, where it can mean one thing only.

    >>> _plain_number("75 %"), _plain_number("1.250.000,50"), _plain_number("250,000")
    ('0.75', '1250000.50', None)
    """
    grouped = re.fullmatch(r"([0-9]{1,3})(?:([.,])([0-9]{3}(?:\2[0-9]{3})*))(?:(?!\2)([.,])([0-9]{1,2}))?", text)
    if grouped and (grouped[4] or grouped[2] in grouped[3]):
        whole = grouped[1] + re.sub(r"[.,]", "", grouped[3])
        return f"{whole}.{grouped[5]}" if grouped[5] else whole
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
            message = say("not-a-date.day", text=_brief(text))
            return _violation("not-a-date", message, text, say("not-a-date.remedy.day"))
        return Value(Literal(text, datatype=_DATE), text), None
    message, remedy = say("not-a-date", text=_brief(text)), say("not-a-date.remedy")
    return _mended_as("not-a-date", message, text, _iso(text), remedy)


def _iso(text: str) -> str | None:
    """An ISO date where another spelling can mean only one day."""
    ordered = re.fullmatch(r"([0-9]{4})([./-]?)([0-9]{1,2})\2([0-9]{1,2})", text)
    if ordered and (ordered[2] or len(text) == 8):
        try:
            return date(int(ordered[1]), int(ordered[3]), int(ordered[4])).isoformat()
        except ValueError:
            return None
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
    if scheme and not web and not _DOMAIN.match(text) and not _BROKEN_SCHEME.match(text):
        message = say("unsafe-address", text=_brief(text), scheme=scheme[1])
        return _violation("unsafe-address", message, text, say("address.remedy"))
    if _MAIL.fullmatch(text):
        return _violation("bad-address", say("bad-address.mail", text=_brief(text)), text, say("address.remedy"))
    if web and (column.format is None or column.format.fullmatch(text)) and _host(text):
        try:
            return Value(NamedNode(text), text), None
        except ValueError:
            pass
    several = _BETWEEN_ADDRESSES.split(text)
    if web and len(several) > 1 and all(map(_host, several)):
        if column.separator is None:
            message = say("several-addresses.one", text=_brief(text))
            return _violation("several-addresses", message, text, several[0])
        mended = column.separator.join(several)
        return _violation("several-addresses", say("several-addresses", text=_brief(text)), text, mended, fix=mended)
    message, remedy = say("bad-address", text=_brief(text)), say("address.remedy")
    return _mended_as("bad-address", message, text, _mended(text, web=web), remedy)


def _host(text: str) -> str | None:
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


def _mended(text: str, *, web: bool) -> str | None:
    if web and _host(text) and " " in text:
        return quote(text, safe=":/?#[]@!$&'()*+,;=%~")
    broken = None if web and _host(text) else _BROKEN_SCHEME.match(text)
    if broken and _DOMAIN.fullmatch(text[broken.end() :]):
        return f"http{broken[1].casefold()}://{text[broken.end() :]}"
    return f"https://{text}" if not web and _DOMAIN.fullmatch(text) else None


def _string(column: Column, text: str) -> Reading:
    if column.format and not column.format.fullmatch(text):
        capitals = text.upper() if column.format.fullmatch(text.upper()) else None
        slug = iris.slug(text) if column.format.fullmatch(iris.slug(text)) else None
        remedy = capitals or slug or column.description
        return _violation("bad-form", say("bad-form", text=_brief(text)), text, remedy, fix=capitals)
    if column.value_url:
        return _expanded(column, text)
    return Value(_literal(column, text), text), _formula(text) if column.format is None else None


def _literal(column: Column, text: str) -> Literal:
    if column.language_after:
        said, _, language = text.rpartition(column.language_after)
        return Literal(said.rstrip(), language=language)
    return Literal(text, language=column.lang) if column.lang else Literal(text)


def _expanded(column: Column, text: str) -> Reading:
    """The IRI made by the column's URI template (RFC 6570, simple and reserved expansion of one variable)."""
    assert column.value_url is not None
    iri = column.value_url.replace(f"{{+{column.name}}}", text).replace(f"{{{column.name}}}", quote(text, safe=""))
    return Value(NamedNode(iri), text), None


def _formula(text: str) -> Problem | None:
    if text[0] not in _FORMULA:
        return None
    message, remedy = say("formula-like", sign=text[0]), say("formula-like.remedy")
    return Problem(Severity.WARNING, "formula-like", message, shown(text), remedy)
