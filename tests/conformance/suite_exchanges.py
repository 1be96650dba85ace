"""Runs protocol and graph store tests: sends the requests a manifest writes down, holds every response against it."""

from __future__ import annotations

import re
import textwrap

from pyoxigraph import Literal, NamedNode, RdfFormat
from suite_comparison import read_graph, read_results, same_graph
from suite_evaluation import Miss, fill_named
from suite_manifests import CNT, HT, MF, Node, Test
from suite_service import Service

from running_server import Reply

STATUSES = {"OK": 200, "Created": 201, "NoContent": 204, "NotFound": 404}
TABULAR = {
    "application/sparql-results+json": ".srj",
    "application/sparql-results+xml": ".srx",
    "text/tab-separated-values": ".tsv",
}


def exchange_test(test: Test, service: Service) -> None:
    """Every request of the test in turn, on an empty service or one filled as the test says. Raises Miss."""
    fill_named(test, service)
    variables: dict[str, str] = {}
    action = _node(test.one(test.node, MF + "action"))
    for number, request in enumerate(test.all(action, HT + "requests"), 1):
        node = _node(request)
        reply = _send(test, node, service, variables)
        try:
            _judge(test, _node(test.one(node, HT + "resp")), reply, variables)
        except Miss as miss:
            raise Miss(f"request {number}: {miss}") from None


def _send(test: Test, request: Node, service: Service, variables: dict[str, str]) -> Reply:
    path = test.text(request, HT + "absolutePath")
    for name, value in variables.items():
        path = path.replace(name, value)
    method = test.text(request, HT + "methodName")
    body = test.one(request, HT + "body")
    content = None
    if isinstance(body, Node):
        chars = test.text(body, CNT + "chars")
        for name, value in variables.items():
            chars = chars.replace(name, value)
        content = chars.encode(test.text(body, CNT + "characterEncoding"))
    headers = _headers(test, request)
    is_update = any("update" in part for part in (headers.get("content-type", ""), path[:50])) or (
        content is not None and content.startswith(b"update=")
    )
    return service.ask(method, _address(path, service, is_update=is_update), headers, content)


def _address(path: str, service: Service, *, is_update: bool) -> str:
    """The path of a manifest at this service: the manifests say which prefix stands for the service's own."""
    if path.startswith("/gsp"):
        return service.graph_path + path.removeprefix("/gsp")
    return (service.update_path if is_update else service.query_path) + path.removeprefix("/sparql/")


def _judge(test: Test, expected: Node, reply: Reply, variables: dict[str, str]) -> None:
    allowed = [_name(status) for status in test.all(expected, MF + "expectedStatus")]
    if not any(_is_status(reply.status, name) for name in allowed):
        raise Miss(f"status {reply.status}, expected {' or '.join(allowed)}: {reply.body[:300]!r}")
    kind = (reply.headers.get("Content-Type") or "").partition(";")[0]
    wanted = test.text(expected, MF + "expectedFormat")
    if wanted == "RDF" and RdfFormat.from_media_type(kind) is None:
        raise Miss(f"{kind} is no syntax of RDF")
    if wanted in ("boolean", "tabular") and kind not in TABULAR:
        raise Miss(f"{kind} is no result format of the standard")
    boolean = test.text(expected, MF + "expectedBoolean")
    if boolean and read_results(reply.body, TABULAR[kind]) != (boolean == "true"):
        raise Miss(f"the answer is not {boolean}")
    location = test.text(expected, MF + "expectedLocation")
    if location:
        variables[location] = reply.headers.get("Location") or ""
        if not variables[location]:
            raise Miss("there is no Location")
    for name, value in _headers(test, expected).items():
        found = reply.headers.get(name) or ""
        if not _same_type(value, found):
            raise Miss(f"{name}: {found}, expected {value}")
    body = test.one(expected, HT + "body")
    if isinstance(body, Node):
        _judge_graph(test.text(body, CNT + "chars"), kind, reply)


def _judge_graph(expected: str, kind: str, reply: Reply) -> None:
    syntax = RdfFormat.from_media_type(kind)
    base = "http://www.example/"
    if syntax is None:
        raise Miss(f"{kind} is no syntax of RDF")
    wanted = read_graph(textwrap.dedent(expected).encode(), RdfFormat.TURTLE, base)
    if not same_graph(wanted, read_graph(reply.body, syntax, base)):
        raise Miss(f"expected\n{expected}\nfound\n{reply.text}")


def _headers(test: Test, node: Node) -> dict[str, str]:
    fields = [_node(field) for field in test.all(node, HT + "headers")]
    return {test.text(field, HT + "fieldName"): test.text(field, HT + "fieldValue") for field in fields}


def _same_type(left: str, right: str) -> bool:
    """Whether two media types are the same, the charset included where both name one."""
    parts = [re.sub(r"\s", "", value).lower().partition(";") for value in (left, right)]
    return parts[0][0] == parts[1][0] and (not parts[1][2] or parts[0][2] == parts[1][2])


def _is_status(status: int, name: str) -> bool:
    group = re.fullmatch(r"StatusCode(\d)xx", name)
    return status // 100 == int(group[1]) if group else status == STATUSES[name]


def _name(status: object) -> str:
    assert isinstance(status, NamedNode)
    return status.value.rpartition("#")[2]


def _node(value: object) -> Node:
    assert isinstance(value, Node) and not isinstance(value, Literal), value
    return value
