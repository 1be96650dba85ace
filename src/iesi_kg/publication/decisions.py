"""A decision on a file to the statements that tell of it, in a graph of their own: when, what, why, and in which role.

PROV-O (https://www.w3.org/TR/prov-o/). Neither the name of the file nor a note nor anybody's name is among them.
"""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.publication.desk_item import REASONS, STATES, Event, Item, moment
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import ADMS, DCT, FOAF, PROV, RDF, SCHEMA, XSD

GRAPH = iris.graph("decisions")
_TYPE = NamedNode(RDF + "type")


def statements(item: Item, event: Event) -> list[Quad]:
    """What is told of a decision that is the next step of an item."""
    node, thing, agent = _node(item), iris.hand_in(item.id), iris.agent(event.role.value)
    facts: list[tuple[NamedNode, NamedNode, NamedNode | Literal]] = [
        (thing, _TYPE, NamedNode(PROV + "Entity")),
        (thing, NamedNode(PROV + "generatedAtTime"), _time(moment(item.received))),
        (thing, NamedNode(SCHEMA + "sha256"), Literal(item.latest_file.sha256)),
        (node, _TYPE, NamedNode(PROV + "Activity")),
        (node, NamedNode(PROV + "used"), thing),
        (node, NamedNode(PROV + "endedAtTime"), _time(moment(event.at))),
        (node, NamedNode(PROV + "wasAssociatedWith"), agent),
        (node, NamedNode(ADMS + "status"), iris.concept(STATES, event.state.value)),
        (agent, _TYPE, NamedNode(PROV + "Agent")),
        (agent, NamedNode(FOAF + "name"), Literal(event.role.value, language="en")),
    ]
    if event.reason:
        facts.append((node, NamedNode(DCT + "type"), iris.concept(REASONS, event.reason)))
    return [Quad(*fact, GRAPH) for fact in facts]


def stands(reader: Reader, item: Item) -> bool:
    """Whether the store tells of the step of an item that is pending."""
    return next(iter(reader.quads(_node(item), graph=GRAPH)), None) is not None


def _node(item: Item) -> NamedNode:
    return iris.decision(item.id, item.revision + 1)


def _time(text: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + "dateTime"))
