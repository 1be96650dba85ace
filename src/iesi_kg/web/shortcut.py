"""Answers the smallest queries of a client whose header is known as soon as their bytes have come.

A client sends the same header with each of its queries. What it says (who asks, which form is liked) is learned from a
request that was read in full and answered; of the next ones that come in at the same place, from the same peer and with
the same header, only the address is read. Whatever is not answered here at once takes the ordinary way, which says what
is wrong.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass

from iesi_kg.endpoint import negotiation
from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.endpoint.emptiness import misspelt
from iesi_kg.endpoint.execution import plainest
from iesi_kg.endpoint.protocol import parse
from iesi_kg.errors import IesiKgError
from iesi_kg.web import access
from iesi_kg.web.cache import Entry
from iesi_kg.web.envelope import Content, Envelope, Key
from iesi_kg.web.exchange import STATUS, joined
from iesi_kg.web.meter import Meter
from iesi_kg.web.site import Site
from iesi_kg.web.validators import pack_small, worth_packing

_LINE = re.compile(rb"GET /sparql\?([!-\"$-~]++) HTTP/1\.1")
_END = b"\r\n\r\n"
_PART, _METHOD, _OK = "sparql", "GET", 200
_LARGEST_HEADER = 2_048
_MOST = 512

Parts = tuple[bytes, bytes, bytes]

_log = logging.getLogger("iesi_kg.web")


@dataclass(frozen=True, slots=True)
class Manner:
    """What the header of a query says where it says nothing out of the ordinary."""

    caller: str
    allowance: Allowance
    accept: str | None
    gzip: bool


class Shortcut:
    """Manners by where a request came in, from whom, and the bytes of its header; what came first goes first."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._site: Site | None = None
        self._envelope: Envelope
        self._manners: dict[tuple[str, str, bytes], Manner] = {}

    def start(self, site: Site, envelope: Envelope) -> None:
        """Begin to answer, unless an answer depends on more than what is kept: one of a scratch store does."""
        self._envelope = envelope
        self._site = None if site.scratch else site

    def learn(self, place: str, peer: str, request: bytes, manner: Manner) -> None:
        """Know the header of a whole request from now on."""
        line, _, rest = request.partition(b"\r\n")
        # Nothing comes behind the header, and no other address is named in the line.
        if len(rest) > _LARGEST_HEADER or rest.find(_END) != len(rest) - len(_END) or not _LINE.fullmatch(line):
            return
        self._manners[place, peer, rest] = manner
        if len(self._manners) > _MOST:
            del self._manners[next(iter(self._manners))]

    def answer(self, place: str, peer: str, request: bytes) -> Parts | None:
        """Status line, head and body of an answer; None for what takes the ordinary way."""
        line, _, rest = request.partition(b"\r\n")
        manner, found = self._manners.get((place, peer, rest)), _LINE.fullmatch(line)
        if self._site is None or manner is None or found is None:
            return None
        try:
            return self._answered(self._site, manner, found[1])
        except IesiKgError:
            return None
        except Exception as error:  # noqa: BLE001  (the edge: the ordinary way answers, or says that it cannot)
            _log.error("a query could not be answered at once", exc_info=error)
            return None

    def _answered(self, site: Site, manner: Manner, query_string: bytes) -> Parts | None:
        begun = time.perf_counter()
        allowance, version = manner.allowance, site.pool.version
        key: Key = (query_string, None, b"", manner.accept, manner.gzip, allowance.name)
        if site.cache.get(version, key) is not None:
            return None
        access.refuse_in_address({"query_string": query_string})
        query = parse(_METHOD, query_string)
        small = plainest(query, site.guards) if query is not None else None
        if query is None or small is None:
            return None
        media = negotiation.choose(small.form, manner.accept, query.formats)
        answer = site.pool.at_once(small, media.name, self._envelope.limits[allowance.name])
        if answer is None:
            return None
        site.turnstile.through(manner.caller, allowance)
        tag = self._envelope.tag(answer.version, query, media)
        content = Content(tag, answer.body)
        if manner.gzip and worth_packing(answer.body):
            content = Content.packed(tag, pack_small(answer.body))
        hint = misspelt(query.text) if answer.rows == 0 else None
        entry = self._envelope.entry(allowance, media, answer, content, hint)
        return self._sent(self._envelope.keep(answer.version, key, entry), begun)

    def _sent(self, entry: Entry, begun: float) -> Parts:
        head = joined(entry.headers)
        self._meter.count(_PART, _METHOD, _OK, time.perf_counter() - begun)
        return STATUS[_OK], head, entry.body
