"""``iesi-kg questions``: which answers hold on a store, and which rows a file would move; counted by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iesi_kg.analysis.answers import Difference
from iesi_kg.analysis.examples import competency
from iesi_kg.cli.questions import Asked, _text, command
from iesi_kg.errors import StoreError, SubmissionRejected, UsageError

HEAD = "identifier,name,country,start_year,service_areas,technologies,source_url,source_check\n"
ROW = "spare-room,Spare Room,LU,1951,social-housing,messaging,https://example.org/spare,not-re-read\n"


def run(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--store", str(store), *arguments])


@pytest.fixture(scope="module")
def changed(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The bundle and one initiative more."""
    from shutil import copytree

    from iesi_kg.publication import workflow
    from iesi_kg.records import SourceFile
    from iesi_kg.store.embedded import EmbeddedStore

    folder = tmp_path_factory.mktemp("questions") / "store"
    copytree(bundled_store, folder, symlinks=True)
    store = EmbeddedStore.open(folder)
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    workflow.publish(store, workflow.receive(SourceFile("more.csv", (HEAD + ROW).encode())), by="steward", at=at)
    store.close()
    yield folder


def test_the_answers_of_the_bundle_are_the_expected_ones(bundled_store: Path) -> None:
    found = run(bundled_store)
    assert found.output == "42 questions asked: 42 as expected, 0 moved\n"
    assert found.exit_code == 0


def test_an_answer_that_no_longer_holds_is_named_with_the_rows_that_came_and_went(changed: Path) -> None:
    found = run(changed, "37", "35")
    assert found.exit_code == 1
    assert found.output == (
        "037 Timeline of start years: 1 row came, 0 rows went\n"
        "  + 1951 | social housing | messaging | 1\n"
        "2 questions asked: 1 as expected, 1 moved\n"
    )


def test_what_a_file_would_move_is_told_before_it_is_published(bundled_store: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(HEAD + ROW, "utf-8")
    found = run(bundled_store, "--with", str(file), "--format", "json", "37", "19")
    timeline = next(one for one in json.loads(found.output) if one["question"] == "037-timeline")
    assert timeline["came"] == [["1951", "social housing", "messaging", "1"]]
    assert (found.exit_code, timeline["same"], timeline["went"]) == (1, False, [])
    by_country = next(one for one in json.loads(found.output) if one["question"].startswith("019"))
    assert len(by_country["came"]) == len(by_country["went"]) == 1
    before, after = (next(iter(by_country[key]))[2] for key in ("went", "came"))
    assert int(after) == int(before) + 1


def test_many_rows_are_cut() -> None:
    many = Difference(tuple((f"row {number:02}",) for number in range(25)), ())
    told = _text([Asked(competency()[0], 25, many)], "expected", 20).splitlines()
    assert told[20:22] == ["  + row 19", "  + and 5 more (--all)"]
    assert len(_text([Asked(competency()[0], 25, many)], "expected", None).splitlines()) == 1 + 25 + 1


def test_what_cannot_be_asked_is_said(bundled_store: Path, tmp_path: Path) -> None:
    unknown = run(bundled_store, "43").exception
    assert isinstance(unknown, UsageError)
    assert (unknown.detail, unknown.hint) == ("there is no question 43", "there are 1 to 42")
    assert isinstance(run(tmp_path / "none").exception, StoreError)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(HEAD + ROW.replace("social-housing", "castles"), "utf-8")
    assert isinstance(run(bundled_store, "--with", str(wrong)).exception, SubmissionRejected)
