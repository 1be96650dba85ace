"""The settings, declared once: one table for the command line, the documentation and the reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

from iesi_kg.errors import UsageError

PREFIX = "IESI_KG_"
SECRETS = frozenset({"token", "mirror_token", "store_password"})  # never shown
REMOTE = ("sparql+http://", "sparql+https://")

Place: TypeAlias = Path | str  # a folder, or the address of a SPARQL server, which begins as one of REMOTE


def _setting(default: Any, text: str) -> Any:  # noqa: ANN401  (the type is the annotation of the field)
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default; each is read from ``IESI_KG_<NAME>``."""

    host: str = _setting("127.0.0.1", "address the service listens on")
    port: int = _setting(8080, "port the service listens on")
    hosts: str = _setting(
        "", "names the service answers under, beside those of this machine, comma-separated; `*` is any"
    )
    trusted_proxies: str = _setting("", "addresses or networks of proxies whose X-Forwarded-* count, comma-separated")
    header_bytes: int = _setting(65_536, "largest header of a request, in bytes")
    store: Place = _setting(  # noqa: RUF009
        Path("iesi-kg-store"),
        "folder of the store, created and filled on first start; or a SPARQL server: `sparql+http(s)://host/path`",
    )
    state: Path = _setting(  # noqa: RUF009
        Path("iesi-kg-state"), "folder for the log, tokens, releases and the journal of a store on a SPARQL server"
    )
    store_user: str = _setting("", "name of the user of that SPARQL server")
    store_password: str = _setting("", "password of that user")
    token: str = _setting("", "what a write to a scratch store must show; without it writes are open on loopback")
    workers: int = _setting(1, "processes that serve, each on a processor of its own; one watches over them")
    query_processes: int = _setting(
        2, "processes that evaluate queries; divided among those that serve, one each at least"
    )
    stop_seconds: float = _setting(5.0, "how long requests under way have to end when SIGTERM stops the service")
    drain_seconds: float = _setting(150.0, "how long they have in processes that a reload (SIGHUP) exchanges")
    express_triples: int = _setting(
        250_000, "largest version of which the service keeps a copy in memory, for the smallest queries; 0 for none"
    )
    query_seconds: float = _setting(30.0, "time limit of one query")
    query_bytes: int = _setting(64_000_000, "largest result of one query, in bytes")
    query_rows: int = _setting(1_000_000, "largest result of one query, in rows (solutions or triples)")
    query_memory: int = _setting(2_000_000_000, "address space one query process may use, in bytes")
    query_concurrent: int = _setting(48, "queries of one caller running or waiting at once; 0 for any number")
    query_requests: int = _setting(6_000, "queries of one caller evaluated per minute; 0 for any number")
    token_seconds: float = _setting(120.0, "time limit of one query, for a token with the scope read-more")
    token_bytes: int = _setting(256_000_000, "largest result in bytes, for such a token")
    token_rows: int = _setting(5_000_000, "largest result in rows, for such a token")
    token_memory: int = _setting(2_000_000_000, "address space one query process may use, for such a token")
    token_concurrent: int = _setting(48, "queries running or waiting at once, for such a token; 0 for any number")
    token_requests: int = _setting(60_000, "queries evaluated per minute, for such a token; 0 for any number")
    query_length: int = _setting(100_000, "longest query text, in characters")
    query_nesting: int = _setting(100, "deepest nesting of brackets in a query")
    query_patterns: int = _setting(1_000, "most triple patterns in a query")
    query_path: int = _setting(100, "longest property path of a query, in operators")
    query_values: int = _setting(10_000, "most terms in the VALUES blocks of a query")
    reconcile_batch: int = _setting(100, "most queries, or ids to tell the values of, in one request to /reconcile")
    rewriting: bool = _setting(True, "whether queries are evaluated in a form that is faster here and answers the same")
    query_queue: int = _setting(64, "queries that may wait for a process before the service says it is busy")
    scratch_rows: int = _setting(10_000_000, "largest change of a scratch store, in statements that come and go")
    scratch_bytes: int = _setting(1_000_000_000, "largest change of a scratch store, in bytes of its N-Quads")
    upload_bytes: int = _setting(20_000_000, "largest file that may be checked or submitted, in bytes")
    hand_in_open: bool = _setting(False, "whether files may be handed in without a token, a few from one address")
    review_by_another: bool = _setting(True, "whether the reviewer of a file must be another person than its sender")
    client_seconds: float = _setting(10.0, "how long a client may say nothing in the middle of a request or an answer")
    connections: int = _setting(800, "open connections; beyond that the slowest senders are cut off")
    cache_bytes: int = _setting(64_000_000, "memory for cached query results, in bytes")
    federation: bool = _setting(True, "whether SERVICE in a query is answered, by asking the peers that are listed")
    peers: str = _setting("", "file of further peers that may be asked (JSON, as `data/peers.json`); wins by name")
    service_clauses: int = _setting(5, "most SERVICE clauses in a query")
    service_seconds: float = _setting(20.0, "longest wait for the answers to one SERVICE, within the query's own limit")
    service_bytes: int = _setting(10_000_000, "largest answer to one SERVICE, in bytes after decompression")
    service_rows: int = _setting(10_000, "largest answer to one SERVICE, in rows")
    validate_seconds: float = _setting(600.0, "time limit of one SHACL validation by `iesi-kg validate`")
    validate_memory: int = _setting(8_000_000_000, "address space of the process that validates, in bytes")
    lock_seconds: float = _setting(10.0, "how long a writer waits for another writer")
    releases_open: int = _setting(2, "releases that may be open for queries at once, each with a process of its own")
    releases_idle_seconds: float = _setting(300.0, "how long a release stays open that nobody asks")
    query_log: str = _setting("", "file to which a line of JSON is added for each query; none is kept when empty")
    query_log_as: str = _setting("hash", "what that line says of the query: its SHA-256 (hash) or all of it (text)")
    mirrors: str = _setting(
        "anybody",
        "who may copy the store (`iesi-kg mirror`): anybody, a token with the scope mirror (token), or nobody",
    )
    mirror_token: str = _setting("", "what `iesi-kg mirror` shows to a primary that asks for a token")
    language: str = _setting(
        "", "language of what `iesi-kg check` says: en, fr, de, es or it; empty: that of LC_ALL, LC_MESSAGES or LANG"
    )
    keep_versions: int = _setting(3, "published versions kept on disk")

    @property
    def remote(self) -> bool:
        """Whether the store is a SPARQL server."""
        return isinstance(self.store, str)

    @property
    def folder(self) -> Path:
        """The folder of the store. Raises UsageError where it is a SPARQL server."""
        if isinstance(self.store, str):
            raise UsageError(
                f"{self.store} is a SPARQL server, and this works on a store in a folder only",
                hint="name a folder: --store DIR, or IESI_KG_STORE",
            )
        return self.store

    @property
    def state_folder(self) -> Path:
        """Where what is not quads lies: the audit log, tokens, files handed in, releases, locks."""
        return self.state if isinstance(self.store, str) else self.store


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table, for help texts and documentation."""

    name: str
    variable: str
    type: type
    default: object
    help: str


def table() -> Iterator[Setting]:
    """Every setting in declaration order."""
    for item in fields(Settings):
        yield Setting(item.name, PREFIX + item.name.upper(), type(item.default), item.default, item.metadata["help"])


def load(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from the environment, overridden by the ``given`` values that are not None.

    Raises UsageError for a value of the wrong type and for an ``IESI_KG_`` variable nobody declared.
    """
    environ = os.environ if environ is None else environ
    known = {row.variable: row for row in table()}
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        if variable not in known:
            from difflib import get_close_matches

            near = "".join(f"{name}? " for name in get_close_matches(variable, known, 1))
            raise UsageError(f"unknown setting {variable}", hint=f"{near}`iesi-kg settings` lists every setting")
        values[known[variable].name] = _cast(known[variable], text)
    values.update({name: value for name, value in given.items() if value is not None})
    return Settings(**values)


