"""A report as the JSON contract of ``iesi-kg check`` and as a table for a reader."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from iesi_kg.records import Finding, Report, Severity

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_KEYS = ("severity", "sheet", "row", "column", "value", "message", "suggestion", "code", "shape", "focus_node")
_STYLES = {Severity.VIOLATION: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_PLURALS = {Severity.VIOLATION: "violations", Severity.WARNING: "warnings", Severity.INFO: "notes"}
_SHOWN = 500
_VALUE_SHOWN = 80


def json(report: Report) -> str:
    """The report as one JSON object: ``conforms``, ``records`` and ``findings`` with ten keys each, and
    ``file`` as an eleventh where the submission has several.

    >>> json(Report(records=0))
    '{"conforms": true, "records": 0, "findings": []}'
    """
    findings = [{key: getattr(finding, key) for key in _keys(finding)} for finding in report.findings]
    return jsonlib.dumps(
        {"conforms": report.conforms, "records": report.records, "findings": findings}, ensure_ascii=False
    )


def _keys(finding: Finding) -> tuple[str, ...]:
    return (*_KEYS, "file") if finding.file else _KEYS


def text(report: Report, *, colour: bool = False, width: int = 100) -> str:
    """The report as a summary and a table of findings, worst first, as a terminal shows it."""
    from rich.console import Console
    from rich.text import Text as Line

    out = StringIO()
    console = Console(
        file=out, force_terminal=colour, no_color=not colour, width=width, highlight=False, legacy_windows=False
    )
    console.print(Line(summary(report), style="bold" if colour else ""))
    if report.findings:
        ordered = sorted(report.findings, key=lambda finding: list(Severity).index(finding.severity))
        console.print(_table(ordered[:_SHOWN]))
        if len(ordered) > _SHOWN:
            console.print(f"... and {len(ordered) - _SHOWN:,} more; --format json lists them all")
    return out.getvalue()


def summary(report: Report) -> str:
    """One sentence: the verdict, the records and the findings by severity.

    >>> summary(Report(records=2))
    'Accepted: 2 records, nothing to mend.'
    """
    records = f"{report.records:,} record{'' if report.records == 1 else 's'}"
    verdict = "Accepted" if report.conforms else "Not accepted"
    counts = [(report.count(severity), severity) for severity in Severity]
    told = [f"{n:,} {_PLURALS[severity] if n > 1 else _PLURALS[severity][:-1]}" for n, severity in counts if n]
    return f"{verdict}: {records}, {', '.join(told) or 'nothing to mend'}."


def place(finding: Finding) -> str:
    """Where a finding is, in words: ``Sheet1, row 4, country``; the focus node where there is no cell."""
    parts = [finding.file, finding.sheet, f"row {finding.row}" if finding.row else None, finding.column]
    return ", ".join(part for part in parts if part) or finding.focus_node or "the file"


def _table(findings: Sequence[Finding]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("Where", ratio=1, overflow="fold")
    table.add_column("What is wrong, what was found, what mends it", ratio=3, overflow="fold")
    for finding in findings:
        severity = Text(finding.severity.value, style=_STYLES[finding.severity])
        table.add_row(severity, Text(place(finding)), _told(finding))
    return table


def _told(finding: Finding) -> Text:
    from rich.text import Text

    told = Text(finding.message)
    if finding.value is not None and finding.value[:_VALUE_SHOWN] not in finding.message:
        cut = "..." if len(finding.value) > _VALUE_SHOWN else ""
        told.append(f"\nfound: {finding.value[:_VALUE_SHOWN]}{cut}", style="dim")
    if finding.suggestion:
        told.append(f"\nremedy: {finding.suggestion}", style="green")
    return told
