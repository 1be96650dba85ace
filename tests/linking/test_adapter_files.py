"""Files of other databases that are not as they should be: each is told by its place, and nothing is lost silently."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, Quad

from iesi_kg.errors import UnreadableFile, UsageError
from iesi_kg.linking import adapters
from iesi_kg.linking import adapters_values as values
from iesi_kg.linking.adapters import Adapted
from iesi_kg.linking.entities import Entity, of_quads
from iesi_kg.records import Finding, SourceFile

CASE: Mapping[str, Any] = {
    "id": 10000,
    "name": "Care at home",
    "url": "https://example.org/care",
    "description": "A service.",
    "geoextent": "National",
    "geocoverage": ["Austria"],
    "lead_organisation_name": "Ministry of Care",
    "lead_organisation_category": "Central-Government",
    "start_date": "2020",
    "end_date": "",
    "primary_sector": "Health",
    "technology": "Blockchain",
    "status": "Pilot",
}
TABLE: Mapping[str, Any] = {
    "name": "t",
    "format": "csv",
    "prefix": "mine",
    "key": "{id}",
    "things": [{"name": "record"}],
    "columns": [{"name": "id"}],
}


@dataclass(frozen=True)
class Found:
    """What came of some files."""

    adapted: Adapted
    quads: list[Quad]

    @property
    def entities(self) -> dict[str, Entity]:
        return {entity.curie: entity for entity in of_quads(self.quads, self.adapted.graph.value)}

    def findings(self, code: str) -> list[Finding]:
        return [finding for finding in self.adapted.findings if finding.code == code]


def read(content: bytes | str | list[Mapping[str, Any]], name: str = "jrc-ips", file: str = "cases.json") -> Found:
    if isinstance(content, list):
        content = json.dumps(content)
    data = content.encode("utf-8") if isinstance(content, str) else content
    adapted = adapters.load(name).read([SourceFile(file, data)])
    return Found(adapted, list(adapted.quads))


def case(**changed: object) -> dict[str, Any]:
    return {**CASE, **changed}


def test_a_file_of_another_version_is_refused_by_the_columns_it_lacks() -> None:
    renamed = {"case_id" if name == "id" else "title" if name == "name" else name: v for name, v in CASE.items()}
    with pytest.raises(UnreadableFile) as refused:
        read([renamed])
    assert refused.value.detail == (
        "cases.json is no file of jrc-ips as known here: the columns 'id' (is it 'case_id' now?), 'name' are missing"
    )
    assert "its columns are case_id, title, url" in str(refused.value.hint)


def test_other_columns_that_are_missing_or_new_are_named_with_the_likely_pair() -> None:
    changed = {"start_year" if name == "start_date" else name: value for name, value in CASE.items()}
    found = read([{name: value for name, value in changed.items() if name != "status"}])
    assert [finding.message for finding in found.findings("column-missing")][:2] == [
        "data/cases.json: the column 'start_date' (is it 'start_year' now?) is missing; nothing is stated from it",
        "data/cases.json: the column 'secondary_sector' is missing; nothing is stated from it",
    ]
    assert "status" in {finding.column for finding in found.findings("column-missing")}
    assert [finding.column for finding in found.findings("column-unknown")] == ["start_year"]
    assert any(quad.object == Literal("2020") for quad in found.quads)
    assert found.entities["jrc-ips:10000"].start_year is None
    assert len(found.findings("unknown-edition")) == 1
    assert found.adapted.version.startswith("2022-")


@pytest.mark.parametrize("end", [-1, -30, 300, 60])
def test_json_that_breaks_off_is_told_by_its_place(end: int) -> None:
    whole = json.dumps([case(id=1), case(id=2)], indent=1)
    cut = whole[:end]
    with pytest.raises(UnreadableFile) as refused:
        read(cut)
    records = 0 if end in (300, 60) else 1 if end == -30 else 2
    plural = "" if records == 1 else "s"
    assert f"cases.json ends in the middle (line {cut.count(chr(10)) + 1}, " in refused.value.detail
    assert refused.value.detail.endswith(f"after {records} whole record{plural}")


def test_json_that_is_wrong_in_the_middle_is_told_by_line_and_column() -> None:
    with pytest.raises(UnreadableFile, match=r"cases.json is not JSON \(line 2, column 11\), after 0 whole records"):
        read('[\n {"id": 1 "name": "x"}]')


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1, 2]", "record 1 is no object but '1'"),
        ('{"cases": []}', "cases.json holds one object, not an array of records"),
        ("", "cases.json is empty"),
        ("  \n", "cases.json is empty"),
        ("<html><body>not found</body></html>", "cases.json is a web page or XML"),
        (b"PK\x03\x04rest", "cases.json is no text"),
        ("id,name\n1,x\n", "cases.json is CSV; jrc-ips reads JSON"),
        ("[" * 5000, "ends in the middle"),
    ],
    ids=["numbers", "object", "nothing", "blanks", "page", "archive", "csv", "deep"],
)
def test_what_is_no_such_file_is_refused(content: str | bytes, said: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(content)
    assert said in refused.value.detail


def test_a_column_that_stands_twice_loses_nothing() -> None:
    found = read("name,url,note,note\nOne,,first,second\n", "jrc-ai-watch", "services.csv")
    kept = {quad.predicate.value.partition("#")[2]: quad.object for quad in found.quads}
    assert (kept["note"], kept["note.2"]) == (Literal("first"), Literal("second"))
    assert {finding.column for finding in found.findings("column-unknown")} == {"note", "note.2"}


def test_an_empty_database_is_told() -> None:
    found = read([])
    assert found.adapted.records == 0
    assert [finding.message for finding in found.findings("empty-database")] == ["the files hold no record"]


def test_a_key_that_stands_twice_keeps_both_records_apart() -> None:
    found = read([case(), case(name="Other"), case(name="Third"), case(id="")])
    names = {curie: entity.names for curie, entity in found.entities.items() if entity.kind == "initiative"}
    assert names == {
        "jrc-ips:10000": ("Care at home",),
        "jrc-ips:10000.2": ("Other",),
        "jrc-ips:10000.3": ("Third",),
        "jrc-ips:cases.json-4": ("Care at home",),
    }
    assert [(finding.value, finding.row) for finding in found.findings("repeated-key")] == [("10000", 2), ("10000", 3)]
    assert [finding.row for finding in found.findings("no-key")] == [4]


def test_a_text_that_reads_like_the_key_is_no_key() -> None:
    found = read([case(id=2020, name="2020")])
    assert (found.entities["jrc-ips:2020"].names, found.entities["jrc-ips:2020"].start_year) == (("2020",), 2020)


def test_keys_that_look_like_those_we_give_stay_apart() -> None:
    found = read([case(id=key) for key in ("1", "1.2", "1", "1", "1.2")])
    assert sum(entity.kind == "initiative" for entity in found.entities.values()) == 5


@given(
    st.one_of(
        st.text(), st.builds("https://example.org/{}".format, st.text()), st.builds("http://{}/x".format, st.text())
    )
)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_any_text_as_an_address_gives_iris_or_nothing(text: str) -> None:
    for address in values.addresses(text):
        assert address.startswith(("http://", "https://"))
    assert read([case(url=text, description=text)]).adapted.records == 1


def test_placeholders_become_absence_and_stay_out_of_the_graph() -> None:
    blank = case(
        url="\xa0", start_date="1970-01-01", status="Unknown", lead_organisation_name="unknown", end_date="n/a"
    )
    found = read([blank])
    entity = found.entities["jrc-ips:10000"]
    assert (entity.pages, entity.start_year, entity.status, entity.organisations) == ((), None, "", ())
    texts = {quad.object.value for quad in found.quads if isinstance(quad.object, Literal)}
    assert texts.isdisjoint({"Unknown", "unknown", "1970-01-01", "n/a", "\xa0", ""})


def test_html_becomes_plain_text_everywhere() -> None:
    text = '<p>One &amp; <b>two</b></p><script>alert("x")</script><img src=x onerror=alert(1)>\n&nbsp;caf&eacute; 3 < 4'
    found = read([case(name="<i>Care</i> at home", description=text, new_column=text)])
    entity = found.entities["jrc-ips:10000"]
    assert entity.names == ("Care at home",)
    assert entity.description == "One & two\n\ncafé 3 < 4"
    texts = "".join(quad.object.value for quad in found.quads if isinstance(quad.object, Literal))
    assert "<p>" not in texts
    assert "alert" not in texts
    assert "onerror" not in texts


def test_broken_characters_in_json_are_marked_and_told() -> None:
    content = json.dumps([case()]).encode().replace(b"A service.", b"A caf\xe9 \\u0000 \\ud83d service.")
    found = read(content)
    assert found.entities["jrc-ips:10000"].description.startswith("A caf\ufffd")
    assert [finding.column for finding in found.findings("repaired-bytes")] == ["description"]


@pytest.mark.parametrize(
    ("encoding", "told"), [("cp1252", 1), ("utf-8-sig", 0), ("utf-16", 0)], ids=["western", "mark", "utf-16"]
)
def test_tables_in_other_encodings_are_read(encoding: str, told: int) -> None:
    table = "name,url,description,geocoverage\nCafé social,https://example.org,Für alle,Österreich\n"
    found = read(table.encode(encoding), "jrc-ai-watch", "services.csv")
    assert found.entities["jrc-ai-watch:90001"].names == ("Café social",)
    assert found.entities["jrc-ai-watch:90001"].description == "Für alle"
    assert len(found.findings("repaired-bytes")) == 3 * told
    assert [finding.value for finding in found.findings("not-mapped")] == ["Österreich"]


def test_a_quotation_mark_that_is_never_closed_is_told_by_its_line() -> None:
    table = 'name,url,description\nOne,https://example.org,"An open\ntext\n'
    with pytest.raises(UnreadableFile, match=r"services\.csv is not CSV from line 3 on: unexpected end of data"):
        read(table, "jrc-ai-watch", "services.csv")


def test_a_row_with_too_many_cells_is_told_with_its_text() -> None:
    table = "name,url,description\nOne,https://example.org,first, second\n"
    with pytest.raises(UnreadableFile, match=r"record 1 has 4 cells where the header has 3; .* reads ' second'"):
        read(table, "jrc-ai-watch", "services.csv")


def test_a_catalogue_whose_file_name_has_no_number_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        read("id,name,url\n1,x,\n", "jrc-ips-catalogue", "cases.csv")
    assert refused.value.hint == "keep the name that the database gives it: src/NUMBER-cases-NAME.csv"


def test_a_name_that_is_no_adapter_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="there is no adapter 'jrc-ipss'; did you mean jrc-ips"):
        adapters.load("jrc-ipss")
    with pytest.raises(UsageError, match=r"there is no adapter 'zzz'\Z"):
        adapters.load("zzz")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tables": [{"format": "xml"}]}, "format 'xml' is not known"),
        ({"tables": [{"format": "csv"}]}, "'things' is missing"),
        ({"crosswalks": ["nowhere"]}, "no asset data/adapters/crosswalks/nowhere.ttl"),
        ({"licence": {}}, "'address' is missing"),
        ({"licence": {"address": "CC BY", "name": "x"}}, "'CC BY' is not a web address"),
        (
            {"tables": [{**TABLE, "columns": [{"name": "id", "to": "dct:title", "language": "no!"}]}]},
            "'no!' is no language",
        ),
        ({"tables": [{**TABLE, "columns": [{"name": "id", "to": "dct:type", "scheme": "x"}]}]}, "no code list 'x'"),
        ({"name": "My region"}, "the name 'My region' is not made of small letters"),
        ({"tables": [{**TABLE, "key": "{nr}"}]}, "the key is made of 'nr', which is no column"),
        (
            {"tables": [{**TABLE, "things": [{"name": "a", "states": {"dct:relation": "b"}}]}]},
            "no thing 'b' to lead to",
        ),
        ({"tables": [{**TABLE, "columns": [{"name": "id", "to": "dtc:title"}]}]}, "the prefix dtc: in 'dtc:title'"),
        ({"tables": [{"format": "csv", "colums": []}]}, "'colums' is not known; did you mean 'columns'?"),
    ],
    ids=[
        "format",
        "missing",
        "crosswalk",
        "licence",
        "address",
        "language",
        "list",
        "name",
        "no column",
        "no thing",
        "prefix",
        "key",
    ],
)
def test_a_description_of_ones_own_that_is_wrong_is_told_by_its_place(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    licence = {"address": "https://example.org/l", "name": "x"}
    told = {"name": "mine", "title": "Mine", "version": "1", "publisher": {"name": "me"}, "licence": licence}
    told |= {"address": "https://example.org", "tables": [], **change}
    (tmp_path / "adapter.json").write_text(json.dumps(told))
    with pytest.raises(UnreadableFile) as refused:
        adapters.load(str(tmp_path))
    assert said in refused.value.detail
    assert "adapter.json" in refused.value.detail


def test_a_folder_without_a_description_and_a_description_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no file adapter.json"):
        adapters.load(str(tmp_path))
    (tmp_path / "adapter.json").write_text("{")
    with pytest.raises(UnreadableFile, match="is not JSON"):
        adapters.load(str(tmp_path))
