"""Counts in shared memory: all seats see the same accounts, attempts and sessions; one that is left holds nothing."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator

import pytest

from iesi_kg.endpoint.allowance import Allowance
from iesi_kg.errors import TooManyAttempts, TooManyQueries, UsageError
from iesi_kg.operations.attempts import Attempts
from iesi_kg.settings import Manager, Settings, file_variables
from iesi_kg.web.meter import Meter
from iesi_kg.web.processes.commons import Commons
from iesi_kg.web.processes.ledger import SharedAttempts, SharedRegister, SharedTurnstile
from iesi_kg.web.processes.sharing import portion
from iesi_kg.web.session import Session

FEW = Allowance("few", 1.0, 1, 1, 1, concurrent=2, requests=3)
FREE = Allowance("free", 1.0, 1, 1, 1, concurrent=0, requests=0)


@pytest.fixture
def commons() -> Iterator[Commons]:
    made = Commons.make()
    yield made
    made.close()


def test_two_seats_count_the_same_caller(commons: Commons) -> None:
    one, other = SharedTurnstile(commons.callers, 0), SharedTurnstile(commons.callers, 63)
    one.enter("a", FEW)
    other.enter("a", FEW)
    for turnstile in (one, other):
        with pytest.raises(TooManyQueries) as caught:
            turnstile.enter("a", FEW)
        assert caught.value.members == {"limit": "concurrent", "maximum": 2, "retry_after": 1}
    one.leave("a")
    other.enter("a", FEW)  # the third of a minute
    other.leave("a")
    with pytest.raises(TooManyQueries) as caught:
        one.enter("a", FEW)
    assert (caught.value.members["limit"], caught.value.members["retry_after"]) == ("requests", 20)
    one.enter("b", FEW)
    one.charge("b", FEW, 1)
    with pytest.raises(TooManyQueries, match="more than 3 queries a minute"):
        other.charge("b", FEW, 2)


def test_a_seat_that_is_left_has_nothing_under_way(commons: Commons) -> None:
    one, other = SharedTurnstile(commons.callers, 4), SharedTurnstile(commons.callers, 5)
    one.enter("a", FEW)
    other.enter("a", FEW)
    commons.sit(4, 7, taking=True)
    commons.vacate(4)
    other.enter("a", FEW)
    assert commons.fewest() == 0
    one.leave("a")  # what comes late from a process that was given up
    with pytest.raises(TooManyQueries):
        other.enter("a", FEW)


def test_callers_make_room_for_others_but_not_while_they_ask(commons: Commons) -> None:
    turnstile = SharedTurnstile(commons.callers, 0)
    turnstile.enter("kept", FEW)
    turnstile.enter("kept", FEW)
    for n in range(10_000):
        with turnstile.passage(str(n), FREE):
            pass
    with pytest.raises(TooManyQueries):
        turnstile.enter("kept", FEW)


def test_whoever_has_fewest_connections_goes_first(commons: Commons) -> None:
    assert commons.fewest() == 0
    commons.sit(0, 5, taking=True)
    commons.sit(1, 3, taking=True)
    commons.sit(2, 1, taking=False)
    assert commons.fewest() == 3


def test_failed_attempts_and_sessions_are_shared(commons: Commons) -> None:
    seats = [SharedAttempts(commons.attempts), SharedAttempts(commons.attempts)]
    alone = Attempts()
    for n in range(10):
        for attempts in (seats[n % 2], alone):
            attempts.admit("2001:db8::1", 100.0 + n)
            attempts.failed(f"2001:db8::{n}", 100.0 + n)
    for attempts in (*seats, alone):
        with pytest.raises(TooManyAttempts) as caught:
            attempts.admit("2001:db8::ff", 110.0)
        assert caught.value.members["retry_after"] == 50
        attempts.admit("2001:db8::ff", 161.0)
        attempts.admit("2001:db8:0:1::1", 110.0)
    one, other = SharedRegister(commons.sessions), SharedRegister(commons.sessions)
    one.put(b"digest", Session("0123abcd", 12.5))
    assert other.get(b"digest") == Session("0123abcd", 12.5)
    other.drop(b"digest")
    assert one.get(b"digest") is None
    one.drop(b"digest")


def _enter_many(descriptor: int, seat: int) -> None:
    turnstile = SharedTurnstile(Commons(descriptor).callers, seat)
    for _ in range(1_000):
        turnstile.enter("a", Allowance("many", 1.0, 1, 1, 1, concurrent=5_000, requests=1_000_000))


def test_no_count_is_lost_between_processes(commons: Commons) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_enter_many, args=(commons.descriptor, seat)) for seat in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    turnstile = SharedTurnstile(commons.callers, 3)
    turnstile.enter("a", Allowance("many", 1.0, 1, 1, 1, concurrent=3_001, requests=0))
    with pytest.raises(TooManyQueries, match="3001 of your queries are under way"):
        turnstile.enter("a", Allowance("many", 1.0, 1, 1, 1, concurrent=3_001, requests=0))


def test_the_counts_of_processes_are_added() -> None:
    begun = time.monotonic()
    total, parts = Meter(begun=begun), [Meter(begun=begun), Meter(begun=begun)]
    for meter in parts:
        meter.enter("sparql")
        meter.enter("sparql")
        meter.leave("sparql", "GET", 500, 0.003)
        total.add(meter.told())
    total.add(Meter(begun=begun).told())
    assert total.answers == {("sparql", "GET", 500): 2}
    assert total.buckets["sparql"] == [0, 2, 0, 0, 0, 0, 0, 0, 0]
    assert (total.running["sparql"], total.last_hour()) == (2, (2, 2))


def test_what_is_said_of_the_whole_service_is_divided() -> None:
    whole = Settings(query_processes=3, query_queue=64, connections=800, cache_bytes=64, releases_open=1)
    part = portion(whole, 2)
    assert (part.query_processes, part.query_queue, part.connections) == (2, 32, 400)
    assert (part.cache_bytes, part.releases_open) == (32, 1)
    assert part.query_concurrent == whole.query_concurrent  # counted together


def test_a_file_of_settings() -> None:
    lines = ("# a comment", "", "IESI_KG_PORT = 80", 'IESI_KG_HOSTS="a.example, b.example"', "IESI_KG_TOKEN='a=b'")
    assert file_variables("\n".join((*lines, "IESI_KG_PEERS="))) == {
        "IESI_KG_PORT": "80",
        "IESI_KG_HOSTS": "a.example, b.example",
        "IESI_KG_TOKEN": "a=b",
        "IESI_KG_PEERS": "",
    }
    for wrong in ("IESI_KG_PORT", "export IESI_KG_PORT=80", "PORT=80", "[Service]"):
        with pytest.raises(UsageError, match="line 2 is no setting") as told:
            file_variables(f"\n{wrong}")
        assert told.value.hint == "IESI_KG_NAME=value, one on each line"


def test_what_a_manager_says() -> None:
    assert Manager.of({}) == Manager("", 0, 0)
    assert Manager.of({"NOTIFY_SOCKET": "@x", "LISTEN_FDS": "1", "LISTEN_PID": "17"}) == Manager("@x", 1, 17)
    assert Manager.of({"LISTEN_FDS": "one"}) == Manager("", 0, 0)
