"""Turns jobs and outcomes into the frames that travel between the service and its query processes.

A request is a fixed header and four texts; a response is a fixed header and either the result itself, or an error as
JSON, or nothing when the result lies in the memory file that both sides hold.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from iesi_kg import errors
from iesi_kg.errors import IesiKgError, QueryError, WorkerLost
from iesi_kg.records import Form
from iesi_kg.store.settling import Settled

REQUEST = struct.Struct("<IQQQHII?")
RESPONSE = struct.Struct("<IBBQIq")
UNCOUNTED = -1
INLINE = 64_000
FORMS = tuple(Form)


@dataclass(frozen=True, slots=True)
class Job:
    """One query to evaluate, with the protocol's dataset (SPARQL 1.1 Protocol section 2.1.4).

    ``caller`` is whoever asked, so that one of many queries does not keep others waiting; it stays in the service,
    as does ``spends``: the process that did this job is not to do another one.
    """

    text: str
    media_type: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    caller: str = ""
    spends: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take: seconds of running, bytes and rows (solutions or triples) of its result.

    ``memory`` is the address space of its process, 0 for as much as the process may have.
    """

    seconds: float = 30.0
    bytes: int = 64_000_000
    rows: int = 1_000_000
    memory: int = 0


class Status(IntEnum):
    """What a response means."""

    READY = 0
    INLINE = 1
    STORED = 2
    FAILED = 3


@dataclass(slots=True)
class Response:
    """A response as it came; ``thread`` is the kernel's id of the thread that serves, for its scheduler."""

    status: int
    form: int
    size: int
    thread: int
    rows: int
    payload: bytes


RENEW = REQUEST.pack(0, 0, 0, 0, 0, 0, 0, False)


def encode_request(job: Job, limits: Limits) -> bytes:
    """The frame that asks for a job."""
    media = job.media_type.encode()
    text = job.text.encode("utf-8", "surrogatepass")
    default = "\n".join(job.default_graphs).encode() if job.default_graphs else b""
    named = "\n".join(job.named_graphs).encode() if job.named_graphs else b""
    length = len(media) + len(default) + len(named) + len(text)
    known = isinstance(job.text, Settled)
    parts = (len(media), len(default), len(named), known)
    header = REQUEST.pack(length, limits.bytes, limits.rows, limits.memory, *parts)
    return b"".join((header, media, default, named, text))


def decode_request(header: tuple[int, ...], body: bytes) -> tuple[Job, Limits]:
    """The job in a frame; the seconds are the service's affair and stay there."""
    _, size, rows, memory, media_end, default_length, named_length, known = header
    default_end = media_end + default_length
    named_end = default_end + named_length
    text = body[named_end:].decode("utf-8", "replace")
    job = Job(
        Settled(text) if known else text,
        body[:media_end].decode(),
        tuple(body[media_end:default_end].decode().split("\n")) if default_length else (),
        tuple(body[default_end:named_end].decode().split("\n")) if named_length else (),
    )
    return job, _limits(size, rows, memory)


@lru_cache(maxsize=16)
def _limits(size: int, rows: int, memory: int) -> Limits:
    return Limits(bytes=size, rows=rows, memory=memory)


def encode_error(error: IesiKgError, thread: int) -> bytes:
    """The frame that reports a failed job."""
    facts = {"error": type(error).__name__, "detail": error.detail, "hint": error.hint, "members": {**error.members}}
    payload = json.dumps(facts, default=str).encode()[:INLINE]
    return RESPONSE.pack(len(payload), Status.FAILED, 0, 0, thread, 0) + payload


def decode_error(payload: bytes) -> IesiKgError:
    """The error in a frame, as the class it was on the other side."""
    try:
        facts = json.loads(payload)
    except ValueError:
        return WorkerLost("the process that ran the query reported an error that cannot be read")
    kind = getattr(errors, str(facts["error"]), QueryError)
    if not issubclass(kind, IesiKgError):
        kind = QueryError
    error: IesiKgError = kind(facts["detail"], hint=facts["hint"], **facts["members"])
    return error
