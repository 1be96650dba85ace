"""What was linked to a mapping set and to a table for review; a mapping set to the decisions that stewards took in it.

https://mapping-commons.github.io/sssom/ ; the file keeps every decision that it was given, as it was given.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dictionary
from io import StringIO

from iesi_kg import __version__
from iesi_kg.errors import UsageError
from iesi_kg.linking.clusters import conflicts
from iesi_kg.linking.entities import ORGANISATION, Entity
from iesi_kg.linking.linker import Decisions, Link, Linked
from iesi_kg.linking.sssom_model import Mapping, MappingSet
from iesi_kg.vocabulary import iris, sssom
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.formulas import neutral
from iesi_kg.vocabulary.namespaces import PREFIXES

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
MEASURE = "weighted share of the words that both names have"
_PEER = "peer"
_TOOL = "iesi-kg link"
_COLUMNS = ("confidence", "relation", "reason", "decision")
_OF_RECORD = ("id", "name", "countries", "year", "organisation", "page")


def mapping_set(
    linked: Linked,
    *,
    versions: Dictionary[str, str],
    kept: MappingSet | None = None,
    day: str,
    licence: str = LICENCE,
) -> MappingSet:
    """The accepted links as mappings, after the decisions that were given; ``versions`` tells those of databases."""
    given = kept.mappings if kept else ()
    decided = {_pair(mapping.subject_id, mapping.object_id) for mapping in given if _by_a_person(mapping)}
    found = [link for link in linked.accepted() if _pair(link.left.curie, link.right.curie) not in decided]
    rows = [*(row for row in given if _by_a_person(row)), *(_mapping(link, versions, day) for link in found)]
    entities = [entity for link in found for entity in (link.left, link.right)]
    return MappingSet(
        mappings=tuple(rows),
        mapping_set_id=iris.mapping_set(f"links-{'-'.join(sorted(versions)) or 'none'}").value,
        license=licence,
        curie_map={**(kept.curie_map if kept else {}), **_prefixes(entities, rows)},
        slots={
            "mapping_set_title": f"Links between {', '.join(sorted(versions))}",
            "mapping_tool": _TOOL,
            "mapping_tool_version": __version__,
            "similarity_measure": MEASURE,
        },
    )


def decisions(given: MappingSet) -> Decisions:
    """What people decided in a mapping set. Raises UsageError where two of its rows contradict one another."""
    same: dict[frozenset[str], int] = {}
    other: dict[frozenset[str], int] = {}
    wanted = {node.value for node in sssom.IDENTITIES}
    for number, row in enumerate(given.mappings, start=1):
        if _by_a_person(row) and given.expand(row.predicate_id).value in wanted:
            (other if row.is_negative else same).setdefault(_pair(row.subject_id, row.object_id), number)
    if both := same.keys() & other.keys():
        pair = min(both, key=lambda pair: same[pair])
        raise UsageError(
            f"{' and '.join(sorted(pair))} are decided to be the same in mapping {same[pair]}, "
            f"and not to be in mapping {other[pair]}" + (f"; so are {len(both) - 1} more" if len(both) > 1 else ""),
            hint="keep the decision that holds and take the other out of the file",
        )
    return Decisions(frozenset(same), frozenset(other))


def review(linked: Linked) -> str:
    """The links that a person should look at as CSV, those first that are least clear; ``decision`` is left empty."""
    target = StringIO()
    writer = csv.writer(target, lineterminator="\n")
    sides = ("left", "right")
    writer.writerow([*_COLUMNS, *(f"{side}_{name}" for side in sides for name in _OF_RECORD)])
    for link in sorted(linked.to_review(), key=lambda link: (-link.confidence, link.left.curie, link.right.curie)):
        relation = "part of" if link.part else "same"
        told = (neutral(text) for entity in (link.left, link.right) for text in _told(entity))
        writer.writerow([link.confidence, relation, neutral(link.sentence), "", *told])
    return target.getvalue()


def _told(entity: Entity) -> Iterator[str]:
    yield entity.curie
    yield entity.name
    yield "|".join(entity.countries)
    yield str(entity.start_year or "")
    yield "|".join(entity.organisations)
    yield next(iter(entity.pages), "")


def _mapping(link: Link, versions: Dictionary[str, str], day: str) -> Mapping:
    left, right = sorted((link.left, link.right), key=lambda entity: (entity.database != "iesi", entity.curie))
    predicate = sssom.SAME_ORGANISATION if left.kind == ORGANISATION else sssom.SAME_INITIATIVE
    return Mapping(
        subject_id=left.curie,
        subject_label=left.name,
        predicate_id=shorten(predicate),
        object_id=right.curie,
        object_label=right.name,
        mapping_justification=f"semapv:{'MappingChaining' if link.follows else 'CompositeMatching'}",
        confidence=link.confidence,
        similarity_score=link.features.get("name", 0.0),
        similarity_measure=MEASURE,
        subject_source=f"{_PEER}:{left.database}",
        subject_source_version=versions.get(left.database, ""),
        object_source=f"{_PEER}:{right.database}",
        object_source_version=versions.get(right.database, ""),
        mapping_tool=_TOOL,
        mapping_tool_version=__version__,
        mapping_date=day,
        other="; ".join(f"{name}={value:g}" for name, value in link.features.items()),
        comment=link.sentence + "".join(f"; they disagree on {found.field}" for found in conflicts((left, right))),
    )


def _by_a_person(row: Mapping) -> bool:
    return row.mapping_justification in (sssom.MANUAL, sssom.REVIEW) or bool(row.reviewer_id or row.reviewer_label)


def _pair(left: str, right: str) -> frozenset[str]:
    return frozenset((left, right))


def _prefixes(entities: Sequence[Entity], rows: Sequence[Mapping]) -> dict[str, str]:
    """What the names in a file stand for."""
    spaces = {entity.curie.partition(":")[0]: _space(entity) for entity in entities}
    used = {row.predicate_id.partition(":")[0] for row in rows}
    peers = {_PEER: iris.peer("x").value[:-1]} if entities else {}
    return {**spaces, **peers, **{name: PREFIXES[name] for name in sorted(used) if name in PREFIXES}}


def _space(entity: Entity) -> str:
    key = entity.curie.partition(":")[2]
    return entity.iri.value.removesuffix(key)
