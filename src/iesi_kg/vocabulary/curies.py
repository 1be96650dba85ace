"""Terms as people write them to RDF terms and back: CURIEs by our prefixes, full IRIs, literals (https://www.w3.org/TR/curie/)."""

from __future__ import annotations

import re

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from iesi_kg.errors import UsageError
from iesi_kg.vocabulary.namespaces import PREFIXES, RDF
from iesi_kg.vocabulary.spelling import nearest

_IRI = re.compile(r"<([a-zA-Z][a-zA-Z0-9+.-]*:[^<>]*)>|([a-zA-Z][a-zA-Z0-9+.-]*://\S*|urn:\S+|mailto:\S+)")
_LITERAL = re.compile(r"[\"']|[+-]?[0-9]|true$|false$")


def expand(text: str) -> NamedNode:
    """The IRI that is meant. Raises UsageError.

    >>> expand("foaf:Project").value, expand("<https://example.org/x>").value, expand("a").value[-4:]
    ('http://xmlns.com/foaf/0.1/Project', 'https://example.org/x', 'type')
    """
    written = text.strip()
    if written == "a":
        return NamedNode(RDF + "type")
    if match := _IRI.fullmatch(written):
        return _iri(match[1] or match[2])
    prefix, colon, local = written.partition(":")
    if not colon:
        raise UsageError(f"{text!r} is neither an IRI nor a prefix and a name", hint="write it like skos:Concept")
    if prefix not in PREFIXES:
        near = nearest(prefix, PREFIXES, likeness=60)
        known = ", ".join(sorted(PREFIXES))
        raise UsageError(
            f"the prefix {prefix}: in {text!r} is not known" + (f"; did you mean {near}:?" if near else ""),
            hint=f"known prefixes: {known}; any other IRI in full",
        )
    return _iri(PREFIXES[prefix] + local)


def term(text: str) -> NamedNode | Literal:
    """The IRI or the literal that is meant; literals as in Turtle. Raises UsageError.

    >>> term('"care"@en').value, term("2013").datatype.value[-7:]
    ('care', 'integer')
    """
    if not _LITERAL.match(text.strip()):
        return expand(text)
    header = "".join(f"@prefix {name}: <{space}> .\n" for name, space in PREFIXES.items())
    try:
        (quad,) = pyoxigraph.parse(f"{header}<urn:s> <urn:p> {text} .", RdfFormat.TURTLE)
    except (SyntaxError, ValueError):
        raise UsageError(f"{text} is not a literal", hint='write it like "care"@en or 2013') from None
    assert isinstance(quad.object, NamedNode | Literal)
    return quad.object


def shorten(term: NamedNode | BlankNode | Literal | Triple) -> str:
    """A term in its shortest readable form: the longest prefix that fits, else the IRI in angle brackets.

    >>> shorten(NamedNode("http://xmlns.com/foaf/0.1/Project"))
    'foaf:Project'
    """
    if not isinstance(term, NamedNode):
        return str(term)
    fits = [(len(space), name) for name, space in PREFIXES.items() if term.value.startswith(space)]
    if not fits:
        return str(term)
    length, name = max(fits)
    return f"{name}:{term.value[length:]}"


def _iri(text: str) -> NamedNode:
    try:
        return NamedNode(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an IRI") from None
