"""The rules of the submission profile to the parts of a record that its score counts, each with its weight.

A rule that something must be there (``sh:minCount``, SHACL section 4.2.1) counts by its severity; what no rule asks for
and what a class is good for stand in ``ontology/scoring.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from pyoxigraph import Literal, NamedNode, RdfFormat, Store

from iesi_kg import assets
from iesi_kg.vocabulary.namespaces import SH
from iesi_kg.vocabulary.terms import CODE, COLUMN

FILE = "ontology/generated/scoring.json"
_CHOICES = "ontology/scoring.json"
_TEMPLATE = "ontology/template.json"
_TARGET, _PROPERTY, _PATH, _MIN, _SEVERITY = (
    NamedNode(SH + name) for name in ("targetClass", "property", "path", "minCount", "severity")
)


@dataclass(frozen=True, slots=True)
class Part:
    """What a record may say: the class and property that say it, its column, what it counts for and how much.

    ``labels`` are the titles of the column by language.
    """

    dimension: str
    kind: str
    path: str
    column: str
    weight: int
    labels: Mapping[str, str]


@cache
def parts() -> tuple[Part, ...]:
    """The parts as ``iesi-kg build`` made them."""
    return tuple(Part(**facts) for facts in json.loads(assets.text(FILE))["parts"])


@cache
def weights() -> Mapping[str, int]:
    """How much a part counts by the severity of the rule that asks for it."""
    found: Mapping[str, int] = json.loads(assets.text(_CHOICES))["weights"]
    return found


def made() -> tuple[Part, ...]:
    """The parts, made from the rules and from ``ontology/scoring.json``."""
    choices = json.loads(assets.text(_CHOICES))
    titles = {c["name"]: c.get("titles", {}) for c in json.loads(assets.text(_TEMPLATE))["tableSchema"]["columns"]}
    found = [*_asked(choices, titles), *(_part(further, titles) for further in choices["further"])]
    ordered = sorted(found, key=lambda part: (part.dimension, -part.weight, part.column))
    return tuple({(part.kind, part.path): part for part in ordered}.values())


def written() -> str:
    """The generated file."""
    told = {"comment": "Made by `iesi-kg build` from shapes and ontology/scoring.json."}
    return json.dumps(told | {"parts": [asdict(part) for part in made()]}, ensure_ascii=False, indent=1) + "\n"


def _asked(choices: Mapping[str, Any], titles: Mapping[str, Any]) -> Iterator[Part]:
    store = Store()
    for file in assets.names("shapes", ".ttl"):
        store.load(assets.content(file), RdfFormat.TURTLE)
    for kind, dimension in choices["classes"].items():
        targets = (quad.subject for quad in store.quads_for_pattern(None, _TARGET, NamedNode(kind)))
        rules = (quad.object for target in targets for quad in store.quads_for_pattern(target, _PROPERTY, None))
        for facts in (_facts(store, rule) for rule in rules):
            code, path = facts.get(CODE.value), facts.get(_PATH.value, "")
            if not path or int(facts.get(_MIN.value, 0)) < 1 or COLUMN.value not in facts or code in choices["without"]:
                continue
            told = {
                "dimension": "evidence" if code in choices["evidence"] else dimension,
                "class": kind,
                "path": path,
                "column": facts[COLUMN.value],
                "weight": choices["weights"][facts.get(_SEVERITY.value, SH + "Violation").removeprefix(SH)],
            }
            yield _part(told, titles)


def _facts(store: Store, rule: Any) -> dict[str, str]:  # noqa: ANN401  (a term of either kind)
    quads: Iterable[Any] = store.quads_for_pattern(rule, None, None)
    return {q.predicate.value: q.object.value for q in quads if isinstance(q.object, NamedNode | Literal)}


def _part(facts: Mapping[str, Any], titles: Mapping[str, Any]) -> Part:
    own = titles[facts["column"]]
    labels = {code: title if isinstance(title, str) else title[0] for code, title in own.items() if code != "und"}
    return Part(facts["dimension"], facts["class"], facts["path"], facts["column"], facts["weight"], labels)
