"""The nouns that travel between rooms: plain frozen records, no behaviour beyond reading themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from pyoxigraph import NamedNode, Triple


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was handed in: its name and its bytes, unchanged."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes: what makes two hand-ins the same file."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class CellRef:
    """A place in a submitted table; ``row`` is the number a spreadsheet shows (the header is row 1).

    ``file`` is told where a submission has several.
    """

    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its texts in the order of the header.

    Where the parts of a text were gathered from other rows, ``places`` says for each part where it stood; ``file`` is
    the name of the file where several are shown together.
    """

    sheet: str | None
    number: int
    texts: tuple[str, ...]
    places: Mapping[int, tuple[CellRef, ...]] = field(default_factory=dict, compare=False)
    file: str | None = None


class Severity(StrEnum):
    """Severities of SHACL section 2.1.4, worst first."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake, said once: where it is, what is wrong, and what would mend it.

    ``fix`` is what may stand in place of ``value`` without asking: the only candidate, by which nothing is lost.
    ``line`` is where an RDF file first says something of ``focus_node``, where that is known.
    ``path`` and ``component`` are the property and the kind of constraint, where a shape found it.
    """

    severity: Severity
    code: str
    message: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    suggestion: str | None = None
    shape: str | None = None
    focus_node: str | None = None
    fix: str | None = None
    path: str | None = None
    component: str | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one file; it conforms when no finding is a violation."""

    records: int
    findings: tuple[Finding, ...] = ()

    @property
    def conforms(self) -> bool:
        return all(finding.severity is not Severity.VIOLATION for finding in self.findings)

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Base:
    """What a filled workbook was filled with: the version of the data, the cells of each record by column and position,
    and the columns of each sheet.
    """

    version: int
    cells: Mapping[NamedNode, Mapping[tuple[str, int], str]]
    layout: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    """Rows turned into statements, each statement with the cell it came from.

    ``subjects`` maps the initiative of each record to its row; ``origin`` maps a statement to its cell;
    ``derived`` are the subjects that no identifier names, so that their IRI was made from another cell; ``headers``
    maps the template's name of each column in the file to the cell of its header; ``base`` is what a filled workbook
    was filled with, None for any other file; ``files`` are those that the source holds where it is an archive of
    several.
    """

    source: SourceFile
    records: int
    triples: tuple[Triple, ...]
    subjects: Mapping[NamedNode, CellRef]
    origin: Mapping[Triple, CellRef]
    findings: Sequence[Finding] = field(default=())
    derived: frozenset[NamedNode] = field(default=frozenset())
    headers: Mapping[str, CellRef] = field(default_factory=dict)
    base: Base | None = None
    files: tuple[SourceFile, ...] = ()


class Form(StrEnum):
    """What a SPARQL query returns (SPARQL 1.1 Query section 16)."""

    SOLUTIONS = "solutions"
    BOOLEAN = "boolean"
    GRAPH = "graph"


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """What became of one SERVICE of a query: whom it asked, how often, what came back and how long it took.

    ``peer`` is the short name in the allow-list; one that was not ``answered`` says why in ``error``.
    """

    endpoint: str
    peer: str | None
    answered: bool
    requests: int
    rows: int
    milliseconds: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete, serialised query result and the version of the graph it was computed on.

    ``rows`` counts solutions or triples as written (1 for a boolean), None where nobody counted; ``seconds`` is
    the time of evaluation, ``waited`` the time before it; ``rewritten`` names the rules that changed the query first.
    """

    form: Form
    media_type: str
    body: bytes
    version: int
    rows: int | None = None
    seconds: float = 0.0
    waited: float = 0.0
    services: tuple[ServiceCall, ...] = ()
    rewritten: tuple[str, ...] = ()
