"""The JSON schemas and examples of the Reconciliation API 0.2, and the requests that clients send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs

from running_server import Reply, Server

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Suite:
    """The schemas by name, and the examples that are valid and those that are not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        schemas = {path.stem: json.loads(path.read_text("utf-8")) for path in (folder / "schemas").glob("*.json")}
        registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas.values()])
        self._made = {n: jsonschema_rs.Draft7Validator(schema, registry=registry) for n, schema in schemas.items()}

    def require(self, name: str, document: object) -> None:
        """Fail where a document does not conform to the schema of a name."""
        self._made[name].validate(document)

    def allows(self, name: str, document: object) -> bool:
        """Whether a document conforms."""
        return bool(self._made[name].is_valid(document))

    def examples(self, name: str, verdict: str) -> Iterator[tuple[str, str]]:
        """The examples of a schema, ``valid`` or ``invalid``: names and texts."""
        for path in sorted((self.folder / "examples" / name / verdict).glob("*.json")):
            yield path.name, path.read_text("utf-8")


class Client:
    """A client of one service."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def post(self, path: str = "/reconcile", headers: dict[str, str] | None = None, **given: object) -> Reply:
        """A form with ``queries`` or ``extend`` as JSON: what OpenRefine sends."""
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        return self.server.ask("POST", path, FORM | (headers or {}), urlencode(form))

    def get(self, path: str, **given: str) -> Reply:
        """A part of the API."""
        return self.server.ask("GET", f"/reconcile{path}" + (f"?{urlencode(given)}" if given else ""))

    def read(self, path: str, **given: str) -> Any:  # noqa: ANN401  (JSON)
        """The JSON of a part of the API."""
        reply = self.get(path, **given)
        assert reply.status == 200, reply.text
        return json.loads(reply.text)

    def match(self, path: str = "/reconcile", **query: object) -> list[dict[str, Any]]:
        """The candidates of one query."""
        reply = self.post(path, queries={"q0": query})
        assert reply.status == 200, reply.text
        found: list[dict[str, Any]] = json.loads(reply.text)["q0"]["result"]
        return found
