"""Queries of strangers over a server that misbehaves: limits, versions, turns, and who goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from impostor import ROWS, TRUE, Impostor, reply

from iesi_kg.errors import (
    BackendLied,
    BackendUnreachable,
    IesiKgError,
    QueryRefused,
    QueryTimeout,
    ResultTooLarge,
    ServiceBusy,
)
from iesi_kg.store.frames import Job, Limits
from iesi_kg.store.remote.client import Client
from iesi_kg.store.remote.places import Places
from iesi_kg.store.remote.pool import RemotePool

JSON, CSV = "application/sparql-results+json", "text/csv"
TEXT = "SELECT ?t ?m { ?t <http://example.org/mayor> ?m }"
GRAPHS = b'{"head":{"vars":["g"]},"results":{"bindings":[%s]}}' % b",".join(
    b'{"g":{"type":"uri","value":"http://example.org/%s"}}' % name for name in (b"a", b"b")
)


@dataclass(frozen=True)
class Version:
    number: int


class Held:
    """A store on the impostor whose versions a test tells: one after the other, the last for ever."""

    def __init__(self, server: Impostor, *numbers: int) -> None:
        self.client = Client(server.address("oxigraph", ""))
        self.places = Places.of(self.client.where)
        self.numbers = list(numbers or (1,))

    def current(self) -> Version:
        return Version(self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0])


@pytest.fixture
def server() -> Iterator[Impostor]:
    with Impostor() as made:
        yield made


def over(held: Held, work: Callable[[RemotePool], Awaitable[None]], *, parallel: int = 2, queue: int = 2) -> None:
    async def all_of_it() -> None:
        pool = RemotePool(held, parallel=parallel, queue=queue)
        await pool.start()
        try:
            await work(pool)
        finally:
            await pool.close()
            held.client.close()

    asyncio.run(all_of_it())


async def failing(pool: RemotePool, job: Job, limits: Limits | None = None) -> IesiKgError:
    with pytest.raises(IesiKgError) as caught:
        await pool.run(job, limits or Limits(seconds=5.0))
    return caught.value


async def arrived(server: Impostor, number: int) -> None:
    while len(server.requests) < number:
        await asyncio.sleep(0.01)


def test_an_answer_is_written_in_the_format_asked_for(server: Impostor) -> None:
    server.behaves = [reply(ROWS)]

    async def work(pool: RemotePool) -> None:
        answer = await pool.run(Job(TEXT, CSV), Limits())
        assert answer.body == b"t,m\r\nhttp://example.org/riga,Vilnis\r\nhttp://example.org/oslo,Anne\r\n"
        assert (answer.version, answer.rows) == (7, 2) and pool.version == 7 and pool.confined
        starred = await pool.run(Job("SELECT * { ?x <urn:p> ?m ; <urn:q> ?t }", CSV), Limits())
        assert starred.body.startswith(b"m,t\r\nVilnis,http"), "the order of the query, whatever the server's is"

    over(Held(server, 7), work)


def test_who_goes_away_takes_his_request_along(server: Impostor) -> None:
    server.behaves = [server.hang]

    async def work(pool: RemotePool) -> None:
        running = asyncio.create_task(pool.run(Job(TEXT, JSON), Limits()))
        await arrived(server, 1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await asyncio.to_thread(server.left.wait, 10)

    over(Held(server), work)


def test_limits_of_time_bytes_and_rows(server: Impostor) -> None:
    server.behaves = [server.hang, reply(ROWS), reply(ROWS), reply(b" " * 5_000 + ROWS)]

    async def work(pool: RemotePool) -> None:
        late = await failing(pool, Job(TEXT, JSON), Limits(seconds=0.3))
        assert isinstance(late, QueryTimeout) and late.members["limit_seconds"] == 0.3
        for limits, name in ((Limits(rows=1), "limit_rows"), (Limits(bytes=180), "limit_bytes")):
            error = await failing(pool, Job(TEXT, JSON), limits)
            assert isinstance(error, ResultTooLarge) and name in error.members
        error = await failing(pool, Job(TEXT, JSON), Limits(bytes=1_000))
        assert isinstance(error, ResultTooLarge) and error.members["limit_bytes"] == 1_000

    over(Held(server), work)


def test_an_answer_of_two_versions_is_asked_again(server: Impostor) -> None:
    server.behaves = [reply(ROWS)]

    async def work(pool: RemotePool) -> None:
        answer = await pool.run(Job(TEXT, JSON), Limits())
        assert answer.version == 2 and len(server.requests) == 2

    over(Held(server, 1, 2), work)


def test_a_store_that_never_rests_is_busy(server: Impostor) -> None:
    server.behaves = [reply(ROWS)]

    async def work(pool: RemotePool) -> None:
        assert isinstance(await failing(pool, Job(TEXT, JSON)), ServiceBusy)
        assert len(server.requests) == 3

    over(Held(server, *range(1, 100)), work)


def test_queries_wait_in_a_bounded_line_and_are_told_when_the_service_stops(server: Impostor) -> None:
    server.behaves = [server.wait]

    async def work(pool: RemotePool) -> None:
        def asks(caller: str) -> asyncio.Task[object]:
            return asyncio.create_task(pool.run(Job(TEXT, JSON, caller=caller), Limits()))

        greedy = [asks("greedy") for _ in range(2)]
        await arrived(server, 1)
        assert len(server.requests) == 1, "one caller leaves a connection to the others"
        modest = asks("modest")
        await arrived(server, 2)
        waiting = asks("third")
        await asyncio.sleep(0)
        full = await failing(pool, Job(TEXT, JSON, caller="fourth"))
        assert isinstance(full, ServiceBusy) and "2 queries are waiting already" in full.detail
        server.gate.set()
        assert [answer.rows for answer in await asyncio.gather(*greedy, modest, waiting)] == [2, 2, 2, 2]  # type: ignore[attr-defined]
        server.behaves = [server.hang]
        left = asks("late")
        await arrived(server, 5)
        await pool.close()
        with pytest.raises(ServiceBusy, match="the service is stopping"):
            await left
        assert isinstance(await failing(pool, Job(TEXT, JSON)), ServiceBusy)

    over(Held(server), work)


def test_an_answer_to_another_form_of_query(server: Impostor) -> None:
    server.behaves = [reply(ROWS), reply(TRUE)]

    async def work(pool: RemotePool) -> None:
        assert isinstance(await failing(pool, Job("ASK {}", JSON)), BackendLied)
        assert isinstance(await failing(pool, Job(TEXT, JSON)), BackendLied)

    over(Held(server), work)


def test_datasets_are_of_the_store(server: Impostor) -> None:
    server.behaves = [reply(GRAPHS), reply(ROWS), reply(ROWS)]

    async def work(pool: RemotePool) -> None:
        one = "SELECT * FROM <http://example.org/a> FROM <http://example.org/secret> { ?t ?p ?m }"
        await pool.run(Job(one, JSON), Limits())
        form = server.requests[-1].rpartition(b"\r\n")[2]
        assert b"default-graph-uri=http%3A%2F%2Fexample.org%2Fa&" in form and b"secret" not in form
        two = await failing(pool, Job(TEXT, JSON, ("http://example.org/a", "http://example.org/b")))
        assert isinstance(two, QueryRefused) and "counts a statement twice" in two.detail
        nothing = await pool.run(Job(TEXT, JSON, ("http://example.org/secret",)), Limits())
        assert nothing.rows == 2, "what the server says of an empty dataset is its own affair"
        assert b"default-graph-uri=urn%3Ax-iesi-kg%3Anone" in server.requests[-1]

    over(Held(server), work)


def test_a_pool_without_its_server_does_not_start(server: Impostor) -> None:
    class Gone(Held):
        def current(self) -> Version:
            raise BackendUnreachable("nobody there")

    async def start() -> None:
        held = Gone(server)
        pool = RemotePool(held)
        with pytest.raises(BackendUnreachable):
            await pool.start()
        await pool.close()
        held.client.close()

    asyncio.run(start())
