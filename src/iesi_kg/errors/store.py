"""The errors of where the quads live: a folder on disk, or a server."""

from __future__ import annotations

from iesi_kg.errors.base import IesiKgError


class StoreError(IesiKgError):
    title = "Store error"


class StoreBusy(StoreError):
    status, title = 503, "The store has another writer"


class TwoWriters(StoreBusy):
    title = "Somebody else changed the store"
    hint = "one machine writes to a store on a server, any number read it: end the other one, or try again"


class VersionPassed(StoreError):
    status, title = 503, "Another version stands now"
    hint = "ask again: the answer will be of the new version"


class StoreDamaged(StoreError):
    title = "The store is damaged"


class LogDamaged(StoreDamaged):
    title = "The audit log is damaged"


class StoreReadOnly(StoreError):
    title = "The store cannot be written"


class OnlyACopy(StoreReadOnly):
    status = 403
    title = "A copy takes no changes"


class StoreFailing(StoreError):
    title = "The disk of the store fails"


class StoreTooNew(StoreError):
    title = "The store is of a newer version"


class BackupUnusable(StoreError):
    title = "The backup cannot be used"


class NotYetVisible(StoreError):
    """``version`` is the one that the change made."""

    title = "Made, but not visible yet"
    hint = "do not send it again: the next change, or a restart of the service, makes it visible"


class TokensUnusable(StoreError):
    status, title = 503, "Tokens cannot be checked"


class BackendError(StoreError):
    """``backend`` names the product, never an address or an account."""

    status, title = 502, "The server of the data failed"


class BackendUnreachable(BackendError):
    status, title = 503, "The server of the data cannot be reached"


class BackendTimeout(BackendError):
    status, title = 504, "The server of the data took too long"


class BackendRefused(BackendError):
    title = "The server of the data refuses"


class BackendCut(BackendError):
    title = "The server of the data sent a part"


class BackendLied(BackendError):
    title = "The server of the data answers wrongly"


class BackendAlters(BackendError):
    """``value`` is what was to be written, ``kept`` what the server would make of it."""

    status, title = 422, "The server of the data would change a value"
    hint = "write the value in another way, or with another datatype; nothing was changed"


class BackendLost(BackendError):
    title = "The server of the data lost a change"


class StoreFull(StoreError):
    status, title = 507, "No space left for the store"
