"""Turns the files of peers into the allow-list: which other servers a query may ask, and how each wants to be asked.

The bundled list is ``data/peers.json``; a setting names a second file, whose entries are added and win by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from iesi_kg import assets
from iesi_kg.errors import PeerError, UsageError
from iesi_kg.store.addresses import target, within
from iesi_kg.vocabulary.spelling import nearest

BUNDLED = "data/peers.json"
METHODS = ("form", "get", "direct")

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LIKENESS = 55.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One server that may be asked.

    ``method`` is how it takes a query, ``block`` how many bindings go with one request (0: none are sent),
    ``seconds`` the longest wait, ``rows`` the number of rows at which it cuts answers without a word (0: it does not),
    ``default_graphs`` go with every query, ``also`` are other spellings of its address in queries, ``hosts`` other
    hosts it may redirect to, ``loads`` what LOAD may fetch, by a redirect too: each of these addresses and all below
    it. Only a ``local`` peer may be on this machine or in this network.
    """

    name: str
    title: str
    address: str
    licence: str = ""
    about: str = ""
    method: str = "form"
    block: int = 100
    seconds: float = 20.0
    rows: int = 0
    default_graphs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    local: bool = False

    def offers(self, iri: str) -> bool:
        """Whether LOAD may fetch this address."""
        try:
            where = target(iri, local=self.local)
        except PeerError:
            return False
        return any(within(where, target(start, local=self.local)) for start in self.loads)


class Peers:
    """The allow-list."""

    def __init__(self, peers: Iterable[Peer]) -> None:
        self._by_name = {peer.name: peer for peer in peers}
        self._by_address = {iri: peer for peer in self for iri in (peer.address, *peer.also)}

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def named(self, name: str) -> Peer | None:
        """The peer of a short name."""
        return self._by_name.get(name)

    def at(self, iri: str) -> Peer | None:
        """The peer that a query means by an IRI, compared letter by letter."""
        return self._by_address.get(iri)

    def for_graph(self, iri: str) -> Peer | None:
        """The peer that a graph may be loaded from."""
        return next((peer for peer in self if peer.offers(iri)), None)

    def nearest(self, iri: str) -> Peer | None:
        """The peer whose address is most like an unknown one."""
        found = nearest(iri, self._by_address, likeness=_LIKENESS)
        return self._by_address[found] if found else None


def bundled() -> Peers:
    """The list that comes with the software."""
    return Peers(_read(BUNDLED, assets.text(BUNDLED)))


def load(extra: Path | None = None) -> Peers:
    """The bundled list and the operator's own; raises UsageError that names every fault of the file."""
    known = list(bundled())
    if extra is None:
        return Peers(known)
    try:
        text = extra.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the list of peers {extra} cannot be read: {error}", hint="see IESI_KG_PEERS") from None
    return Peers([*known, *_read(str(extra), text)])


def _read(name: str, text: str) -> list[Peer]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the list of peers {name} is not JSON: {error}") from None
    entries = content.get("peers") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise UsageError(f'the list of peers {name} has no list "peers"', hint='begin with {"peers": [...]}')
    faults: list[str] = []
    peers: list[Peer] = []
    for number, entry in enumerate(entries, start=1):
        found, peer = _entry(entry)
        label = entry.get("name", number) if isinstance(entry, dict) else number
        faults += [f"entry {label}: {fault}" for fault in found]
        peers += [peer] if peer is not None else []
    faults += _repeated(peers)
    if faults:
        raise UsageError(f"the list of peers {name}: " + "; ".join(faults), faults=faults)
    return peers


def _entry(entry: object) -> tuple[list[str], Peer | None]:
    if not isinstance(entry, dict):
        return ["it is not an object"], None
    known = {field.name: field for field in fields(Peer)}
    faults = [f"unknown key {key!r}" for key in entry if key not in known]
    faults += [f"{name} is missing" for name, field in known.items() if field.default is MISSING and name not in entry]
    values: dict[str, Any] = {}
    for name, value in entry.items():
        if name in known and (fault := _type_fault(name, known[name].default, value)):
            faults.append(fault)
        elif name in known:
            values[name] = tuple(value) if isinstance(value, list) else value
    if faults:
        return faults, None
    peer = Peer(**values)
    return list(_faults(peer)), peer


def _type_fault(name: str, default: object, value: object) -> str | None:
    if isinstance(default, tuple):
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return None if fits else f"{name} must be a list of texts"
    if isinstance(default, bool):
        return None if isinstance(value, bool) else f"{name} must be true or false"
    if isinstance(default, int | float):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if number and (isinstance(default, float) or isinstance(value, int)) else f"{name} must be a number"
    return None if isinstance(value, str) else f"{name} must be a text"


def _faults(peer: Peer) -> Iterator[str]:
    if not _NAME.fullmatch(peer.name):
        yield "its name must be lower-case letters, digits and hyphens"
    if peer.method not in METHODS:
        yield f"method must be one of {', '.join(METHODS)}"
    if peer.seconds <= 0 or peer.block < 0 or peer.rows < 0:
        yield "seconds must be above 0, block and rows not below"
    if "?" in peer.address:
        yield "its address holds a question mark; graphs to ask go into default_graphs"
    for address in (peer.address, *peer.loads):
        try:
            target(address, local=peer.local)
        except PeerError as error:
            yield error.detail


def _repeated(peers: Iterable[Peer]) -> Iterator[str]:
    names: Mapping[str, int] = {}
    for peer in peers:
        names = {**names, peer.name: names.get(peer.name, 0) + 1}
    return (f"the name {name} is given {count} times" for name, count in names.items() if count > 1)
