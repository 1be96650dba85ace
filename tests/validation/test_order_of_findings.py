"""The findings of a row come in one order, whatever the order in which an engine gives its results."""

from __future__ import annotations

from itertools import permutations

from iesi_kg.ingest import csv, mapping
from iesi_kg.ingest.template import Template
from iesi_kg.ingest.values import ValueReader
from iesi_kg.records import SourceFile
from iesi_kg.validation import engine, shapes
from iesi_kg.validation.report import Reporter
from iesi_kg.vocabulary.codelists import CodeLists

TABLE = b"""website,name,country,start_year,service_areas,source_url,coded_by,description
javascript:x,Vincles,ES,2013,social-inclusion,https://example.org/,,
"""


def test_from_left_to_right_and_the_same_each_time() -> None:
    template, profile = Template.bundled(), shapes.profile("submission")
    source = SourceFile("a.csv", TABLE)
    rows = csv.read(source, template.by_header)
    (chunk,) = mapping.map_rows(source, rows, template, ValueReader(CodeLists.load(), None, template))
    results = list(engine.validate([*chunk.triples, *profile.context], profile.text))
    assert len(results) >= 4
    orders = {
        tuple((found.column, found.code) for found in Reporter(profile.facts).findings(chunk, given))
        for given in permutations(results[:5])
    }
    (order,) = orders
    told = [column for column, _ in order if column in ("website", "coded_by", "description")]
    assert told == sorted(told, key=["website", "coded_by", "description"].index)
