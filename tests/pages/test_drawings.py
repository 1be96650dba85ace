"""What is drawn beside the map: coverage, the network, bars and columns, as SVG, PNG and rows, counted by hand."""

from __future__ import annotations

import csv
import re
import struct
import sys
from io import StringIO
from xml.etree import ElementTree

import pytest

from iesi_kg.analysis import coverage, network, network_drawing, picture
from iesi_kg.analysis.drawings import Drawing, drawing, names
from iesi_kg.analysis.frame import folded, hyphenated
from iesi_kg.analysis.listing import NONE, Choice, Index, build
from iesi_kg.analysis.network import MOST_JOINED, Network
from iesi_kg.errors import NotFound, NotInstalled, UsageError
from iesi_kg.store.base import Reader

SPACE = {"s": "http://www.w3.org/2000/svg"}
PEOPLE = {"FR": 70_000_000, "BE": 10_000_000, "DE": 80_000_000, "MT": 500_000}


@pytest.fixture(scope="module")
def index(reader: Reader) -> Index:
    return build(reader)


def rows(made: Drawing) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(made.csv, newline="")))


def test_coverage_counts_every_country_with_inhabitants_and_its_rate(index: Index) -> None:
    part = coverage.coverage(index, Choice(), "country", PEOPLE)
    told = {line.value.code: (line.count, round(line.share, 2), line.rate) for line in part.lines}
    assert told == {"BE": (1, 0.33, 0.1), "DE": (1, 0.33, 0.01), "FR": (2, 0.67, 0.03), "MT": (0, 0.0, 0.0)}
    assert [line.value.code for line in part.none] == ["MT"]
    assert {line.value.code for line in part.few} == {"BE", "DE", "FR"}
    assert (part.uncoded, part.total) == (0, 3)


def test_an_area_counts_for_its_heading_and_what_has_no_code_is_counted_too(index: Index) -> None:
    part = coverage.coverage(index, Choice(), "policy-area", {})
    told = {line.value.code: (line.count, line.heading) for line in part.lines if line.count}
    assert told == {
        "aha": (1, True),
        "aha-independent-living": (1, False),
        "pssgi": (3, True),
        "childcare": (1, False),
        "social-inclusion": (2, False),
    }
    assert coverage.coverage(index, Choice(), "technology", {}).uncoded == 2


def test_each_cell_of_country_and_area_and_those_without_a_code_only_where_there_are_any(index: Index) -> None:
    found = coverage.gaps(index, Choice(), PEOPLE)
    assert [value.code for value in found.down] == ["BE", "FR", "DE", "MT"]
    assert len(found.across) == 11
    told = {place: cell.count for place, cell in found.cells.items() if cell.count}
    assert told == {
        ("FR", "social-inclusion"): 2,
        ("BE", "social-inclusion"): 1,
        ("FR", "aha-independent-living"): 1,
        ("BE", "aha-independent-living"): 1,
        ("DE", "childcare"): 1,
    }


def participations(*pairs: tuple[str, str]) -> Network:
    found = [
        {"initiative": f"i:{one}", "title": one, "organisation": f"o:{who}", "name": who.upper()} for one, who in pairs
    ]
    return network.network(found, {row["initiative"] for row in found})


def test_degrees_are_other_organisations_each_counted_once() -> None:
    whole = participations(("x", "a"), ("x", "b"), ("x", "c"), ("y", "a"), ("y", "b"), ("z", "d"))
    told = [(member.name, len(member.initiatives), member.others) for member in whole.members]
    assert told == [("A", 2, 2), ("B", 2, 2), ("C", 1, 2), ("D", 1, 0)]
    assert whole.tied == 3
    (part,) = network.clusters(whole)
    assert ([member.name for member in part.members], part.initiatives) == (["A", "B"], ("i:x", "i:y"))
    assert sorted(part.ties) == [("o:a", "i:x"), ("o:a", "i:y"), ("o:b", "i:x"), ("o:b", "i:y")]


def test_the_picture_has_room_for_so_many_and_the_best_connected_come_first() -> None:
    many = [(f"{who}-{number}", f"{who}") for who in "abcdefgh" for number in range(60)]
    parts = network.clusters(participations(*many))
    assert [len(part.initiatives) for part in parts] == [60] * 4
    assert sum(len(part.initiatives) for part in parts) <= MOST_JOINED
    assert network.clusters(participations(("x", "a"), ("y", "b"))) == []


