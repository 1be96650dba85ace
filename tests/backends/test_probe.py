"""``iesi-kg peers probe ADDRESS`` on what is no SPARQL server, and on one that is little of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from impostor import TRUE, Impostor, reply

from iesi_kg.cli.peers import command

PAGE = reply(b"<html><head><title>It works</title></head></html>", "text/html")


@pytest.fixture
def server() -> Iterator[Impostor]:
    with Impostor() as made:
        yield made


def test_a_web_server_that_knows_no_sparql(server: Impostor) -> None:
    server.behaves = [PAGE]
    told = CliRunner().invoke(command, ["probe", f"http://127.0.0.1:{server.port}/x"])
    assert told.exit_code == 1
    assert "answers SPARQL: " in told.output and "a page titled 'It works'" in told.output
    assert f"http://127.0.0.1:{server.port}/x/query" in told.output, "it says where it looked"


def test_a_server_that_only_answers_ask(server: Impostor) -> None:
    def answer(connection: socket.socket) -> None:
        kind = b"sparql-results+json" in server.requests[-1] and b"ASK" in server.requests[-1]
        connection.sendall(reply(TRUE, Server="Oxigraph/9") if kind else PAGE)

    server.behaves = [answer]
    told = CliRunner().invoke(command, ["probe", f"http://127.0.0.1:{server.port}"])
    assert told.exit_code == 0, told.output
    for line in (
        "as Oxigraph/9",
        "graphs: none",
        "profile: oxigraph (run by the tests)",
        "does not work: graph store at",
    ):
        assert line in told.output
    assert f"as a store: sparql+http://127.0.0.1:{server.port}?profile=oxigraph" in told.output


def test_an_address_that_is_none() -> None:
    told = CliRunner().invoke(command, ["probe", "sparql+http://h/sparql"])
    assert told.exit_code != 0 and told.exception is not None
    assert "does not say of which product" in str(told.exception)
