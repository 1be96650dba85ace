"""Adds readable addresses to a router: answered to GET and HEAD, documented once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

Endpoint = Callable[..., Awaitable[Response]]


def readable(router: APIRouter | FastAPI, path: str, endpoint: Endpoint, summary: str) -> None:
    """One address; the second route only documents, since one operation cannot have two methods in OpenAPI."""
    router.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    router.add_api_route(path, endpoint, methods=["GET"], summary=summary)
