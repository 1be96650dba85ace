"""A steward's decision on a link to the statements that tell of it and back: who, when, why, and what was seen.

Each decision is an activity of its own and is never changed. Beside it the graph of decisions holds what stands now:
the mapping in SSSOM, accepted or rejected, and the link itself where it is accepted. https://www.w3.org/TR/prov-o/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from heapq import merge
from itertools import product

from pyoxigraph import Literal, NamedNode, Quad, Triple

from iesi_kg.linking import sssom
from iesi_kg.linking.entities import curie
from iesi_kg.linking.sssom import Mapping, MappingSet
from iesi_kg.publication import redirects
from iesi_kg.publication.linkage_graphs import DECISIONS, Pair, now, pair
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary import sssom as words
from iesi_kg.vocabulary.namespaces import ADMS, BASE, FOAF, IESI, ORG, OWL, PROV, RDF, RDFS, XSD

CHOICES = "link-decision"
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_TYPE, _STATUS, _COMMENT = NamedNode(RDF + "type"), NamedNode(ADMS + "status"), NamedNode(RDFS + "comment")
_USED, _BY, _AT = (NamedNode(PROV + name) for name in ("used", "wasAssociatedWith", "endedAtTime"))
_OF, _VALUE, _GENERATED = (NamedNode(PROV + name) for name in ("specializationOf", "value", "generated"))
_NAME = NamedNode(FOAF + "name")
ERASED = "somebody whose name was erased"


class Choice(StrEnum):
    """What was decided; the words are the codes of the code list ``CHOICES``."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNSURE = "unsure"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on one pair; ``seen`` are the digests of the fields of both records as they were then."""

    step: int
    choice: Choice
    by: str
    at: datetime
    reason: str = ""
    identical: bool = False
    seen: tuple[str, str] = ("", "")


def standing(history: tuple[Decision, ...]) -> Decision | None:
    """The decision that holds: each undone one gives way to the one before it."""
    kept: list[Decision] = []
    for decision in history:
        if decision.choice is not Choice.UNDONE:
            kept.append(decision)
        elif kept:
            kept.pop()
    return kept[-1] if kept else None


def activity(found: Pair, decision: Decision) -> list[Quad]:
    """The statements that tell of one decision for good."""
    node, agent, linked = iris.decision(found.id, decision.step), iris.agent(decision.by), found.node
    facts: list[tuple[NamedNode, NamedNode, NamedNode | Literal]] = [
        (node, _TYPE, NamedNode(PROV + "Activity")),
        (node, _STATUS, iris.concept(CHOICES, decision.choice.value)),
        (node, _AT, Literal(_stamp(decision.at), datatype=NamedNode(XSD + "dateTime"))),
        (node, _BY, agent),
        (agent, _TYPE, NamedNode(PROV + "Agent")),
        (agent, _NAME, Literal(decision.by)),
        (node, _USED, linked),
        (linked, words.OF_MAPPING["subject_id"].property, NamedNode(found.left)),
        (linked, words.OF_MAPPING["predicate_id"].property, NamedNode(found.relation)),
        (linked, words.OF_MAPPING["object_id"].property, NamedNode(found.right)),
    ]
    if decision.reason:
        facts.append((node, _COMMENT, Literal(decision.reason)))
    if decision.identical:
        facts.append((node, _GENERATED, _identity(found).node))
    for side, record, seen in zip(("left", "right"), found.sides, decision.seen, strict=True):
        part = iris.fragment(node, side)
        facts += [(node, _USED, part), (part, _TYPE, NamedNode(PROV + "Entity")), (part, _OF, record)]
        facts += [(part, _VALUE, Literal(seen))] if seen else []
    return [Quad(*fact, DECISIONS) for fact in facts]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _identity(found: Pair) -> Pair:
    """The same two as one thing in every respect."""
    return pair(NamedNode(found.left), words.SAME_AS, NamedNode(found.right))


def mapping(found: Pair, decision: Decision, relation: str = "") -> Mapping:
    """The mapping that a decision makes of a pair."""
    day = decision.at.astimezone(UTC).date().isoformat()
    predicate = relation or found.relation
    return Mapping(
        record_id=pair(NamedNode(found.left), NamedNode(predicate), NamedNode(found.right)).node.value,
        subject_id=_named(found.left),
        predicate_id=_short(predicate),
        predicate_modifier=words.NOT if decision.choice is Choice.REJECTED else "",
        object_id=_named(found.right),
        mapping_justification=words.REVIEW,
        reviewer_label=() if decision.by == ERASED else (decision.by,),
        reviewer_id=() if decision.by == ERASED else (iris.agent(decision.by).value,),
        review_date=day,
        mapping_date=day,
        comment=decision.reason,
    )


def _named(iri: str) -> str:
    """How a record stands in a file: by its database and key, one that is nobody's we know in full."""
    return curie(NamedNode(iri)) if iri.startswith(f"{BASE}id/") else iri


def _short(iri: str) -> str:
    known = {"iesi": IESI, "owl": OWL, "org": ORG}
    return next(f"{name}:{iri.removeprefix(space)}" for name, space in known.items() if iri.startswith(space))


def mappings(found: Pair, decision: Decision | None) -> list[Mapping]:
    """The mappings that stand after a decision: none where it is open."""
    if decision is None or decision.choice is Choice.UNSURE:
        return []
    identical = decision.identical and decision.choice is Choice.ACCEPTED
    more = [mapping(found, decision, words.SAME_AS.value)] if identical else []
    return [mapping(found, decision), *more]


