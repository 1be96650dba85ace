"""A report as the JSON contract of ``iesi-kg check``, as CSV, and as a table for a reader."""

from __future__ import annotations

import csv as csvlib
import json as jsonlib
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from iesi_kg.records import Finding, Report, Severity
from iesi_kg.validation.listing import in_sheet_order, place
from iesi_kg.validation.scoring import Standing
from iesi_kg.vocabulary.formulas import neutral
from iesi_kg.vocabulary.told import in_language, say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_KEYS = ("severity", "sheet", "row", "column", "value", "message", "suggestion", "code", "shape", "focus_node")
_MORE = ("file", "line")
_STYLES = {Severity.VIOLATION: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_PLURALS = {Severity.VIOLATION: "violations", Severity.WARNING: "warnings", Severity.INFO: "notes"}
_SHOWN = 500
_VALUE_SHOWN = 80
_KINDS_SHOWN = 8


def json(report: Report, language: str = "en", standing: Standing | None = None) -> str:
    """The report as one JSON object: ``conforms``, ``records`` and ``findings`` with ten keys each, and
    ``file`` where the submission has several, ``line`` where an RDF file shows where its statements on a node begin.

    With the standing of its records it says in ``score`` how complete and how well founded they are.

    >>> json(Report(records=0))
    '{"conforms": true, "records": 0, "findings": []}'
    """
    findings = [_members(finding, language) for finding in report.findings]
    told: dict[str, object] = {"conforms": report.conforms, "records": report.records, "findings": findings}
    if standing is not None:
        told["score"] = standing.members(language)
    return jsonlib.dumps(told, ensure_ascii=False)


def _members(finding: Finding, language: str) -> dict[str, object]:
    said = ((key, getattr(finding, key)) for key in _keys(finding))
    return {key: in_language(value, language) if isinstance(value, str) else value for key, value in said}


def _keys(finding: Finding) -> tuple[str, ...]:
    return (*_KEYS, *(key for key in _MORE if getattr(finding, key)))


def csv(report: Report, language: str = "en") -> str:
    """The findings in sheet order as CSV with the keys of the JSON; no cell of it can act as a formula."""
    keys = (*_KEYS, *(key for key in _MORE if any(getattr(finding, key) for finding in report.findings)))
    out = StringIO()
    writer = csvlib.writer(out)
    writer.writerow(keys)
    for listed in in_sheet_order(report, language):
        cells = _members(listed.finding, language)
        writer.writerow([neutral(cell) if isinstance(cell := cells.get(key), str) else cell for key in keys])
    return out.getvalue()


def text(
    report: Report,
    *,
    colour: bool = False,
    width: int = 100,
    language: str = "en",
    standing: Standing | None = None,
) -> str:
    """The report as a summary and a table of findings, worst first, as a terminal shows it."""
    from rich.console import Console
    from rich.text import Text as Line

    out = StringIO()
    console = Console(
        file=out, force_terminal=colour, no_color=not colour, width=width, highlight=False, legacy_windows=False
    )
    console.print(Line(summary(report, language), style="bold" if colour else ""))
    if report.findings:
        _print_findings(console, report, language)
    for line in standing.lines(language) if standing and report.records else ():
        console.print(Line(line))
    return out.getvalue()


def _print_findings(console: Console, report: Report, language: str) -> None:
    from rich.text import Text as Line

    kinds = by_kind(report)
    if len(kinds) > 1:
        named = [f"{count:,} {code}" for code, _, count in kinds[:_KINDS_SHOWN]]
        console.print(Line(", ".join(named) + (", ..." if len(kinds) > _KINDS_SHOWN else "")))
    ordered = sorted(report.findings, key=lambda finding: list(Severity).index(finding.severity))
    console.print(_table(ordered[:_SHOWN], language))
    if len(ordered) > _SHOWN:
        console.print(in_language(say("word.more", n=f"{len(ordered) - _SHOWN:,}"), language))


def by_kind(report: Report) -> list[tuple[str, Severity, int]]:
    """Each kind of finding with its severity and how often it was made: worst first, most frequent first."""
    counted = Counter((list(Severity).index(finding.severity), finding.code) for finding in report.findings)
    ordered = sorted(counted.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    return [(code, list(Severity)[rank], count) for (rank, code), count in ordered]


def summary(report: Report, language: str = "en") -> str:
    """One sentence: the verdict, the records and the findings by severity.

    >>> summary(Report(records=2)), summary(Report(records=1), "de")
    ('Accepted: 2 records, nothing to mend.', 'Angenommen: 1 Datensatz, nichts zu berichtigen.')
    """

    def word(key: str, **facts: object) -> str:
        return in_language(say(f"word.{key}", **facts), language)

    records = word("record" if report.records == 1 else "records", n=f"{report.records:,}")
    counts = [(report.count(severity), _PLURALS[severity]) for severity in Severity]
    told = [f"{n:,} {word(plural if n > 1 else plural[:-1])}" for n, plural in counts if n]
    verdict = word("accepted" if report.conforms else "refused")
    return f"{verdict}: {records}, {', '.join(told) or word('nothing')}."


def _table(findings: Sequence[Finding], language: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column(in_language(say("word.where"), language), ratio=1, overflow="fold")
    table.add_column(in_language(say("word.what"), language), ratio=3, overflow="fold")
    for finding in findings:
        severity = Text(in_language(say(f"word.{finding.severity}"), language), style=_STYLES[finding.severity])
        table.add_row(severity, Text(place(finding, language)), _told(finding, language))
    return table


def _told(finding: Finding, language: str) -> Text:
    from rich.text import Text

    told = Text(in_language(finding.message, language))
    if finding.value is not None and finding.value[:_VALUE_SHOWN] not in finding.message:
        cut = "..." if len(finding.value) > _VALUE_SHOWN else ""
        found = say("word.found", text=f"{finding.value[:_VALUE_SHOWN]}{cut}")
        told.append(f"\n{in_language(found, language)}", style="dim")
    if finding.suggestion:
        told.append(f"\n{in_language(say('word.remedy', text=finding.suggestion), language)}", style="green")
    return told
