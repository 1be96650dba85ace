"""Turns the engine's complaint about a query into a sentence a person can act on, with line and column."""

from __future__ import annotations

import re

from iesi_kg.endpoint.syntax import position
from iesi_kg.endpoint.tree import Fault, first_fault
from iesi_kg.errors import QuerySyntaxError
from iesi_kg.vocabulary.namespaces import PREFIXES
from iesi_kg.vocabulary.spelling import nearest

_UNBOUND = "The SELECT contains a variable that is unbound"
_DUPLICATE = "Duplicated variable name in SELECT"
_RELATIVE = "IRI parsing failed"
_WORDS = re.compile(r'"(?:[^"\\]|\\.)+"|\b[A-Z][A-Z_]{2,}\b')
_PREFIXED = re.compile(r"([^\W\d_][\w.\-]*)?:[\w.\-]*\Z")
_CALL = re.compile(r"\s*([A-Za-z]\w*)\(")
_KEYWORDS = frozenset(
    ("filter", "bind", "values", "exists", "in", "as", "by", "having", "where", "select", "count", "sum")
)
_FUNCTION = "SPARQL has no function"
_OPENING = re.compile(r"\s*(?:SELECT|ASK|CONSTRUCT|DESCRIBE|PREFIX|BASE)\b", re.I)
_DECLARED = re.compile(r"PREFIX\s+([\w.\-]+):", re.I)
_NUMBER = "a number"
_KINDS = {
    "a variable": frozenset("?$"),
    "an IRI": frozenset("<"),
    "a prefixed name": frozenset(":"),
    "a text": frozenset(("'", 3 * "'", '"', 3 * '"')),
    _NUMBER: frozenset("+-"),
    "a blank node": frozenset(("_:",)),
    "a quoted triple": frozenset(("<<", "<<(")),
}
_PIECE = re.compile(r"\s*(\S{1,30})")


def explain(text: str, error: QuerySyntaxError) -> QuerySyntaxError:
    """The same error in plain words; one without a place known keeps its words where the grammar finds no fault."""
    line, column = error.members.get("line"), error.members.get("column")
    if not isinstance(line, int) or not isinstance(column, int):
        return _by_grammar(text) or error
    engine = error.detail.partition(": ")[2]
    offset = _offset(text, line, column)
    reason, hint = _meaning(text, offset, engine)
    if not reason:
        # The engine names the furthest place it reached, often behind the fault; the grammar names the fault.
        fault = first_fault(text)
        if fault is not None and _gave_up(text, fault, offset):
            fault = None
        offset = offset if fault is None else fault.offset
        reason, hint = _fault(text, offset, fault), None if fault and fault.missing else _expected(engine)
        if _FUNCTION in reason:
            hint = "mind the spelling; functions of other namespaces are written <https://...>(...) or prefix:name(...)"
        line, column = position(text, offset)
    return QuerySyntaxError(f"line {line}, column {column}: {reason}", hint=hint, line=line, column=column)


def _by_grammar(text: str) -> QuerySyntaxError | None:
    """The first fault that the grammar finds: another server may not say where it saw one."""
    fault = first_fault(text)
    if fault is None:
        return None
    line, column = position(text, fault.offset)
    reason = _fault(text, fault.offset, fault)
    return QuerySyntaxError(f"line {line}, column {column}: {reason}", line=line, column=column)


def _meaning(text: str, offset: int, expected: str) -> tuple[str, str | None]:
    """Faults of meaning, which the engine names itself; no words for all others."""
    if "prefix is used" in expected or "Prefix not found" in expected:
        name = _PREFIXED.search(text[:offset])
        prefix = (name[1] or "") if name else ""
        iri = PREFIXES.get(prefix)
        return f"the prefix `{prefix}:` is not declared", _prefix_hint(text, prefix, iri)
    if _UNBOUND in expected:
        return (
            "SELECT names a variable that is neither grouped nor aggregated",
            "add it to GROUP BY, or wrap it, e.g. (SAMPLE(?x) AS ?any_x)",
        )
    if _DUPLICATE in expected:
        return "SELECT gives the same variable twice", "name each result differently after AS"
    if _RELATIVE in expected:
        return (
            "an IRI here is not absolute or holds a forbidden character",
            "write it in full, <http://...>, or name a BASE",
        )
    return "", None


def _prefix_hint(text: str, prefix: str, iri: str | None) -> str:
    """How to declare a known prefix, else the nearest of those declared here and those known."""
    if iri is None:
        declared = _DECLARED.findall(text)
        likely = nearest(prefix, [*declared, *PREFIXES], likeness=60) if prefix else None
        if likely in declared:
            return f"did you mean `{likely}:`?"
        if likely:
            return f"did you mean `{likely}:`, declared by `PREFIX {likely}: <{PREFIXES[likely]}>`?"
    return f"put `PREFIX {prefix}: <{iri or '...'}>` before the query"


def _gave_up(text: str, fault: Fault, reached: int) -> bool:
    """Whether the grammar only says that the query as a whole is wrong, at an opening word the engine had accepted."""
    opening = _OPENING.match(text, fault.offset)
    return fault.missing is None and opening is not None and reached > opening.end()


def _fault(text: str, offset: int, fault: Fault | None) -> str:
    if not text[offset:].strip():
        return f"the query ends too early: {fault.missing if fault and fault.missing else 'something'} is missing"
    if fault is not None and fault.missing:
        return f"{fault.missing} is missing before {fault.text!r}"
    piece = _PIECE.match(text, offset)
    call = _CALL.match(text, offset)
    if call and call[1].casefold() not in _KEYWORDS:
        return f"{_FUNCTION} `{call[1]}` that could stand here"
    return f"did not expect {piece[1]!r} here" if piece else "did not expect this here"


def _expected(expected: str) -> str | None:
    """What the engine would take, its signs by the kind of term that they begin."""
    tokens = {found[1:-1].replace(r"\"", '"') if found[0] == '"' else found for found in _WORDS.findall(expected)}
    symbols = {token for token in tokens if not token[0].isalpha()}
    # Where no name may stand, these are operators; where one may, they begin a term (a lone plus ends a path).
    kinds = _KINDS if ":" in symbols else {}
    named = [kind for kind, signs in kinds.items() if (signs <= symbols if kind == _NUMBER else signs & symbols)]
    left = sorted(symbols.difference(*(kinds[kind] for kind in named)) - ({"."} if _NUMBER in named else set()))
    words = [*named, *(f"`{symbol}`" for symbol in left), *sorted(tokens - symbols)]
    return "possible here, among others: " + ", ".join(words[:12]) if words else None


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(before) + 1 for before in lines[: line - 1]) + column - 1