def mapping_set(found: list[Mapping]) -> MappingSet:
    """Decisions as a set of their own, with the prefixes that it needs."""
    names = (name for item in found for name in (item.subject_id, item.object_id))
    used = {name.partition(":")[0] for name in names if "://" not in name}
    ours = {name: f"{BASE}id/{name}/" for name in ("initiative", "organisation")}
    spaces = {name: ours.get(name, iris.peer_record(name, "").value) for name in sorted(used)}
    return MappingSet(
        mappings=tuple(found),
        mapping_set_id=iris.mapping_set("decisions").value,
        license=_LICENCE,
        curie_map={**spaces, "iesi": IESI, "org": ORG},
        slots={"mapping_set_title": "What stewards decided on links"},
    )


def is_of_set(quad: Quad) -> bool:
    """Whether a statement tells of the set of decisions as a whole, and not of one of them."""
    about = quad.subject.value.partition("#")[0] if isinstance(quad.subject, NamedNode) else ""
    return about == iris.mapping_set("decisions").value and quad.predicate != words.HAS_MAPPING


def standing_statements(found: Pair, decision: Decision | None) -> list[Quad]:
    """What the graph of decisions states of a pair while a decision holds."""
    made = mapping_set(mappings(found, decision))
    triples: Iterator[Triple] = sssom.triples(made) if made.mappings else iter(())
    return [Quad(t.subject, t.predicate, t.object, DECISIONS) for t in triples]


def exported(reader: Reader) -> MappingSet:
    """Every decision that holds, as a mapping set: what `iesi-kg link` keeps to, and another database can read."""
    holding = ((found, standing(made)) for found, made in sorted(decided(reader).items()))
    return mapping_set([item for found, decision in holding for item in mappings(found, decision)])


def history(reader: Reader, found: Pair) -> tuple[Decision, ...]:
    """Every decision on a pair, the first one first; also on what was merged into either of the two."""
    left, right = ((side, *sorted(redirects.aliases(reader, side), key=str)) for side in found.sides)
    pairs = dict.fromkeys(pair(one, NamedNode(found.relation), other) for one, other in product(left, right))
    return in_order(made(reader, each) for each in pairs)


def in_order(histories: Iterable[tuple[Decision, ...]]) -> tuple[Decision, ...]:
    """The decisions of several pairs as one history, each in its own order."""
    return tuple(merge(*histories, key=lambda decision: decision.at))


def made(reader: Reader, found: Pair) -> tuple[Decision, ...]:
    """Every decision that names just these two, the first one first."""
    nodes = (quad.subject for quad in reader.quads(predicate=_USED, object=found.node, graph=DECISIONS))
    told = (_decision(reader, node) for node in nodes if isinstance(node, NamedNode))
    return tuple(sorted(told, key=lambda decision: decision.step))


def decided(reader: Reader) -> dict[Pair, tuple[Decision, ...]]:
    """Every pair that somebody decided on, with all decisions; of merged things, the pair of what stands for them."""
    names = redirects.merged(reader)
    pairs = dict.fromkeys(now(about, names) for about in named(reader))
    return {about: history(reader, about) for about in pairs if about.left != about.right}


def named(reader: Reader) -> Iterator[Pair]:
    """The pairs that decisions name, as they did when they were made."""
    for quad in reader.quads(predicate=_STATUS, graph=DECISIONS):
        assert isinstance(quad.subject, NamedNode)
        for used in reader.quads(quad.subject, _USED, graph=DECISIONS):
            about = _pair(reader, used.object)
            if about is not None:
                yield about


def of_record(reader: Reader, record: NamedNode) -> dict[Pair, tuple[Decision, ...]]:
    """Every pair of one record that somebody decided on."""
    names = redirects.merged(reader)
    pairs: dict[Pair, None] = {}
    for thing, side in product((record, *redirects.aliases(reader, record)), ("subject_id", "object_id")):
        for quad in reader.quads(predicate=words.OF_MAPPING[side].property, object=thing, graph=DECISIONS):
            about = _pair(reader, quad.subject)
            if about is not None and NamedNode(about.relation) != words.SAME_AS:
                pairs[now(about, names)] = None
    return {about: history(reader, about) for about in pairs if about.left != about.right}


def _pair(reader: Reader, node: object) -> Pair | None:
    if not isinstance(node, NamedNode):
        return None
    about = {quad.predicate: quad.object for quad in reader.quads(node, graph=DECISIONS)}
    sides = [about.get(words.OF_MAPPING[f"{name}_id"].property) for name in ("subject", "predicate", "object")]
    left, relation, right = sides
    if isinstance(left, NamedNode) and isinstance(relation, NamedNode) and isinstance(right, NamedNode):
        return Pair(left.value, relation.value, right.value)
    return None


def _decision(reader: Reader, node: NamedNode) -> Decision:
    about = {quad.predicate: quad.object for quad in reader.quads(node, graph=DECISIONS)}
    agent, status, at = about.get(_BY), about[_STATUS], about[_AT]
    assert isinstance(status, NamedNode) and isinstance(at, Literal)
    named = reader.quads(agent, _NAME, graph=DECISIONS) if isinstance(agent, NamedNode) else ()
    names = [quad.object for quad in named]
    reason = about.get(_COMMENT)
    return Decision(
        step=int(node.value.rpartition("-")[2]),
        choice=Choice(status.value.rpartition("/")[2]),
        by=min((name.value for name in names if isinstance(name, Literal)), default=ERASED),
        at=datetime.fromisoformat(at.value),
        reason=reason.value if isinstance(reason, Literal) else "",
        identical=_GENERATED in about,
        seen=(_seen(reader, node, "left"), _seen(reader, node, "right")),
    )


def _seen(reader: Reader, node: NamedNode, side: str) -> str:
    found = reader.quads(iris.fragment(node, side), _VALUE, graph=DECISIONS)
    return next((quad.object.value for quad in found if isinstance(quad.object, Literal)), "")
