"""A file's kind is read from its bytes; what cannot be read is named."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from iesi_kg.errors import UnreadableFile
from iesi_kg.ingest.kinds import Kind, detect
from iesi_kg.records import SourceFile

RDF = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def archive(**members: str) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"name,country\nA,FR\n", Kind.CSV),
        (b"\xef\xbb\xbfname,country\n", Kind.CSV),
        ("name\tcountry\n".encode("utf-16"), Kind.CSV),
        (b'"name";"country"\n', Kind.CSV),
        (b"just a sentence", Kind.CSV),
        (b"base,prefix\n1,2\n", Kind.CSV),
        (b"@prefix ex: <http://e/> .\nex:a ex:b ex:c .", Kind.TURTLE),
        (b"# a comment\n\nPREFIX ex: <http://e/>\n", Kind.TURTLE),
        (b'@prefix ex: <http://e/> . ex:a ex:b "{" . # {\n', Kind.TURTLE),
        (b"@prefix ex: <http://e/> .\nex:g { ex:a ex:b ex:c }", Kind.TRIG),
        (b"<http://e/a> a <http://e/C> ; <http://e/p> 1 .", Kind.TURTLE),
        (b'<http://e/a> <http://e/p> "x"@en .\n', Kind.NTRIPLES),
        (b"<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n", Kind.NQUADS),
        (b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="' + RDF + b'"/>', Kind.RDFXML),
        (b'{"@context": {"a": "http://e/a"}, "a": 1}', Kind.JSONLD),
        (b'[{"@id": "http://e/a"}]', Kind.JSONLD),
        (archive(**{"xl/workbook.xml": "<workbook/>"}), Kind.XLSX),
        (archive(**{"a.csv": "name"}), Kind.ZIP),
        ("name,country".encode("utf-16-le"), Kind.CSV),
        ("<http://e/a> <http://e/p> <http://e/b> .".encode("utf-16-be"), Kind.NTRIPLES),
    ],
)
def test_kind_by_content(content: bytes, kind: Kind) -> None:
    assert detect(SourceFile("misleading.pdf", content)) is kind


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"", "is empty"),
        (b" \r\n\n ", "holds nothing but blanks"),
        (b"\xef\xbb\xbf", "holds nothing but blanks"),
        (b"%PDF-1.7 ...", "is a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel or Word file (.xls, .doc)"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG image"),
        (b"<!DOCTYPE html><html></html>", "is an HTML page"),
        (b"<html><body>404</body></html>", "is an HTML page"),
        (b'<?xml version="1.0"?><catalog/>', "is XML that is not RDF"),
        (b'{"name": "A"}', "is JSON that is not JSON-LD"),
        (b"PK\x03\x04 cut short", "is a damaged archive or workbook: it was cut short or changed on the way"),
        (archive(**{"word/document.xml": ""}), "is a Word document"),
        (archive(**{"content.xml": "", "mimetype": ""}), "is an OpenDocument file"),
        (bytes(range(256)) * 4, "holds binary data, not text"),
    ],
)
def test_unreadable_file_says_what_was_seen(content: bytes, seen: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        detect(SourceFile("file.csv", content))
    assert caught.value.detail == f"file.csv {seen}"
    assert caught.value.hint
    assert caught.value.exit_code == 2