def test_names_do_not_lie_on_one_another_and_the_picture_is_the_same_again() -> None:
    whole = participations(*[(one, who) for one in "xyz" for who in "abc"], ("w", "c"), ("v", "d"), ("u", "d"))
    parts = network.clusters(whole)
    drawn = network_drawing.svg(whole, parts, "Network")
    assert drawn == network_drawing.svg(whole, network.clusters(whole), "Network")
    spots = [(float(x), float(y)) for x, y in re.findall(r'<text class="wh\w+" x="([\d.]+)" y="([\d.]+)"', drawn)]
    assert len(spots) == 4 + 6
    assert all(abs(x - u) > 8 or abs(y - v) > 8 for at, (x, y) in enumerate(spots) for u, v in spots[at + 1 :])


def test_every_drawing_is_svg_with_a_title_and_has_rows(reader: Reader, index: Index) -> None:
    assert len(names(index)) == 5 + 12
    for name in names(index):
        made = drawing(name, reader, index=index)
        root = ElementTree.fromstring(made.svg)
        assert (root.get("role"), root.findtext("s:title", namespaces=SPACE)) == ("img", root.get("aria-label")), name
        assert root.findall(".//s:a", SPACE) == [], name
        assert rows(made), name
        assert made._repr_svg_() == made.svg


def test_rows_of_a_drawing_by_hand(reader: Reader, index: Index) -> None:
    assert rows(drawing("years", reader, index=index))[0] == {"year": "2012", "initiatives": "1"}
    told = {row["code"]: row["initiatives"] for row in rows(drawing("by-technology", reader, index=index))}
    assert (told["video-communication"], told["robotics"], told[NONE]) == ("1", "0", "2")
    members = [tuple(row.values())[1:] for row in rows(drawing("network", reader, index=index))]
    assert members == [("Lab Ouvert", "2", "1"), ("Ville d'Essai", "1", "1")]
    german = drawing("years", reader, Choice(codes={"country": ("DE",)}), index=index)
    assert rows(german) == [{"year": "2015", "initiatives": "1"}]


def test_the_picture_is_png_of_twice_the_size_and_its_text_is_drawn(reader: Reader, index: Index) -> None:
    made = drawing("years", reader, index=index)
    content = made.content("png")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    *_, width, height = map(float, ElementTree.fromstring(made.svg).attrib["viewBox"].split())
    assert struct.unpack(">II", content[16:24]) == (2 * width, 2 * height)
    assert len(picture.png(re.sub(r"<text.*?</text>", "", made.svg))) < len(content)


def test_without_the_library_a_picture_is_refused_in_words_and_the_drawing_stays(
    reader: Reader, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    made = drawing("by-ict-role", reader, index=index)
    with pytest.raises(NotInstalled, match="needs the library resvg-py") as refused:
        made.content("png")
    assert (refused.value.status, "SVG" in str(refused.value.hint)) == (501, True)
    assert made.content("svg").startswith(b"<svg")


def test_a_drawing_a_form_or_a_code_that_is_not_there_is_named(reader: Reader, index: Index) -> None:
    with pytest.raises(NotFound, match="there is no drawing 'globe'") as unknown:
        drawing("globe", reader, index=index)
    assert "matrix, countries, years, coverage, network" in str(unknown.value.hint)
    with pytest.raises(NotFound, match="no drawing as 'gif'"):
        drawing("years", reader, index=index).content("gif")


@pytest.mark.parametrize(
    ("pair", "said", "hint"),
    [
        (("technology", "vidoe-communication"), "there is no technology", "did you mean video-communication?"),
        (("continent", "x"), "there is no filter 'continent'", "one of country"),
    ],
)
def test_a_filter_that_is_not_there_is_refused_with_what_is_near(
    index: Index, pair: tuple[str, str], said: str, hint: str
) -> None:
    from iesi_kg.analysis.listing import chosen

    with pytest.raises(UsageError, match=said) as refused:
        chosen(index, [pair])
    assert hint in str(refused.value.hint)
    assert index.select(chosen(index, [("country", "GR")])) == []  # a code of the list, of which there is none


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("Kinderbetreuung", ["Kinder-", "betreuung"]),
        ("Beschäftigungsfähigkeit", ["Beschäfti-", "gungsfähig-", "keit"]),
        ("Prävention und Rehabilitation", ["Prävention", "und", "Rehabilita-", "tion"]),
        ("Social inclusion", ["Social", "inclusion"]),
        ("rrrrrrrrrrrrrrr", ["rrrrrrrrrr-", "rrrrr"]),
    ],
)
def test_long_words_are_broken_where_a_syllable_begins(label: str, lines: list[str]) -> None:
    assert folded(hyphenated(label, 11), 11) == lines
