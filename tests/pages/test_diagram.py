"""The drawing of links between classes: columns, lines that enter boxes, nothing over another."""

from __future__ import annotations

from iesi_kg.web.pages.diagram import WIDTH, Link, draw

LINKS = [
    Link("hub", "has a", "a"),
    Link("hub", "has b", "b"),
    Link("hub", "has c", "c"),
    Link("a", "knows", "c"),
    Link("d", "of", "b"),
    Link("e", "kind", "d", kind=True),
    Link("hub", "again", "hub"),
]


def test_nothing_is_drawn_of_nothing() -> None:
    drawing = draw([])
    assert (drawing.boxes, drawing.lines) == ((), ())


def test_columns_are_the_distance_from_the_class_with_most_links_at_most_three() -> None:
    columns: dict[float, list[str]] = {}
    for box in draw(LINKS).boxes:
        columns.setdefault(box.x, []).append(box.term)
    assert [columns[x] for x in sorted(columns)] == [["hub"], ["a", "c", "b"], ["d", "e"]]


def test_no_box_covers_another_and_all_are_inside() -> None:
    drawing = draw(LINKS)
    for box in drawing.boxes:
        assert box.y >= 0 and box.y + box.height <= drawing.height and box.x + WIDTH <= drawing.width
        below = [other for other in drawing.boxes if other.x == box.x and other.y > box.y]
        assert all(other.y >= box.y + box.height for other in below)


def test_a_link_to_itself_stands_in_the_box_and_every_other_is_a_line() -> None:
    drawing = draw(LINKS)
    assert {box.term: box.loops for box in drawing.boxes}["hub"] == ("again",)
    assert {line.link.term for line in drawing.lines} == {"has a", "has b", "has c", "knows", "of", "kind"}


def test_a_line_that_leads_back_has_its_arrow_at_the_beginning() -> None:
    backwards = {line.link.term: line.backwards for line in draw(LINKS).lines}
    assert backwards["of"] and not backwards["has b"]


def test_the_order_of_the_links_does_not_matter() -> None:
    assert draw(LINKS) == draw(list(reversed(LINKS)))
