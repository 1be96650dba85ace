"""The JSON contract to the letter, and the table a terminal shows."""

from __future__ import annotations

from iesi_kg.records import Finding, Report, Severity
from iesi_kg.validation import render

WRONG = Finding(
    Severity.VIOLATION,
    "unknown-code",
    "No country is called 'Frence'.",
    sheet="Data",
    row=4,
    column="country",
    value="Frence",
    suggestion="FR (France)",
    shape="http://e/S",
    focus_node="http://e/a",
)


def test_the_json_contract() -> None:
    assert render.json(Report(3, (WRONG, Finding(Severity.INFO, "delimiter", "é")))) == (
        '{"conforms": false, "records": 3, "findings": ['
        '{"severity": "violation", "sheet": "Data", "row": 4, "column": "country", "value": "Frence", '
        '"message": "No country is called \'Frence\'.", "suggestion": "FR (France)", "code": "unknown-code", '
        '"shape": "http://e/S", "focus_node": "http://e/a"}, '
        '{"severity": "info", "sheet": null, "row": null, "column": null, "value": null, '
        '"message": "é", "suggestion": null, "code": "delimiter", "shape": null, "focus_node": null}]}'
    )


def test_a_table_puts_the_worst_first_and_wraps() -> None:
    text = render.text(Report(3, (Finding(Severity.INFO, "x", "note"), WRONG)), width=100)
    assert text.startswith("Not accepted: 3 records, 1 violation, 1 note.\n")
    assert text.index("Data, row 4") < text.index(" note ")
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


def test_colour_only_where_asked() -> None:
    assert "\x1b[1;31mviolation" in render.text(Report(1, (WRONG,)), colour=True)


def test_values_are_never_markup() -> None:
    finding = Finding(Severity.WARNING, "x", "[bold]message[/bold]", value="[red]x[/red]")
    text = render.text(Report(1, (finding,)), width=140)
    assert "[bold]message[/bold]" in text
    assert "[red]x[/red]" in text


def test_very_many_findings_are_cut_with_a_word() -> None:
    text = render.text(Report(9, (WRONG,) * 503))
    assert text.endswith("... and 3 more; --format json lists them all\n")


def test_summary_of_one() -> None:
    report = Report(1, (Finding(Severity.WARNING, "x", "y"), Finding(Severity.WARNING, "x", "z")))
    assert render.summary(report) == "Accepted: 1 record, 2 warnings."
