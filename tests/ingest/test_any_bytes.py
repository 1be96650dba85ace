"""Whatever the bytes are, each reader gives rows or statements, or one of our errors that names the file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from malformed_files import good_files, mutated
from pyoxigraph import Triple
from raw_workbooks import HEADER, parts, row, sheet

from iesi_kg.errors import InputError
from iesi_kg.ingest import archive, csv, jsonld, rdf, western, xlsx
from iesi_kg.ingest.characters import shown, suspicious
from iesi_kg.ingest.kinds import Kind, detect, encoded
from iesi_kg.records import Finding, Row, SourceFile

KNOWN = set(HEADER)
SYNTAXES = [kind for kind in Kind if not kind.tabular and kind is not Kind.ZIP]
FEW = settings(max_examples=60, deadline=None)


def holds(reader: Callable[[SourceFile], Iterable[object]], content: bytes, *kinds: type) -> None:
    try:
        made = list(reader(SourceFile("file.ext", content)))
    except InputError as error:
        assert "file.ext" in error.detail
        assert error.hint
    else:
        assert all(isinstance(item, kinds) for item in made)


@FEW
@given(st.binary(max_size=400))
def test_any_bytes_as_a_table(content: bytes) -> None:
    holds(lambda source: csv.read(source, KNOWN), content, Row, Finding)
    holds(lambda source: csv.read(source, KNOWN), ",".join(HEADER).encode() + b"\n" + content, Row, Finding)


@pytest.mark.parametrize("kind", SYNTAXES)
@FEW
@given(content=st.binary(max_size=400))
def test_any_bytes_as_rdf(kind: Kind, content: bytes) -> None:
    holds(lambda source: rdf.read(source, kind), content, Triple)


@pytest.mark.parametrize("kind", SYNTAXES)
@FEW
@given(seed=st.integers(0, 10**9))
def test_changed_rdf(kind: Kind, seed: int) -> None:
    name = kind.value.lower().replace("/", "-")
    holds(lambda source: rdf.read(source, kind), mutated(good_files()[name], seed), Triple)


@FEW
@given(seed=st.integers(0, 10**9))
def test_a_changed_workbook(seed: int) -> None:
    holds(lambda source: xlsx.read(source, KNOWN), mutated(good_files()["xlsx"], seed), Row, Finding)


@FEW
@given(part=st.sampled_from(sorted(parts({"Data": ""}))), seed=st.integers(0, 10**9))
def test_a_workbook_of_which_one_part_was_changed(part: str, seed: int) -> None:
    members = parts({"Data": sheet(row(1, *HEADER), '<row r="2"><c r="A2" s="1"><f>A1</f><v>42125</v></c></row>')})
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in members.items():
            file.writestr(name, mutated(content, seed) if name == part else content)
    holds(lambda source: xlsx.read(source, KNOWN), stream.getvalue(), Row, Finding)


@FEW
@given(seed=st.integers(0, 10**9))
def test_a_changed_archive(seed: int) -> None:
    holds(archive.unpack, mutated(good_files()["zip"], seed), SourceFile)


@FEW
@given(st.binary(max_size=300), st.sampled_from(sorted(good_files())), st.integers(0, 10**9))
def test_the_kind_of_any_bytes(content: bytes, name: str, seed: int) -> None:
    holds(lambda source: [detect(source)], content, Kind)
    holds(lambda source: [detect(source)], mutated(good_files()[name], seed), Kind)


@FEW
@given(st.binary(max_size=300))
def test_encodings_are_told_of_any_bytes(content: bytes) -> None:
    encoding = encoded(content)
    content[encoding.skip :].decode(encoding.name, "replace")
    assert western.is_utf8(content) == (content.decode("utf-8", "replace").encode() == content)
    assert isinstance(western.reads_well(content), bool)
    assert isinstance(jsonld.with_our_context(content), bytes)


@FEW
@given(st.text(st.characters(), max_size=50))
def test_characters_are_told_of_any_text(text: str) -> None:
    seen = shown(text)
    seen.encode("utf-8")
    assert suspicious(seen) is None
