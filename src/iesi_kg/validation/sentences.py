"""A result of SHACL Core to a sentence about the node, where the shape itself has no message."""

from __future__ import annotations

from string import Formatter

from pyoxigraph import Literal, NamedNode

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
_SHOWN = 10
_LONGEST = 200


def sentence(shapes: Graph, shape: Term, component: str, value: Term | None) -> str | None:
    """The sentence for a result; None where its component is not one of SHACL Core."""
    name = component.removeprefix(SH).removesuffix("ConstraintComponent")
    template = _SENTENCES.get(name) if component.startswith(SH) else None
    if template is None:
        return None
    words: list[str] = []
    for text, parameter, _, _ in Formatter().parse(template):
        words.append(text)
        if parameter == "value":
            words.append("the node" if value is None else _told(value))
        elif parameter is not None:
            words.append(_parameter(shapes, shape, parameter))
    return "".join(words)


def _parameter(shapes: Graph, shape: Term, name: str) -> str:
    values = shapes.objects(shape, SH + name)
    if len(values) != 1:
        return f"that sh:{name} asks for"
    try:
        members = shapes.members(values[0])
    except Malformed:
        return _told(values[0])
    more = ", ..." if len(members) > _SHOWN else ""
    return f"({', '.join(map(_told, members[:_SHOWN]))}{more})"


def _told(value: Term) -> str:
    if isinstance(value, NamedNode):
        return f"<{value.value}>"
    text = value.value if isinstance(value, Literal) else str(value)
    cut = f"{text[:_LONGEST]}..." if len(text) > _LONGEST else text
    return f'"{cut}"' if isinstance(value, Literal) and not cut.isdecimal() else cut
