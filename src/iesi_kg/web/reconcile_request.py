"""An HTTP request to what it asks of reconciliation: the addresses, parameters and bodies of the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iesi_kg.endpoint.protocol import FORM, fields
from iesi_kg.errors import MethodNotAllowed, NotFound, RequestError, UnsupportedMediaType
from iesi_kg.linking.reconciliation_queries import loads
from iesi_kg.web import headers
from iesi_kg.web.pages.language import PARAMETER, accepted
from iesi_kg.web.pages.wording import wordings

PATH = "/reconcile"
DECISIONS = f"{PATH}/decisions"
METHODS = "GET, HEAD, POST, OPTIONS"
READING = "GET, HEAD, OPTIONS"
_JSON = ("application/json", "text/json")
_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,127}")
_KINDS = ("entity", "type", "property")
_PARTS = {"": 0, "suggest": 1, "flyout": 1, "feature": 1, "preview": 0, "properties": 0}
_PAYLOADS = ("queries", "extend")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a part of the API, with what follows its address, in a language; where links lead.

    ``kept`` is the path under which links stay in a language that the address names.
    """

    part: str
    name: str
    language: str
    host: str
    kept: str
    chosen: str
    callback: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    document: bytes | None = None

    def payload(self) -> tuple[str, Any]:
        """What was sent, `queries` or `extend`, and its JSON; empty where neither was. Raises RequestError."""
        if self.document is not None:
            return _of_document(loads(self.document.decode("utf-8", "replace"), "the body"))
        sent = [name for name in _PAYLOADS if name in self.given]
        if len(sent) > 1:
            raise RequestError("a request has either `queries` or `extend`; this one has both")
        return (sent[0], loads(self.given[sent[0]], f"`{sent[0]}`")) if sent else ("", None)


def answers(path: str) -> bool:
    """Whether an address is one of the API's; decisions are sent to another door."""
    return path == PATH or (path.startswith(f"{PATH}/") and path != DECISIONS)


def parse(scope: Any, body: bytes) -> Asked:  # noqa: ANN401  (ASGI)
    """What a request asks. Raises NotFound, RequestError, MethodNotAllowed, UnsupportedMediaType."""
    language, steps = _steps(scope["path"])
    part, name = steps[0] if steps else "", "/".join(steps[1:])
    if part not in _PARTS or len(steps) - 1 > _PARTS[part] or (_PARTS[part] and not name):
        raise NotFound(f"there is nothing at {scope['path'][:200]}", hint=f"{PATH} tells what is offered, and where")
    if part in ("suggest", "flyout") and name not in _KINDS:
        raise NotFound(f"nothing of the kind {name[:80]!r} is suggested", hint=", ".join(_KINDS))
    if part and scope["method"] == "POST":
        raise MethodNotAllowed("this part of the API is read", allow=READING)
    pairs, document = list(fields(scope["query_string"], "the address")), None
    if scope["method"] == "POST":
        kind = (headers.find(scope["headers"], b"content-type") or "").partition(";")[0].strip().lower()
        if kind == FORM:
            pairs += fields(body, "the form")
        elif kind in _JSON:
            document = body
        else:
            raise _unsupported(kind)
    given = dict(pairs)
    if scope["method"] == "POST" and document is None and not given.keys() & set(_PAYLOADS):
        raise RequestError(
            "the form has neither `queries` nor `extend`",
            hint='send queries={"q0": {"query": "..."}}',
            parameter="queries",
        )
    named = language or (given.get(PARAMETER, "").lower() if given.get(PARAMETER, "").lower() in wordings() else "")
    spoken = named or accepted(headers.find(scope["headers"], b"accept-language") or "", wordings())
    kept = f"{PATH}/{named}" if named else PATH
    return Asked(part, name, spoken, _host(scope), kept, named, _callback(scope["method"], given), given, document)


def _steps(path: str) -> tuple[str, list[str]]:
    """The language that an address names, and what it names below."""
    steps = [step for step in path.removeprefix(PATH).split("/") if step]
    return (steps[0], steps[1:]) if steps and steps[0] in wordings() else ("", steps)


def _of_document(document: Any) -> tuple[str, Any]:  # noqa: ANN401
    """The body of a POST of JSON: a batch as it is, or an object that holds one under `queries`, or `extend`."""
    if isinstance(document, dict) and len(document) == 1:
        (name, value), *_ = document.items()
        if name == "extend" or (name == "queries" and not _is_query(value)):
            return name, value
    return "queries", document


def _is_query(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict) and (
        isinstance(value.get("query"), str) or isinstance(value.get("properties"), list)
    )


def _callback(method: str, given: Mapping[str, str]) -> str:
    """The function that a script of another site waits with (JSONP). Raises RequestError for what is no name."""
    name = given.get("callback", "") if method == "GET" else ""
    if name and not _CALLBACK.fullmatch(name):
        raise RequestError(
            "`callback` is not the name of a function",
            hint="letters, digits, _ and $, at most 128; or ask without it: pages of any origin may (CORS)",
            parameter="callback",
        )
    return name


def _unsupported(kind: str) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        f"a batch cannot be sent as {kind or 'a body without Content-Type'}",
        hint=f"send {FORM} with `queries` or `extend`, or {_JSON[0]}",
        accepted=[FORM, _JSON[0]],
    )


def _host(scope: Any) -> str:  # noqa: ANN401
    host = headers.find(scope["headers"], b"host") or "localhost"
    return f"{scope.get('scheme', 'http')}://{host}"
