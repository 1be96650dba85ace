"""Every error a user can meet, each with its HTTP status, exit code and remedy.

IesiKgError                      500  3   something of ours broke
├── UsageError                   400  3   the request contradicts itself
├── InputError                   400  2   the bytes handed in cannot be read
│   ├── UnreadableFile           400  2
│   ├── IllFormedShapes          400  2   a shapes graph that SHACL gives no meaning
│   ├── IllFormedMappings        400  2   a mapping file with unknown or contradictory rows
│   ├── ValidationStopped        503  2   the engine reached its limit of time or memory, or died
│   └── FileTooLarge             413  2
├── SubmissionRejected           422  1   read, validated, refused with findings
│   └── RevisionConflict         409  1   a filled sheet and the published record changed the same cell
├── NotFound                     404  3
│   └── Gone                     410  3   was here and has been withdrawn
│       ├── Replaced             410  3   merged into another thing, which answers for it
│       ├── Divided              300  3   split into several things, of which the reader chooses one
│       └── Superseded           410  3   an earlier version, which a later one replaced
├── RequestError                 400  3   an HTTP request that the protocol forbids
│   ├── Unauthorized             401  3   no token, or one that is not valid
│   ├── Forbidden                403  3   a valid token that does not reach so far
│   │   └── OwnSubmission        403  3   who handed in does not decide
│   ├── CrossSite                403  3   a form of another site
│   ├── Misdirected              421  3   asked under a name that is not ours
│   ├── TooManyAttempts          429  3   wrong tokens, one after another, from one address
│   ├── TooManyHandIns           429  3   files or requests without a token, from one address
│   ├── DecisionConflict         409  3   decided by somebody else meanwhile, or not to be decided so
│   ├── MethodNotAllowed         405  3
│   ├── NotAcceptable            406  3
│   ├── PreconditionFailed       412  3   If-Match or If-None-Match does not hold
│   ├── RequestTooLarge          413  3
│   └── UnsupportedMediaType     415  3
├── QueryError                   400  3
│   ├── QuerySyntaxError         400  3   with line and column
│   ├── QueryRefused             403  3   well-formed, but not run here (SERVICE, update, absurd nesting ...)
│   ├── UpdateFailed             409  3   well-formed, but the graphs are not as it needs them
│   ├── QueryUnsupported         422  3   well-formed, but it calls a function that nobody here knows
│   ├── QueryTimeout             504  3
│   ├── ResultTooLarge           503  3
│   ├── QueryOutOfMemory         503  3
│   ├── WorkerLost               503  3
│   ├── QueryStopped             409  3   by whoever asked it
│   ├── QueryIdTaken             409  3
│   └── TooManyQueries           429  3   of one caller, at once or per minute
├── ServiceBusy                  503  3
├── PeerError                    502  3   another endpoint failed us
│   └── PeerTimeout              504  3
├── MirrorError                  502  3   the primary of a copy failed us, or is not what was copied
├── NotInstalled                 501  3   a library for this is not on the machine
├── StartError                   500  3   the service cannot start: port taken ...
└── StoreError                   500  3
    ├── StoreBusy                503  3   another writer holds the lock
    │   └── TwoWriters           503  3   somebody else changed the store on a server meanwhile
    ├── VersionPassed            503  3   another version came while one was read
    ├── StoreDamaged             500  3
    │   └── LogDamaged           500  3   somebody changed the audit log
    ├── StoreReadOnly            500  3
    │   └── OnlyACopy            403  3   a copy of another store takes no changes
    ├── StoreFailing             500  3   the disk reports errors
    ├── StoreTooNew              500  3   written by a newer version of this software
    ├── BackupUnusable           500  3   damaged, unfinished, or of a kind that is not known here
    ├── NotYetVisible            500  3   a change that is made and durable, but that no query sees yet
    ├── TokensUnusable           503  3   the file of the tokens cannot be read or trusted
    ├── BackendError             502  3   the server that keeps the quads failed us
    │   ├── BackendUnreachable   503  3   no connection, no valid certificate, or too busy
    │   ├── BackendTimeout       504  3
    │   ├── BackendRefused       502  3   it said no: credentials, address, its own limits
    │   ├── BackendCut           502  3   its answer is a part, however it was marked
    │   ├── BackendLied          502  3   its answer is not what it says, or what was asked for
    │   ├── BackendAlters        422  3   it would keep another value than was sent
    │   └── BackendLost          502  3   it acknowledged a change and did not make it
    └── StoreFull                507  3
"""

from __future__ import annotations

from iesi_kg.errors.base import IesiKgError as IesiKgError
from iesi_kg.errors.store import *  # noqa: F403


class UsageError(IesiKgError):
    status, title = 400, "Contradictory request"


class InputError(IesiKgError):
    status, exit_code = 400, 2
    title = "Unreadable input"


class UnreadableFile(InputError):
    title = "Unreadable file"


class IllFormedShapes(InputError):
    """``faults`` among the members lists each with shape, cause and remedy."""

    title = "Ill-formed shapes"


class IllFormedMappings(InputError):
    """``faults`` among the members lists each with line, column, slot, cause and remedy."""

    title = "Ill-formed mappings"


class ValidationStopped(InputError):
    status, title = 503, "Validation stopped"


