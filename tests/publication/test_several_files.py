"""Several files are one submission: one verdict that names the file, published whole or not at all."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from iesi_kg.errors import SubmissionRejected, UsageError
from iesi_kg.ingest.archive import pack
from iesi_kg.publication import provenance, returned
from iesi_kg.publication.workflow import check, publish, receive
from iesi_kg.records import Finding, Report, SourceFile
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.validation import render
from submission_tables import GOOD, table

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OTHER = GOOD | {"identifier": "telecare", "name": "Telecare", "source_url": "https://example.org/telecare"}
ID = "https://w3id.org/iesi-kg/id/"
RECORD = f"""@prefix iesi: <https://w3id.org/iesi-kg/ontology#> .
@prefix dct: <http://purl.org/dc/terms/> .
<{ID}initiative/telecare> a iesi:Initiative ; dct:title "Telecare" .
"""


def several(**contents: bytes) -> SourceFile:
    return pack(SourceFile(name.replace("_", "."), content) for name, content in contents.items())


def found(source: SourceFile) -> list[tuple[str, str | None, int | None, str | None]]:
    return [(f.code, f.file, f.row, f.column) for f in check(source).findings]


def test_two_good_files_are_accepted_as_one() -> None:
    report = check(several(a_csv=table(GOOD), b_csv=table(OTHER)))
    assert (report.records, report.findings) == (2, ())


def test_each_finding_names_its_file() -> None:
    source = several(a_csv=table(GOOD | {"country": "Frence"}), b_csv=table(OTHER | {"start_year": "1815"}))
    assert found(source) == [
        ("unknown-code", "a.csv", 2, "country"),
        ("start-year-range", "b.csv", 2, "start_year"),
    ]


def test_every_form_of_the_findings_names_the_file() -> None:
    report = check(several(a_csv=table(GOOD | {"country": "FRX"}), b_csv=table(OTHER)))
    head, *lines = csv.reader(render.csv(report).splitlines())
    assert head[-1] == "file"
    assert {line[-1] for line in lines} == {"a.csv"}
    assert "a.csv, row 2, country" in render.text(report, width=200)


@pytest.mark.parametrize("back", [returned.annotated, returned.mended])
def test_one_table_at_a_time_is_given_back(back: Callable[[SourceFile, Report], object]) -> None:
    source = several(a_csv=table(GOOD), b_csv=table(OTHER))
    with pytest.raises(UsageError, match="of several files none") as caught:
        back(source, check(source))
    assert caught.value.hint == "give one table at a time"


def test_the_same_identifier_in_two_files_names_both_places() -> None:
    report = check(several(a_csv=table(OTHER, GOOD), b_csv=table(GOOD)))
    (finding,) = report.findings
    assert (finding.severity.value, finding.code, finding.file, finding.row, finding.column, finding.value) == (
        "violation",
        "duplicate-record",
        "b.csv",
        2,
        "identifier",
        "vincles",
    )
    assert finding.message == "Another file of this submission already describes this record: a.csv, row 3."


def test_the_same_record_as_table_and_as_rdf_names_both_places() -> None:
    findings = check(several(a_csv=table(OTHER), b_ttl=RECORD.encode())).findings
    (twice,) = [finding for finding in findings if finding.code == "duplicate-record"]
    assert (twice.file, twice.focus_node) == ("b.ttl", f"{ID}initiative/telecare")
    assert twice.message.endswith("a.csv, row 2.")
    assert {finding.file for finding in findings} == {"b.ttl"}


def test_the_same_record_in_two_rdf_files_names_both_places() -> None:
    findings = check(several(a_ttl=RECORD.encode(), b_ttl=RECORD.encode())).findings
    (twice,) = [finding for finding in findings if finding.code == "duplicate-record"]
    assert (twice.file, twice.message[-6:]) == ("b.ttl", "a.ttl.")


def test_rdf_files_may_refer_to_one_another() -> None:
    alone = receive(SourceFile("a.csv", table(GOOD))).submission.triples
    apart = [t for t in alone if "/id/organisation/" in str(t.subject)]
    lines = {True: b"", False: b""}
    for triple in alone:
        lines[triple in apart] += f"{triple} .\n".encode()
    source = several(initiatives_nt=lines[False], organisations_nt=lines[True])
    assert apart and check(source).findings == ()
    assert {*receive(source).submission.triples} == {*alone}


def test_a_finding_on_one_of_several_rdf_files_names_it() -> None:
    wrong = RECORD.encode() + f"<{ID}initiative/telecare> iesi:startyear 2015 .".encode()
    other = RECORD.replace("telecare", "other").encode() + b"<https://example.org/x> dct:title 'Not ours' ."
    findings = check(several(a_ttl=wrong, b_ttl=other)).findings
    assert [(f.code, f.file) for f in findings if f.code in ("unknown-term", "foreign-subject")] == [
        ("unknown-term", "a.ttl"),
        ("foreign-subject", "b.ttl"),
    ]


def test_a_file_that_cannot_be_read_is_told_beside_the_others() -> None:
    source = several(
        a_csv=table(GOOD | {"country": "Frence"}),
        b_ttl=b"@prefix ex: <http://e/> .\nex:a ex:b .",
        c_pdf=b"%PDF-1.7",
        d_csv=b"x,y\n1,2\n",
        e_zip=pack([SourceFile("z.csv", table(OTHER))]).content,
    )
    assert sorted(found(source), key=lambda item: str(item[1])) == [
        ("unknown-code", "a.csv", 2, "country"),
        ("unreadable-file", "b.ttl", 2, None),
        ("unreadable-file", "c.pdf", None, None),
        ("unreadable-file", "d.csv", 1, None),
        ("unreadable-file", "e.zip", None, None),
    ]


def test_several_files_are_published_in_one_graph_that_names_each(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    first, second = table(GOOD), table(OTHER)
    source = several(a_csv=first, b_csv=second)
    done = publish(store, receive(source), by="a steward", at=AT)
    assert (done.changed, done.records) == (True, 2)
    answer = store.reader().answer(
        f"""PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX dct: <http://purl.org/dc/terms/>
        PREFIX schema: <https://schema.org/> PREFIX dcat: <http://www.w3.org/ns/dcat#>
        SELECT ?name ?digest ?size WHERE {{ GRAPH <{provenance.GRAPH.value}> {{
          <{done.graph.value}> prov:wasGeneratedBy/prov:used/prov:hadMember ?file ; prov:wasDerivedFrom ?file .
          ?file dct:title ?name ; schema:sha256 ?digest ; dcat:byteSize ?size }} }} ORDER BY ?name""",
        "text/csv",
    )
    assert answer.body.decode().splitlines()[1:] == [
        f"a.csv,{sha256(first).hexdigest()},{len(first)}",
        f"b.csv,{sha256(second).hexdigest()},{len(second)}",
    ]
    assert not publish(store, receive(source), by="another", at=AT).changed


def test_one_bad_file_keeps_all_of_them_out(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    before = store.current()
    receipt = receive(several(a_csv=table(GOOD), b_csv=table(OTHER | {"country": ""})))
    with pytest.raises(SubmissionRejected, match=r"a\.csv, b\.csv was not published: it has 1 violation"):
        publish(store, receipt, by="a steward", at=AT)
    assert store.current() == before


def test_a_check_says_whose_published_records_would_be_replaced(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    publish(store, receive(SourceFile("f.csv", table(GOOD))), by="The City", at=AT)
    report = check(SourceFile("g.csv", table(OTHER, GOOD | {"name": "Taken over"})), reader=store.reader())
    (finding,) = report.findings
    assert report.conforms
    assert (finding.severity.value, finding.code, finding.row, finding.column, finding.value) == (
        "info",
        "replaces-record",
        3,
        "identifier",
        "vincles",
    )
    assert finding.message == "This file would replace 1 published record, handed in by The City."


def found_in(text: str) -> list[Finding]:
    return [f for f in check(SourceFile("f.ttl", (RECORD + text).encode())).findings if f.shape is None]


@pytest.mark.parametrize(
    ("text", "code", "subject"),
    [
        ("iesi:startYear dct:title 'Mine' .", "foreign-subject", "https://w3id.org/iesi-kg/ontology#startYear"),
        (
            "<https://w3id.org/iesi-kg/codes/status/running> dct:title 'Mine' .",
            "foreign-subject",
            "https://w3id.org/iesi-kg/codes/status/running",
        ),
        (
            f"<{ID}initiative/of-others#outcome-1> dct:title 'M' .",
            "undescribed-record",
            f"{ID}initiative/of-others#outcome-1",
        ),
        (f"<{ID}initiative/of-others> dct:title 'Mine' .", "undescribed-record", f"{ID}initiative/of-others"),
        (f"<{ID}organisation/of-others-es> dct:title 'M' .", "unreferenced-thing", f"{ID}organisation/of-others-es"),
        (
            "<https://w3id.org/iesi-kg/graph/provenance> dct:title 'Mine' .",
            "foreign-subject",
            "https://w3id.org/iesi-kg/graph/provenance",
        ),
    ],
)
def test_what_belongs_to_others_is_not_described(text: str, code: str, subject: str) -> None:
    (finding,) = [finding for finding in found_in(text) if finding.focus_node == subject]
    assert (finding.severity.value, finding.code, finding.value) == ("violation", code, subject)


def test_named_graphs_of_others_are_not_written(tmp_path: Path) -> None:
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    full = b"".join(f"{t} .\n".encode() for t in receive(SourceFile("f.csv", table(GOOD))).submission.triples)
    there = b"https://w3id.org/iesi-kg/graph/provenance> .\n"
    content = b"".join(line[:-2] + b" <" + there for line in full.splitlines(keepends=True))
    done = publish(store, receive(SourceFile("f.nq", content)), by="a steward", at=AT)
    held = {quad.subject for quad in store.reader().quads(graph=provenance.GRAPH)}
    assert done.records == 1 and NamedNode(f"{ID}initiative/vincles") not in held


def iesi_kg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "iesi_kg", *arguments]
    return subprocess.run(command, capture_output=True, timeout=120, check=False)


def test_the_command_takes_files_a_folder_and_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "batch"
    (folder / "sub").mkdir(parents=True)
    (folder / ".hidden").write_bytes(b"no")
    (folder / "a.csv").write_bytes(table(GOOD))
    (folder / "sub" / "b.csv").write_bytes(table(OTHER | {"country": "Frence"}))
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.csv", "sub/b.csv"):
            archive.write(folder / name, name)
    (tmp_path / "batch.zip").write_bytes(stream.getvalue())
    ways = [[str(folder)], [str(tmp_path / "batch.zip")], [str(folder / "a.csv"), str(folder / "sub" / "b.csv")]]
    for way, name in zip(ways, ("sub/b.csv", "sub/b.csv", "b.csv"), strict=True):
        done = iesi_kg("check", "--format", "json", *way)
        assert (done.returncode, done.stderr) == (1, b""), way
        (finding,) = json.loads(done.stdout)["findings"]
        assert list(finding) == [
            *("severity", "sheet", "row", "column", "value", "message", "suggestion", "code", "shape", "focus_node"),
            "file",
        ]
        assert (finding["file"], finding["row"], finding["column"]) == (name, 2, "country")


def test_files_of_one_name_and_folders_without_or_with_too_many_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    done = iesi_kg("check", str(tmp_path / "x"))
    assert done.returncode == 2 and b"is a folder without a file in it" in done.stderr
    for number in range(1_001):
        (tmp_path / "x" / f"{number}.txt").touch()
    done = iesi_kg("check", str(tmp_path / "x"))
    assert done.returncode == 2 and b"holds more than 1,000 files or 2,000,000,000 bytes" in done.stderr
    for folder in "xy":
        (tmp_path / folder / "a.csv").write_bytes(table(GOOD))
    done = iesi_kg("check", str(tmp_path / "x" / "a.csv"), str(tmp_path / "y" / "a.csv"))
    assert done.returncode == 2 and b"two of the files are called a.csv" in done.stderr
