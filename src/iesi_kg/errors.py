"""Every error a user can meet, each with its HTTP status, exit code and remedy.

IesiKgError                      500  3   something of ours broke
├── UsageError                   400  3   the request contradicts itself
├── InputError                   400  2   the bytes handed in cannot be read
│   ├── UnreadableFile           400  2
│   └── FileTooLarge             413  2
├── SubmissionRejected           422  1   read, validated, refused with findings
├── NotFound                     404  3
│   └── Gone                     410  3   was here and has been withdrawn
│       └── Superseded           410  3   an earlier version, which a later one replaced
├── RequestError                 400  3   an HTTP request that the protocol forbids
│   ├── MethodNotAllowed         405  3
│   ├── NotAcceptable            406  3
│   ├── RequestTooLarge          413  3
│   └── UnsupportedMediaType     415  3
├── QueryError                   400  3
│   ├── QuerySyntaxError         400  3   with line and column
│   ├── QueryRefused             403  3   well-formed, but not run here (SERVICE, update, absurd nesting ...)
│   ├── QueryTimeout             504  3
│   ├── ResultTooLarge           503  3
│   ├── QueryOutOfMemory         503  3
│   └── WorkerLost               503  3
├── ServiceBusy                  503  3
├── PeerError                    502  3   another endpoint failed us
├── StartError                   500  3   the service cannot start: port taken ...
└── StoreError                   500  3
    ├── StoreBusy                503  3   another writer holds the lock
    ├── StoreDamaged             500  3
    ├── StoreReadOnly            500  3
    └── StoreFull                507  3
"""

from __future__ import annotations

from collections.abc import Mapping


class IesiKgError(Exception):
    """Base of every error that is shown to a user.

    ``detail`` says what happened and where, ``hint`` what to do about it; ``members`` are the extension
    members of the problem document (RFC 9457 section 3.2): a limit, the elapsed time, a line and column.
    """

    status = 500
    exit_code = 3
    title = "Internal error"
    hint: str | None = None

    def __init__(self, detail: str, *, hint: str | None = None, **members: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint or type(self).hint
        self.members: Mapping[str, object] = members

    @property
    def code(self) -> str:
        """A stable kebab-case key made of the class name, e.g. ``query-timeout``."""
        name = type(self).__name__
        return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class UsageError(IesiKgError):
    status = 400
    title = "Contradictory request"


class InputError(IesiKgError):
    status, exit_code = 400, 2
    title = "Unreadable input"


class UnreadableFile(InputError):
    title = "Unreadable file"


class FileTooLarge(InputError):
    status = 413
    title = "File too large"


class SubmissionRejected(IesiKgError):
    status, exit_code = 422, 1
    title = "Submission rejected"
    hint = "mend the violations listed and submit again; nothing was changed"


class NotFound(IesiKgError):
    status = 404
    title = "Not found"


class Gone(NotFound):
    status = 410
    title = "Withdrawn"


class Superseded(Gone):
    title = "An earlier version"
    hint = "the version in force describes every term of this one: none is ever removed"


class RequestError(IesiKgError):
    status = 400
    title = "Bad request"


class MethodNotAllowed(RequestError):
    """``allow`` names the methods that do work (RFC 9110 section 15.5.6)."""

    status = 405
    title = "Method not allowed"


class NotAcceptable(RequestError):
    status = 406
    title = "Not acceptable"


class RequestTooLarge(RequestError):
    status = 413
    title = "Request too large"


class UnsupportedMediaType(RequestError):
    status = 415
    title = "Unsupported media type"


class QueryError(IesiKgError):
    status = 400
    title = "Query error"


class QuerySyntaxError(QueryError):
    """``line`` and ``column`` are among the members where they are known, counted from 1."""

    title = "Query syntax error"


class QueryRefused(QueryError):
    status = 403
    title = "Query refused"


class QueryTimeout(QueryError):
    status = 504
    title = "Query stopped at its time limit"
    hint = "ask for less: a narrower pattern, or a LIMIT inside a sub-select"


class ResultTooLarge(QueryError):
    status = 503
    title = "Result larger than the limit"
    hint = "ask for less: a LIMIT, fewer variables, or a narrower pattern"


class QueryOutOfMemory(QueryError):
    status = 503
    title = "Query stopped at its memory limit"
    hint = "ask for less: fewer rows to sort or to group, or a narrower pattern"


class WorkerLost(QueryError):
    status = 503
    title = "The process that ran the query died"
    hint = "try again; if it stays, ask for less at once"


class ServiceBusy(IesiKgError):
    status = 503
    title = "Service busy"
    hint = "try again in a few seconds"


class PeerError(IesiKgError):
    status = 502
    title = "Another endpoint failed"


class StartError(IesiKgError):
    title = "The service cannot start"


class StoreError(IesiKgError):
    title = "Store error"


class StoreBusy(StoreError):
    status = 503
    title = "The store has another writer"


class StoreDamaged(StoreError):
    title = "The store is damaged"


class StoreReadOnly(StoreError):
    title = "The store cannot be written"


class StoreFull(StoreError):
    status = 507
    title = "No space left for the store"