class FileTooLarge(InputError):
    status, title = 413, "File too large"


class SubmissionRejected(IesiKgError):
    status, exit_code = 422, 1
    title = "Submission rejected"
    hint = "mend the violations listed and submit again; nothing was changed"


class RevisionConflict(SubmissionRejected):
    """``comparison`` holds both values of every cell in question."""

    status, title = 409, "Changed on both sides"
    hint = "--take mine keeps the sheet's values, --take theirs the published ones; or download the records again"


class NotFound(IesiKgError):
    status, title = 404, "Not found"


class Gone(NotFound):
    status, title = 410, "Withdrawn"


class Replaced(Gone):
    """``successor`` is the IRI of the thing that stands for it; a service answers with a redirect to it."""

    title = "Merged into another"


class Divided(Gone):
    """``choices`` are the IRIs of the things that it was split into."""

    status = 300
    title = "Split into several"


class Superseded(Gone):
    title = "An earlier version"
    hint = "the version in force describes every term of this one: none is ever removed"


class RequestError(IesiKgError):
    status, title = 400, "Bad request"


class Unauthorized(RequestError):
    """``challenge`` is what ``WWW-Authenticate`` says (RFC 6750 section 3)."""

    status, title = 401, "Token needed"
    hint = "send a token of this service as `Authorization: Bearer ...`; `iesi-kg token create` makes one"


class Forbidden(RequestError):
    status, title = 403, "Not allowed with this token"


class OwnSubmission(Forbidden):
    title = "Somebody else decides on it"
    hint = "ask another reviewer; IESI_KG_REVIEW_BY_ANOTHER=false lifts the rule where there is only one"


class CrossSite(RequestError):
    status, title = 403, "Sent from another site"


class Misdirected(RequestError):
    status, title = 421, "Not a name of this service"


class TooManyAttempts(RequestError):
    """``retry_after`` is the number of seconds to wait (RFC 9110 section 10.2.3)."""

    status, title = 429, "Too many wrong tokens"
    hint = "wait as long as Retry-After says, and look at the token: a wrong one does not get better"


class TooManyHandIns(RequestError):
    """``retry_after`` is the number of seconds to wait."""

    status, title = 429, "Too many at once from your address"
    hint = "wait as long as Retry-After says"


class DecisionConflict(RequestError):
    """``state`` and ``revision`` are those that the item has now."""

    status, title = 409, "Not to be decided so any more"
    hint = "read it again and look at what happened meanwhile, then decide"


class MethodNotAllowed(RequestError):
    """``allow`` names the methods that do work (RFC 9110 section 15.5.6)."""

    status, title = 405, "Method not allowed"


class NotAcceptable(RequestError):
    status, title = 406, "Not acceptable"


class PreconditionFailed(RequestError):
    status, title = 412, "The graph is not as the request expects it"
    hint = "read the graph again, look at what changed, and send the request with the new ETag"


class RequestTooLarge(RequestError):
    status, title = 413, "Request too large"


class UnsupportedMediaType(RequestError):
    status, title = 415, "Unsupported media type"


class QueryError(IesiKgError):
    status, title = 400, "Query error"


class QuerySyntaxError(QueryError):
    """``line`` and ``column`` are among the members where they are known, counted from 1."""

    title = "Query syntax error"


class QueryRefused(QueryError):
    status, title = 403, "Query refused"


class UpdateFailed(QueryError):
    status, title = 409, "The update does not fit the graphs"
    hint = "SILENT lets an operation pass that finds its graph missing or already there"


class QueryUnsupported(QueryError):
    status, title = 422, "Function not supported"
    hint = "mind the spelling of its IRI"


class QueryTimeout(QueryError):
    status, title = 504, "Query stopped at its time limit"
    hint = "ask for less: a narrower pattern, or a LIMIT inside a sub-select"


class ResultTooLarge(QueryError):
    status, title = 503, "Result larger than the limit"
    hint = "ask for less: a LIMIT, fewer variables, or a narrower pattern"


class QueryOutOfMemory(QueryError):
    status, title = 503, "Query stopped at its memory limit"
    hint = "ask for less: fewer rows to sort or to group, or a narrower pattern"


class WorkerLost(QueryError):
    status, title = 503, "The process that ran the query died"
    hint = "try again; if it stays, ask for less at once"


class QueryStopped(QueryError):
    status, title = 409, "Query stopped by whoever asked it"
    hint = "ask again if it was a mistake"


class QueryIdTaken(QueryError):
    status, title = 409, "A query with this id is running"


class TooManyQueries(QueryError):
    """``retry_after`` is the number of seconds to wait."""

    status, title = 429, "Too many queries of one caller"


class ServiceBusy(IesiKgError):
    status, title = 503, "Service busy"
    hint = "try again in a few seconds"


class PeerError(IesiKgError):
    status, title = 502, "Another endpoint failed"


class PeerTimeout(PeerError):
    status, title = 504, "Another endpoint took too long"


class MirrorError(IesiKgError):
    status = 502
    title = "The copy cannot be brought up to date"


class NotInstalled(IesiKgError):
    status, title = 501, "Not installed here"


class StartError(IesiKgError):
    title = "The service cannot start"
