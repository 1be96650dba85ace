"""The tables in data/iesi for those who count in them: records by column, labels of codes, and lines in order.

No query, no store and no reader of ours has a part in it: only csv, and the rule by which an organisation gets its IRI.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from iesi_kg import assets
from iesi_kg.vocabulary import iris

COMPETENCY = assets.root() / "queries" / "competency"
BASE = "https://w3id.org/iesi-kg/id/initiative/"
AGEING = {"aha-integrated-care", "aha-independent-living", "aha-prevention"}
CREATIVE = {"co-designer", "co-producer", "owner"}
ABROAD = {"AU", "CA", "IL", "IN", "JP", "KR", "NZ", "US"}
HEADINGS = {"aha", "pssgi"}
ACTIVE = {"planned", "in-development", "pilot", "running", "mainstreamed"}
ELEMENTS = {"D1": {"D1"}, "D2 or D3": {"D2", "D3"}, "D4": {"D4"}, "D5": {"D5"}, "D6 or D7": {"D6", "D7"}}

_OF_AN_OUTCOME = [
    "outcome",
    "evaluation_method",
    "outcome_type",
    "outcome_status",
    "outcome_horizon",
    "evidence_level",
    "outcome_indicator",
    "counterfactual",
]

Cell = str | int | Decimal
Line = tuple[Cell, ...]
TABLES: dict[str, Callable[[], list[Line]]] = {}


class Record(dict[str, str]):
    """One row of a table: its cells by column."""

    @property
    def iri(self) -> str:
        return BASE + self["identifier"]

    def all(self, column: str) -> list[str]:
        """The values of a cell, without the empty ones."""
        return [text for text in self.places(column) if text]

    def places(self, column: str) -> list[str]:
        """The values of a cell, each at its place in an aligned group."""
        return [text.strip() for text in (self.get(column) or "").split("|")]

    def at(self, column: str, place: int) -> str:
        values = self.places(column)
        return values[place] if place < len(values) else ""

    def outcomes(self) -> Iterator[dict[str, str]]:
        """What is said of each outcome."""
        for place, text in enumerate(self.places("outcome")):
            if text:
                yield {column: self.at(column, place) for column in _OF_AN_OUTCOME}

    def organisations(self) -> Iterator[tuple[str, str, str, str, str]]:
        """IRI, name, country, type and role of each that takes part."""
        home = self.all("country")[0]
        for column, prefix in (("lead_organisation", "lead_org"), ("partner_organisations", "partner")):
            lead = column == "lead_organisation"
            for place, name in enumerate(self.places(column)):
                if not name:
                    continue
                country = self.at("lead_org_country" if lead else "partner_countries", place) or home
                country = "" if country == "unknown" else country
                kind = self.at(f"{prefix}_type" if lead else "partner_types", place)
                role = "lead" if lead else self.at("partner_roles", place) or "partner"
                yield iris.organisation(name, country).value, name, country, kind, role


@cache
def records() -> list[Record]:
    """Every row of every table of the bundle."""
    found = []
    for path in sorted((assets.root() / "data" / "iesi").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found += [Record(row) for row in csv.DictReader(stream)]
    return found


@cache
def labels(scheme: str) -> dict[str, str]:
    """The English label of each code of a list, read off its text."""
    text = (assets.root() / "ontology" / "codelists" / f"{scheme}.ttl").read_text("utf-8")
    blocks = re.split(r"\n\n", text)
    pairs = (
        (re.search(r'skos:notation "([^"]+)"', block), re.search(r'prefLabel\s[^;]*?"([^"]+)"@en', block))
        for block in blocks
    )
    return {code[1]: label[1] for code, label in pairs if code and label}


def label(scheme: str, code: str, otherwise: str = "") -> str:
    return labels(scheme)[code] if code else otherwise


@cache
def clusters() -> list[tuple[str, str, str]]:
    """Country, cluster and author of each welfare assignment."""
    text = (assets.root() / "ontology" / "assignments" / "welfare-cluster.ttl").read_text("utf-8")
    names = dict(re.findall(r'agent:([\w-]+) a prov:Agent ;\s+foaf:name "([^"]+)"', text))
    pattern = (
        r"assignedCountry country:(\w+) ;\s+iesi:welfareCluster cluster:([\w-]+) ;.*?wasAttributedTo agent:([\w-]+)"
    )
    return [(country, cluster, names[author]) for country, cluster, author in re.findall(pattern, text, re.S)]


def cluster_of(country: str) -> str:
    ours = {place: code for place, code, author in clusters() if author == "iesi-kg project"}
    return label("welfare-cluster", ours.get(country, ""), "none")


def rank(record: Record, column: str) -> str:
    return record[column] or "not coded"


def share(part: int, whole: int) -> Cell:
    """A share with three decimals."""
    return plain((Decimal(1000) * part / whole).quantize(Decimal(1), ROUND_HALF_UP) / 1000)


def plain(number: Decimal | None) -> Cell:
    """A number as the engine writes a decimal: without zeros at its end; nothing for none."""
    return "" if number is None else f"{number:f}".rstrip("0").rstrip(".") if number % 1 else int(number)


@cache
def inhabitants() -> dict[str, int]:
    """How many people live in a country, read off the text of the statistics."""
    text = (assets.root() / "ontology" / "statistics" / "population.ttl").read_text("utf-8")
    pairs = re.findall(r"observationAbout country:(\w+) ;.*?schema:value (\d+) ;", text, re.S)
    return {country: int(value) for country, value in pairs}


def table(*, order: str) -> Callable[[Callable[[], Iterable[Line]]], Callable[[], list[Line]]]:
    """The lines of a question in the order of its columns; ``-1`` is the second column, downwards."""

    def made(function: Callable[[], Iterable[Line]]) -> Callable[[], list[Line]]:
        def lines() -> list[Line]:
            found = list(function())
            for step in reversed(order.split()):
                column, down = int(step.strip("-")), step.startswith("-")
                found.sort(key=lambda line: line[column], reverse=down)  # type: ignore[arg-type,return-value]
            return found

        TABLES[function.__name__.removeprefix("q")] = lines
        return lines

    return made


def counted(cells: Iterable[Line]) -> Iterator[Line]:
    for cell, number in Counter(cells).items():
        yield *cell, number
