"""JSON-LD that names our context to JSON-LD that holds it, so that no address is opened (JSON-LD 1.1 section 3.1)."""

from __future__ import annotations

import json
from functools import cache

from iesi_kg import assets
from iesi_kg.vocabulary.namespaces import IESI

OURS = IESI.rstrip("#")
_FILE = "ontology/generated/context.jsonld"
_NAMES = (OURS, f"{OURS}/{_FILE.rsplit('/', 1)[1]}", _FILE.rsplit("/", 1)[1])
_KEY = "@context"


def with_our_context(content: bytes) -> bytes:
    """The same document with our context written out where its address or file name stands; else the same bytes.

    >>> with_our_context(b'{"@context": "context.jsonld"}')[:28]
    b'{"@context": {"@version": 1.'
    """
    if _KEY.encode() not in content or not any(f'"{name}"'.encode() in content for name in _NAMES):
        return content
    try:
        return json.dumps(_filled(json.loads(content)), ensure_ascii=False).encode("utf-8", "surrogatepass")
    except ValueError:
        return content  # told with its place by the parser of the document


def _filled(value: object) -> object:
    """A JSON value in which each reference to our context is that context; guarded against depth by the caller."""
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _context(item) if name == _KEY else _filled(item) for name, item in value.items()}


def _context(value: object) -> object:
    if isinstance(value, list):
        return [_context(item) for item in value]
    return _ours() if value in _NAMES else value


@cache
def _ours() -> object:
    return json.loads(assets.text(_FILE))[_KEY]
