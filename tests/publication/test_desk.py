"""A file on the desk from receipt to withdrawal: what is kept, told and refused, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode
from sheets_in_hand import edited, filled, put

from iesi_kg.endpoint.entity import describe
from iesi_kg.errors import (
    DecisionConflict,
    Gone,
    NotFound,
    OwnSubmission,
    RevisionConflict,
    StoreDamaged,
    StoreFailing,
    SubmissionRejected,
    UsageError,
)
from iesi_kg.publication import workflow
from iesi_kg.publication.desk import Desk, Verdict, Wish
from iesi_kg.publication.desk_item import Item, Kind, Role, Sender, State
from iesi_kg.publication.desk_shelf import DeskShelf
from iesi_kg.records import SourceFile
from iesi_kg.store.base import Reader, Writer
from iesi_kg.store.embedded import EmbeddedStore

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HEADER = (
    "identifier,name,country,start_year,service_areas,target_groups,description,lead_organisation,"
    "source_url,source_check"
)
ROW = "vincles,Vincles,ES,2013,social-inclusion,older-people,It helps.,Ajuntament,https://example.org/,not-re-read"
GOOD = SourceFile("Anna Smith.csv", f"{HEADER}\n{ROW}\n".encode())
RENEWED = SourceFile(
    "new.csv", f"{HEADER}\n{ROW.replace('2013', '2014').replace('Vincles,', 'Vincles BCN,')}\n".encode()
)
BROKEN = SourceFile("broken.csv", f"{HEADER}\n{ROW.replace(',ES,', ',Spian,')}\n".encode())
ANNA = Sender("anna", "Anna Smith", "anna@example.org")
VINCLES = NamedNode("https://w3id.org/iesi-kg/id/initiative/vincles")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore.open(tmp_path / "store", create=True)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: EmbeddedStore, tmp_path: Path) -> Desk:
    return Desk(tmp_path / "store")


def verdict(state: State, reason: str = "", **more: object) -> Verdict:
    given = Verdict(state, "rita", AT + timedelta(hours=1), reason)
    return replace(given, **more)  # type: ignore[arg-type]


def everything(store: EmbeddedStore) -> set[str]:
    return {str(quad) for quad in store.reader().quads()}


def names(store: EmbeddedStore) -> list[str]:
    found = store.reader().quads(VINCLES, NamedNode("http://purl.org/dc/terms/title"), graph=DefaultGraph())
    return sorted(getattr(quad.object, "value", "") for quad in found)


def test_a_file_is_kept_as_it_came_and_published_by_another_person(desk: Desk, store: EmbeddedStore) -> None:
    before = everything(store)
    item = desk.receive(GOOD, ANNA, AT)
    assert (item.state, item.title, item.revision) == (State.RECEIVED, "Anna Smith.csv", 1)
    assert desk.source(item).content == GOOD.content
    assert everything(store) == before
    taken = desk.decide(store, item.id, verdict(State.IN_REVIEW))
    assert taken.state is State.IN_REVIEW
    assert everything(store) == before
    done = desk.decide(store, item.id, verdict(State.ACCEPTED, "complete", revision=2))
    assert [event.state for event in done.history] == [State.RECEIVED, State.IN_REVIEW, State.ACCEPTED]
    assert names(store) == ["Vincles"]
    assert done.graph.startswith("https://w3id.org/iesi-kg/graph/submission/2026-11-22-")
    assert desk.find(item.id, store.reader()) == done


def test_a_decision_is_a_dated_statement_by_a_role_and_nobody_is_named(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    desk.decide(store, item.id, verdict(State.ACCEPTED, "complete", note="Well done, Anna Smith"))
    told = store.reader().select(
        """PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX adms: <http://www.w3.org/ns/adms#>
        PREFIX dct: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
        SELECT ?at ?status ?reason ?who { GRAPH <https://w3id.org/iesi-kg/graph/decisions> {
          ?d prov:endedAtTime ?at ; adms:status ?status ; dct:type ?reason ;
            prov:wasAssociatedWith/foaf:name ?who } }"""
    )
    codes = "https://w3id.org/iesi-kg/codes"
    assert [{name: getattr(term, "value", "") for name, term in row.items()} for row in told] == [
        {
            "at": "2026-11-22T10:00:00Z",
            "status": f"{codes}/submission-status/accepted",
            "reason": f"{codes}/decision-reason/complete",
            "who": "reviewer",
        }
    ]
    text = "\n".join(everything(store)).casefold()
    assert [word for word in ("anna", "smith", "rita") if word in text] == []


def test_the_file_of_a_refused_item_leaves_no_statement_but_the_decision(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    done = desk.decide(store, item.id, verdict(State.REFUSED, "outside-scope"))
    assert done.state is State.REFUSED
    graphs = {str(quad.graph_name) for quad in store.reader().quads()}
    assert graphs == {"<https://w3id.org/iesi-kg/graph/decisions>"}
    with pytest.raises(DecisionConflict, match="is refused, and from there it cannot be accepted"):
        desk.decide(store, item.id, verdict(State.ACCEPTED))


@pytest.mark.parametrize("state", [State.REFUSED, State.RETURNED, State.WITHDRAWN])
def test_what_needs_a_reason(desk: Desk, store: EmbeddedStore, state: State) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    with pytest.raises(UsageError, match=f"to be {state.value} needs a reason"):
        desk.decide(store, item.id, verdict(state))
    with pytest.raises(UsageError, match="'because' is no reason of a decision") as told:
        desk.decide(store, item.id, verdict(state, "because"))
    assert "outside-scope" in (told.value.hint or "")
    assert desk.find(item.id, store.reader()) == item


def test_who_hands_in_does_not_decide_unless_it_is_allowed(desk: Desk, store: EmbeddedStore, tmp_path: Path) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    with pytest.raises(OwnSubmission, match="in, and does not decide on it") as told:
        desk.decide(store, item.id, verdict(State.ACCEPTED, by="Anna"))
    assert "another reviewer" in (told.value.hint or "")
    alone = Desk(tmp_path / "store", by_another=False)
    assert alone.decide(store, item.id, verdict(State.ACCEPTED, by="anna")).state is State.ACCEPTED


def test_a_returned_file_is_mended_and_accepted(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(BROKEN, ANNA, AT)
    with pytest.raises(SubmissionRejected, match="1 violation"):
        desk.decide(store, item.id, verdict(State.ACCEPTED))
    assert desk.find(item.id, store.reader()) == item
    with pytest.raises(DecisionConflict):
        desk.mend(item.id, GOOD, AT)
    desk.decide(store, item.id, verdict(State.RETURNED, "to-mend", note="The country"))
    mended = desk.mend(item.id, GOOD, AT + timedelta(days=1))
    assert desk.mend(item.id, GOOD, AT + timedelta(days=1)) == mended
    assert (mended.state, mended.revision) == (State.RECEIVED, 3)
    done = desk.decide(store, item.id, verdict(State.ACCEPTED, revision=3))
    assert done.state is State.ACCEPTED
    assert names(store) == ["Vincles"]


def test_two_reviewers_at_once_and_one_who_clicks_twice(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    first = verdict(State.ACCEPTED, "complete", revision=1)
    done = desk.decide(store, item.id, first)
    version = store.reader().version
    assert desk.decide(store, item.id, first) == done
    assert store.reader().version == version
    with pytest.raises(DecisionConflict, match="meanwhile: it is accepted now") as told:
        desk.decide(store, item.id, verdict(State.REFUSED, "wrong", by="rolf", revision=1))
    assert told.value.members == {"state": "accepted", "revision": 2}


def test_a_hand_in_sent_twice_is_one(desk: Desk, store: EmbeddedStore) -> None:
    assert desk.receive(GOOD, ANNA, AT) == desk.receive(GOOD, ANNA, AT + timedelta(seconds=1))
    first = desk.receive(BROKEN, Sender(), AT, key="a-key")
    assert desk.receive(BROKEN, Sender(), AT, key="a-key") == first
    with pytest.raises(DecisionConflict, match="this key came with something else before"):
        desk.receive(GOOD, Sender(), AT, key="a-key")
    assert desk.receive(BROKEN, Sender(), AT) != first
    assert len(desk.all(store.reader())) == 3


def test_the_status_address_opens_for_its_secret_alone(desk: Desk, store: EmbeddedStore, tmp_path: Path) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    path = desk.address(item)
    _, _, item_id, secret = path.split("/")
    assert len(secret) == 43
    reader = store.reader()
    assert Desk(tmp_path / "store").of_sender(item_id, secret, reader) == item
    for wrong in ("", secret[:-1], secret[::-1], secret + "é"):
        with pytest.raises(NotFound, match="no receipt under this address"):
            desk.of_sender(item_id, wrong, reader)
    with pytest.raises(NotFound):
        desk.of_sender("../../etc", secret, reader)
    kept = (tmp_path / "store" / "desk" / item_id / "item.json").read_text("utf-8")
    assert secret not in kept
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "store" / "desk" / item_id).iterdir()} == {0}


def test_withdrawal_takes_a_new_record_out_and_says_why(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    before = {str(q) for q in store.reader().quads(graph=DefaultGraph())}
    desk.decide(store, item.id, verdict(State.ACCEPTED))
    done = desk.decide(store, item.id, verdict(State.WITHDRAWN, "wrong"))
    assert done.state is State.WITHDRAWN
    assert {str(q) for q in store.reader().quads(graph=DefaultGraph())} == before
    with pytest.raises(Gone, match="has been withdrawn on 2026-11-22T10:00:00Z: found to be wrong"):
        describe(store.reader(), VINCLES)
    again = desk.receive(GOOD, ANNA, AT + timedelta(days=1))
    desk.decide(store, again.id, verdict(State.ACCEPTED, at=AT + timedelta(days=1)))
    assert names(store) == ["Vincles"]
    assert describe(store.reader(), VINCLES) is not None


def test_withdrawal_of_a_revision_brings_back_what_stood_before(desk: Desk, store: EmbeddedStore) -> None:
    workflow.publish(store, workflow.receive(GOOD), by="steward", at=AT - timedelta(days=9))
    before = {str(q) for q in store.reader().quads(graph=DefaultGraph())}
    item = desk.receive(RENEWED, ANNA, AT)
    desk.decide(store, item.id, verdict(State.ACCEPTED))
    assert names(store) == ["Vincles BCN"]
    desk.decide(store, item.id, verdict(State.WITHDRAWN, "wrong"))
    assert {str(q) for q in store.reader().quads(graph=DefaultGraph())} == before


def test_a_revision_by_a_filled_sheet_is_accepted_refused_in_conflict_and_withdrawn(
    desk: Desk, store: EmbeddedStore
) -> None:
    workflow.publish(store, workflow.receive(GOOD), by="steward", at=AT - timedelta(days=9))
    before = {str(q) for q in store.reader().quads(graph=DefaultGraph())}
    sheet = filled(store.reader(), "vincles")
    item = desk.receive(edited(sheet, put("Initiatives", 2, "Name", "Vincles BCN")), ANNA, AT)
    other = desk.receive(edited(sheet, put("Initiatives", 2, "Name", "Vincles 2")), ANNA, AT)
    desk.decide(store, item.id, verdict(State.ACCEPTED))
    assert names(store) == ["Vincles BCN"]
    with pytest.raises(RevisionConflict):
        desk.decide(store, other.id, verdict(State.ACCEPTED))
    assert desk.find(other.id, store.reader()).state is State.RECEIVED
    desk.decide(store, item.id, verdict(State.WITHDRAWN, "wrong"))
    assert {str(q) for q in store.reader().quads(graph=DefaultGraph())} == before


def test_a_file_that_was_published_past_the_desk_is_accepted_all_the_same(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    published = workflow.publish(store, workflow.receive(GOOD), by="steward", at=AT)
    done = desk.decide(store, item.id, verdict(State.ACCEPTED))
    assert done.graph == published.graph.value


def test_a_base_that_changed_is_checked_again(desk: Desk, store: EmbeddedStore) -> None:
    """A row without identifier was a new record when it came; meanwhile a record of its name was published."""
    nameless = SourceFile("x.csv", GOOD.content.replace(b"identifier,", b"").replace(b"vincles,", b""))
    assert workflow.check(nameless, reader=store.reader()).conforms
    item = desk.receive(nameless, ANNA, AT)
    workflow.publish(store, workflow.receive(GOOD), by="steward", at=AT)
    with pytest.raises(SubmissionRejected) as told:
        desk.decide(store, item.id, verdict(State.ACCEPTED))
    assert [finding.code for finding in told.value.members["report"].findings] == ["identifier-needed"]  # type: ignore[attr-defined]
    assert desk.find(item.id, store.reader()).state is State.RECEIVED


class Crash(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("committed", [False, True])
def test_a_crash_around_the_commit_leaves_one_truth(
    desk: Desk, store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    written: list[Item] = []
    whole = DeskShelf.write

    def write(self: DeskShelf, kept: Item, source: SourceFile | None = None) -> None:
        written.append(kept)
        if committed and len(written) == 2:
            raise Crash
        whole(self, kept, source)
        if not committed and len(written) == 1:
            raise Crash

    with monkeypatch.context() as dying:
        dying.setattr(DeskShelf, "write", write)
        with pytest.raises(Crash):
            desk.decide(store, item.id, verdict(State.ACCEPTED))
    found = Desk(tmp_path / "store").find(item.id, store.reader())
    assert found.state is (State.ACCEPTED if committed else State.RECEIVED)
    assert found.pending is None
    assert bool(found.graph) is committed
    done = Desk(tmp_path / "store").decide(store, item.id, verdict(State.ACCEPTED))
    assert (done.state, done.revision) == (State.ACCEPTED, 2)
    assert names(store) == ["Vincles"]


class LateFailure:
    """A store whose disk fails once a commit is durable."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store

    def reader(self) -> Reader:
        return self._store.reader()

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        with self._store.writer() as writer:
            yield writer
        raise StoreFailing("the disk reports an error")

    def close(self) -> None:
        """Nothing of its own is open."""


