"""Nodes of a shapes graph to words that its author knows them by."""

from __future__ import annotations

from pyoxigraph import BlankNode, NamedNode

from iesi_kg.validation.graph import Graph, Malformed, Node, Term
from iesi_kg.vocabulary.namespaces import SH

_SIGNS = {"inversePath": "^{}", "zeroOrMorePath": "{}*", "oneOrMorePath": "{}+", "zeroOrOnePath": "{}?"}
_LONGEST = 300


def label(graph: Graph, node: Node) -> str:
    """A shape in words: its IRI, else its path and the named shape that it stands in.

    >>> from iesi_kg.validation import graph as graphs
    >>> from pyoxigraph import NamedNode
    >>> label(graphs.read(b""), NamedNode("http://e/S"))
    'the shape <http://e/S>'
    """
    if isinstance(node, NamedNode):
        return f"the shape <{node.value}>"
    paths = graph.objects(node, SH + "path")
    kind = "a property shape" if paths else "a shape without a name"
    about = f" on {path(graph, paths[0])}" if paths else ""
    owner = _owner(graph, node)
    return f"{kind}{about}{f' in <{owner.value}>' if owner else ''}"


def path(graph: Graph, node: Term) -> str:
    """A path as SPARQL writes it; a malformed one as the node that stands for it."""
    try:
        if len(graph.path_nodes(node)) > _LONGEST:
            return "a long path"
        return _written(graph, node)
    except Malformed:
        return f"the path {node}"


def _written(graph: Graph, node: Term) -> str:
    made, parts = graph.path_parts(node)
    if not made:
        return str(node)
    inner = [_written(graph, part) for part in parts]
    if made in _SIGNS:
        return _SIGNS[made].format(inner[0] if isinstance(parts[0], NamedNode) else f"({inner[0]})")
    return f"({('/' if made == 'sequence' else '|').join(inner)})"


def _owner(graph: Graph, node: Node) -> NamedNode | None:
    """The nearest named subject above a blank node."""
    seen: dict[Node, None] = {node: None}
    waiting = [node]
    for blank in waiting:
        for subject in graph.above(blank) if isinstance(blank, BlankNode) else ():
            if isinstance(subject, NamedNode):
                return subject
            if subject not in seen:
                seen[subject] = None
                waiting.append(subject)
    return None
