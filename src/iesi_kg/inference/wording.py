"""A proof to sentences: what is stated and where, what follows and by what, one indented level a step."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.inference.axioms import Axiom, Kind, claims, sources
from iesi_kg.inference.derivation import AnyRule
from iesi_kg.inference.explanation import Proof
from iesi_kg.inference.expressions import TYPE, Part, Parts, Value
from iesi_kg.inference.rules import Program
from iesi_kg.inference.written import FOLDER, Written
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary.curies import shorten
from iesi_kg.vocabulary.namespaces import RDFS, SKOS

_LABELS = (NamedNode(RDFS + "label"), NamedNode(SKOS + "prefLabel"))


def lines(proof: Proof, reader: Reader, level: int = 0) -> Iterator[str]:
    """The sentences of a proof, the conclusion first."""
    indent = "  " * level
    yield f"{indent}{statement(proof.triple)}"
    if proof.because is None:
        yield f"{indent}  is stated{_where(proof.triple, reader)}"
        return
    yield f"{indent}  follows, because {reason(proof.because, reader)}, from:"
    for premise in proof.premises:
        yield from lines(premise, reader, level + 2)


def rule(rule: AnyRule) -> str:
    """One rule in a list: its kind, what it reads and what it fills; a written one by its name and title."""
    if isinstance(rule, Written):
        return f"{'rule':<12} {rule.name}: {rule.title}"
    joined = " / " if rule.kind is Kind.CHAIN else ", "
    return f"{rule.kind:<12} {joined.join(map(shorten, rule.sources))} -> {shorten(rule.target)}"


def rules(program: Program) -> str:
    """Which rules a program holds, in one sentence."""
    chosen = ", ".join(rule.name for rule in program.written)
    return (
        f"{len(program.written)} written rules ({chosen}) and {len(program.rules)} rules from {len(program.axioms)} "
        f"axioms of {', '.join(sources())}."
    )


def statement(triple: Triple) -> str:
    """A statement with its names shortened."""
    return " ".join(shorten(term) for term in (triple.subject, triple.predicate, triple.object))


def reason(because: Axiom | Written, reader: Reader) -> str:
    """What an axiom or a rule says, in words, and where it stands."""
    if isinstance(because, Written):
        return f"{because.says} (rule, {FOLDER}/{because.name}.rq)"
    return f"{_sentence(because, reader)} ({because.kind}, {because.source})"


def _sentence(axiom: Axiom, reader: Reader) -> str:
    says = claims()[axiom.kind].says
    if axiom.gives is not None:
        return says.format(_conditions(axiom.parts, reader), _condition(axiom.gives, reader))
    if axiom.path:
        steps = ", then by ".join(_named(term, reader) for term in axiom.path)
        return says.format(steps, _named(axiom.subject, reader))
    terms = [axiom.subject, *([axiom.object] if axiom.object else [])]
    return says.format(*(_named(term, reader) for term in terms))


def _conditions(parts: Parts, reader: Reader) -> str:
    """Conditions as one list, a property that they share said once."""
    by_property: dict[NamedNode, list[Value]] = {}
    for of, value in parts:
        by_property.setdefault(of, []).append(value)
    return " and ".join(_clause(of, values, reader) for of, values in by_property.items())


def _condition(part: Part, reader: Reader) -> str:
    return _clause(part[0], [part[1]], reader)


def _clause(of: NamedNode, values: list[Value], reader: Reader) -> str:
    *others, last = [_named(value, reader) for value in values]
    named = f"{', '.join(others)} and {last}" if others else last
    return f"is a {named}" if of == TYPE else f"is related by {_named(of, reader)} to {named}"


def _named(term: Value, reader: Reader) -> str:
    if isinstance(term, Literal):
        return shorten(term)
    labels = [quad.object for of in _LABELS for quad in reader.quads(term, of, graph=DEFAULT_GRAPH)]
    english = [label.value for label in labels if isinstance(label, Literal) and label.language == "en"]
    return f"{shorten(term)} ({english[0]})" if english else shorten(term)


def _where(triple: Triple, reader: Reader) -> str:
    graphs = sorted(graph.value for graph in _graphs(triple, reader))
    return f" in {', '.join(graphs)}" if graphs else ""


def _graphs(triple: Triple, reader: Reader) -> Iterator[NamedNode]:
    if isinstance(triple.subject, NamedNode):
        for quad in reader.quads(triple.subject, triple.predicate, triple.object):
            if isinstance(quad.graph_name, NamedNode):
                yield quad.graph_name
