"""Asks a SPARQL service anywhere on the web and hands back its answer as bytes; the one door to SPARQLWrapper."""

from __future__ import annotations

import json
import warnings
from ast import literal_eval
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from iesi_kg import __version__
from iesi_kg.errors import PeerError, UsageError
from iesi_kg.records import Answer, Form

_LONGEST_ADDRESS = 1_500
_SHOWN = 300


def ask(url: str, query: str, accept: str, *, seconds: float = 60.0) -> Answer:
    """The answer of the service at ``url`` in the media type it chose from ``accept``.

    Raises PeerError with the sentence of the service, UsageError for an address that is none.
    """
    from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is not the address of a service", hint="it begins with http:// or https://")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # it guesses at query forms and says so; the service knows
            response = _wrapper(url, query, accept, seconds).query().response
        body = response.read()
    except SPARQLWrapperException as error:
        raise _from_library(url, error) from None
    except HTTPError as error:
        raise _refused(url, error.code, error.read()) from None
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise PeerError(f"no answer from {url}: {reason}", hint="is the address right and the service up?") from None
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(_form(media_type, body), media_type, body, _version(response))


def document(url: str, *, seconds: float = 60.0) -> Any:  # noqa: ANN401  (JSON)
    """The JSON document at an address. Raises PeerError with the sentence of the service, UsageError."""
    return _read(url, None, seconds)


def post(url: str, form: Mapping[str, str], *, seconds: float = 60.0) -> Any:  # noqa: ANN401  (JSON)
    """The JSON document that answers a form. Raises PeerError with the sentence of the service, UsageError."""
    return _read(url, urlencode(form).encode(), seconds)


def _read(url: str, body: bytes | None, seconds: float) -> Any:  # noqa: ANN401
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is not the address of a service", hint="it begins with http:// or https://")
    request = Request(url, body, headers={"Accept": "application/json", "User-Agent": f"iesi-kg/{__version__}"})
    try:
        with urlopen(request, timeout=seconds) as response:
            return json.loads(response.read())
    except HTTPError as error:
        raise _refused(url, error.code, error.read()) from None
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise PeerError(f"no answer from {url}: {reason}", hint="is the address right and the service up?") from None
    except ValueError:
        raise PeerError(f"{url} did not answer in JSON", hint="is it the address of this kind of service?") from None


def _wrapper(url: str, query: str, accept: str, seconds: float) -> Any:  # noqa: ANN401  (untyped library)
    from SPARQLWrapper import GET, POST, SPARQLWrapper

    wrapper = SPARQLWrapper(url, agent=f"iesi-kg/{__version__}")
    wrapper.setOnlyConneg(True)
    wrapper.setMethod(POST if len(query) > _LONGEST_ADDRESS else GET)
    wrapper.setTimeout(max(1, round(seconds)))
    wrapper.setQuery(query)
    wrapper.addCustomHttpHeader("Accept", accept)
    return wrapper


def _from_library(url: str, error: Exception) -> PeerError:
    """The refusal behind the library's own error, which keeps the body as the text of a bytes literal."""
    cause = error.__context__
    _, _, literal = str(error).partition("Response:\n")
    try:
        body = literal_eval(literal)
    except (SyntaxError, ValueError):
        body = literal.encode()
    return _refused(url, cause.code if isinstance(cause, HTTPError) else 500, body)


def _refused(url: str, status: int, body: bytes) -> PeerError:
    detail, hint, members = _said(body)
    return PeerError(f"{url} answered {status}: {detail}", hint=hint, peer_status=status, **members)


def _said(body: bytes) -> tuple[str, str | None, dict[str, object]]:
    """The sentence, the remedy and the place from a problem document (RFC 9457), else the first line of the body."""
    text = body.decode("utf-8", "replace").strip()
    try:
        problem = json.loads(text)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        detail = problem.get("detail") or problem.get("title") or text[:_SHOWN]
        hint = problem.get("hint")
        place = {name: problem[name] for name in ("line", "column") if name in problem}
        return str(detail), str(hint) if hint else None, place
    return (text.splitlines()[0][:_SHOWN] if text else "without a word"), None, {}


def _form(media_type: str, body: bytes) -> Form:
    tables = ("sparql-results", "csv", "tab-separated-values", "application/json", "application/xml")
    if not any(name in media_type for name in tables):
        return Form.GRAPH
    return Form.BOOLEAN if body.strip() in (b"true", b"false") or b'"boolean"' in body[:200] else Form.SOLUTIONS


def _version(response: Any) -> int:  # noqa: ANN401
    value = response.headers.get("IESI-KG-Version", "")
    return int(value) if value.isdigit() else 0