def test_a_failure_after_the_commit_is_no_second_truth(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    with pytest.raises(StoreFailing):
        desk.decide(LateFailure(store), item.id, verdict(State.ACCEPTED))
    assert names(store) == ["Vincles"]
    assert desk.find(item.id, store.reader()).state is State.ACCEPTED
    assert desk.decide(store, item.id, verdict(State.ACCEPTED)).revision == 2


def test_where_nothing_was_handed_in_a_wrong_address_writes_nothing(desk: Desk, store: EmbeddedStore) -> None:
    with pytest.raises(NotFound):
        desk.of_sender("0" * 16, "x", store.reader())
    assert desk.all(store.reader()) == []
    assert not (store.layout.root / "desk").exists()


def test_a_request_is_kept_off_every_graph_and_answered(desk: Desk, store: EmbeddedStore) -> None:
    before = everything(store)
    wish = Wish(Kind.TAKEDOWN, VINCLES, "My name stands there. <script>")
    item = desk.ask(wish, Sender(contact="me@example.org"), AT, key="k")
    assert desk.ask(wish, Sender(contact="me@example.org"), AT, key="k") == item
    done = desk.decide(store, item.id, verdict(State.ACCEPTED, "corrected"))
    assert (done.state, done.next_states, done.title) == (State.ACCEPTED, (), VINCLES.value)
    assert everything(store) == before
    with pytest.raises(DecisionConflict):
        desk.mend(item.id, GOOD, AT)


@pytest.mark.parametrize(
    ("wish", "sender", "words"),
    [
        (Wish(Kind.CORRECTION, VINCLES, "  "), Sender(), "says what is wrong"),
        (Wish(Kind.CORRECTION, VINCLES, "x" * 5_001), Sender(), "says what is wrong"),
        (Wish(Kind.FILE, VINCLES, "x"), Sender(), "a correction or a takedown"),
        (Wish(Kind.CORRECTION, VINCLES, "x"), Sender(contact="x" * 201), "at most 200 characters"),
    ],
)
def test_requests_that_are_none(desk: Desk, wish: Wish, sender: Sender, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        desk.ask(wish, sender, AT)


def test_a_sender_takes_a_file_back(desk: Desk, store: EmbeddedStore) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    done = desk.decide(store, item.id, verdict(State.WITHDRAWN, "senders-wish", by="anna", role=Role.SENDER))
    assert (done.state, done.history[-1].role) == (State.WITHDRAWN, Role.SENDER)


def test_damage_on_the_desk_is_said(desk: Desk, store: EmbeddedStore, tmp_path: Path) -> None:
    item = desk.receive(GOOD, ANNA, AT)
    folder = tmp_path / "store" / "desk" / item.id
    (folder / GOOD.sha256).write_bytes(b"changed")
    with pytest.raises(StoreDamaged, match="is not what came in"):
        desk.source(item)
    (folder / GOOD.sha256).unlink()
    with pytest.raises(StoreDamaged, match="is missing"):
        desk.decide(store, item.id, verdict(State.ACCEPTED))
    (folder / "item.json").write_text("{}")
    with pytest.raises(StoreDamaged, match="is damaged"):
        desk.find(item.id, store.reader())
    with pytest.raises(NotFound, match="nothing on the desk is called"):
        desk.find("0" * 16, store.reader())
    (tmp_path / "store" / "desk" / "KEY").chmod(0o644)
    with pytest.raises(StoreDamaged, match="cannot be trusted"):
        Desk(tmp_path / "store").address(item)


def test_a_name_that_cannot_be_shown_is_made_to(desk: Desk) -> None:
    item = desk.receive(SourceFile("C:\\tmp\\a\x07b\u202ec.csv", GOOD.content), ANNA, AT)
    assert item.title == "a b c.csv"
