"""A profile's name to its shapes: as one Turtle text for the engines and as the facts that a report needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from iesi_kg import assets
from iesi_kg.vocabulary.annotations import CODE, CODE_LIST, COLUMN
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.vocabulary.namespaces import BASE, DCT, SH, SKOS
from iesi_kg.vocabulary.told import Told

_FOLDER = f"{BASE}shapes/"
_PARTS = NamedNode(DCT + "hasPart")
_MESSAGE = NamedNode(SH + "message")
_IN_SCHEME = NamedNode(SKOS + "inScheme")


@dataclass(frozen=True, slots=True)
class ShapeFacts:
    """What a report says about a shape: the key of its findings, its column and its message by language."""

    code: str | None
    column: str | None
    messages: Mapping[str, str]

    def told(self, value: str | None) -> Told | None:
        """The message, with the value where it says ``{?value}`` (SHACL section 5.3.2)."""
        if "en" not in self.messages:
            return None
        return Told(self.messages, {"value": value or ""}) if "{value}" in self.messages["en"] else Told(self.messages)


@dataclass(frozen=True, slots=True)
class Profile:
    """The shapes of one profile, and the statements of code lists and ontology that they look into."""

    text: str
    facts: Mapping[str, ShapeFacts]
    context: tuple[Triple, ...]


@cache
def profile(name: str) -> Profile:
    """A profile with all its parts, e.g. ``profile("submission")``. Raises NotFound."""
    described = pyoxigraph.parse(assets.text(f"shapes/profiles/{name}.ttl"), RdfFormat.TURTLE)
    parts = [quad.object for quad in described if quad.predicate == _PARTS]
    text = "\n".join(
        assets.text("shapes/" + part.value.removeprefix(_FOLDER)) for part in parts if isinstance(part, NamedNode)
    )
    return Profile(_once(text), _facts(text), _context())


def _once(text: str) -> str:
    """Shapes files joined, their prefixes first and each stated once."""
    prefixes = dict.fromkeys(re.findall(r"^@prefix .*$", text, re.M))
    return "\n".join(prefixes) + "\n" + re.sub(r"^@prefix .*$\n?", "", text, flags=re.M)


def _facts(text: str) -> dict[str, ShapeFacts]:
    found: dict[str, dict[NamedNode, str]] = {}
    messages: dict[str, dict[str, str]] = {}
    for quad in pyoxigraph.parse(text, RdfFormat.TURTLE):
        if quad.predicate in (CODE, COLUMN, _MESSAGE) and isinstance(quad.object, Literal):
            shape = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
            facts, told = found.setdefault(shape, {}), messages.setdefault(shape, {})
            if quad.predicate == _MESSAGE:
                told[quad.object.language or "en"] = quad.object.value.replace("{?value}", "{value}")
            else:
                facts[quad.predicate] = quad.object.value
    return {iri: ShapeFacts(facts.get(CODE), facts.get(COLUMN), messages[iri]) for iri, facts in found.items()}


def _context() -> tuple[Triple, ...]:
    """Which code is in which list, and which property takes its codes from which: what the shapes ask of them."""
    ontology = pyoxigraph.parse(assets.text("ontology/iesi.ttl"), RdfFormat.TURTLE)
    lists = [quad.triple for quad in ontology if quad.predicate == CODE_LIST]
    codes = [Triple(code.iri, _IN_SCHEME, scheme.iri) for scheme in CodeLists.load() for code in scheme.concepts]
    return (*lists, *codes)
