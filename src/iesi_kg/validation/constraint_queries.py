"""The SPARQL texts of a shapes graph to what the standard forbids in them (SHACL sections 5.2.1, 5.3, 6.2 and A).

The texts are read here as tokens and by a parser of SPARQL, and evaluated by the engines only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TypeVar

from pyoxigraph import Literal, NamedNode, Store

from iesi_kg.store.lexis import Token, tokens
from iesi_kg.validation.graph import Graph, Node, Term
from iesi_kg.vocabulary.namespaces import OWL, SH

F = TypeVar("F")
Tell = Callable[[Node, str, str], F]

_FORBIDDEN = {
    "MINUS": "use FILTER NOT EXISTS",
    "SERVICE": "take the service out: a constraint asks the data graph only",
    "VALUES": "use FILTER (?x IN (...))",
}
_TEXTS = {"select": "SELECT", "ask": "ASK", "construct": "CONSTRUCT"}
_ALWAYS_BOUND = ("this", "currentShape", "shapesGraph")
_OPENING, _CLOSING = ("{", "("), ("}", ")")
_LONGEST = 100_000
_DEEPEST = 100
_MALFORMED = "mend the query; its prefixes are declared by sh:prefixes and sh:declare"


def faults(graph: Graph, tell: Tell[F]) -> Iterator[F]:
    """What is wrong with constraints, validators and the prefixes that they take, told of the node that has them."""
    for subject in graph.in_shacl():
        for constraint in graph.objects(subject, SH + "sparql"):
            yield from _constraint(graph, subject, constraint, tell)
        for name, keyword in _TEXTS.items():
            for value in graph.objects(subject, SH + name):
                yield from (tell(subject, *fault) for fault in _text_faults(graph, subject, name, keyword, value))
        if SH + "ConstraintComponent" in graph.types(subject):
            yield from (tell(subject, *fault) for fault in _component(graph, subject))


def uses(graph: Graph, variable: str) -> bool:
    """Whether a SPARQL text of the shapes names a variable."""
    texts = (v for s in graph.in_shacl() for name in ("select", "ask") for v in graph.objects(s, SH + name))
    return any(token.text[1:] == variable for text in texts for token in tokens(text.value) if token.kind == "variable")


def with_queries(graph: Graph) -> Iterator[Node]:
    """The shapes and components whose SPARQL an engine evaluates."""
    for subject in graph.in_shacl():
        facts = graph.facts(subject)
        if any(
            SH + name in facts for name in ("sparql", "target", "rule")
        ) or SH + "ConstraintComponent" in graph.types(subject):
            yield subject


def _constraint(graph: Graph, shape: Node, constraint: Term, tell: Tell[F]) -> Iterator[F]:
    selects = graph.objects(constraint, SH + "select")
    if len(selects) != 1:
        yield tell(shape, f"sh:sparql: a constraint has one sh:select, this one has {len(selects)}", "give it one")
    for value in graph.objects(constraint, SH + "message"):
        if not isinstance(value, Literal):
            yield tell(shape, f"sh:message of its constraint: {value} is not a string", "write a string")


def _component(graph: Graph, component: Node) -> Iterator[tuple[str, str]]:
    parameters = graph.objects(component, SH + "parameter")
    if not parameters:
        yield "a constraint component without sh:parameter", "give it one for each property that uses it"
    for parameter in parameters:
        paths = graph.objects(parameter, SH + "path")
        if len(paths) != 1 or not isinstance(paths[0], NamedNode):
            yield "a parameter of a constraint component has one IRI as sh:path", "give it one"


def _text_faults(graph: Graph, node: Node, name: str, keyword: str, value: Term) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Literal):
        yield f"sh:{name}: {value} is no SPARQL text", "write the query as a string"
        return
    read = list(tokens(value.value))
    if len(value.value) > _LONGEST or _depth(read) > _DEEPEST:
        yield (
            f"sh:{name}: the query is longer than {_LONGEST:,} characters or nested more than {_DEEPEST} deep",
            "divide it",
        )
        return
    words = {token.word for token in read}
    yield from ((f"sh:{name}: {cause}", remedy) for cause, remedy in _word_faults(graph, node, keyword, read))
    if not {"SERVICE"} & words:
        yield from _syntax_fault(graph, node, name, keyword, value.value)


def _word_faults(graph: Graph, node: Node, keyword: str, read: list[Token]) -> Iterator[tuple[str, str]]:
    """What may not stand in a constraint; a rule may use all of SPARQL but another service."""
    words = {token.word for token in read}
    if keyword == "CONSTRUCT":
        if "SERVICE" in words:
            yield "SERVICE is not allowed in a rule", "take the service out: a rule asks the data graph only"
        return
    for word, remedy in _FORBIDDEN.items():
        if word in words:
            yield f"{word} is not allowed in a constraint", remedy
    bound = {*_ALWAYS_BOUND, *_parameters(graph, node)} | ({"value"} if keyword == "ASK" else set())
    yield from _binding_faults(read, bound)


def _parameters(graph: Graph, validator: Node) -> Iterator[str]:
    """The variables that a component binds for its validators: the local names of its parameters (section 6.2.1)."""
    wanted = [SH + name for name in ("validator", "nodeValidator", "propertyValidator")]
    for component in graph.in_shacl():
        if not any(validator in graph.objects(component, name) for name in wanted):
            continue
        for parameter in graph.objects(component, SH + "parameter"):
            for path in graph.objects(parameter, SH + "path"):
                yield path.value.replace("#", "/").rsplit("/", 1)[-1]


def _binding_faults(read: list[Token], bound: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A variable with a value of its own cannot get another one, and every sub-select hands it on (section A)."""
    for before, token in pairwise(read):
        if before.word == "AS" and token.kind == "variable" and token.text[1:] in bound:
            yield f"AS {token.text} gives a value to a variable that has one", "take another variable"
    for projected in _sub_selects(read):
        if "this" not in projected:
            yield "a sub-SELECT does not hand on $this", "add $this to what the sub-SELECT selects"


