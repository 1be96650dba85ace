"""``iesi-kg link``: what it writes, what it says, and every way in which it can be asked wrongly."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iesi_kg.cli.link import command
from iesi_kg.errors import IesiKgError
from iesi_kg.linking import adapters, sssom
from iesi_kg.publication import peers_loaded
from iesi_kg.records import SourceFile
from iesi_kg.store.embedded import EmbeddedStore

HEADER = "name,type,url,contact,description,geoextent,geocoverage,lead_organisation_name,lead_organisation_category,"
HEADER += (
    "start_date,active,end_date,primary_sector,secondary_sector,cross_sector,cross_border,technology,status,uptake\n"
)
WATCH = "A watch tells residents of a nursing home where they are and carers agree how far each of them may walk alone."


def row(name: str, text: str = WATCH) -> str:
    return f"{name},Service,,,{text},Local,Netherlands,Tante Louise,Governmental,2021,,,Health,,,,AI,Pilot,\n"


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A file of AI Watch with three records, two of which are the same."""
    path = tmp_path / "small.csv"
    path.write_text(HEADER + row("Smart Dementia") + row("Smart Dementia project") + row("Open air cinema", "Films."))
    return str(path)


def link(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def refused(*arguments: str) -> IesiKgError:
    found = link(*arguments).exception
    assert isinstance(found, IesiKgError), found
    return found


def test_duplicates_inside_one_database(small: str) -> None:
    done = link(f"jrc-ai-watch={small}", f"jrc-ai-watch={small}")
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    assert line.split()[1:3] == ["jrc-ai-watch:90001", "jrc-ai-watch:90002"]
    assert "same name except for a suffix or prefix, same organisation (Tante Louise)" in line
    assert "1 link accepted, 1 cluster; 0 links for a person to decide" in done.stderr
    assert "EUPL 1.2" in done.stderr, "the licence of the data is told"


def test_the_files_that_it_writes(small: str, tmp_path: Path) -> None:
    out, review = tmp_path / "links.sssom.tsv", tmp_path / "review.csv"
    done = link(f"jrc-ai-watch={small}", "--out", str(out), "--review", str(review))
    assert (done.exit_code, done.stdout) == (0, "")
    (mapping,) = sssom.read(out.read_text("utf-8"), out.name).mappings
    assert (mapping.subject_id, mapping.predicate_id) == ("jrc-ai-watch:90001", "iesi:sameInitiativeAs")
    assert next(csv.reader(review.read_text("utf-8").splitlines()))[:4] == [
        "confidence",
        "relation",
        "reason",
        "decision",
    ]


def test_decisions_of_an_earlier_file_hold(small: str, tmp_path: Path) -> None:
    out = tmp_path / "links.sssom.tsv"
    link(f"jrc-ai-watch={small}", "--out", str(out))
    text = out.read_text("utf-8").replace("semapv:CompositeMatching", "semapv:ManualMappingCuration")
    decided = tmp_path / "decided.sssom.tsv"
    lines = text.replace("predicate_id\t", "predicate_id\tpredicate_modifier\t")
    decided.write_text(lines.replace("iesi:sameInitiativeAs\t", "iesi:sameInitiativeAs\tNot\t"))
    done = link(f"jrc-ai-watch={small}", "--decisions", str(decided), "--out", str(out))
    assert done.exit_code == 0, done.exception
    assert "0 links accepted" in done.stderr
    (kept,) = sssom.read(out.read_text("utf-8"), out.name).mappings
    assert kept.is_negative


def test_ours_with_another_database(bundled_store: Path, shared: Path, tmp_path: Path) -> None:
    """The records that our curated data say to be the same are found, and so is one that they do not key."""
    out = tmp_path / "links.sssom.tsv"
    watch = shared / "data" / "jrc_ai_watch" / "9-services-ai-watch-t6-jrc120399.csv"
    done = link("iesi", f"jrc-ai-watch={watch}", "--between", "--store", str(bundled_store), "--out", str(out))
    assert done.exit_code == 0, done.exception
    found = {(row.subject_id, row.object_id) for row in sssom.read(out.read_text("utf-8"), out.name).mappings}
    assert {
        ("initiative:misty-ii-barcelona", "jrc-ai-watch:90120"),
        ("initiative:vdab-jobnet", "jrc-ai-watch:90007"),
        ("initiative:enhanced-care-management-ee", "jrc-ai-watch:90020"),
    } <= found
    assert {subject.partition(":")[0] for subject, _ in found} == {"initiative"}


def test_databases_that_are_loaded(small: str, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = EmbeddedStore.open(folder, create=True)
    put = peers_loaded.put(store, adapters.load("jrc-ai-watch").read([SourceFile("s.csv", Path(small).read_bytes())]))
    store.close()
    for asked in (["--all"], ["jrc-ai-watch"], [f"jrc-ai-watch/{put.peer.version}", "iesi"]):
        done = link(*asked, "--store", str(folder))
        assert done.exit_code == 0, done.exception
        assert f"3 of jrc-ai-watch (version {put.peer.version})" in done.stderr
        assert done.stdout.split()[1:3] == ["jrc-ai-watch:90001", "jrc-ai-watch:90002"]
    found = refused("jrc-ai-watch/1999", "--store", str(folder))
    assert "is loaded in the store" in found.detail
    assert found.hint == f"in the store: iesi, jrc-ai-watch/{put.peer.version}; or name files, ADAPTER=FILE"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name databases, or --all for those that are loaded"),
        (["iesi", "--all"], "name databases, or --all for those that are loaded"),
        (["jrc-isp=x.csv"], "there is no adapter 'jrc-isp'; did you mean jrc-ips?"),
        (["pstw=nowhere.csv"], "there is no file nowhere.csv"),
        (["pstw", "--store", "nowhere"], "there is no store at"),
    ],
    ids=["nothing", "both", "adapter", "file", "store"],
)
def test_asked_wrongly(arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refused(*arguments).detail


def test_a_database_that_is_not_loaded(bundled_store: Path) -> None:
    found = refused("jrc-isp", "--store", str(bundled_store))
    assert found.detail == "no database 'jrc-isp' is loaded in the store; did you mean jrc-ips?"
    assert refused("jrc-ips", "--store", str(bundled_store)).hint == "name its files, jrc-ips=FILE"


def test_one_database_under_two_names(small: str, tmp_path: Path) -> None:
    again = tmp_path / "again.csv"
    again.write_text(Path(small).read_text())
    assert "are both jrc-ai-watch" in refused(f"jrc-ai-watch={small}", f"jrc-ai-watch={again}").detail


def test_a_folder_that_is_not_there_is_told_before_anything_is_compared(small: str, tmp_path: Path) -> None:
    for option in ("--out", "--review"):
        told = refused(f"jrc-ai-watch={small}", option, str(tmp_path / "none" / "links.tsv"))
        assert "there is no folder" in told.detail


def test_a_file_of_no_adapter(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    assert "other.csv is no file of pstw" in refused(f"pstw={path}").detail
    path.write_text("")
    assert "is empty" in refused(f"pstw={path}").detail


def test_a_database_without_records(tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text(HEADER)
    done = link(f"jrc-ai-watch={path}")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "compared: 0 of jrc-ai-watch" in done.stderr


def test_decisions_that_cannot_be_read(small: str, tmp_path: Path) -> None:
    path = tmp_path / "decided.sssom.tsv"
    assert "cannot be opened" in refused(f"jrc-ai-watch={small}", "--decisions", str(path)).detail
    path.write_bytes(b"\xff\xfe")
    assert "is not valid UTF-8 at byte 0" in refused(f"jrc-ai-watch={small}", "--decisions", str(path)).detail


def test_a_file_that_cannot_be_written(small: str, tmp_path: Path) -> None:
    assert "cannot be written" in refused(f"jrc-ai-watch={small}", "--out", str(tmp_path / "no" / "x.tsv")).detail
