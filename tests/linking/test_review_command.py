"""`iesi-kg review`: one key for each decision, files in and out, and every wrong use told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iesi_kg.cli.erase import command as erase
from iesi_kg.cli.review import command
from iesi_kg.errors import IesiKgError, IllFormedMappings, StoreError, UnreadableFile, UsageError
from iesi_kg.linking import sssom
from iesi_kg.linking.review_file import read_review
from iesi_kg.store.embedded import EmbeddedStore
from linked_records import filled, link, links

FOUND = links(
    link("initiative:smart", "jrc-ips:3", 0.55, comment="same name but for the country"),
    link("initiative:vincles", "jrc-ips:2", 0.6),
    link("initiative:smart", "jrc-ips:1", 0.95),
)
HEADER = "confidence,relation,reason,decision,left_id,left_name,right_id,right_name"
TABLE = f"""{HEADER}
0.5,same,same name,r,initiative:smart,Smart Care,jrc-ips:3,Smart Care Ireland
0.5,same,,A,initiative:vincles,Vincles,jrc-ips:2,Vincles BCN
0.4,same,,,initiative:smart,Smart Care,jrc-ips:1,SmartCare pilot
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_store(tmp_path_factory.mktemp("review") / "store")


def new_store(folder: Path) -> Path:
    opened = EmbeddedStore.open(folder, create=True)
    filled(opened)
    opened.close()
    return folder


def review(store: Path, *arguments: str, keys: str = "") -> Result:
    return CliRunner().invoke(
        command, [*arguments, "--store", str(store), "--by", "Anna"], input=keys, catch_exceptions=False
    )


