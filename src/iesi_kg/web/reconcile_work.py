"""What is asked of reconciliation to the bytes of its answer, computed beside the event loop."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iesi_kg.errors import NotFound, QueryTimeout, RequestError
from iesi_kg.linking import reconciliation_answers as answers
from iesi_kg.linking import reconciliation_queries as queries
from iesi_kg.linking import reconciliation_suggest as suggest
from iesi_kg.linking import reconciliation_things as things
from iesi_kg.linking.reconciliation import Reconciler
from iesi_kg.linking.reconciliation_manifest import Place, manifest
from iesi_kg.linking.reconciliation_offer import Property, Type, features, properties
from iesi_kg.linking.reconciliation_scoring import Judges, weights
from iesi_kg.linking.reconciliation_things import Thing
from iesi_kg.store.base import Reader
from iesi_kg.web.pages.preview import preview
from iesi_kg.web.pages.static import address
from iesi_kg.web.reconcile_request import Asked

JSON = "application/json; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
HTML = "text/html; charset=utf-8"
_PAGE, _MOST = 20, 100


@dataclass(frozen=True, slots=True)
class Content:
    """A whole answer."""

    body: bytes
    media_type: str = JSON


class Stop:
    """When work is to end: at its time limit, or when nobody waits for it any more."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._ended = threading.Event()

    def end(self) -> None:
        """Nobody waits any more."""
        self._ended.set()

    def check(self) -> None:
        """Raises QueryTimeout."""
        if self._ended.is_set() or time.monotonic() > self._until:
            raise QueryTimeout(
                f"the batch was not done in {self._seconds:g} seconds",
                hint="send fewer queries at once",
                limit="seconds",
                maximum=self._seconds,
            )


@dataclass(frozen=True, slots=True)
class Work:
    """What one version is answered from."""

    known: things.Things
    judges: Judges

    @staticmethod
    def read(reader: Reader) -> Work:
        """Read a version."""
        known = things.read(reader)
        return Work(known, Judges(known))

    @property
    def version(self) -> int:
        return self.known.version

    def do(self, asked: Asked, payload: tuple[str, Any], reader: Reader, stop: Stop, most: int) -> Content:
        """The answer. Raises RequestError, RequestTooLarge, NotFound, QueryTimeout."""
        found = _PARTS[asked.part](_Desk(self, asked, reader, stop, most), payload)
        return found if isinstance(found, Content) else _written(found, asked.callback)


def queries_in(payload: tuple[str, Any]) -> int:
    """How many queries a payload counts for."""
    return len(payload[1]) if payload[0] == "queries" and isinstance(payload[1], dict) else 1


@dataclass(frozen=True, slots=True)
class _Desk:
    """One request with what answers it."""

    work: Work
    asked: Asked
    reader: Reader
    stop: Stop
    most: int

    def service(self, payload: tuple[str, Any]) -> dict[str, Any]:
        """The address of the service itself: a batch, values of properties, or what it is."""
        name, document = payload
        known, language = self.work.known, self.asked.language
        if name == "queries":
            reconciler = Reconciler(self.reader, known, self.work.judges)
            told = {}
            for id_, query in queries.batch(document, self.most).items():
                self.stop.check()
                told[id_] = answers.result(known, reconciler.answer(query), language)
            return told
        if name == "extend":
            return answers.extension(self.reader, known, queries.wanted(document, self.most), language)
        if "query" in self.asked.given:
            raise RequestError("queries come as a batch", hint='send queries={"q0": {"query": "..."}}')
        chosen = f"?lang={self.asked.chosen}" if self.asked.chosen else ""
        place = Place(self.asked.host, self.asked.kept, chosen, address("icon.svg"))
        return manifest(place, language, self.most)

    def suggested(self, payload: tuple[str, Any]) -> dict[str, Any]:
        """A page of suggestions of one kind."""
        given, known = self.asked.given, self.work.known
        prefix, type_ = given.get("prefix", "")[:200], given.get("type", "")
        found: list[Thing] | list[Type] | list[Property]
        match self.asked.name:
            case "entity":
                found = suggest.things(known, prefix, type_, self.asked.language)
            case "type":
                found = suggest.types(known, prefix)
            case _:
                found = suggest.properties(known, prefix, type_)
        cursor, most = self._number("cursor", 0), self._number("limit", _PAGE)
        return answers.listed(known, found[cursor : cursor + min(most, _MOST)], self.asked.language)

    def flyout(self, payload: tuple[str, Any]) -> dict[str, Any]:
        """The small preview of one suggestion."""
        id_ = self._id()
        known = self.work.known
        kinds: Mapping[str, Callable[[str], Thing | Type | Property | None]] = {
            "entity": known.find, "type": known.type, "property": properties().get,
        }  # fmt: skip
        found = kinds[self.asked.name](id_)
        if found is None:
            raise NotFound(f"there is no {self.asked.name} {id_[:80]!r}")
        return answers.flyout(known, id_, found, self.asked.language)

    def proposed(self, payload: tuple[str, Any]) -> dict[str, Any]:
        """The properties that the things of a type can have; none for a type that there is not."""
        type_ = self.asked.given.get("type", "")
        found = [answers.property_(one, self.asked.language) for one in suggest.proposed(self.work.known, type_)]
        told: dict[str, Any] = {"type": type_} if type_ else {}
        if "limit" in self.asked.given:
            told["limit"] = self._number("limit", len(found))
            found = found[: told["limit"]]
        return {"properties": found, **told}

    def preview(self, payload: tuple[str, Any]) -> Content:
        """A page for the frame of another program."""
        id_ = self._id()
        thing = self.work.known.find(id_)
        if thing is None:
            raise NotFound(f"there is nothing with the id {id_[:80]!r}")
        page = preview(self.reader, self.work.known, thing, self.asked.language, self.asked.chosen)
        return Content(page.encode("utf-8"), HTML)

    def feature(self, payload: tuple[str, Any]) -> dict[str, Any]:
        """What a feature of a candidate means."""
        name, weight = self.asked.name, weights().get(self.asked.name)
        known = "property" if name.startswith("property_") else name
        meaning = features().get(known) or (features()["linker"] if weight is not None else None)
        if meaning is None:
            raise NotFound(f"no candidate has a feature {name[:80]!r}", known=sorted(features()))
        return {"id": name, "meaning": meaning} | ({} if weight is None else {"weight": weight})

    def _id(self) -> str:
        id_ = self.asked.given.get("id", "")
        if not id_:
            raise RequestError("the parameter `id` is missing", parameter="id")
        return id_

    def _number(self, name: str, default: int) -> int:
        text = self.asked.given.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise RequestError(f"`{name}` is not a whole number", parameter=name)
        return int(text) if text else default


_PARTS: Mapping[str, Callable[[_Desk, tuple[str, Any]], dict[str, Any] | Content]] = {
    "": _Desk.service,
    "suggest": _Desk.suggested,
    "flyout": _Desk.flyout,
    "properties": _Desk.proposed,
    "preview": _Desk.preview,
    "feature": _Desk.feature,
}


def _written(told: dict[str, Any], callback: str) -> Content:
    """JSON, or a script that hands it to a function; the comment keeps it from being taken for anything else."""
    try:
        text = json.dumps(told, ensure_ascii=bool(callback)).encode("utf-8")
    except UnicodeEncodeError:  # half a character in an id that was sent
        text = json.dumps(told).encode()
    if not callback:
        return Content(text)
    return Content(b"/**/" + callback.encode() + b"(" + text + b");\n", SCRIPT)
