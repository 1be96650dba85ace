"""Links loaded, queued and decided: what a steward said holds in every later run, and is told for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.errors import DecisionConflict, IllFormedMappings, NotFound, UsageError
from iesi_kg.linking import sssom
from iesi_kg.linking.linked_mappings import decisions
from iesi_kg.linking.sssom import Mapping
from iesi_kg.publication import linkage, linkage_clusters, linkage_graphs, linkage_queue, linkage_told
from iesi_kg.publication.linkage import Verdict
from iesi_kg.publication.linkage_graphs import Pair
from iesi_kg.publication.linkage_queue import Standing
from iesi_kg.publication.linkage_records import compared, entity
from iesi_kg.publication.linkage_told import Choice
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Store
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.vocabulary import iris
from linked_records import AT, PEER, InMemory, filled, link, links, parsed, same

FOUND = links(
    link("initiative:smart", "jrc-ips:1", 0.95, comment="same name in one word"),
    link("initiative:smart", "jrc-ips:3", 0.55, comment="same name but for the country"),
    link("initiative:vincles", "jrc-ips:2", 0.6),
)
STATED = iris.graph("mappings", "found")
SAME = same("vincles", "2")


@pytest.fixture
def store() -> Store:
    return filled(InMemory())  # type: ignore[arg-type]


def verdict(choice: Choice, **more: object) -> Verdict:
    return replace(Verdict(choice, "Anna", AT), **more)  # type: ignore[arg-type]


def stated(store: Store, pair: Pair) -> set[str]:
    """The names of the mapping graphs that state a pair."""
    triple = pair.stated()
    found = store.reader().quads(triple.subject, triple.predicate, triple.object)
    return {str(quad.graph_name.value).rpartition("/")[2] for quad in found if quad.graph_name != DEFAULT_GRAPH}


def standing(store: Store) -> dict[str, Standing]:
    return {item.curies[1]: item.standing for item in linkage_queue.queue(store.reader())}


def test_a_loaded_set_stands_in_its_own_graph_and_nowhere_else(store: Store) -> None:
    linkage.load(store, "found", FOUND)
    triple = SAME.stated()
    quads = list(store.reader().quads(triple.subject, triple.predicate, triple.object))
    assert [quad.graph_name for quad in quads] == [STATED]
    before = store.reader().version
    assert linkage.load(store, "found", FOUND) == before, "the same file again changes nothing"
    linkage.unload(store, "found")
    assert not list(store.reader().quads(graph=STATED))
    with pytest.raises(NotFound, match="no mapping set 'found' is loaded"):
        linkage.unload(store, "found")


def test_candidates_wait_without_being_stated_and_the_telling_one_comes_first(store: Store) -> None:
    linkage.enqueue(store, FOUND, "links")
    assert stated(store, SAME) == set()
    items = linkage_queue.queue(store.reader())
    # 4 c (1 - c): 0.99 for 0.55, 0.96 for 0.6, 0.19 for 0.95; one other record hangs on each
    assert [(item.curies[1], item.value) for item in items] == [
        ("jrc-ips:3", 0.99),
        ("jrc-ips:2", 0.96),
        ("jrc-ips:1", 0.19),
    ]
    assert items[0].reason == "same name but for the country"
    assert items[0].labels == ("Smart Care", "Smart Care Ireland")
    linkage.decide(store, same("smart", "1"), verdict(Choice.ACCEPTED))
    worth = {item.curies[1]: item.value for item in linkage_queue.queue(store.reader())}
    assert worth["jrc-ips:3"] == 1.98, "now two other records hang on it"


def test_a_decision_says_who_when_and_why_and_is_a_valid_mapping(store: Store) -> None:
    linkage.enqueue(store, FOUND, "links")
    linkage.decide(store, SAME, verdict(Choice.ACCEPTED, reason=" both in\nBarcelona "))
    assert stated(store, SAME) == {"decisions"}
    (decision,) = linkage_told.history(store.reader(), SAME)
    assert (decision.by, decision.at, decision.reason) == ("Anna", AT, "both in Barcelona")
    (mapping,) = linkage_told.mappings(SAME, decision)
    text = sssom.write(linkage_told.mapping_set([mapping]))
    (again,) = sssom.read(text, "decisions").mappings
    assert (again.subject_id, again.object_id, again.predicate_modifier) == ("initiative:vincles", "jrc-ips:2", "")
    assert (again.reviewer_label, again.review_date, again.comment) == (("Anna",), "2026-11-23", "both in Barcelona")
    assert again.mapping_justification == "semapv:MappingReview"


def test_a_no_survives_every_later_load(store: Store) -> None:
    linkage.load(store, "found", FOUND)
    linkage.decide(store, SAME, verdict(Choice.REJECTED, reason="another town"))
    assert stated(store, SAME) == set()
    linkage.decide(store, SAME, verdict(Choice.REJECTED, by="Ben", reason="so say I"))
    assert stated(store, SAME) == set(), "said twice, it is still no"
    linkage.load(store, "found", links(*FOUND.mappings[:2]))
    linkage.load(store, "found", FOUND)
    linkage.load(store, "found-again", FOUND)
    assert stated(store, SAME) == set(), "found again by two files, stated by none"
    assert standing(store)["jrc-ips:2"] is Standing.REJECTED
    told = list(store.reader().quads(SAME.node, graph=linkage_graphs.DECISIONS))
    assert "https://w3id.org/sssom/NegatedPredicate" in {getattr(quad.object, "value", "") for quad in told}


def test_the_linker_keeps_to_what_was_decided(store: Store) -> None:
    linkage.decide(store, SAME, verdict(Choice.ACCEPTED))
    linkage.decide(store, same("smart", "3"), verdict(Choice.REJECTED))
    linkage.decide(store, same("smart", "1"), verdict(Choice.UNSURE))
    text = sssom.write(linkage_told.exported(store.reader()))
    kept = decisions(sssom.read(text, "decisions.sssom.tsv"))
    assert kept.same == {frozenset({"initiative:vincles", "jrc-ips:2"})}
    assert kept.other == {frozenset({"initiative:smart", "jrc-ips:3"})}


def test_taking_a_decision_back_brings_back_what_stood_before(store: Store) -> None:
    linkage.load(store, "found", FOUND)
    before = set(store.reader().quads(graph=STATED))
    linkage.decide(store, SAME, verdict(Choice.ACCEPTED))
    linkage.decide(store, SAME, verdict(Choice.REJECTED))
    linkage.decide(store, SAME, verdict(Choice.UNDONE))
    assert stated(store, SAME) == {"found", "decisions"}, "the first decision holds again"
    linkage.decide(store, SAME, verdict(Choice.UNDONE))
    assert stated(store, SAME) == {"found"}
    assert set(store.reader().quads(graph=STATED)) == before
    assert [item.choice for item in linkage_told.history(store.reader(), SAME)] == [
        Choice.ACCEPTED, Choice.REJECTED, Choice.UNDONE, Choice.UNDONE,
    ], "nothing of it is forgotten"  # fmt: skip
    with pytest.raises(DecisionConflict, match="no decision on this link to take back"):
        linkage.decide(store, SAME, verdict(Choice.UNDONE))


def test_the_set_of_decisions_stays_whole_when_one_of_them_is_taken_back(store: Store) -> None:
    for found in (SAME, same("smart", "1")):
        linkage.decide(store, found, verdict(Choice.ACCEPTED))
    linkage.decide(store, SAME, verdict(Choice.UNDONE))
    kept = linkage_graphs.published(store.reader(), "decisions")
    assert [item.subject_id for item in kept.mappings] == ["initiative:smart"]
    assert {"initiative", "jrc-ips"} <= kept.curie_map.keys()


def test_unsure_states_nothing_and_leaves_the_link_last_of_the_open_ones(store: Store) -> None:
    linkage.enqueue(store, FOUND, "links")
    linkage.decide(store, same("smart", "3"), verdict(Choice.UNSURE, reason="which year?"))
    assert stated(store, same("smart", "3")) == set()
    assert [item.curies[1] for item in linkage_queue.queue(store.reader())][-1] == "jrc-ips:3"


def test_full_identity_is_stated_only_when_a_steward_says_so(store: Store) -> None:
    row = replace(link("initiative:vincles", "jrc-ips:2"), predicate_id="owl:sameAs")
    linkage.load(store, "found", links(row))
    identity = NamedNode("http://www.w3.org/2002/07/owl#sameAs")
    assert not list(store.reader().quads(predicate=identity)), "a file alone does not make two records one"
    linkage.decide(store, SAME, verdict(Choice.ACCEPTED, identical=True))
    (quad,) = store.reader().quads(predicate=identity)
    assert quad.graph_name == linkage_graphs.DECISIONS and stated(store, SAME) == {"decisions"}
    linkage.decide(store, SAME, verdict(Choice.UNDONE))
    assert not list(store.reader().quads(predicate=identity))
    with pytest.raises(UsageError, match="only an accepted identity"):
        linkage.decide(store, SAME, verdict(Choice.REJECTED, identical=True))


def test_a_record_that_changed_reopens_the_decision_and_says_what_changed(store: Store) -> None:
    linkage.load(store, "found", FOUND)
    linkage.decide(store, SAME, verdict(Choice.ACCEPTED))
    assert standing(store)["jrc-ips:2"] is Standing.ACCEPTED
    record = iris.peer_record("jrc-ips", "2")
    year = NamedNode("https://w3id.org/iesi-kg/ontology#startYear")
    (old,) = store.reader().quads(record, year, graph=PEER)
    integer = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
    new = Quad(record, year, Literal("2016", datatype=integer), PEER)
    with store.writer() as writer:
        writer.commit(ChangeSet("a new version", add=[new], remove=[old]))
    first = linkage_queue.queue(store.reader())[0]
    assert (first.curies[1], first.standing, first.changed) == ("jrc-ips:2", Standing.REOPENED, ((), ("start_year",)))
    assert stated(store, SAME) == {"found", "decisions"}, "until somebody decides again it holds"
    linkage.decide(store, SAME, verdict(Choice.ACCEPTED, at=AT + timedelta(days=1)))
    assert standing(store)["jrc-ips:2"] is Standing.ACCEPTED


def test_a_new_version_of_a_database_reopens_only_what_it_changed(store: Store) -> None:
    for key in ("1", "3"):
        linkage.decide(store, same("smart", key), verdict(Choice.ACCEPTED))
    newer = iris.peer_graph("jrc-ips", "2023")
    moved = [Quad(q.subject, q.predicate, q.object, newer) for q in store.reader().quads(graph=PEER)]
    kept = [q for q in moved if q.subject != iris.peer_record("jrc-ips", "3")]
    named = parsed('jrc:3 a iesi:Initiative ; dct:title "Smart Care IE" ; iesi:country country:IE .', newer)
    with store.writer() as writer:
        writer.commit(ChangeSet("2023", add=[*kept, *named], remove=list(writer.reader.quads(graph=PEER))))
    assert standing(store) == {"jrc-ips:1": Standing.ACCEPTED, "jrc-ips:3": Standing.REOPENED}


def test_decisions_of_two_at_once_do_not_overwrite_each_other(store: Store) -> None:
    linkage.enqueue(store, FOUND, "links")
    linkage.decide(store, SAME, verdict(Choice.ACCEPTED, revision=0))
    assert linkage.decide(store, SAME, verdict(Choice.ACCEPTED, revision=0)).step == 1, "sent twice, it is one"
    with pytest.raises(DecisionConflict, match="Anna decided on this link meanwhile: accepted") as caught:
        linkage.decide(store, SAME, verdict(Choice.REJECTED, by="Ben", revision=0))
    assert caught.value.members["revision"] == 1
    with pytest.raises(DecisionConflict, match="nobody decided on it yet"):
        linkage.decide(store, same("smart", "3"), verdict(Choice.ACCEPTED, revision=4))


def test_a_decision_that_contradicts_others_is_refused_with_their_author(store: Store) -> None:
    """1 and 3 were said to be two; so smart cannot be the same as both."""
    apart = linkage_graphs.pair(
        iris.peer_record("jrc-ips", "1"), NamedNode(SAME.relation), iris.peer_record("jrc-ips", "3")
    )
    linkage.decide(store, apart, verdict(Choice.REJECTED, by="Ben"))
    linkage.decide(store, same("smart", "1"), verdict(Choice.ACCEPTED))
    with pytest.raises(
        DecisionConflict, match="jrc-ips:1 and jrc-ips:3 would be the same, which Ben rejected"
    ) as caught:
        linkage.decide(store, same("smart", "3"), verdict(Choice.ACCEPTED))
    assert caught.value.hint and "take one of the two decisions back" in caught.value.hint
    assert stated(store, same("smart", "3")) == set()


@pytest.mark.parametrize(
    ("change", "message"),
    [({"by": " "}, "says whose it is"), ({"reason": "x" * 2001}, "at most 2,000 characters")],
    ids=["nobody", "too long"],
)
def test_a_decision_of_nobody_or_without_end_is_refused(store: Store, change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        linkage.decide(store, SAME, verdict(Choice.ACCEPTED, **change))


def test_a_set_about_an_unknown_record_of_ours_is_refused_with_the_likely_one(store: Store) -> None:
    with pytest.raises(IllFormedMappings, match="no published record initiative:vincle") as caught:
        linkage.load(store, "found", links(link("initiative:vincle", "jrc-ips:2")))
    assert caught.value.hint == "did you mean initiative:vincles?"


@pytest.mark.parametrize("name", ["", "decisions", "candidates", "A b", "x/y"])
def test_a_set_cannot_take_a_name_of_ours_or_one_that_makes_no_address(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a set of mappings"):
        linkage.load(store, name, FOUND)


def test_what_linked_records_say_against_one_another_is_published_as_findings(store: Store) -> None:
    linkage.load(store, "found", FOUND)
    body = NamedNode("http://www.w3.org/ns/oa#bodyValue")

    def said() -> set[str]:
        return {str(q.object.value) for q in store.reader().quads(predicate=body, graph=linkage_clusters.GRAPH)}

    assert said() == {
        "country differs: GB (jrc-ips:1); IE (initiative:smart, jrc-ips:3)",
        "start year differs: 2014 (initiative:vincles); 2017 (jrc-ips:2)",
    }
    linkage.decide(store, SAME, verdict(Choice.REJECTED))
    linkage.decide(store, same("smart", "1"), verdict(Choice.REJECTED))
    assert said() == set(), "two records may differ"
    assert linkage.refresh(store) == 0
    linkage.decide(store, SAME, verdict(Choice.UNDONE))
    assert len(said()) == 1 and linkage.refresh(store) == 1


def test_records_that_were_told_apart_and_are_linked_through_others_are_told(store: Store) -> None:
    linkage.load(store, "found", FOUND)
    apart = linkage_graphs.pair(
        iris.peer_record("jrc-ips", "1"), NamedNode(SAME.relation), iris.peer_record("jrc-ips", "3")
    )
    linkage.decide(store, apart, verdict(Choice.REJECTED, by="Ben"))
    told = "jrc-ips:1 and jrc-ips:3 were told apart by Ben, and are linked through others"
    assert told in linkage_clusters.texts(store.reader())
    linkage.decide(store, same("smart", "3"), verdict(Choice.REJECTED))
    assert told not in linkage_clusters.texts(store.reader())


def test_organisations_that_are_part_of_themselves_are_told(store: Store) -> None:
    circle = (
        "jrc:a org:subOrganizationOf jrc:b . jrc:b org:subOrganizationOf jrc:c . jrc:c org:subOrganizationOf jrc:a ."
    )
    with store.writer() as writer:
        writer.commit(ChangeSet("a peer", add=parsed(circle + " jrc:d org:subOrganizationOf jrc:a .", PEER)))
    assert linkage.refresh(store) == 1
    (quad,) = store.reader().quads(predicate=NamedNode("http://www.w3.org/ns/oa#bodyValue"))
    way = "jrc-ips:a is part of jrc-ips:b is part of jrc-ips:c is part of jrc-ips:a"
    assert quad.object == Literal(f"part of itself: {way}", language="en")


def test_two_records_stand_side_by_side_with_their_differences_marked(store: Store) -> None:
    reader = store.reader()
    left, right = (entity(reader, record) for record in same("smart", "1").sides)
    lines = {line.field: line for line in compared(left, right)}
    assert {field: line.verdict for field, line in lines.items()} == {
        "names": "differs", "description": "differs", "countries": "differs", "start_year": "same",
    }  # fmt: skip
    assert [word.text for word in lines["description"].left if word.marked] == ["older"]
    assert [word.text for word in lines["description"].right if word.marked] == ["frail"]
    assert entity(reader, iris.peer_record("jrc-ips", "404")) is None


def test_the_page_of_a_record_shows_what_nobody_rejected(store: Store) -> None:
    linkage.load(store, "found", FOUND)
    linkage.enqueue(store, links(link("initiative:vincles", "jrc-ips:3", 0.5)), "links")
    linkage.decide(store, same("smart", "3"), verdict(Choice.REJECTED))
    reader = store.reader()
    assert [item.curie for item in linkage_queue.elsewhere(reader, iris.initiative("smart"))] == ["jrc-ips:1"]
    found = linkage_queue.elsewhere(reader, iris.initiative("vincles"))
    assert [item.curie for item in found] == ["jrc-ips:2"], "a candidate is not shown as found"


def test_decisions_are_as_durable_as_the_store(tmp_path: Path) -> None:
    opened = EmbeddedStore.open(tmp_path / "store", create=True)
    filled(opened)
    linkage.enqueue(opened, FOUND, "links")
    linkage.decide(opened, SAME, verdict(Choice.REJECTED, reason="another town"))
    opened.close()
    again = EmbeddedStore.open(tmp_path / "store")
    (decision,) = linkage_told.history(again.reader(), SAME)
    again.close()
    assert (decision.choice, decision.by, decision.at, decision.reason) == (Choice.REJECTED, "Anna", AT, "another town")


def test_a_link_of_organisations_has_its_own_relations(store: Store) -> None:
    row = Mapping(
        subject_id="https://example.org/part",
        predicate_id="org:subOrganizationOf",
        object_id="https://example.org/whole",
        mapping_justification="semapv:CompositeMatching",
        confidence=0.7,
    )
    linkage.enqueue(store, links(row), "links")
    (item,) = linkage_queue.queue(store.reader())
    linkage.decide(store, item.pair, verdict(Choice.ACCEPTED))
    assert stated(store, item.pair) == {"decisions"}
    assert item.pair.left == "https://example.org/part", "a part is not its whole: the direction stays"
