"""What every error has: what happened and where, what to do about it, HTTP status and exit code."""

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
