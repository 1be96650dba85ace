"""Turns what became of each SERVICE into a header and into the links of a result, so that SILENT is seen.

The header is a list of RFC 8941; ``head.link`` of SPARQL 1.1 Query Results JSON (section 3.1.2) and ``link`` of the XML
format hold addresses only, so each address says the facts and leads to the description of the peer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote, urlencode
from xml.sax.saxutils import quoteattr

from iesi_kg.records import Answer, ServiceCall
from iesi_kg.web.headers import Headers

NAME = b"iesi-kg-services"
_LONGEST = 200
_JSON_HEAD = b'{"head":{'
_XML_HEAD = b"</head>"


def fields(calls: Iterable[ServiceCall]) -> Headers:
    """The header that says for each SERVICE what came of it."""
    return ((NAME, ", ".join(map(_item, calls)).encode("ascii")),)


def told(answer: Answer, site: str) -> Answer:
    """The answer with a link for each SERVICE where its format has a place for them; ``site`` begins our addresses."""
    links = [link(call, site) for call in answer.services]
    body = answer.body
    if body.startswith(_JSON_HEAD):
        at = len(_JSON_HEAD)
        more = b"" if body[at : at + 1] == b"}" else b","
        member = b'"link":' + json.dumps(links, separators=(",", ":")).encode() + more
    elif body.startswith(b"<?xml") and _XML_HEAD in body and answer.media_type.endswith("sparql-results+xml"):
        at = body.index(_XML_HEAD)
        member = "".join(f"<link href={quoteattr(found)}/>" for found in links).encode()
    else:
        return answer
    return replace(answer, body=b"".join((body[:at], member, body[at:])))


def link(call: ServiceCall, site: str) -> str:
    """An address that says what came of a SERVICE and leads to its peer."""
    facts = {
        "endpoint": call.endpoint,
        "answered": "true" if call.answered else "false",
        "requests": call.requests,
        "rows": call.rows,
        "milliseconds": call.milliseconds,
    } | ({"error": call.error[:_LONGEST]} if call.error else {})
    return f"{site}/peers{f'/{quote(call.peer)}' if call.peer else ''}?{urlencode(facts)}"


def _item(call: ServiceCall) -> str:
    said = [_text(call.endpoint), f"peer={_text(call.peer)}" if call.peer else "", f"answered=?{int(call.answered)}"]
    said += [f"requests={call.requests}", f"rows={call.rows}", f"milliseconds={call.milliseconds}"]
    said += [f"error={_text(call.error)}"] if call.error else []
    return ";".join(filter(None, said))


def _text(text: str) -> str:
    """A string of RFC 8941: printable ASCII, the two special characters escaped."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in text[:_LONGEST])
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
