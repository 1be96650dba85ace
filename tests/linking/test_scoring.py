"""Two records to a confidence, a band and a sentence."""

from __future__ import annotations

from dataclasses import replace

from iesi_kg.linking.entities import Entity
from iesi_kg.linking.profiles import Corpus
from iesi_kg.linking.scoring import Band, Compared, compare
from iesi_kg.vocabulary import iris

KAMU = Entity(
    "one:1",
    iris.initiative("one"),
    "one",
    "initiative",
    ("Kamu - Chatbot about immigration",),
    "Kamu answers questions on residence permits, processing times and the offices of the immigration service.",
    ("FI",),
    organisations=("Finnish Immigration Service",),
    start_year=2018,
)
TWIN = replace(KAMU, curie="two:1", database="two", names=("Kamu",), start_year=None)


def compared(a: Entity, b: Entity) -> Compared:
    return compare(a, b, Corpus.of([[a], [b]]))


def test_the_same_under_a_shorter_name() -> None:
    found = compared(KAMU, TWIN)
    assert found.band is Band.ACCEPT
    assert found.confidence > 0.95
    assert found.sentence == (
        "same name except for a suffix or prefix, same organisation (Finnish Immigration Service), "
        "same country (FI), same description"
    )


def test_the_order_of_the_two_does_not_matter() -> None:
    ones, others = compared(KAMU, TWIN), compared(TWIN, KAMU)
    assert (ones.confidence, ones.features) == (others.confidence, others.features)


def test_only_telling_words_are_named() -> None:
    """No "of", "in" or single letter; of the words by which both are called those that tell."""
    names = ("A journey in the life of Zuzanna K", "The tale of Zuzanna K in a home")
    bare = [Entity(f"{place}:1", iris.initiative(place), place, "initiative", (names[place == "b"],)) for place in "ab"]
    assert compared(*bare).sentence == "names share 'Zuzanna'"
    both = [replace(entity, names=(f"Zuzanna Home - {names[0][:9]}",), places=("Home",)) for entity in bare[:1]]
    other = replace(bare[1], names=("Zuzanna Home: another story entirely",))
    assert "both are called 'Zuzanna'" in compared(both[0], other).sentence


def test_a_name_alone_is_enough_where_nothing_else_is_known() -> None:
    bare = [Entity(f"{name}:1", iris.initiative(name), name, "initiative", ("Wheelmap Cafés",)) for name in "ab"]
    assert compared(*bare).band is Band.ACCEPT


TOWNS = ("Limerick", "Badalona", "Amadora")
CARE = replace(
    KAMU,
    curie="one:9",
    names=("BeyondSilos",),
    description="Seven regions put the care plans of health and social workers into a shared file.",
    countries=("EU",),
    organisations=(),
)
CARED = replace(
    CARE,
    curie="two:9",
    database="two",
    names=("BeyondSilos - Learning from integrated eCare practice",),
    description="A pilot line: older people at home are looked after by teams of social workers with one file.",
)


def test_a_coined_name_that_stands_in_the_other_name_and_nowhere_else_is_strong() -> None:
    found = compared(CARE, CARED)
    assert found.features["titled"] > 0.8
    assert found.band is Band.ACCEPT
    pilots = [replace(CARED, curie=f"two:{n}", names=(f"BeyondSilos - {town}",)) for n, town in enumerate(TOWNS)]
    assert compare(CARE, pilots[0], Corpus.of([[CARE], pilots])).features["titled"] < 0.3, "one of three pilots"
    spelled = compared(replace(CARE, names=("La Bonne Boîte",)), replace(CARED, names=("LaBonneBoite: who hires",)))
    assert "the whole name of one stands in the other's" in spelled.sentence


def test_the_whole_name_of_one_means_little_where_others_say_it_too() -> None:
    said = [replace(CARED, curie=f"two:{n}", names=(f"Number {n}",), description="A beacon.") for n in range(20)]
    one, other = replace(CARE, names=("Beacon",)), replace(CARED, names=("Beacon - Lights for cyclists",))
    assert compare(one, other, Corpus.of([[one], [other, *said]])).features["titled"] < 0.2


def test_another_name_tells_by_its_rarest_word_alone() -> None:
    """ELFE of Bremen is called "Simple benefits for parents" in English: words that half of the services have."""
    many = [
        replace(CARE, curie=f"two:{n}", database="two", names=(f"Town {n}",), description=f"{word} of town {n}.")
        for n in range(60)
        for word in ("Benefits" if n % 2 else "Parents",)
    ]
    other = replace(KAMU, curie="two:x", database="two", names=("Child benefit - Voice assistant for parents",))
    names = ("ELFE - Einfach Leistungen", "Simple benefits for parents")
    corpus = Corpus.of([[KAMU], [other, *many]])
    alias, alone = (
        compare(replace(KAMU, curie="one:e", names=kept), other, corpus).features for kept in (names, names[1:])
    )
    assert alias["name_shared"] < 0.8 * alone["name_shared"]
    assert alias["name"] < alone["name"]


def test_members_of_a_series_are_not_one() -> None:
    towns = [
        replace(
            KAMU,
            curie=f"one:{town}",
            names=(f"Virtual clerk of {town}",),
            organisations=(f"Municipality of {town}",),
        )
        for town in ("Chojnice", "Krakow")
    ]
    found = compared(*towns)
    assert found.band is Band.REJECT
    assert "each name has a number, place or country of its own, as in a series" in found.sentence


def test_nothing_in_common() -> None:
    other = Entity(
        "two:2", iris.initiative("x"), "two", "initiative", ("Open air cinema",), "Films by the lake.", ("PT",)
    )
    found = compared(KAMU, other)
    assert found.band is Band.REJECT
    assert found.sentence == "nothing in common; but other countries (FI and PT)"


def test_a_record_that_states_the_key_of_the_other_is_the_same() -> None:
    ours = Entity("initiative:m", iris.initiative("m"), "iesi", "initiative", ("Migri bot",), identifiers=("one:1",))
    found = compared(ours, KAMU)
    assert found.band is Band.ACCEPT
    assert found.sentence.startswith("one states the key of the other")
