"""The JSON that a client sends to what it asks: a batch of queries, or values of properties.

https://reconciliation-api.github.io/specs/0.2/#structure-of-a-reconciliation-query
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from iesi_kg.errors import RequestError, RequestTooLarge
from iesi_kg.vocabulary.spelling import nearest

LIMIT = 10  # candidates where a query does not say how many
MOST = 100
_MEMBERS = ("query", "type", "limit", "properties", "type_strict")
_STRICT = ("any", "should", "all")
_LONGEST = 500  # characters of a text that are compared
_MOST_PROPERTIES = 50
_MOST_VALUES = 50


@dataclass(frozen=True, slots=True)
class Named:
    """A value that was reconciled before: the id of a thing, and its name where that was sent."""

    id: str
    name: str = ""


Value: TypeAlias = str | float | bool | Named


@dataclass(frozen=True, slots=True)
class Query:
    """One query: a text, ids of types, ids of properties with values; ``strict`` asks for all of the types."""

    text: str
    types: tuple[str, ...] = ()
    limit: int = LIMIT
    properties: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Values that are asked for: ids of things, and properties with their settings."""

    ids: tuple[str, ...]
    properties: tuple[tuple[str, Mapping[str, Any]], ...]


def loads(text: str, what: str) -> Any:  # noqa: ANN401  (JSON)
    """JSON in which no name comes twice. Raises RequestError with line and column."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise RequestError(
            f"{what} is not JSON: {error.msg}, line {error.lineno} column {error.colno}",
            hint='for example queries={"q0": {"query": "telecare"}}',
            line=error.lineno,
            column=error.colno,
        ) from None
    except RecursionError:
        raise RequestError(f"{what} is nested too deep") from None
    except ValueError as error:
        raise RequestError(f"{what} is not JSON: {error}") from None


def batch(given: Any, most: int) -> dict[str, Query]:  # noqa: ANN401
    """The queries of a batch by their ids. Raises RequestError, RequestTooLarge."""
    if not isinstance(given, dict):
        raise RequestError("a batch is an object: ids of your own, and a query under each")
    if len(given) > most:
        raise too_many(len(given), "queries", most)
    return {id_: _query(f"the query {id_[:80]!r}", facts) for id_, facts in given.items()}


def wanted(given: Any, most: int) -> Wanted:  # noqa: ANN401
    """What a data extension query asks for. Raises RequestError, RequestTooLarge."""
    if not isinstance(given, dict) or not isinstance(given.get("ids"), list):
        raise RequestError("`extend` is an object with `ids` and `properties`, both lists")
    ids, properties = given["ids"], given.get("properties")
    if len(ids) > most:
        raise too_many(len(ids), "ids", most)
    if not all(isinstance(id_, str) for id_ in ids):
        raise RequestError("`ids` is a list of texts")
    if not isinstance(properties, list) or not all(_is_named(found) for found in properties):
        raise RequestError("`properties` is a list of objects, each with an `id`")
    if len(properties) > _MOST_PROPERTIES:
        raise too_many(len(properties), "properties", _MOST_PROPERTIES)
    settings = [(_clean(found["id"]), found.get("settings") or {}) for found in properties]
    if not all(isinstance(said, dict) for _, said in settings):
        raise RequestError("`settings` of a property is an object")
    return Wanted(tuple(map(_clean, ids)), tuple(settings))


def too_many(number: int, what: str, most: int) -> RequestTooLarge:
    """The error for more than is answered at once."""
    return RequestTooLarge(
        f"{number:,} {what} in one request; at most {most:,} are answered",
        hint="send several requests; the manifest says `batchSize`",
        limit="reconcile_batch",
        maximum=most,
    )


def _query(what: str, given: Any) -> Query:  # noqa: ANN401
    if not isinstance(given, dict):
        raise RequestError(f"{what} is not an object")
    _refuse_strangers(what, given, _MEMBERS)
    text, properties = given.get("query"), given.get("properties", [])
    if text is None and not properties:
        raise RequestError(f"{what} has neither `query` nor `properties`")
    if text is not None and not isinstance(text, str):
        raise RequestError(f"`query` of {what} is not a text")
    if not isinstance(properties, list):
        raise RequestError(f"`properties` of {what} is not a list")
    if len(properties) > _MOST_PROPERTIES:
        raise too_many(len(properties), "properties", _MOST_PROPERTIES)
    strict = given.get("type_strict", "any")
    if strict not in _STRICT:
        raise RequestError(f"`type_strict` of {what} is none of {', '.join(_STRICT)}")
    return Query(
        text=_clean(text or ""),
        types=_types(what, given.get("type")),
        limit=_limit(what, given.get("limit")),
        properties=tuple(_property(what, found) for found in properties),
        strict=strict == "all",
    )


def _types(what: str, given: Any) -> tuple[str, ...]:  # noqa: ANN401
    listed = [given] if isinstance(given, str) else given or []
    if not isinstance(listed, list) or not all(isinstance(found, str) for found in listed):
        raise RequestError(f"`type` of {what} is neither a text nor a list of texts")
    return tuple(dict.fromkeys(_clean(found) for found in listed if found))


def _limit(what: str, given: Any) -> int:  # noqa: ANN401
    if given is None:
        return LIMIT
    whole = isinstance(given, int) or (isinstance(given, float) and given.is_integer())
    if isinstance(given, bool) or not whole or given < 1:
        raise RequestError(f"`limit` of {what} is not a positive whole number")
    return min(int(given), MOST)


def _property(what: str, given: Any) -> tuple[str, tuple[Value, ...]]:  # noqa: ANN401
    if not isinstance(given, dict) or not isinstance(given.get("pid"), str) or "v" not in given:
        raise RequestError(f"a property of {what} has no `pid` or no `v`")
    listed = given["v"] if isinstance(given["v"], list) else [given["v"]]
    if len(listed) > _MOST_VALUES:
        raise too_many(len(listed), "values of a property", _MOST_VALUES)
    return _clean(given["pid"]), tuple(_value(what, found) for found in listed)


def _value(what: str, given: Any) -> Value:  # noqa: ANN401
    if isinstance(given, str):
        return _clean(given)
    if isinstance(given, bool | int | float):
        return given
    if _is_named(given):
        name = given.get("name")
        return Named(_clean(given["id"]), _clean(name) if isinstance(name, str) else "")
    raise RequestError(f"a value of {what} is neither a text, a number, true, false nor an object with an `id`")


def _is_named(given: Any) -> bool:  # noqa: ANN401
    return isinstance(given, dict) and isinstance(given.get("id"), str)


def _refuse_strangers(what: str, given: Collection[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            near = nearest(name, known, likeness=55)
            raise RequestError(
                f"{what} has a member {name[:80]!r}, which no query has"
                + (f"; did you mean {near!r}?" if near else ""),
                hint=f"a query has {', '.join(known)}",
            )


def _clean(text: str) -> str:
    """A text as it can be written in UTF-8, no longer than is compared."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8").strip()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:80]!r} comes twice")
    return found


def _no_number(text: str) -> Any:  # noqa: ANN401
    raise ValueError(f"{text} is no number")
