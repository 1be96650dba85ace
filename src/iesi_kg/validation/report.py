"""Validation results and what was found while reading, to one list of findings: each mistake once, at its cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from iesi_kg.records import CellRef, Finding, Severity, Submission
from iesi_kg.validation.engine import Result
from iesi_kg.validation.shapes import ShapeFacts
from iesi_kg.vocabulary.namespaces import XSD
from iesi_kg.vocabulary.told import say

_PAIRS = ("LessThan", "LessThanOrEquals", "Equals", "Disjoint")
_TOO_MANY = "MaxCount"
_INTEGER = NamedNode(XSD + "integer")
_NO_FACTS = ShapeFacts(None, None, {})

Place = tuple[str | None, int | None, str | None]


class Reporter:
    """Makes the findings of the chunks of one file; remembers what was said once for the whole file."""

    def __init__(self, facts: Mapping[str, ShapeFacts]) -> None:
        self._facts = facts
        self._known: set[str | None] = set()

    def findings(self, submission: Submission, results: Iterable[Result]) -> list[Finding]:
        """The findings of one chunk by row; results that only follow from what was found while reading are left out."""
        places = Places(submission)
        rows = {ref.row for ref in submission.headers.values()}
        said = (item for item in submission.findings if item.row in rows and item.severity is Severity.VIOLATION)
        self._known.update(name for item in said for name in (item.column, item.suggestion))
        wrong = {_place(item) for item in submission.findings if item.severity is Severity.VIOLATION}
        found: dict[tuple[Place, str, str | None, str | None], Finding] = {}
        for result in sorted(results, key=lambda result: (*_causes_first(result), *self._order(result, places))):
            finding = self._finding(result, places)
            if finding is None or places.follows(result, finding, wrong):
                continue
            key = (_place(finding), finding.code, finding.value, None if finding.row else finding.focus_node)
            found.setdefault(key, finding)
            if finding.severity is Severity.VIOLATION and finding.column:
                wrong.add(_place(finding))
        return sorted([*submission.findings, *found.values()], key=lambda finding: finding.row or 0)

    def _order(self, result: Result, places: Places) -> tuple[int, str, str, str, str]:
        """Columns from left to right, then what is the same each time: an engine gives its results in any order."""
        column = places.columns.get(self._facts.get(result.shape, _NO_FACTS).column or "", len(places.columns))
        return column, result.focus, result.path or "", result.shape, str(result.value)

    def _finding(self, result: Result, places: Places) -> Finding | None:
        """The finding of a result; None when the file lacks the whole column and that was said before."""
        facts = self._facts.get(result.shape, _NO_FACTS)
        ref, value = places.of(result, facts.column)
        finding = Finding(
            result.severity,
            facts.code or _kebab(result.component),
            facts.told(value) or result.message,
            sheet=ref.sheet,
            row=ref.row,
            column=ref.column,
            value=value,
            suggestion=_whole_number(result.value) if ref.row is None else None,
            shape=result.shape,
            focus_node=result.focus,
            path=result.path,
            component=result.component,
        )
        absent = places.lacks(facts.column) and value is None and ref.row is not None
        return self._once(finding, places) if absent else finding

    def _once(self, finding: Finding, places: Places) -> Finding | None:
        """A finding on a column that the file lacks altogether is made once, unless the header's reading made it."""
        if finding.column in self._known:
            return None
        if finding.severity is Severity.VIOLATION:
            return finding
        self._known.add(finding.column)
        header = next(iter(places.headers.values()))
        return replace(
            finding,
            message=say("absent-column", column=finding.column, rest=finding.message),
            row=header.row,
            suggestion=say("absent-column.remedy", column=finding.column),
            focus_node=None,
        )


class Places:
    """Where the nodes and values of one chunk stand in its file."""

    def __init__(self, submission: Submission) -> None:
        self.headers = submission.headers
        self.columns = {name: place for place, name in enumerate(submission.headers)}
        self._origin = submission.origin
        self._by_node: dict[str, CellRef] = {}
        self._values: dict[Place, str] = {}
        self._latest: dict[tuple[str, str], tuple[CellRef, str | None]] = {}
        for triple, ref in submission.origin.items():
            self._by_node.setdefault(str(getattr(triple.subject, "value", "")), ref)
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                self._latest[triple.subject.value, triple.predicate.value] = ref, triple.object.value
            if isinstance(triple.object, Literal):
                self._values.setdefault((ref.sheet, ref.row, ref.column), triple.object.value)

    def of(self, result: Result, column: str | None) -> tuple[CellRef, str | None]:
        """The cell a result is about and the value in it; without a table, no cell and the value itself."""
        cell = self._cell(result)
        if cell is not None and (column is None or result.component not in _PAIRS):
            return cell, _text(result.value)
        if result.component == _TOO_MANY and (result.focus, result.path) in self._latest:
            return self._latest[result.focus, result.path or ""]
        node = self._by_node.get(result.focus)
        if node is None:
            return CellRef(), _text(result.value) if result.path else None
        header = self.headers.get(column or "")
        place = CellRef(node.sheet, node.row, header.column if header else column)
        pair = result.component in _PAIRS
        return place, self._values.get((place.sheet, place.row, place.column)) if pair else None

    def lacks(self, column: str | None) -> bool:
        """Whether the file is a table without this column."""
        return bool(self.headers) and column is not None and column not in self.headers

    def follows(self, result: Result, finding: Finding, wrong: set[Place]) -> bool:
        """Whether a result is only the consequence of another mistake: in its own cell, or in what makes its node."""
        if finding.row is None or (finding.value is not None and result.component not in _PAIRS):
            return False
        other = self._cell(result) if result.component in _PAIRS else self._by_node.get(result.focus)
        return _place(finding) in wrong or (other is not None and (other.sheet, other.row, other.column) in wrong)

    def _cell(self, result: Result) -> CellRef | None:
        if result.path is None or result.value is None or not result.focus:
            return None
        try:
            return self._origin.get(Triple(NamedNode(result.focus), NamedNode(result.path), result.value))
        except ValueError:
            return None


def _causes_first(result: Result) -> tuple[bool, int]:
    """Values before comparisons of values, and what refuses a record before what is only advised at the same place."""
    return result.component in _PAIRS, list(Severity).index(result.severity)


def _place(finding: Finding) -> Place:
    return finding.sheet, finding.row, finding.column


def _text(value: NamedNode | Literal | BlankNode | None) -> str | None:
    return None if value is None else value.value


def _whole_number(value: NamedNode | Literal | BlankNode | None) -> str | None:
    """What mends a number that RDF states as a text or as another type; None for anything else."""
    if not isinstance(value, Literal) or value.datatype == _INTEGER or not value.value.isdecimal():
        return None
    return say("whole-number.remedy", text=value.value)


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
