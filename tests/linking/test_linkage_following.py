"""What happens to links when a record is merged into another one, taken out again, or split by a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pyoxigraph import Quad

from iesi_kg.errors import UsageError
from iesi_kg.linking import sssom
from iesi_kg.publication import (
    linkage,
    linkage_clusters,
    linkage_graphs,
    linkage_queue,
    linkage_told,
    linksets,
    merging,
)
from iesi_kg.publication.linkage import Verdict
from iesi_kg.publication.linkage_graphs import Pair, pair
from iesi_kg.publication.linkage_queue import Standing
from iesi_kg.publication.linkage_told import Choice
from iesi_kg.publication.provenance import GRAPH as PROVENANCE
from iesi_kg.publication.provenance import Occasion
from iesi_kg.publication.redirects import REPLACED_BY
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, Store
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary import sssom as words
from linked_records import AT, InMemory, filled, link, links, parsed, same

OLD, NEW = iris.initiative("smart-old"), iris.initiative("smart")
WHO = Occasion("a steward", AT, reason="one service")
FOUND = links(link("initiative:smart-old", "jrc-ips:1", 0.9), link("initiative:vincles", "jrc-ips:2", 0.6))
VINCLES = "initiative:vincles"
SOURCE = words.OF_MAPPING["subject_id"].property


@pytest.fixture
def store() -> Store:
    made: Store = filled(InMemory())  # type: ignore[arg-type]
    again = 'i:smart-old a iesi:Initiative ; dct:title "Smart at home" ; iesi:country country:IE .'
    with made.writer() as writer:
        writer.commit(ChangeSet("records", add=parsed(again, DEFAULT_GRAPH)))
    linkage.load(made, "found", FOUND)
    return made


def decide(store: Store, found: Pair, choice: Choice, **more: object) -> None:
    linkage.decide(store, found, replace(Verdict(choice, "Anna", AT), **more))  # type: ignore[arg-type]


def mappings(store: Store) -> set[Quad]:
    return {quad for quad in store.reader().quads() if linkage_graphs.is_mapping_graph(quad.graph_name)}


def stated(store: Store, found: Pair) -> set[str]:
    triple = found.stated()
    quads = store.reader().quads(triple.subject, triple.predicate, triple.object)
    return {str(quad.graph_name).rpartition("/")[2].rstrip(">") for quad in quads}


def counted(store: Store) -> list[str]:
    """The numbers of links that the description of the data gives."""
    told = linksets.described(store.reader(), ChangeSet(""))
    return [triple.object.value for triple in told if triple.predicate.value.endswith("#triples")]  # type: ignore[union-attr]


def test_links_follow_a_merge_and_come_back_with_a_split(store: Store) -> None:
    came = mappings(store)
    merging.merge(store, OLD, NEW, WHO)
    assert stated(store, same("smart", "1")) == {"found"}
    assert stated(store, same("smart-old", "1")) == set()
    (shown,) = linkage_queue.elsewhere(store.reader(), NEW)
    assert (shown.curie, shown.confidence) == ("jrc-ips:1", 0.9)
    assert linkage_queue.elsewhere(store.reader(), OLD) == []
    text = sssom.write(linkage_graphs.published(store.reader(), "found"))
    assert "initiative:smart\t" in text and "smart-old" not in text
    assert counted(store) == ["2"]
    (axiom,) = store.reader().quads(predicate=SOURCE, object=NEW)
    assert [q.object for q in store.reader().quads(axiom.subject, linkage_graphs.ORIGIN)] == [OLD]  # type: ignore[arg-type]
    merging.split(store, OLD, WHO)
    assert mappings(store) == came


def test_a_set_that_is_loaded_after_the_merge_names_what_stands(store: Store) -> None:
    merging.merge(store, OLD, NEW, WHO)
    there = mappings(store)
    before = store.reader().version
    assert linkage.load(store, "found", FOUND) == before, "the file says what stands already"
    linkage.unload(store, "found")
    linkage.load(store, "found", FOUND)
    assert mappings(store) == there
    linkage.unload(store, "found")
    linkage.enqueue(store, FOUND, "links")
    assert {item.curies[0] for item in linkage_queue.queue(store.reader())} == {
        "initiative:smart",
        VINCLES,
    }
    merging.split(store, OLD, WHO)
    assert {item.curies[0] for item in linkage_queue.queue(store.reader())} == {
        "initiative:smart-old",
        VINCLES,
    }


def test_decisions_hold_for_what_stands_and_their_history_is_kept(store: Store) -> None:
    decide(store, same("smart-old", "1"), Choice.ACCEPTED, reason="one home page")
    came, made = mappings(store), linkage_told.made(store.reader(), same("smart-old", "1"))
    merging.merge(store, OLD, NEW, WHO)
    reader = store.reader()
    assert stated(store, same("smart", "1")) == {"found", "decisions"}
    assert linkage_told.made(reader, same("smart-old", "1")) == made, "what was decided is not rewritten"
    assert linkage_told.history(reader, same("smart", "1")) == made
    assert [item.subject_id for item in linkage_told.exported(reader).mappings] == ["initiative:smart"]
    (item,) = (item for item in linkage_queue.queue(reader) if item.curies[1] == "jrc-ips:1")
    assert (item.standing, item.revision) == (Standing.REOPENED, 1)
    assert "names" in item.changed[0], "the record that stands is not the one that was looked at"
    merging.split(store, OLD, WHO)
    assert mappings(store) == came


def test_what_is_decided_between_merge_and_split_stays_with_the_one_that_stood(store: Store) -> None:
    decide(store, same("smart-old", "1"), Choice.ACCEPTED)
    merging.merge(store, OLD, NEW, WHO)
    decide(store, same("smart-old", "1"), Choice.REJECTED, revision=1, at=AT + timedelta(minutes=1))
    assert stated(store, same("smart", "1")) == set(), "by its old name too"
    assert [one.choice for one in linkage_told.history(store.reader(), same("smart", "1"))] == ["accepted", "rejected"]
    merging.split(store, OLD, WHO)
    assert stated(store, same("smart-old", "1")) == {"found", "decisions"}
    assert [one.choice for one in linkage_told.history(store.reader(), same("smart", "1"))] == ["rejected"]
    decide(store, same("smart", "1"), Choice.UNDONE)
    assert len(linkage_told.history(store.reader(), same("smart", "1"))) == 2


def test_a_no_on_the_merged_record_holds_for_the_one_that_stands(store: Store) -> None:
    linkage.load(store, "more", links(link("initiative:smart", "jrc-ips:1", 0.7)))
    decide(store, same("smart-old", "1"), Choice.REJECTED)
    assert stated(store, same("smart", "1")) == {"more"}
    merging.merge(store, OLD, NEW, WHO)
    assert stated(store, same("smart", "1")) == set()
    assert linkage_queue.elsewhere(store.reader(), NEW) == []
    merging.split(store, OLD, WHO)
    assert stated(store, same("smart", "1")) == {"more"}
    assert stated(store, same("smart-old", "1")) == set()


def test_a_link_between_the_two_is_no_link_once_they_are_one(store: Store) -> None:
    own = pair(OLD, words.SAME_INITIATIVE, NEW)
    linkage.load(store, "own", links(link("initiative:smart-old", "initiative:smart", 0.8)))
    decide(store, own, Choice.ACCEPTED)
    came = mappings(store)
    merging.merge(store, OLD, NEW, WHO)
    assert not [item for item in linkage_queue.queue(store.reader()) if "initiative" in item.curies[1]]
    assert [shown.curie for shown in linkage_queue.elsewhere(store.reader(), NEW)] == ["jrc-ips:1"]
    assert not list(store.reader().quads(NEW, words.SAME_INITIATIVE, NEW))
    with pytest.raises(UsageError, match="always the same as itself"):
        decide(store, own, Choice.REJECTED)
    merging.split(store, OLD, WHO)
    assert mappings(store) == came


def test_what_a_steward_told_apart_is_not_merged(store: Store) -> None:
    decide(store, pair(OLD, words.SAME_INITIATIVE, NEW), Choice.REJECTED)
    with pytest.raises(UsageError, match=r"Anna decided on 2026-11-23 that .*smart-old.* are not the same") as refused:
        merging.merge(store, OLD, NEW, WHO)
    assert "take that decision back first" in str(refused.value.hint)


def test_a_link_of_a_record_that_was_split_is_told(store: Store) -> None:
    parts = [Quad(OLD, REPLACED_BY, iris.initiative(part), PROVENANCE) for part in ("smart-east", "smart-west")]
    with store.writer() as writer:
        writer.commit(ChangeSet("split", add=parts))
    linkage.refresh(store)
    (told,) = (text for text in linkage_clusters.texts(store.reader()) if "split" in text)
    assert told == (
        "initiative:smart-old = jrc-ips:1: initiative:smart-old was split into initiative:smart-east and "
        "initiative:smart-west; link one of them"
    )