def file_variables(text: str) -> dict[str, str]:
    """The variables in a file of settings: lines ``IESI_KG_NAME=value``, empty ones and ones that begin with ``#``.

    A value may stand in quotation marks. Raises UsageError for any other line.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name.startswith(PREFIX):
            raise UsageError(
                f"line {number} is no setting: {line[:80]!r}", hint=f"{PREFIX}NAME=value, one on each line"
            )
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        found[name] = value[1:-1] if quoted else value
    return found


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process, which wins, over ``more`` variables."""
    return {**more, **os.environ}


@dataclass(frozen=True, slots=True)
class Manager:
    """What a service manager (systemd) has said: where it hears how the service stands, and what it holds open for it.

    https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html and sd_listen_fds.html
    """

    address: str = ""
    sockets: int = 0
    process: int = 0

    @classmethod
    def of(cls, environ: Mapping[str, str] | None = None) -> Manager:
        """The manager that the environment names, if any."""
        environ = os.environ if environ is None else environ
        sockets, process = (environ.get(name, "") for name in ("LISTEN_FDS", "LISTEN_PID"))
        numbers = (int(text) if text.isdigit() else 0 for text in (sockets, process))
        return cls(environ.get("NOTIFY_SOCKET", ""), *numbers)


def language(chosen: str | None, known: Collection[str], environ: Mapping[str, str] | None = None) -> str:
    """The language to speak: the chosen one, the setting, else the one of the environment (POSIX locale variables).

    English where none of the ``known`` is meant. Raises UsageError for a choice or a setting that is not known.
    """
    environ = os.environ if environ is None else environ
    wanted = chosen or load(environ).language
    if wanted and wanted not in known:
        raise UsageError(f"there are no texts in the language {wanted!r}", hint=f"one of {', '.join(known)}")
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    spoken = wanted or locale.partition("_")[0].partition(".")[0].casefold()
    return spoken if spoken in known else "en"


_KINDS = {bool: "on or off", int: "a whole number", float: "a number"}


def _cast(row: Setting, text: str) -> object:
    cast: Callable[[str], object] = place if issubclass(row.type, Path) else row.type
    if row.type is bool:
        cast = _switch
    try:
        return cast(text)
    except ValueError:
        raise UsageError(
            f"{row.variable}={text!r} is not {_KINDS.get(row.type, row.type.__name__)}", hint=f"default: {row.default}"
        ) from None


def place(text: str) -> Place:
    """A folder, or the address of a SPARQL server as it is."""
    return text if text.startswith(REMOTE) else Path(text)


def _switch(text: str) -> bool:
    known = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    if text.strip().lower() not in known:
        raise ValueError(text)
    return known[text.strip().lower()]
