"""Tells under which name whoever sent a request is counted, and the limits of that class of callers."""

from __future__ import annotations

from typing import Any

from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.operations.attempts import network_of
from iesi_kg.web import access
from iesi_kg.web.site import Site


def counted(site: Site, scope: Any, *, has_token: bool | None = None) -> tuple[str, Allowance]:  # noqa: ANN401  (ASGI)
    """The name and the limits of a sender. Raises Unauthorized."""
    if has_token is None:
        has_token = any(name == b"authorization" for name, _ in scope["headers"])
    if has_token and not site.scratch:
        caller = access.caller(scope)
        return f"token {caller.name}", site.token if caller.may("read-more") else site.anonymous
    return network_of(str((scope.get("client") or ("",))[0])), site.anonymous
