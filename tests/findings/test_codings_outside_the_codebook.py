"""A coding that the codebook does not have is refused at its cell; one that it has passes."""

from __future__ import annotations

import pytest

from iesi_kg.publication.workflow import check
from iesi_kg.records import SourceFile

HEAD = "identifier,name,country,service_areas,source_url"
ROW = "x,Care Line,AT,childcare,https://example.org/x"


@pytest.mark.parametrize(
    ("column", "inside", "outside"),
    [
        ("ict_potential", "4", "5"),
        ("integration_level", "5", "0"),
        ("integration_types", "service-delivery", "everything"),
        ("ict_role", "enabler", "ornament"),
        ("sip_objectives", "PR4|BE1", "PR4|PR5"),
        ("evidence_level", "anecdotal", "convincing"),
    ],
)
def test_a_coding_outside_the_codebook_is_refused_at_its_cell(column: str, inside: str, outside: str) -> None:
    def refused(value: str) -> list[tuple[int | None, str | None]]:
        # A level of evidence belongs to an outcome that a source shows.
        more = {"outcome": "It helped.", "outcome_source_url": "https://example.org/x"} if "evidence" in column else {}
        cells = {column: value, **more}
        text = f"{HEAD},{','.join(cells)}\n{ROW},{','.join(cells.values())}\n"
        report = check(SourceFile("a.csv", text.encode()))
        return [(found.row, found.column) for found in report.findings if found.severity.value == "violation"]

    assert refused(inside) == []
    assert refused(outside) == [(2, column)]
