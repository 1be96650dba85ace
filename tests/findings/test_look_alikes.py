"""A record that looks like a published one or another row, an organisation in another spelling: told with reasons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iesi_kg.publication.workflow import check, publish, receive
from iesi_kg.records import Finding, SourceFile
from iesi_kg.store.base import Reader
from iesi_kg.store.embedded import EmbeddedStore

HEAD = "identifier,name,alternative_names,country,service_areas,lead_organisation,website,source_url\n"
PUBLISHED = HEAD + (
    "care-net,Care Net Wien,CNW,AT,childcare,Stadt Wien,https://www.carenet.example.org/,https://example.org/a\n"
    "house-1,Open House 1,,AT,childcare,Verein Offenes Haus,,https://example.org/b\n"
    "silver-line,The Silver Line,,GB,childcare,Age Concern Ltd,,https://example.org/c\n"
    "ig-crema,Informagiovani Crema,,IT,childcare,Comune di Crema,https://ig.example.org,https://example.org/d\n"
    "wing-ii,East Wing Phase II,,AT,childcare,Verein Ostflügel,,https://example.org/e\n"
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder: Path = tmp_path_factory.mktemp("alike") / "store"
    store = EmbeddedStore.open(folder, create=True, lock_timeout=5)
    receipt = receive(SourceFile("published.csv", PUBLISHED.encode()))
    publish(store, receipt, by="anna", at=datetime(2026, 11, 22, tzinfo=UTC))
    yield store.reader()
    store.close()


def told(row: str, reader: Reader | None = None) -> list[Finding]:
    report = check(SourceFile("file.csv", (HEAD + row).encode()), reader=reader)
    return [f for f in report.findings if f.code in ("possible-duplicate", "known-organisation")]


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (
            "x,Wien Care Net,,AT,childcare,Stadt Wien,https://carenet.example.org,https://example.org/x\n",
            "the same name, the same country, the same website, the same organisation",
        ),
        ("x,Care-Net Wiem,,AT,childcare,Andere,,https://example.org/x\n", "names alike by 92 of 100, the same country"),
        (
            "x,Care Network of Vienna,Care Net Vienna,DE,childcare,Other,http://carenet.example.org,https://e.org/x\n",
            "names alike by 86 of 100, the same website",
        ),
    ],
)
def test_a_record_like_a_published_one_is_told_with_the_reasons(reader: Reader, row: str, reasons: str) -> None:
    (finding,) = told(row, reader)
    assert finding.code == "possible-duplicate" and finding.severity.value == "warning"
    assert (finding.row, finding.column) == (2, "name")
    assert finding.message == f"This looks like Care Net Wien, which is published as care-net: {reasons}."
    assert finding.suggestion is not None and finding.suggestion.startswith(
        "if it is the same initiative, write care-net in the column identifier"
    )


def test_a_record_without_a_name_is_told_at_its_row(reader: Reader) -> None:
    (finding,) = told("x,,Care Net Wien,AT,childcare,Stadt Wien,https://carenet.example.org,https://e.org/x\n", reader)
    assert (finding.row, finding.column) == (2, "identifier")


@pytest.mark.parametrize(
    "row",
    [
        "care-net,Care Net Wien,,AT,childcare,Stadt Wien,,https://example.org/x\n",  # a new version of itself
        "x,Care Net Wien,,FR,childcare,Ville de Paris,,https://example.org/x\n",  # nothing but the name in common
        "x,Open House 2,,AT,childcare,Verein Offenes Haus,,https://example.org/x\n",  # the next of a series
        "x,Night Bus,,AT,childcare,Stadt Wien,,https://example.org/x\n",  # another of the same city
        "x,Informagiovani Cremona,,IT,childcare,Comune di Cremona,,https://example.org/x\n",  # another town
        "x,Informagiovani Cremona,,IT,childcare,Altri,https://ig.example.org,https://e.org/x\n",  # on one page
        "x,East Wing Phase III,,AT,childcare,Verein Ostflügel,,https://example.org/x\n",  # the next in Roman numerals
        "x,East Wing Phase,,AT,childcare,Verein Ostflügel,,https://example.org/x\n",  # without a number
    ],
)
def test_what_only_shares_something_is_not_told(reader: Reader, row: str) -> None:
    assert told(row, reader) == []


@pytest.mark.parametrize(
    "name",
    [
        "Informagiovani di Crema",
        "InformaGiovani - Crema",
        "Informa Giovani Crema",
        "Informagiovane Crema",
    ],
)
def test_a_name_written_otherwise_is_still_told(reader: Reader, name: str) -> None:
    (finding,) = told(f"x,{name},,IT,childcare,Altri,,https://example.org/x\n", reader)
    assert "This looks like Informagiovani Crema, which is published as ig-crema" in finding.message


def test_two_rows_that_look_like_one_are_told_at_the_second() -> None:
    row = "{},{},,AT,childcare,Stadt Wien,,https://example.org/x\n"
    (finding,) = told(row.format("a", "Night Bus for Carers") + row.format("b", "Night bus for carer"))
    assert finding.row == 3
    assert finding.message == (
        "This looks like Night Bus for Carers in row 2 of this file: names alike by 97 of 100, the same country, "
        "the same organisation."
    )


@pytest.mark.parametrize(
    ("name", "country", "known"),
    [
        ("Offenes Haus e.V.", "AT", "Verein Offenes Haus"),
        ("Age Concern", "GB", "Age Concern Ltd"),
        ("Age Concrn Limited", "GB", "Age Concern Ltd"),
        ("Age Concern", "IE", None),
        ("Stadt Graz", "AT", None),
    ],
)
def test_a_known_organisation_in_another_spelling(reader: Reader, name: str, country: str, known: str | None) -> None:
    found = told(f"x,Something Else,,{country},childcare,{name},,https://example.org/x\n", reader)
    assert [(f.code, f.column, f.value, f.suggestion) for f in found] == (
        [("known-organisation", "lead_organisation", name, known)] if known else []
    )


def test_many_rows_of_one_name_are_not_compared_with_each_other() -> None:
    rows = "".join(f"i{n},Initiative {n},,AT,childcare,Body {n},,https://example.org/{n}\n" for n in range(120))
    assert told(rows) == []
