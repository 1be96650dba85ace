"""Sheets as other programs write them: prefixes, references left out, empty rows; only what is marked changes."""

from __future__ import annotations

import pytest

from iesi_kg.validation.grid import Grid

MARK = {(2, 1): lambda own: own + 7}


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (
            b'<w><sheetData><row r="2"><c r="A2"/><c r="B2" s="3" t="s"><v>0</v></c></row></sheetData></w>',
            b'<w><sheetData><row r="2"><c r="A2"/><c r="B2" t="s" s="10"><v>0</v></c></row></sheetData></w>',
        ),
        (
            b"<w><sheetData><row/><row><c/><c><v>1</v></c></row></sheetData></w>",
            b'<w><sheetData><row/><row><c/><c s="7"><v>1</v></c></row></sheetData></w>',
        ),
        (
            b'<x:w xmlns:x="u"><x:sheetData><x:row r="2"><x:c r="C2"/></x:row></x:sheetData></x:w>',
            b'<x:w xmlns:x="u"><x:sheetData><x:row r="2"><x:c r="B2" s="7"/><x:c r="C2"/></x:row></x:sheetData></x:w>',
        ),
        (
            b'<w><sheetData><row r="2" ht="20"/></sheetData></w>',
            b'<w><sheetData><row r="2" ht="20"><c r="B2" s="7"/></row></sheetData></w>',
        ),
        (
            b'<w><sheetData><row r="1"/><row r="5"/></sheetData></w>',
            b'<w><sheetData><row r="1"/><row r="2"><c r="B2" s="7"/></row><row r="5"/></sheetData></w>',
        ),
        (b"<w><sheetData/></w>", b'<w><sheetData><row r="2"><c r="B2" s="7"/></row></sheetData></w>'),
    ],
)
def test_a_style_is_put_at_a_cell(xml: bytes, expected: bytes) -> None:
    assert Grid(xml).styled(MARK) == expected


def test_a_text_takes_the_place_of_a_shared_one_and_keeps_the_style() -> None:
    xml = b'<w><sheetData><row r="2"><c r="B2" s="3" t="s"><f>A1</f><v>0</v></c><c r="C2"/></row></sheetData></w>'
    assert Grid(xml).filled({(2, 1): "a < b", (2, 2): ""}) == (
        b'<w><sheetData><row r="2"><c r="B2" s="3" t="inlineStr"><is><t xml:space="preserve">a &lt; b</t></is></c>'
        b'<c r="C2"/></row></sheetData></w>'
    )


def test_several_new_cells_of_a_row_stand_in_order() -> None:
    marks = {(2, place): (lambda own: 1) for place in (3, 1, 2)}
    assert Grid(b'<w><sheetData><row r="2"><c r="A2"/></row></sheetData></w>').styled(marks) == (
        b'<w><sheetData><row r="2"><c r="A2"/><c r="B2" s="1"/><c r="C2" s="1"/><c r="D2" s="1"/></row></sheetData></w>'
    )
