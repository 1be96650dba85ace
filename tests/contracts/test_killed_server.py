"""`oxigraph serve` dies by SIGKILL while it answers or is written to, and comes back: nothing is half true."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from contract_quads import commit, quad, quads

from backend_servers import Backend, free_port, oxigraph_server
from iesi_kg.errors import BackendUnreachable, StoreError
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.remote import sending
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.diary import Diary
from iesi_kg.store.remote.store import RemoteStore
from running_server import Reply, Server, serving

COUNT = "SELECT (COUNT(?s) AS ?n) { ?s ?p ?o }"
LONG = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
PATIENCE = 60.0
BEFORE = [quad("stays", "p", str(number)) for number in range(100)]
ENTER = [quad("comes", "p", str(number), "new" if number % 2 else "") for number in range(200)]
AFTER = {*BEFORE[50:], *ENTER}


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def asked(service: Server, text: str, told: list[Reply]) -> None:
    connection = http.client.HTTPConnection(*service.address, timeout=PATIENCE)
    connection.request("GET", f"/sparql?query={quote(text)}", headers={"Accept": "text/csv"})
    response = connection.getresponse()
    told.append(Reply(response.status, response.headers, response.read()))
    connection.close()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_service_whose_server_dies_says_so_and_recovers_by_itself(tmp_path: Path, workers: int) -> None:
    port = free_port()
    with oxigraph_server(tmp_path, port=port) as backend:
        client = Mortal(backend.address)
        store = RemoteStore(client, Diary(tmp_path / "state/server"))
        begun(store)
        given = {"state": tmp_path / "state", "workers": workers}
        with serving(backend.address, "--host", "127.0.0.1", **given) as service:  # type: ignore[arg-type]
            until(lambda: f"iesi_kg_workers {workers}\n" in service.ask("GET", "/metrics").text)
            assert service.query(COUNT, "text/csv").text.split() == ["n", "100"]
            told: list[Reply] = []
            asking = threading.Thread(target=asked, args=(service, LONG, told))
            process = psutil.Process(backend.process.pid)
            idle = process.cpu_times().user
            asking.start()
            until(lambda: process.cpu_times().user > idle + 0.2)
            client.backend, client.turn, client.when = backend, 1, "before"
            with pytest.raises(BackendUnreachable, match="whether version 2 was made is not known"):
                commit(store, *ENTER)
            asking.join(PATIENCE)
            assert problem(told[0]) in ((502, "backend-cut"), (503, "backend-unreachable"))
            assert problem(service.query(f"{COUNT} LIMIT 1", "text/csv")) == (503, "backend-unreachable")
            kept = service.query(COUNT, "text/csv")  # of one process's cache, or refused by the other one
            assert kept.status == 503 or kept.text.split() == ["n", "100"]
            assert service.ask("GET", "/health/ready").status == 503
            assert service.ask("GET", "/health/live").status == 200
            with oxigraph_server(tmp_path, port=port):
                until(lambda: service.ask("GET", "/health/ready").status == 200)
                until(lambda: service.query(COUNT, "text/csv").text.split() == ["n", "200"])  # finished by the service
                assert quads(store) == {*BEFORE, *ENTER}


def problem(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["type"].rpartition("/")[2]


class Mortal(Client):
    """A client whose server dies at one of its changes: before it is sent, while it is made, or once it is answered."""

    backend: Backend
    turn, when = 0, ""

    def update(self, *given: Any) -> None:  # noqa: ANN401
        self._at_its_turn(lambda: super(Mortal, self).update(*given))

    def post_graph(self, *given: Any) -> None:  # noqa: ANN401
        self._at_its_turn(lambda: super(Mortal, self).post_graph(*given))

    def _at_its_turn(self, send: Callable[[], None]) -> None:
        self.turn -= 1
        if self.turn == 0 and self.when == "before":
            self._die()
        if self.turn == 0 and self.when == "while":
            threading.Timer(0.002, self._die).start()
        send()
        if self.turn == 0:
            self._die()

    def _die(self) -> None:
        self.backend.process.kill()
        self.backend.process.wait(PATIENCE)


def begun(store: RemoteStore) -> None:
    store._diary.prepare(store._begun().store, store.client.where.base)
    commit(store, *BEFORE)


@pytest.mark.parametrize(
    ("turn", "when"),
    [(1, "before"), (4, "while"), (6, "while"), (6, "after")],
    ids=lambda value: str(value),
)
def test_a_change_whose_server_dies_is_finished(
    tmp_path: Path, turn: int, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PART_QUADS", 50)
    port = free_port()
    with oxigraph_server(tmp_path, port=port) as backend:
        client = Mortal(backend.address)
        store = RemoteStore(client, Diary(tmp_path / "state/server"))
        begun(store)
        client.backend, client.turn, client.when = backend, turn, when
        with store.writer() as writer, pytest.raises(StoreError) as failed:
            writer.commit(ChangeSet("cut", ENTER, BEFORE[:50]))
        assert failed.value.members["pending"] == 2
        assert "do not send it again" in (failed.value.hint or "")
        with pytest.raises(BackendUnreachable):
            store.reader()
    with oxigraph_server(tmp_path, port=port):
        assert (store.current().number, quads(store)) in ((1, {*BEFORE}), (2, AFTER))
        store.finish_left()
        assert (store.current().number, quads(store)) == (2, AFTER)
        store.verify()
        held = {str(row["g"]) for row in client.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")}
        assert len(held) == 2, "the graph of the change, the record of the store, and nothing that waits"
        assert commit(store, quad("next", "p", "1")) == 3
        store.close()
