"""Turns ``data/backends/*.json`` and a store's address into what is known of the server behind it.

An address is ``sparql+http(s)://host[:port]/path?profile=NAME``; the path may be that of the server, of a dataset on
it, or of its queries (SPARQL 1.1 Protocol). ``update`` and ``graphs`` in it name other paths on the same host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from iesi_kg import assets
from iesi_kg.errors import UsageError
from iesi_kg.vocabulary.spelling import nearest

FOLDER = "data/backends"
SCHEME = "sparql+"
AUTHENTICATION = ("none", "basic", "digest", "bearer")
_PARAMETERS = ("profile", "update", "graphs", "authentication")
_LIKENESS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    r"""What is known of a product.

    ``query``, ``update`` and ``graph_store`` are paths below the address (None: it has none). ``default_graph`` is
    "real" where the product keeps a default graph apart from the named ones; else "named": ours is then a named graph
    that goes with every query as ``default-graph-uri``. ``default_graph_iri`` is what asks for the real one where a
    query without it means the union. ``merges`` says whether a statement of two default graphs counts once.

    ``timeout_unit`` is s, ms or text (``30s``), ``timeout_least`` the smallest value that is heeded,
    ``timeout_words`` in an error mean that its time was up. ``partial_header`` in an answer says that it is a part,
    ``rows_header`` at how many rows it was cut; ``graphs_cut`` says that graphs are cut there without a word.

    ``server`` begins the Server header of its answers, ``telltale`` is a header that nothing else sends.

    ``transaction`` is how much of an update is all or nothing: "request", one "operation" of it, or "none".
    ``update_triples`` is how many one operation may name, ``update_bytes`` how long its text may be (0: any number).
    ``default_graph_store`` says whether the Graph Store Protocol knows ``?default``, ``head`` whether it knows HEAD.

    ``keeps_literals`` says whether ``"01"^^xsd:integer`` comes back as it was written; ``numeric_booleans`` come as 1
    and 0; ``datatypes`` come under another name than they were written with. ``ask_variable`` is the variable of the
    one row that stands for a truth value. ``reads_escapes`` says whether an IRI in a query may hold ``\u0041``,
    ``rewritable`` whether its engine is the one for whose slow shapes of queries another form is known to be faster,
    ``describe_prologue`` has DESCRIBE tell what stands behind a subject and no more, and ``forbidden`` are what no
    query of a stranger may hold: words, and beginnings of IRIs (with a colon).
    """

    name: str
    title: str
    tested: bool
    query: str
    update: str | None
    graph_store: str | None
    default_graph: str
    transaction: str
    source: str
    authentication: str = "none"
    server: str = ""
    telltale: str = ""
    query_method: str = "form"
    update_method: str = "direct"
    default_graph_iri: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    graph_types: tuple[str, ...] = ("application/n-triples", "text/turtle")
    timeout_parameter: str = ""
    timeout_unit: str = "s"
    timeout_least: int = 1
    timeout_words: tuple[str, ...] = ()
    partial_header: str = ""
    rows_header: str = ""
    graphs_cut: bool = False
    ask_variable: str = ""
    numeric_booleans: bool = False
    datatypes: Mapping[str, str] = field(default_factory=dict)
    reads_escapes: bool = True
    describe_prologue: str = ""
    merges: bool = True
    forbidden: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    max_request_bytes: int = 0
    max_rows: int = 0
    update_triples: int = 0
    bulk_load: str = "none"
    update_bytes: int = 0
    keeps_literals: bool = False
    default_graph_store: bool = True
    head: bool = True
    rewritable: bool = False
    remarks: tuple[str, ...] = ()

    def timeout(self, seconds: float) -> Mapping[str, str]:
        """The parameter that passes a time budget on; none where the product has none.

        >>> profile("virtuoso").timeout(2.5), profile("oxigraph").timeout(2.5)
        ({'timeout': '2500'}, {})
        """
        if not self.timeout_parameter:
            return {}
        number = max(self.timeout_least, int(seconds * 1000) if self.timeout_unit == "ms" else int(seconds))
        return {self.timeout_parameter: f"{number}s" if self.timeout_unit == "text" else str(number)}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a server is and what it is; ``shown`` is the address as the operator gave it."""

    shown: str
    base: str
    profile: Profile
    update_path: str | None = None
    graphs_path: str | None = None

    @property
    def query(self) -> str:
        """The address of queries."""
        return self.base + self.profile.query

    @property
    def update(self) -> str | None:
        """The address of updates; None where it takes none."""
        return self._below(self.update_path, self.profile.update)

    @property
    def graph_store(self) -> str | None:
        """The address of the Graph Store Protocol; None where it has none."""
        return self._below(self.graphs_path, self.profile.graph_store)

    def _below(self, given: str | None, path: str | None) -> str | None:
        if given is not None:
            parts = urlsplit(self.base)
            return f"{parts.scheme}://{parts.netloc}{given}"
        return None if path is None else self.base + path


