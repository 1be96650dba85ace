"""Competency questions 22 to 42, answered by counting in the tables."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import product
from typing import Any

from tables import ACTIVE, ELEMENTS, Line, Record, cluster_of, clusters, counted, label, rank, records, table

from iesi_kg import assets


@table(order="1 0")
def q022() -> Iterator[Line]:
    for r in records():
        if {"PR1", "PR2"} <= set(r.all("sip_objectives")):
            yield r.iri, r["name"]


@table(order="1 0 2")
def q023() -> Iterator[Line]:
    for r in records():
        if "informal-carers" in r.all("target_groups"):
            for technology in r.all("technologies") or [""]:
                yield r.iri, r["name"], label("technology", technology), len(list(r.outcomes()))


@table(order="1 0")
def q024() -> Iterator[Line]:
    for r in records():
        young = "childcare" in r.all("service_areas") or {"children", "young-people"} & set(r.all("target_groups"))
        if young and ("SI3" in r.all("sip_objectives") or "life-course" in r.all("sip_pillars")):
            yield r.iri, r["name"], int(r["start_year"]) if r["start_year"] else ""


@table(order="0 1")
def q025() -> Iterator[Line]:
    yield from counted(
        (label("technology", code), rank(r, "integration_level")) for r in records() for code in r.all("technologies")
    )


@table(order="1 0 2")
def q026() -> Iterator[Line]:
    for r in records():
        if "open-data" in r.all("technologies"):
            yield r.iri, r["name"], r["website"]


def keys(record: Record) -> list[str]:
    return [key for key in record.all("external_identifiers") if ":" in key]


@table(order="0")
def q027() -> Iterator[Line]:
    having, number = defaultdict(set), Counter[str]()
    for r in records():
        for key in keys(r):
            having[key.split(":")[0]].add(r.iri)
            number[key.split(":")[0]] += 1
    for database, found in having.items():
        yield database, len(found), number[database]


@table(order="0")
def q028() -> Iterator[Line]:
    ways: dict[str, Callable[[Record], Any]] = {
        "key of another database": keys,
        "website": lambda r: r["website"],
        "NUTS region": lambda r: r["nuts"],
        "name of a place": lambda r: r["place"],
    }
    for name, has in ways.items():
        if number := sum(bool(has(r)) for r in records()):
            yield name, number


@table(order="1 0 2")
def q029() -> Iterator[Line]:
    for r in records():
        for name, elements in ELEMENTS.items():
            if not elements & set(r.all("definition_elements")):
                yield r.iri, r["name"], name


@table(order="1 0")
def q030() -> Iterator[Line]:
    for r in records():
        if not list(r.outcomes()):
            yield r.iri, r["name"]


@cache
def coded_columns() -> dict[str, str]:
    """The columns whose values a coder chose, with the English label of their property."""
    template = json.loads((assets.root() / "ontology" / "template.json").read_text("utf-8"))
    (coding,) = (node for node in template["iesi:nodes"] if node["iesi:name"] == "coding")
    (names,) = (said["iesi:propertyOf"] for said in coding["iesi:statements"] if "iesi:propertyOf" in said)
    urls = {column["name"]: column.get("propertyUrl", "") for column in template["tableSchema"]["columns"]}
    ontology = (assets.root() / "ontology" / "iesi.ttl").read_text("utf-8")
    prefixes = {iri: prefix for prefix, iri in re.findall(r"@prefix (\w+): <([^>]+)>", ontology)}
    found = {}
    for name in names:
        iri = max((known for known in prefixes if urls[name].startswith(known)), key=len)
        term = re.escape(f"{prefixes[iri]}:{urls[name].removeprefix(iri)}")
        label = re.search(rf'^{term} [^.]*?rdfs:label "([^"]+)"@en', ontology, re.M)
        assert label is not None, term
        found[name] = label[1]
    return found


@table(order="0 1 2")
def q031() -> Iterator[Line]:
    cells: dict[Line, set[str]] = defaultdict(set)
    reviewed: dict[Line, set[str]] = defaultdict(set)
    for r in records():
        coded = [name for column, name in coded_columns().items() if r.get(column)]
        for name in coded if r["coded_by"] else []:
            cell = (r["coded_by"], r["coding_date"], name)
            cells[cell].add(r.iri)
            if r.get("coding_status") == "reviewed":
                reviewed[cell].add(r.iri)
    for cell, found in cells.items():
        yield *cell, len(found), len(reviewed[cell])


@table(order="0 1 2")
def q032() -> Iterator[Line]:
    def lead(r: Record) -> set[str]:
        return {iri for iri, *_, role in r.organisations() if role == "lead"}

    shared: dict[str, Callable[[Record], set[Any]]] = {
        "name": lambda r: {r["name"], *r.all("alternative_names")},
        "website": lambda r: set(r.all("website")),
        "lead and place": lambda r: set(product(lead(r), r.all("place"))),
    }
    for one, two in product(records(), records()):
        if one.iri < two.iri:
            for name, values in shared.items():
                if values(one) & values(two):
                    yield one.iri, two.iri, name


@table(order="0 1 2")
def q033() -> Iterator[Line]:
    said = defaultdict(set)
    for country, cluster, _ in clusters():
        said[country].add(cluster)
    number = Counter(country for r in records() for country in r.all("country"))
    for country, cluster, author in clusters():
        if len(said[country]) > 1 and number[country]:
            yield label("country", country), label("welfare-cluster", cluster), author, number[country]


@table(order="1 0 2")
def q034() -> Iterator[Line]:
    for r in records():
        start, end, made = (int(r[column][:4] or 0) for column in ("start_year", "end_year", "record_date"))
        if end and r["status"] in ACTIVE and end < made:
            yield r.iri, r["name"], "active after its end"
        if start and end and end < start:
            yield r.iri, r["name"], "ended before it began"
        if start > made > 0:
            yield r.iri, r["name"], "began after its record"


@table(order="0 1 3")
def q035() -> Iterator[Line]:
    for r in records():
        for place, category in enumerate(r.places("award_category")):
            if category:
                stage = label("award-stage", r.at("award_stage", place))
                yield label("award-category", category), stage, r.iri, r["name"], len(list(r.outcomes()))


@table(order="-3 1 0")
def q036() -> Iterator[Line]:
    (home,) = (r for r in records() if r["identifier"] == "vincles-bcn")
    near = {cluster_of(country) for country in home.all("country")}
    for r in records():
        alike = (
            set(r.all("service_areas")) & set(home.all("service_areas"))
            and r["governance_level"] == home["governance_level"]
        )
        if alike and r is not home:
            for country in r.all("country"):
                if cluster_of(country) in near:
                    yield r.iri, r["name"], label("country", country), len(list(r.outcomes()))


@table(order="0 1 2")
def q037() -> Iterator[Line]:
    yield from counted(
        (int(r["start_year"]), label("policy-area", area), label("technology", technology, "not coded"))
        for r in records()
        if r["start_year"]
        for area in r.all("service_areas")
        for technology in r.all("technologies") or [""]
    )


@table(order="1 0 2")
def q038() -> Iterator[Line]:
    for r in records():
        if "SI1" in r.all("sip_objectives") and "data-exchange" in r.all("technologies"):
            for country in r.all("country"):
                yield r.iri, r["name"], label("country", country)


def observations(record: Record, indicator: str) -> Iterator[tuple[int, str]]:
    """Year and value of what was observed of an indicator."""
    for place, code in enumerate(record.places("indicator")):
        if code == indicator:
            yield int(record.at("indicator_year", place)), record.at("indicator_value", place)


@table(order="-1 0")
def q039() -> Iterator[Line]:
    using = defaultdict(set)
    for r in records():
        for code in {*r.all("indicator"), *r.all("outcome_indicator")}:
            using[code].add(r.iri)
    for code, found in using.items():
        if len(found) > 2:
            yield label("indicator", code), len(found)


@table(order="1 0 2")
def q040() -> Iterator[Line]:
    for r in records():
        people = dict(observations(r, "people-reached"))
        for year, budget in observations(r, "budget"):
            reached = people.get(year, "")
            each = (
                (Decimal(budget) / Decimal(reached)).quantize(Decimal("0.01"), ROUND_HALF_UP).normalize()
                if reached
                else ""
            )
            yield (
                r.iri,
                r["name"],
                year,
                Decimal(budget).normalize(),
                Decimal(reached).normalize() if reached else "",
                each,
            )


@table(order="0")
def q041() -> Iterator[Line]:
    for path in (assets.root() / "data" / "iesi").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            yield path.name, sum(1 for _ in csv.DictReader(stream))


_SINGLE = ("name", "description", "start_year", "end_year", "website", "funding_text")
_SEVERAL = [
    "local_descriptions",
    "place",
    "country",
    "status",
    "governance_level",
    "service_areas",
    "target_groups",
    "technologies",
    "ict_role",
    "ict_potential",
    "integration_level",
    "sip_objectives",
    "user_role",
    "definition_elements",
]


@table(order="0 1")
def q042() -> Iterator[Line]:
    (home,) = (r for r in records() if r["identifier"] == "vincles-bcn")
    for column in _SINGLE:
        if home[column]:
            yield column, home[column]
    for column in _SEVERAL:
        for value in home.all(column):
            yield column, value
