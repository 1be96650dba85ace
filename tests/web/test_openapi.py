"""The OpenAPI description against the running service, by schemathesis: what is said is what is answered."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.checks import positive_data_acceptance

from running_server import Server

# Whether a text is SPARQL, or a file a table, is no matter of its schema: such a request is refused by right.
BEYOND_SCHEMAS = [positive_data_acceptance]


def test_every_route_does_what_the_description_says(server: Server) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    for operation in operations:

        @settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def conforms(case: schemathesis.Case) -> None:
            case.call_and_validate(excluded_checks=BEYOND_SCHEMAS)

        conforms()


@pytest.mark.parametrize(("path", "allowed"), [("/check", "GET, HEAD, POST"), ("/health", "GET, HEAD")])
def test_a_wrong_method_is_told_every_right_one(server: Server, path: str, allowed: str) -> None:
    reply = server.ask("PUT", path)
    assert reply.status == 405
    assert reply.headers["Allow"] == allowed


def test_the_checks_include_those_that_matter() -> None:
    names = set(CHECKS.get_all_names())
    assert {"not_a_server_error", "status_code_conformance", "response_schema_conformance"} <= names
