"""One server on the bundled data, and the JSON schemas of the Reconciliation API 0.2 that its answers are held to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs
import pytest

from running_server import Reply, Server, serving

Validate = Callable[[str, Any], None]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="session")
def suite(shared: Path) -> Path:
    """The schemas and examples of the standard."""
    return shared / "suites" / "reconciliation" / "0.2"


@pytest.fixture(scope="session")
def valid(suite: Path) -> Validate:
    """Fails where a document does not conform to the schema of a name."""
    schemas = {path.stem: json.loads(path.read_text("utf-8")) for path in (suite / "schemas").glob("*.json")}
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas.values()])
    made = {name: jsonschema_rs.Draft7Validator(schema, registry=registry) for name, schema in schemas.items()}

    def validate(name: str, document: Any) -> None:
        made[name].validate(document)

    return validate


@pytest.fixture(scope="session")
def service(bundled_store: Path) -> Iterator[Server]:
    """The service on what a first start publishes; nothing here changes it."""
    with serving(bundled_store, workers=1) as running:
        yield running


@pytest.fixture(scope="session")
def post(service: Server) -> Callable[..., Reply]:
    """A form as OpenRefine sends it: ``queries`` or ``extend`` as JSON."""

    def send(path: str = "/reconcile", headers: dict[str, str] | None = None, **given: Any) -> Reply:
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        return service.ask("POST", path, FORM | (headers or {}), urlencode(form))

    return send
