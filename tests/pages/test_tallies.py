"""What pages count is counted once for a version: the same as counting the entries one by one, for any choice."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.datastructures import State

from iesi_kg.analysis import browse, coverage, knowledge_map
from iesi_kg.analysis.listing import NONE, Choice, Entry, Index, Value, build, spoken
from iesi_kg.analysis.tallies import Tallies
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.web.pages.shelf import Beforehand, Shelf

FACETS = ("country", "policy-area", "ict-potential", "integration-level")


def made(random: Random) -> Index:
    """A list of up to 70 entries with random codes; some have none."""
    known = {facet: [concept.notation for concept in CodeLists.load().concepts(facet)][:6] for facet in FACETS}
    entries = []
    for number in range(random.choice((0, 1, 9, 70))):
        codes = {facet: frozenset(random.sample(codes, random.randrange(3))) for facet, codes in known.items()}
        given = {facet: found for facet, found in codes.items() if found}
        row = {"name": f"n{number}", **({"start": str(random.randint(1990, 1995))} if random.random() < 0.8 else {})}
        own = {facet: tuple(sorted(found))[:1] for facet, found in given.items()}
        entries.append(Entry(f"urn:{number}", row, random.choice(("care at home", "young people")), given, own))
    values = {facet: {code: Value(f"urn:{code}", code, code) for code in codes} for facet, codes in known.items()}
    tallies = Tallies.of([e.codes for e in entries], [e.direct for e in entries], [e.row.get("start") for e in entries])
    return Index(1, tuple(entries), (), values, "", tallies)


def chosen(random: Random, index: Index) -> Choice:
    facets = random.sample(FACETS, random.randrange(3))
    codes = {facet: tuple(random.sample([*index.values[facet], NONE, "unknown"], 2)) for facet in facets}
    return Choice(("care",) if random.random() < 0.3 else (), codes)


@pytest.mark.parametrize("seed", range(40))
def test_every_count_is_the_plain_count(seed: int) -> None:
    random = Random(seed)
    index = made(random)
    choice = chosen(random, index)
    kept = [entry for entry in index.entries if choice.keeps(entry)]
    assert index.select(choice) == kept
    for facet in FACETS:
        others = [entry for entry in index.entries if choice.keeps(entry, but=facet)]
        plain = Counter(code for entry in others for code in entry.codes.get(facet, ()))
        asked = set(choice.codes.get(facet, ())) & set(index.values[facet])
        told = {value.code: number for value, number in index.counts(facet, choice)}
        assert told == {code: plain[code] for code in {*plain, *asked}}
        assert index.uncoded(facet, choice) == sum(not entry.codes.get(facet) for entry in others)
        own = Counter(code for entry in index.entries for code in entry.direct.get(facet, ()))
        assert {value.code: number for value, number in index.leaves(facet)} == own
        tally = Counter(code for entry in kept for code in entry.coded(facet))
        shown = knowledge_map.tally(index, choice, facet)
        assert {value.code: number for value, number in shown if number} == {c: n for c, n in tally.items() if n}
    years = Counter(int(entry.row["start"]) for entry in kept if "start" in entry.row)
    assert {year: number for year, number in knowledge_map.timeline(index, choice) if number} == years


@pytest.mark.parametrize("seed", range(40, 60))
def test_every_cell_is_the_plain_count(seed: int) -> None:
    random = Random(seed)
    index = made(random)
    choice = chosen(random, index)
    kept = [entry for entry in index.entries if choice.keeps(entry)]
    drawn = knowledge_map.matrix(index, choice)
    assert drawn.total == len(kept)
    for (down, across), cell in drawn.cells.items():
        both = [e for e in kept if down in e.coded(knowledge_map.DOWN) and across in e.coded(knowledge_map.ACROSS)]
        assert cell.count == len(both)
    part = coverage.coverage(index, choice, coverage.AREAS, {})
    assert (part.total, part.uncoded) == (len(kept), sum(not entry.codes.get(coverage.AREAS) for entry in kept))
    grid = coverage.gaps(index, choice, {})
    leaves = {value.code for value in grid.across} - {NONE}
    for (down, across), cell in grid.cells.items():
        areas = [(entry.coded(coverage.AREAS) & leaves) or {NONE} for entry in kept]
        places = [entry.coded(coverage.PLACES) for entry in kept]
        assert cell.count == sum(down in place and across in area for place, area in zip(places, areas, strict=True))


def test_what_is_covered_stands_by_label_in_the_reader_s_language_beneath_its_heading() -> None:
    index = made(Random(3))
    people = dict.fromkeys(("DE", "GR", "AT", "EE", "FR"), 1_000_000)

    def labels(facet: str, lang: str) -> list[str]:
        found = coverage.coverage(index, Choice(), facet, people, lang).lines
        return [line.value.label for line in found if line.value.code in people or facet != coverage.PLACES]

    assert labels(coverage.PLACES, "en") == ["Austria", "Estonia", "France", "Germany", "Greece"]
    assert labels(coverage.PLACES, "de") == ["Deutschland", "Estland", "Frankreich", "Griechenland", "Österreich"]
    assert [label.split()[0] for label in labels(coverage.AREAS, "de")][:5] == [
        "aktives", "integrierte", "Prävention,", "selbstständiges", "persönliche"
    ]  # fmt: skip


def test_another_language_changes_labels_alone(reader: Reader) -> None:
    english = build(reader)
    german = spoken(english, reader, "de")
    assert german.entries == english.entries
    assert german.values["country"]["FR"].label == "Frankreich"
    assert english.values["country"]["FR"].label == "France"
    again = build(reader, "de")
    assert (again.values, again.entries) == (german.values, german.entries)


def test_a_version_that_stays_is_counted_before_anybody_asks(reader: Reader) -> None:
    site = SimpleNamespace(version=reader.version, store=SimpleNamespace(reader=lambda: reader))
    state = State({"site": site})
    beforehand = Beforehand(state)
    asyncio.run(beforehand.look())
    assert not hasattr(state, "shelf"), "a version that may be followed at once is not counted"
    asyncio.run(beforehand.look())
    kept = cast("Shelf", state.shelf)
    assert kept.version == reader.version
    assert kept.kept["counts"] == browse.rows(reader, "counts")[0]
    assert cast("Index", kept.kept["index"]).entries == build(reader).entries
