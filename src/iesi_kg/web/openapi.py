"""The description of the routes for programs (OpenAPI 3.1): what FastAPI knows, and what stands in ``openapi.json``.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_FILE = Path(__file__).with_name("openapi.json")
_PLACE = re.compile(r"\{(\w+)\}")
_THINGS = ("/id/", "/codes/", "/ontology")
_METHODS = ("get", "put", "post", "delete", "head", "options", "patch")


def describe(api: FastAPI) -> None:
    """Have an application answer /openapi.json with the whole description."""

    @cache
    def document() -> dict[str, Any]:
        made = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
        return _completed(made)

    api.openapi = document  # type: ignore[method-assign]


def _completed(made: dict[str, Any]) -> dict[str, Any]:
    """Errors as the problem documents they are, places in addresses as parameters, and the routes beside FastAPI."""
    given = json.loads(_FILE.read_text("utf-8"))
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(given["components"]["schemas"])
    for path, operations in given["paths"].items():
        made["paths"].setdefault(path, {}).update(operations)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                _complete(path, operation, given["forms"])
    return made


def _complete(path: str, operation: dict[str, Any], forms: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    if path.startswith(_THINGS):
        responses["200"]["content"] = forms["thing"]
        responses["304"] = {"description": "Not modified: the entity tag of the request is that of the answer"}
    for response in responses.values():
        if isinstance(response.get("content"), str):
            response["content"] = forms[response["content"]]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}, "text/html": {}}
    responses["default"] = {"description": "A problem document; a page for browsers", "content": problem}
    parameters = operation.setdefault("parameters", [])
    named = {parameter["name"] for parameter in parameters}
    parameters += [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(path)
        if name not in named
    ]