def names() -> list[str]:
    """The names of all profiles, sorted."""
    return sorted(path.rpartition("/")[2].removesuffix(".json") for path in assets.names(FOLDER, ".json"))


@lru_cache(maxsize=64)
def profile(name: str) -> Profile:
    """The profile of a product. Raises UsageError for a name that nobody wrote a profile for."""
    known = names()
    if name not in known:
        near = nearest(name, known, likeness=_LIKENESS)
        raise UsageError(
            f"no product is called {name[:80]!r}{f'; is {near} meant?' if near else ''}",
            hint=f"one of {', '.join(known)}; `iesi-kg peers probe ADDRESS` says which one fits a server",
        )
    content = json.loads(assets.text(f"{FOLDER}/{name}.json"))
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    return Profile(**values)


def is_remote(store: object) -> bool:
    """Whether a setting names a server rather than a folder.

    >>> is_remote("sparql+http://127.0.0.1:7878?profile=oxigraph"), is_remote("iesi-kg-store")
    (True, False)
    """
    return str(store).startswith(SCHEME)


def locate(address: str) -> Location:
    """The server that an address names. Raises UsageError that says what is wrong with the address.

    >>> locate("sparql+http://127.0.0.1:8890/sparql?profile=virtuoso").update
    'http://127.0.0.1:8890/sparql-auth'
    """
    try:
        parts = urlsplit(address.removeprefix(SCHEME))
        port = parts.port
    except ValueError as error:
        raise _unfit(address, f"its host or port cannot be read ({error})") from None
    if not is_remote(address) or parts.scheme not in ("http", "https") or not parts.hostname:
        raise _unfit(address, "it is not written as sparql+http://host/path or sparql+https://host/path")
    if "@" in parts.netloc:
        host = parts.hostname if port is None else f"{parts.hostname}:{port}"
        raise _unfit(
            f"{SCHEME}{parts.scheme}://{host}{parts.path}",
            "an address holds no user and no password",
            hint="give them as IESI_KG_STORE_USER and IESI_KG_STORE_PASSWORD",
        )
    if parts.fragment:
        raise _unfit(address, "it holds a fragment")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := [name for name in given if name not in _PARAMETERS]:
        raise _unfit(address, f"the parameter {unknown[0]!r} is not known", hint=f"known: {', '.join(_PARAMETERS)}")
    if "profile" not in given:
        raise _unfit(address, "it does not say of which product the server is", hint="add ?profile=NAME, e.g. generic")
    return _located(address, f"{parts.scheme}://{parts.netloc}{parts.path}", given)


def _located(address: str, url: str, given: Mapping[str, str]) -> Location:
    found = profile(given["profile"])
    for name in ("update", "graphs"):
        if not given.get(name, "/").startswith("/"):
            raise _unfit(address, f"the parameter {name} is not a path that begins with /")
    if (authentication := given.get("authentication")) is not None:
        if authentication not in AUTHENTICATION:
            raise _unfit(address, f"authentication is one of {', '.join(AUTHENTICATION)}")
        found = replace(found, authentication=authentication)
    base = url.rstrip("/")
    if found.query and base.endswith(found.query):
        base = base[: -len(found.query)]
    return Location(address, base, found, given.get("update"), given.get("graphs"))


def _unfit(address: str, reason: str, *, hint: str | None = None) -> UsageError:
    example = "e.g. sparql+http://127.0.0.1:8890/sparql?profile=virtuoso"
    return UsageError(f"{address[:200]!r} is not the address of a store: {reason}", hint=hint or example)