def _sub_selects(read: list[Token]) -> Iterator[set[str]]:
    """The variables that each inner SELECT returns."""
    for place, token in enumerate(read[1:], start=1):
        if token.word == "SELECT" and read[place - 1].sign == "{":
            yield _returned(read[place + 1 :])


def _returned(rest: list[Token]) -> set[str]:
    """What a SELECT returns, from the tokens after the word: the variables named, for ``*`` those of its pattern."""
    names: set[str] = set()
    for place, token in enumerate(rest):
        if token.sign == "*":
            return _in_pattern(rest[place + 1 :])
        if token.sign == "{" or token.word == "WHERE":
            break
        names |= {token.text[1:]} if token.kind == "variable" else set()
    return names


def _in_pattern(rest: list[Token]) -> set[str]:
    """The variables of the first group, without those that only a FILTER names (SPARQL 1.1 section 18.2.1)."""
    names: set[str] = set()
    depth = filtered = 0
    for token in rest:
        depth += (token.sign in _OPENING) - (token.sign in _CLOSING)
        if token.word == "FILTER":
            filtered = depth + 1
        elif filtered and depth < filtered and token.sign in _CLOSING:
            filtered = 0
        elif token.kind == "variable" and not filtered:
            names.add(token.text[1:])
        if depth == 0 and token.sign in _CLOSING:
            break
    return names


def _depth(read: list[Token]) -> int:
    depth = deepest = 0
    for token in read:
        depth += (token.sign in _OPENING) - (token.sign in _CLOSING)
        deepest = max(deepest, depth)
    return deepest


def _syntax_fault(graph: Graph, node: Node, name: str, keyword: str, text: str) -> Iterator[tuple[str, str]]:
    header = prefixes(graph, node)
    first = next((token.word for token in tokens(text) if token.word in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")), "")
    if first != keyword:
        yield f"sh:{name}: the query is not a {keyword} query", f"start it with {keyword}"
        return
    try:
        Store().query(header + text.replace("$PATH", "<urn:path>"))
    except SyntaxError as error:
        reason = str(error.msg).partition("expected one of")[0].strip().rstrip(":")
        yield f"sh:{name}: the query is malformed: {reason or error.msg}", _MALFORMED


def prefixes(graph: Graph, node: Node) -> str:
    """The PREFIX lines of a constraint: what the values of sh:prefixes declare, and what they import (5.2.1)."""
    lines: list[str] = []
    for declaration in declarations(graph, graph.objects(node, SH + "prefixes")):
        names, spaces = graph.objects(declaration, SH + "prefix"), graph.objects(declaration, SH + "namespace")
        lines += [f"PREFIX {one.value}: <{space.value}>\n" for one in names[:1] for space in spaces[:1]]
    return "".join(dict.fromkeys(lines))


def declarations(graph: Graph, sources: Iterable[Term]) -> Iterator[Term]:
    """The prefix declarations of some nodes and of those that they import."""
    waiting = list(sources)
    seen: set[Term] = set()
    while waiting:
        source = waiting.pop()
        if source in seen:
            continue
        seen.add(source)
        waiting += graph.objects(source, OWL + "imports")
        yield from graph.objects(source, SH + "declare")
