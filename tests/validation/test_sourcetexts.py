"""Saved texts of sources against the records that name them, and our descriptions against the data of others."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from iesi_kg import assets
from iesi_kg.cli.check import command
from iesi_kg.errors import UnreadableFile
from iesi_kg.publication.workflow import judged_by
from iesi_kg.records import Finding, SourceFile
from iesi_kg.validation.sourcetexts import FORMS, SourceTexts, read
from iesi_kg.validation.wordruns import RUN, Run, Runs

HEAD = "identifier,name,alternative_names,country,service_areas,description,source_url\n"
ADDRESS = "https://www.example.org/care/net/"
NAMED = "Saved from http://example.org/care/net\nThe town opened Care-Net (CNW) in spring.\n"


def judged(row: str, **texts: str) -> list[Finding]:
    files = [SourceFile(name.replace("_", "."), text.encode()) for name, text in texts.items()]
    return judged_by(SourceTexts(map(read, files)), SourceFile("a.csv", f"{HEAD}{row}\n".encode()))


def row(name: str, other: str = "", text: str = "") -> str:
    return f'care-net,{name},{other},AT,childcare,"{text}",{ADDRESS}'


@pytest.mark.parametrize(
    ("name", "other", "text"),
    [
        ("Care-Net", "", NAMED),
        ("Das Pflegenetz", "CNW", NAMED),
        ("Care Net (Vienna)", "", NAMED),
        ("CÄRE net", "", NAMED),
        (
            "Digital Care Network of the Town",
            "",
            f"{ADDRESS} The network that the town runs is digital, and made of care.",
        ),
    ],
)
def test_a_source_that_names_its_record_by_one_of_its_names_passes(name: str, other: str, text: str) -> None:
    assert judged(row(name, other), page_txt=text) == []


def test_a_source_that_does_not_mention_the_record_is_told_at_its_cell() -> None:
    assert [f.code for f in judged(row("Care Net"), page_txt=f"{ADDRESS} elsewhere")] == ["source-without-record"]
    (found,) = judged(row("Silver Line", "SiLi"), page_txt=NAMED)
    assert (found.code, found.severity.value, found.row, found.column) == (
        "source-without-record",
        "warning",
        2,
        "source_url",
    )
    assert found.message == (
        f"The text of {ADDRESS} (page.txt) names this initiative nowhere. Looked for: Silver Line, SiLi."
    )


def test_a_record_without_a_saved_text_is_not_judged_and_that_is_said() -> None:
    for texts in ({"page_txt": "https://example.org/care/network\nSilver"}, {"care-network_txt": "Silver"}):
        assert [(f.code, f.severity.value) for f in judged(row("Silver Line"), **texts)] == [
            ("source-not-judged", "info")
        ]


def test_a_text_is_found_by_its_address_or_by_the_identifier_in_its_name() -> None:
    for name in ("care-net_txt", "care-net-2_html", "care-net.a_md"):
        assert [f.code for f in judged(row("Silver Line"), **{name: "nothing"})] == ["source-without-record"]


def test_what_a_page_hides_does_not_name_a_record_and_what_it_shows_does() -> None:
    hidden = f"<!-- saved from url={ADDRESS} --><script>Silver Line</script><p>Copper&nbsp;Line</p>"
    assert [f.code for f in judged(row("Silver Line"), page_html=hidden)] == ["source-without-record"]
    assert judged(row("Copper Line"), page_html=hidden) == []


SENTENCE = "Volunteers of the town visit older people at home once a week and show them how"


def test_a_description_that_repeats_a_sentence_is_told_with_the_words() -> None:
    assert len(SENTENCE.split()) == 16
    saved = json.dumps({"a": ["x", {"text": f"Since 2010. {SENTENCE.upper()} to write."}]})
    (found,) = judged(row("CNW", "", f"It helps. {SENTENCE} to call."), page_txt=NAMED, other_json=saved)
    assert (found.code, found.row, found.column) == ("repeated-text", 2, "description")
    assert found.message == f"The description repeats 17 words of other.json: “{SENTENCE.casefold()} to”."


def test_eleven_words_are_chance_and_twelve_are_not() -> None:
    words = SENTENCE.split()
    for length, hits in ((RUN - 1, 0), (RUN, 1)):
        text = f"Here {' '.join(words[:length])} else."
        assert len(judged(row("CNW", "", text), page_txt=NAMED + SENTENCE)) == hits


def test_of_several_runs_the_longest_is_told() -> None:
    shared = Runs({"mine": "a b c x d e f g"}, length=3).shared("theirs", ["d", "e", "f", "g", "y", "a", "b", "c"])
    assert list(shared) == [Run("mine", "theirs", 4, "d e f g")]


def test_the_command_judges_by_a_folder_and_says_where_there_is_none(tmp_path: Path) -> None:
    table, folder = tmp_path / "mine.csv", tmp_path / "texts"
    table.write_text(HEAD + row("Silver Line") + "\n", "utf-8")
    folder.mkdir()
    (folder / "page.txt").write_text(NAMED, "utf-8")
    store = tmp_path / "store"
    told = CliRunner().invoke(
        command, [str(table), "--sources", str(folder), "--format", "json"], env={"IESI_KG_STORE": str(store)}
    )
    codes = {finding["code"] for finding in json.loads(told.output)["findings"]}
    assert "source-without-record" in codes
    (folder / "page.txt").rename(folder / "page.pdf")
    for where, said in ((folder, "there is no text in"), (tmp_path / "none", "is no folder")):
        error = (
            CliRunner()
            .invoke(command, [str(table), "--sources", str(where)], env={"IESI_KG_STORE": str(store)})
            .exception
        )
        assert isinstance(error, UnreadableFile)
        assert said in error.detail


def described() -> dict[str, str]:
    """Every description of the bundled tables, by identifier and column."""
    found = {}
    for name in assets.names("data/iesi", ".csv"):
        for line in csv.DictReader(assets.text(name).splitlines(keepends=True)):
            for column, text in line.items():
                if column and column.startswith("description") and isinstance(text, str):
                    found[f"{line['identifier']}, {column}"] = text
    return found


def test_no_description_of_ours_repeats_a_sentence_of_the_records_it_came_from(shared: Path) -> None:
    runs = Runs(described())
    files = [path for path in sorted((shared / "data").rglob("*")) if path.suffix in FORMS]
    assert len(files) > 20
    found = []
    for path in files:
        text = read(SourceFile(path.name, path.read_bytes()))
        found += list(runs.shared(text.name, text.words))
    assert found == []
