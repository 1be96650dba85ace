"""Competency questions 1 to 21, answered by counting in the tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import product

from tables import (
    ABROAD,
    AGEING,
    CREATIVE,
    HEADINGS,
    Line,
    Record,
    cluster_of,
    counted,
    inhabitants,
    label,
    labels,
    plain,
    rank,
    records,
    share,
    table,
)


@table(order="1 0")
def q001() -> Iterator[Line]:
    for r in records():
        if "2016" in r.all("map_edition") and r["ict_potential"] >= "3" and r["integration_level"] >= "4":
            yield r.iri, r["name"], int(r["ict_potential"]), int(r["integration_level"])


@table(order="0 1 2")
def q002() -> Iterator[Line]:
    cells = Counter(
        (edition, rank(r, "ict_potential"), rank(r, "integration_level"))
        for r in records()
        for edition in ["all", *r.all("map_edition")]
    )
    totals = Counter(edition for r in records() for edition in ["all", *r.all("map_edition")])
    for cell, number in cells.items():
        yield *cell, number, share(number, totals[cell[0]])


@table(order="0 1")
def q003() -> Iterator[Line]:
    both = [r for r in records() if {"2015", "2016"} <= set(r.all("map_edition"))]
    yield from counted((rank(r, "ict_potential"), rank(r, "integration_level")) for r in both)


@table(order="0 -2 1")
def q004() -> Iterator[Line]:
    def goals(r: Record) -> Iterator[str]:
        objectives, services = set(r.all("sip_objectives")), set(r.all("service_objectives"))
        if "PR4" in objectives or "access" in services:
            yield "access and take-up"
        if "PR2" in objectives or "quality" in services:
            yield "quality"
        if "most-disadvantaged" in services:
            yield "reaching the most disadvantaged"

    yield from counted(
        (label("policy-area", area), goal) for r in records() for area in r.all("service_areas") for goal in goals(r)
    )


@table(order="1 0 2 3")
def q005() -> Iterator[Line]:
    for r in records():
        areas = set(r.all("service_areas"))
        for ageing, other in product(areas & AGEING, areas - AGEING):
            yield r.iri, r["name"], label("policy-area", ageing), label("policy-area", other)


@table(order="0 2 1")
def q006() -> Iterator[Line]:
    for r in records():
        seen = [o for o in r.outcomes() if o["outcome_status"] != "expected"]
        if seen and ("SI2" in r.all("sip_objectives") or "activating-policies" in r.all("sip_pillars")):
            yield from {(cluster_of(country), r.iri, r["name"], len(seen)) for country in r.all("country")}


@table(order="0")
def q007() -> Iterator[Line]:
    for field, inside in (("ageing and long-term care", True), ("other social services", False)):
        known = [
            r["ict_potential"] for r in records() if any((area in AGEING) is inside for area in r.all("service_areas"))
        ]
        coded = [value for value in known if value]
        low = sum(value <= "2" for value in coded)
        yield field, low, len(coded), len(known) - len(coded), share(low, len(coded)) if coded else ""


@table(order="-1 0")
def q008() -> Iterator[Line]:
    yield from counted((label("ict-role", r["ict_role"], "not coded"),) for r in records())


@table(order="0 2 1 3")
def q009() -> Iterator[Line]:
    for r in records():
        if r["user_role"] in CREATIVE:
            for group in r.all("target_groups"):
                yield label("target-group", group), r.iri, r["name"], label("user-role", r["user_role"])


@table(order="-1 0")
def q010() -> Iterator[Line]:
    creative = {group for r in records() if r["user_role"] in CREATIVE for group in r.all("target_groups")}
    served = (group for r in records() if r["user_role"] == "beneficiary" for group in r.all("target_groups"))
    yield from counted((label("target-group", group),) for group in served if group not in creative)


@table(order="1")
def q011() -> Iterator[Line]:
    for r in records():
        for o in r.outcomes():
            if o["evaluation_method"] in {"matched-comparison", "counterfactual", "randomised"}:
                method = label("evaluation-method", o["evaluation_method"])
                yield r.iri, r["name"], method, label("comparison", o["counterfactual"], "not stated"), o["outcome"]


@table(order="0 1 2")
def q012() -> Iterator[Line]:
    cells: dict[Line, set[str]] = defaultdict(set)
    for r in records():
        for o in r.outcomes():
            if o["outcome_type"]:
                status = label("outcome-status", o["outcome_status"], "not coded")
                evidence = label("evidence-level", o["evidence_level"], "not coded")
                cells[label("outcome-type", o["outcome_type"]), status, evidence].add(r.iri)
    for name in set(labels("outcome-type").values()) - {cell[0] for cell in cells}:
        cells[name, "", ""] = set()
    for cell, found in cells.items():
        yield *cell, len(found)


@table(order="1 0 2")
def q013() -> Iterator[Line]:
    for r in records():
        by = {
            horizon: {o["outcome_indicator"] for o in r.outcomes() if o["outcome_horizon"] == horizon} - {""}
            for horizon in ("short", "long")
        }
        for indicator in by["short"] & by["long"]:
            yield r.iri, r["name"], label("indicator", indicator)


@cache
def types() -> dict[str, set[str]]:
    """The types that the records together give to each organisation."""
    found: dict[str, set[str]] = defaultdict(set)
    for r in records():
        for iri, _, _, kind, _ in r.organisations():
            found[iri] |= {kind} - {""}
    return found


@table(order="0 1")
def q014() -> Iterator[Line]:
    cells: dict[Line, set[str]] = defaultdict(set)
    for r in records():
        members = list(r.organisations())
        if any(types()[iri] - {"public"} for iri, *_ in members):
            for iri, _, country, _, role in members:
                if "public" in types()[iri] and country:
                    cells[label("country", country), label("participation-role", role)].add(r.iri)
    for cell, found in cells.items():
        yield *cell, len(found)


@table(order="-2 1 0")
def q015() -> Iterator[Line]:
    countries, found, names = defaultdict(set), defaultdict(set), {}
    for r in records():
        for iri, name, *_ in r.organisations():
            countries[iri] |= set(r.all("country"))
            found[iri].add(r.iri)
            names[iri] = name
    for iri, places in countries.items():
        if len(places) > 1:
            yield iri, names[iri], len(places), len(found[iri])


@table(order="-3 0 2")
def q016() -> Iterator[Line]:
    others, names = defaultdict(set), {}
    for r in records():
        members = {iri: name for iri, name, *_ in r.organisations()}
        names.update(members)
        for iri in members:
            others[iri] |= set(members)
    best = sorted(others, key=lambda iri: (-len(others[iri]), iri))[:20]
    for iri in best:
        for kind in sorted(types()[iri]) or [""]:
            yield iri, names[iri], label("organisation-type", kind, "not known"), len(others[iri]) - 1


@table(order="1 0 2")
def q017() -> Iterator[Line]:
    for r in records():
        for iri, name, _, _, role in r.organisations():
            if role == "lead" and "social-enterprise" in types()[iri]:
                yield r.iri, r["name"], name, ", ".join(sorted(set(r.all("sip_objectives")))), r["funding_text"]


@table(order="0 2 1")
def q018() -> Iterator[Line]:
    lists = (("country", "country", "country", ABROAD), ("policy-area", "policy area", "service_areas", HEADINGS),
             ("target-group", "target group", "target_groups", set[str]()))  # fmt: skip
    for scheme, name, column, left_out in lists:
        used = {code for r in records() for code in r.all(column)}
        for code in set(labels(scheme)) - used - left_out:
            yield name, f"https://w3id.org/iesi-kg/codes/{scheme}/{code}", label(scheme, code)


@table(order="-2 0")
def q019() -> Iterator[Line]:
    for country, number in Counter(country for r in records() for country in r.all("country")).items():
        people = inhabitants().get(country, 0)
        rate = (Decimal(number) * 1_000_000 / people).quantize(Decimal("0.01"), ROUND_HALF_UP) if people else None
        yield label("country", country), cluster_of(country), number, people or "", plain(rate)


@table(order="1 0 2")
def q020() -> Iterator[Line]:
    homes = {r["identifier"]: set(r.all("country")) for r in records()}
    copied = set[str]()
    for r in records():
        for original in (address.rsplit("/", 1)[-1] for address in r.all("replicates")):
            if any(there != here for there, here in product(r.all("country"), homes.get(original, set()))):
                copied.add(original)
    for r in records():
        if r["governance_level"] == "local" and (r.get("scaling") == "replicated-abroad" or r["identifier"] in copied):
            for condition in r.all("framework_conditions") or [""]:
                yield r.iri, r["name"], label("framework-condition", condition, "none recorded")


@table(order="-1 0")
def q021() -> Iterator[Line]:
    mainstream = [r for r in records() if r["status"] == "mainstreamed"]
    yield from counted(
        (label("enabling-factor", code, "none recorded"),)
        for r in mainstream
        for code in r.all("enabling_factors") or [""]
    )
