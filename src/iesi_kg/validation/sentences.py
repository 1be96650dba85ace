"""A result of SHACL Core to a sentence about the node, where the shape itself has no message."""

from __future__ import annotations

import re
from string import Formatter

from pyoxigraph import Literal

from iesi_kg.validation.graph import Graph, Malformed, Term
from iesi_kg.vocabulary.namespaces import SH

# The constraint component, and the sentence: {value} is what was found, any other name a parameter of the shape.
_SENTENCES = {
    "Class": "{value} is not known to be of the class {class}",
    "Datatype": "{value} is no well-formed literal of the datatype {datatype}",
    "NodeKind": "{value} is not of the node kind {nodeKind}",
    "MinCount": "there are fewer than {minCount} values",
    "MaxCount": "there are more than {maxCount} values",
    "MinExclusive": "{value} is not greater than {minExclusive}",
    "MinInclusive": "{value} is less than {minInclusive}",
    "MaxExclusive": "{value} is not less than {maxExclusive}",
    "MaxInclusive": "{value} is greater than {maxInclusive}",
    "MinLength": "{value} is shorter than {minLength} characters",
    "MaxLength": "{value} is longer than {maxLength} characters",
    "Pattern": "{value} does not match the pattern {pattern}",
    "LanguageIn": "{value} is not in one of the languages {languageIn}",
    "UniqueLang": "several values are in the same language",
    "Equals": "{value} is not a value both here and of {equals}",
    "Disjoint": "{value} is a value of {disjoint} too",
    "LessThan": "{value} is not less than every value of {lessThan}",
    "LessThanOrEquals": "{value} is greater than a value of {lessThanOrEquals}",
    "Not": "{value} conforms to a shape that it must not conform to",
    "And": "{value} does not conform to every shape of sh:and",
    "Or": "{value} conforms to no shape of sh:or",
    "Xone": "{value} does not conform to exactly one shape of sh:xone",
    "Node": "{value} does not conform to {node}",
    "QualifiedMinCount": "fewer than {qualifiedMinCount} values conform to the qualified shape",
    "QualifiedMaxCount": "more than {qualifiedMaxCount} values conform to the qualified shape",
    "Closed": "the shape is closed and does not allow this property with {value}",
    "HasValue": "the value {hasValue} is missing",
    "In": "{value} is not in the list {in}",
}
_VALUE = "\0"  # stands where the value goes, so that a sentence without one is told from one that ends with it
_ESCAPED = re.compile(r"\\(.)")
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_SHOWN = 10
_LONGEST = 200


def words(shapes: Graph, shape: Term, component: str) -> tuple[str, str] | None:
    """The sentence of a component at a shape, cut in two where the value goes.

    None where the shape has a message of its own, or where the component is not one of SHACL Core.
    """
    name = component.removeprefix(SH).removesuffix("ConstraintComponent")
    template = _SENTENCES.get(name) if component.startswith(SH) else None
    if template is None or shapes.objects(shape, SH + "message"):
        return None
    parts = [""]
    for text, parameter, _, _ in Formatter().parse(template):
        parts[-1] += text
        if parameter == "value":
            parts.append("")
        elif parameter is not None:
            parts[-1] += _parameter(shapes, shape, parameter)
    return parts[0], _VALUE + parts[1] if len(parts) > 1 else ""


def sentence(cut: tuple[str, str], value: str | None) -> str:
    """The sentence as a literal of N-Triples, from its two parts and the value in N-Triples."""
    before, after = cut
    told = "the node" if value is None else _told(value)
    return str(Literal(f"{before}{told}{after[1:]}" if after else before))


def plain(literal: str) -> str:
    """The text of a literal in N-Triples, without quotation marks, language and datatype.

    >>> plain('"say \\\\"a\\\\""@en'), plain("")
    ('say "a"', '')
    """
    text = literal[1 : literal.rindex('"')] if literal.startswith('"') else literal
    return _ESCAPED.sub(lambda sign: _SIGNS.get(sign[1], sign[1]), text)


def _parameter(shapes: Graph, shape: Term, name: str) -> str:
    values = shapes.objects(shape, SH + name)
    if len(values) != 1:
        return f"that sh:{name} asks for"
    try:
        members = shapes.members(values[0])
    except Malformed:
        return _told(str(values[0]))
    more = ", ..." if len(members) > _SHOWN else ""
    return f"({', '.join(_told(str(member)) for member in members[:_SHOWN])}{more})"


def _told(value: str) -> str:
    """A term of N-Triples for a reader: literals in quotation marks, numbers without."""
    if not value.startswith('"'):
        return value
    text = plain(value)
    cut = f"{text[:_LONGEST]}..." if len(text) > _LONGEST else text
    return cut if cut.isdecimal() else f'"{cut}"'
