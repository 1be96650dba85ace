"""The form of one record: its fields, the table it makes, and each finding at its field."""

from __future__ import annotations

from datetime import date

from iesi_kg.publication import fields, workflow

TODAY = date(2026, 11, 22)
GOOD = {
    "name": ["Vincles"],
    "country": ["Spain", "", "FR", ""],
    "service_areas": ["social inclusion"],
    "source_url": ["https://example.org/a", "https://example.org/b"],
    "source_title": ["", "B | and more"],
    "description": ["It helps."],
}


def test_the_fields_are_those_of_the_template_in_five_languages() -> None:
    blocks = {block.name: block for block in fields.blocks()}
    name, country, sources = blocks["name"], blocks["country"], blocks["sources"]
    assert [name.fields[0].title(code) for code in ("en", "fr", "de")] == ["Name", "Nom", "Name"]
    assert name.fields[0].required
    assert not name.repeats
    assert (country.repeats, country.fields[0].code_list) == (True, "country")
    assert [field.name for field in sources.fields][:2] == ["source_url", "source_title"]
    assert blocks["description"].fields[0].long
    assert ("FR", "Frankreich") in fields.options("country", "de")
    every = {field.name for part in (None, *fields.parts()) for block in fields.blocks(part) for field in block.fields}
    assert every == set(workflow.template().by_name)


def test_what_was_filled_in_makes_a_table_of_one_row_for_the_same_walk() -> None:
    source = fields.table(GOOD)
    header, row = source.content.decode().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert cells["country"] == "Spain||FR"
    assert cells["source_title"] == "|B / and more"
    assert cells["end_year"] == ""
    assert "funding" not in header.split(",")
    assert workflow.check(source, today=TODAY).conforms


def test_a_form_is_read_back_by_column_and_place() -> None:
    given = {"country.0": "ES", "country.2": "FR", "name.0": "x", "colour.0": "red", "name.99": "y", "name": "z"}
    assert fields.read(given) == {"country": ["ES", "", "FR"], "name": ["x"]}


def test_a_finding_stands_at_its_field_and_place() -> None:
    filled = GOOD | {"country": ["ES", "Frnce"], "name": [""]}
    source = fields.table(filled)
    checked = fields.placed(source, workflow.check(source, today=TODAY), filled)
    assert [finding.suggestion for finding in checked.at["country.1"]] == ["FR (France)"]
    assert [finding.severity for finding in checked.at["name"]] == ["violation"]
    assert next(iter(checked.at)) == "name"
    assert "country" not in checked.at


def test_an_empty_form_says_what_must_be_filled_in_without_speaking_of_columns() -> None:
    source = fields.table({})
    checked = fields.placed(source, workflow.check(source, today=TODAY), {})
    assert not checked.report.conforms
    assert checked.elsewhere == [] or all("no column" not in finding.message for finding in checked.elsewhere)
    assert not [finding for found in checked.at.values() for finding in found if "no column" in finding.message]


def test_places_are_as_many_as_are_filled_and_one_more_on_request() -> None:
    sources = next(block for block in fields.blocks() if block.name == "sources")
    assert fields.places(sources, {}) == 1
    assert fields.places(sources, GOOD) == 2
    assert fields.places(sources, GOOD, "sources") == 3
    assert fields.places(sources, {"source_url": ["x"] * 99}, "sources") == fields.MOST_PLACES