def test_without_a_terminal_it_is_said_so(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "links.sssom.tsv"
    path.write_text(sssom.write(FOUND), encoding="utf-8")

    def no_terminal(*_: object) -> str:
        raise OSError(6, "No such device or address: '/dev/tty'")

    monkeypatch.setattr("iesi_kg.cli.review.click.getchar", no_terminal)
    with pytest.raises(UsageError, match="no terminal") as found:
        CliRunner().invoke(command, [str(path), "--store", str(store)], catch_exceptions=False, standalone_mode=False)
    assert "review.csv" in str(found.value.hint)


def test_keys_decide_undo_and_leave_and_the_decisions_go_out_as_a_file(store: Path, tmp_path: Path) -> None:
    """Same; not the same, with a reason; taken back and decided again; a wrong key; skipped."""
    path = tmp_path / "links.sssom.tsv"
    path.write_text(sssom.write(FOUND), encoding="utf-8")
    done = review(store, str(path), keys="wa series\nr" + "a" + "z" + "x" + "a" + "s")
    assert "1 of 3: initiative:smart = jrc-ips:3, confidence 0.55" in done.output
    assert "same name but for the country" in done.output
    assert "* names" in done.output and "Smart Care Ireland" in done.output
    assert "taken back: initiative:vincles = jrc-ips:2" in done.output
    assert "'x' is none of the keys" in done.output
    assert "2 decided, 1 left" in done.output
    again = review(store, keys="q")
    assert "1 of 1: initiative:smart = jrc-ips:1" in again.output and "0 decided, 1 left" in again.output
    listed = review(store, "--list").output
    assert "rejected" in listed and "1 open, 1 accepted, 1 rejected" in listed
    target = tmp_path / "decisions.sssom.tsv"
    assert "wrote 2 decisions" in review(store, "--export", str(target)).output
    found = {item.object_id: item for item in sssom.read(target.read_text("utf-8"), "d").mappings}
    assert (found["jrc-ips:3"].is_negative, found["jrc-ips:3"].comment) == (True, "a series")
    assert (found["jrc-ips:2"].is_negative, found["jrc-ips:2"].reviewer_label) == (False, ("Anna",))


def test_decisions_are_taken_over_by_another_store(tmp_path: Path) -> None:
    one, other = (new_store(tmp_path / name) for name in ("one", "other"))
    path, target, again = (tmp_path / f"{name}.sssom.tsv" for name in ("links", "decisions", "again"))
    path.write_text(sssom.write(FOUND), encoding="utf-8")
    assert "3 decided, 0 left" in review(one, str(path), keys="rwa day out\nia").output
    review(one, "--export", str(target))
    first = review(other, str(target), "--import").output
    assert first.endswith("3 taken over, 0 stood already, 0 left as they are\n"), first
    review(other, "--export", str(again))
    assert again.read_text("utf-8") == target.read_text("utf-8")
    second = review(other, str(target), "--import").output
    assert second.endswith("0 taken over, 3 stood already, 0 left as they are\n")
    target.write_text(target.read_text("utf-8").replace("\tNot\t", "\t\t"), "utf-8")
    third = review(other, str(target), "--import").output
    assert "initiative:smart = jrc-ips:3: rejected here by Anna" in third
    assert third.endswith("0 taken over, 2 stood already, 1 left as they are\n")


def test_decisions_outlive_the_name_of_who_made_them(tmp_path: Path) -> None:
    store, path, target = new_store(tmp_path / "store"), tmp_path / "links.sssom.tsv", tmp_path / "decisions.sssom.tsv"
    path.write_text(sssom.write(FOUND), encoding="utf-8")
    review(store, str(path), keys="wsaid by Anna\nraq")
    order = ["/id/agent/anna", "--also", "Anna", "--reason", "asked for", "--yes", "--store", str(store)]
    assert CliRunner().invoke(erase, order).exit_code == 0
    assert "1 open, 1 accepted, 1 rejected" in review(store, "--list").output
    assert "2 decisions" in review(store, "--export", str(target)).output
    made = sssom.read(target.read_text("utf-8"), "d").mappings
    assert [(item.is_negative, item.reviewer_label) for item in made] == [(True, ()), (False, ())]
    assert "anna" not in target.read_text("utf-8").casefold()


def test_links_that_nobody_decided_are_not_taken_over(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "links.sssom.tsv"
    path.write_text(sssom.write(FOUND), encoding="utf-8")
    with pytest.raises(IllFormedMappings, match="is no decision of a person"):
        review(store, str(path), "--import")
    with pytest.raises(UsageError, match="name the file"):
        review(store, "--import")


def test_a_set_is_published_told_of_and_withdrawn(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "links.sssom.tsv"
    path.write_text(sssom.write(FOUND), encoding="utf-8")
    assert "published: 3 mappings as links" in review(store, str(path), "--publish", "links").output
    assert "country differs" in review(store, "--findings").output
    assert "withdrawn: links" in review(store, "--withdraw", "links").output
    assert " links await a decision of this file" in review(store, str(path), "--queue").output


def test_a_queue_is_emptied_and_the_decisions_stay(tmp_path: Path) -> None:
    store, path = tmp_path / "store", tmp_path / "links.sssom.tsv"
    opened = EmbeddedStore.open(store, create=True)
    filled(opened)
    opened.close()
    path.write_text(sssom.write(FOUND), encoding="utf-8")
    assert "3 links await a decision of this file, 3 in all" in review(store, str(path), "--queue").output
    assert "1 decided, 2 left" in review(store, keys="aq").output
    assert "withdrawn: candidates" in review(store, "--withdraw", "candidates").output
    listed = review(store, "--list").output
    assert "1 accepted" in listed and "open" not in listed


def test_a_table_of_links_is_read_with_the_decisions_that_were_filled_in() -> None:
    found = read_review("\ufeff" + TABLE.replace(",", ";"), "review.csv")
    assert [choice for choice, _ in found.decisions] == ["rejected", "accepted", ""]
    first = found.mappings.mappings[0]
    assert (first.predicate_id, first.confidence, first.comment) == ("iesi:sameInitiativeAs", 0.5, "same name")
    part = TABLE.replace("0.5,same,same name", "0.5,part of,").replace("initiative:", "dsi4eu-organisation:")
    whole = read_review(part, "review.csv").mappings.mappings
    assert [item.predicate_id for item in whole[:2]] == ["org:subOrganizationOf", "iesi:sameOrganisationAs"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLE.replace(",A,", ",maybe,"), "review.csv, line 3: 'maybe' is no decision"),
        (TABLE.replace("left_id", "left"), "review.csv, line 1: the table has no column left_id"),
        (TABLE.replace("jrc-ips:3", ""), "object_id is empty"),
        (TABLE.replace("jrc-ips:3", "three"), "neither an IRI nor a prefix and a name"),
    ],
    ids=["decision", "column", "empty", "no key"],
)
def test_a_wrong_table_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(IllFormedMappings, match=message):
        read_review(text, "review.csv")


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["--list", "--findings"], UsageError, "exclude one another"),
        (["--queue"], UsageError, "name the file with the links"),
        (["x.tsv", "--list"], UsageError, "this needs no file"),
        (["nowhere.sssom.tsv", "--queue"], UnreadableFile, "there is no file"),
        (["--withdraw", "decisions"], IesiKgError, "no mapping set 'decisions' is loaded"),
    ],
    ids=["two ways", "no file", "too many", "missing", "ours"],
)
def test_wrong_use_is_told(store: Path, arguments: list[str], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        review(store, *arguments)


def test_a_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        review(tmp_path / "none", "--list")


def test_a_file_that_is_not_utf_8_is_told_with_its_place(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "links.sssom.tsv"
    path.write_bytes(b"#license: caf\xe9\n")
    with pytest.raises(UnreadableFile, match="is not UTF-8: byte 13"):
        review(store, str(path))
