"""The query processes: answers like the in-process reader's, and limits that hold whatever a query does."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from store_processes import children
from store_quads import iri, quad

from iesi_kg import errors
from iesi_kg.records import Form
from iesi_kg.store import workers
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.workers import Job, Limits, Pool

JSON = "application/sparql-results+json"
CSV = "text/csv"
LIMITS = Limits(seconds=20.0, bytes=64_000_000, rows=1_000_000)
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?a != ?d && ?c < ?i) }"
LOOKUP = "SELECT ?o WHERE { <http://example.org/s7> <http://example.org/p3> ?o }"
FOUND = b"o\r\ntext 73\r\n"


@asynccontextmanager
async def running(path: Path, **settings: int) -> AsyncIterator[Pool]:
    pool = Pool(path, **settings)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


def with_pool(path: Path, story: Callable[[Pool], Awaitable[None]], **settings: int) -> None:
    async def tell() -> None:
        async with running(path, **settings) as pool:
            await story(pool)

    asyncio.run(tell())


async def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.01)


async def halt(process: int) -> None:
    """Stop a process, all its threads: each takes note of it when it is scheduled next."""
    os.kill(process, signal.SIGSTOP)
    threads = [*Path(f"/proc/{process}/task").iterdir()]
    await until(lambda: all((each / "stat").read_text().rpartition(")")[2].split()[0] == "T" for each in threads))


def test_the_pool_answers_as_the_reader_does(large: Path) -> None:
    reader = EmbeddedStore(large).reader()
    jobs = [
        Job(LOOKUP, CSV),
        Job(LOOKUP, JSON),
        Job("ASK { ?s ?p 'text 5' }", "application/sparql-results+xml"),
        Job("SELECT * { ?s ?p ?o } ORDER BY ?o", "text/tab-separated-values"),
        Job("SELECT * { ?s ?p ?o } ORDER BY ?o", JSON),
        Job("DESCRIBE <http://example.org/s7>", "application/n-triples"),
        Job("SELECT (COUNT(*) AS ?n) FROM <http://example.org/none> { ?s ?p ?o }", CSV),
    ]

    async def story(pool: Pool) -> None:
        for job in jobs:
            expected = reader.answer(job.text, job.media_type)
            answer = await pool.run(job, LIMITS)
            assert (answer.form, answer.media_type, answer.version) == (expected.form, expected.media_type, 1)
            assert sorted(answer.body.splitlines()) == sorted(expected.body.splitlines())
            assert len(answer.body) == len(expected.body) > 0

    with_pool(large, story, workers=1)


@pytest.mark.parametrize(("in_memory", "opens_files"), [(1_000_000, False), (19_999, True)])
def test_a_version_too_large_for_memory_is_read_from_disk(large: Path, in_memory: int, opens_files: bool) -> None:
    async def story(pool: Pool) -> None:
        [ready, *_] = pool._crew.idle
        files = [str(link.readlink()) for link in Path(f"/proc/{ready.process.pid}/fd").iterdir()]
        assert any(file.endswith(".sst") for file in files) is opens_files
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND

    with_pool(large, story, workers=1, in_memory=in_memory)


def test_the_dataset_of_the_protocol_reaches_the_engine(store: EmbeddedStore) -> None:
    with store.writer() as writer:
        writer.commit(ChangeSet("g", [quad("a", "1", "g"), quad("b", "1", "g"), quad("b", "1", "h"), quad("c", "1")]))
    g, h = iri("g").value, iri("h").value

    async def story(pool: Pool) -> None:
        async def count(pattern: str, default: tuple[str, ...], named: tuple[str, ...]) -> bytes:
            job = Job(f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}", CSV, default, named)
            return (await pool.run(job, LIMITS)).body.split()[1]

        assert await count("?s ?p ?o", (), ()) == b"1"
        assert await count("?s ?p ?o", (g, h), ()) == b"2"
        assert await count("GRAPH ?g { ?s ?p ?o }", (g, h), (h,)) == b"1"

    with_pool(store.layout.root, story, workers=1)


def test_a_runaway_is_stopped_at_its_limit_and_others_go_on(large: Path) -> None:
    async def story(pool: Pool) -> None:
        async def runaway() -> errors.QueryTimeout:
            with pytest.raises(errors.QueryTimeout) as caught:
                await pool.run(Job(RUNAWAY, CSV), Limits(4.0, 1_000, 10))
            return caught.value

        before = children()
        runaways = [asyncio.create_task(runaway()) for _ in range(2)]
        await until(lambda: sum(child.slow for child in pool._crew.children) == 2)
        for _ in range(100):
            assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND
        assert not any(task.done() for task in runaways), "quick queries waited for the runaways"
        for error in await asyncio.gather(*runaways):
            assert error.members["limit_seconds"] == 4.0
            assert 4.0 <= float(str(error.members["elapsed_seconds"])) < 5.0
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND
        await until(lambda: len(before & children()) == 1)  # two of the first three were killed

    with_pool(large, story)
    assert not children()


def test_a_long_query_is_put_behind_all_others_and_the_process_recovers(large: Path) -> None:
    async def story(pool: Pool) -> None:
        task = asyncio.create_task(pool.run(Job(RUNAWAY, CSV), Limits(1.0, 1_000, 10)))
        await asyncio.sleep(0.5)
        [busy] = [child for child in pool._crew.children if child.demoted]
        assert os.sched_getscheduler(busy._thread) == os.SCHED_IDLE
        # With autogroup scheduling a session of its own would get its full share whatever its threads' policy is.
        assert {os.getsid(child.process.pid) for child in pool._crew.children} == {os.getsid(0)}
        assert os.getpgid(busy.process.pid) != os.getpgid(0)  # Ctrl-C on the terminal is for the service alone
        with pytest.raises(errors.QueryTimeout):
            await task
        slowish = "SELECT (COUNT(*) AS ?n) { ?a <http://example.org/p1> ?c . ?d <http://example.org/p2> ?f }"
        assert (await pool.run(Job(slowish, CSV), LIMITS)).body == b"n\r\n4000000\r\n"
        await until(lambda: all(not child.demoted for child in pool._crew.children))
        for child in pool._crew.idle:
            assert os.sched_getscheduler(child._thread) == os.SCHED_OTHER
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND

    with_pool(large, story, workers=1)


def test_a_query_that_needs_too_much_memory_only_loses_its_process(large: Path) -> None:
    grow = " ".join(f"BIND(CONCAT({', '.join([f'?v{i}'] * 10)}) AS ?v{i + 1})" for i in range(7))
    bomb = f"SELECT (STRLEN(?v7) AS ?n) {{ BIND('{'a' * 50}' AS ?v0) {grow} }}"

    async def story(pool: Pool) -> None:
        with pytest.raises(errors.QueryOutOfMemory):
            await pool.run(Job(bomb, CSV), LIMITS)
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND

    with_pool(large, story, workers=1, memory=600_000_000)


def test_absurd_nesting_only_loses_its_process(large: Path) -> None:
    queries = [
        f"SELECT * {{ {'{' * 50_000} {'}' * 50_000} }}",
        f"SELECT * {{ ?s ?p ?o FILTER({'(' * 50_000}1{')' * 50_000}) }}",
    ]

    async def story(pool: Pool) -> None:
        for query in queries:
            with pytest.raises(errors.WorkerLost, match="nested too deeply"):
                await pool.run(Job(query, CSV), LIMITS)
            assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND

    with_pool(large, story, workers=1)


def test_a_series_of_crashes_neither_spins_nor_ends_the_service(large: Path) -> None:
    query = f"SELECT * {{ {'{' * 50_000} {'}' * 50_000} }}"

    async def story(pool: Pool) -> None:
        seen = set(children())
        start = time.monotonic()
        for _ in range(12):
            with pytest.raises(errors.WorkerLost):
                await pool.run(Job(query, CSV), LIMITS)
            seen |= children()
        assert time.monotonic() - start > 0.4, "nothing held the restarts back"
        assert len(seen) < 12 + 6
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND

    with_pool(large, story)


def test_a_caller_who_hangs_up_ends_the_query(large: Path) -> None:
    async def story(pool: Pool) -> None:
        task = asyncio.create_task(pool.run(Job(RUNAWAY, CSV), LIMITS))
        await asyncio.sleep(0.3)
        [busy] = [child.process.pid for child in pool._crew.children if child.future is not None]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: busy not in children(), 2.0)
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND
        assert pool._quick == 0

    with_pool(large, story, workers=1)


def test_quick_queries_whose_callers_hang_up_cost_no_process(large: Path) -> None:
    async def story(pool: Pool) -> None:
        await until(lambda: len(children()) == 2)
        before = children()
        for _ in range(30):
            task = asyncio.create_task(pool.run(Job(LOOKUP, CSV), LIMITS))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND
        assert children() == before
        assert pool._quick == 0

    with_pool(large, story, workers=1)


def test_a_result_larger_than_the_byte_limit_is_an_error_not_a_part(large: Path) -> None:
    query = "SELECT * { ?s ?p ?o } ORDER BY ?o"
    size = len(EmbeddedStore(large).reader().answer(query, JSON).body)
    assert size > 2_000_000

    async def story(pool: Pool) -> None:
        for enough in (size, size + 1):
            assert len((await pool.run(Job(query, JSON), Limits(20, enough, 1_000_000))).body) == size
        for limit in (0, 10, 5_000, 63_999, 64_001, 100_000, size - 1):
            with pytest.raises(errors.ResultTooLarge) as caught:
                await pool.run(Job(query, JSON), Limits(20, limit, 1_000_000))
            assert caught.value.members == {"limit_bytes": limit}
            assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND

    with_pool(large, story, workers=1)


def test_the_row_limit_is_exact_in_every_format(store: EmbeddedStore) -> None:
    """100 rows pass a limit of 100 and not one of 99, although the values look like row ends themselves."""
    noise = '},{ \n },{" \r\n <result> \n\n'
    with store.writer() as writer:
        writer.commit(ChangeSet("rows", [quad(f"s{i}", noise * 5) for i in range(100)]))
    select, construct = "SELECT * { ?s ?p ?o }", "CONSTRUCT WHERE { ?s ?p ?o }"
    jobs = [Job(select, name) for name in (JSON, "application/sparql-results+xml", CSV, "text/tab-separated-values")]
    jobs += [Job(construct, name) for name in ("application/n-triples", "text/turtle", "application/ld+json")]

    async def story(pool: Pool) -> None:
        for job in jobs:
            answer = await pool.run(job, Limits(20, 1_000_000, 100))
            assert answer.form is (Form.GRAPH if job.text == construct else Form.SOLUTIONS)
            with pytest.raises(errors.ResultTooLarge) as caught:
                await pool.run(job, Limits(20, 1_000_000, 99))
            assert caught.value.members == {"limit_rows": 99}

    with_pool(store.layout.root, story, workers=1)


def test_errors_of_the_query_arrive_as_they_are(large: Path) -> None:
    async def story(pool: Pool) -> None:
        with pytest.raises(errors.QuerySyntaxError) as caught:
            await pool.run(Job("SELECT *\nWHERE { ?s ?p", JSON), LIMITS)
        assert caught.value.members == {"line": 2, "column": 14}
        with pytest.raises(errors.NotAcceptable):
            await pool.run(Job("ASK {}", "text/turtle"), LIMITS)
        with pytest.raises(errors.UsageError):
            await pool.run(Job("ASK {}", JSON, ("no IRI",)), LIMITS)

    with_pool(large, story, workers=1)


def test_a_long_query_text_travels_whole(large: Path) -> None:
    values = " ".join(f'"text {i} {"x" * 20}"' for i in range(30_000))

    async def story(pool: Pool) -> None:
        query = f"SELECT (COUNT(*) AS ?n) {{ VALUES ?v {{ {values} }} }}"
        assert len(query) > 900_000
        assert (await pool.run(Job(query, CSV), LIMITS)).body == b"n\r\n30000\r\n"

    with_pool(large, story, workers=1)


def test_the_pool_works_on_the_event_loop_of_the_server(large: Path) -> None:
    import uvloop

    async def story() -> None:
        async with running(large) as pool:
            long = f"SELECT (COUNT(*) AS ?n) {{ VALUES ?v {{ {'1 ' * 400_000} }} }}"
            answers = await asyncio.gather(*(pool.run(Job(LOOKUP, CSV), LIMITS) for _ in range(50)))
            assert {answer.body for answer in answers} == {FOUND}
            assert (await pool.run(Job(long, CSV), LIMITS)).body == b"n\r\n400000\r\n"
            task = asyncio.create_task(pool.run(Job(RUNAWAY, CSV), LIMITS))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(errors.QueryTimeout):
                await pool.run(Job(RUNAWAY, CSV), Limits(0.3, 10, 10))

    uvloop.run(story())
    assert not children()


def test_too_little_memory_to_load_at_all_stops_the_start(large: Path) -> None:
    with pytest.raises(errors.StartError, match="cannot load version 1") as caught:
        with_pool(large, lambda pool: asyncio.sleep(0), memory=150_000_000)
    assert "IESI_KG_QUERY_MEMORY" in str(caught.value.hint)
    assert not children()


def test_no_query_reaches_the_network(large: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        query = f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/sparql> {{ ?s ?p ?o }} }}"

        async def story(pool: Pool) -> None:
            assert pool.confined
            with pytest.raises(errors.QueryError):
                await pool.run(Job(query, CSV), LIMITS)
            silent = await pool.run(Job(query.replace("SERVICE", "SERVICE SILENT"), CSV), LIMITS)
            assert silent.body == b"s,p,o\r\n,,\r\n"

        with_pool(large, story, workers=1)
        listener.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_the_wait_queue_is_bounded(large: Path) -> None:
    async def story(pool: Pool) -> None:
        limits = Limits(3.0, 1_000, 10)
        runaways = [asyncio.create_task(pool.run(Job(RUNAWAY, CSV), limits)) for _ in range(2)]
        await asyncio.sleep(0.4)  # one of them in the slow lane by now, the other in the only quick one
        waiting = [asyncio.create_task(pool.run(Job(LOOKUP, CSV), LIMITS)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(errors.ServiceBusy) as caught:
            await pool.run(Job(LOOKUP, CSV), LIMITS)
        assert caught.value.hint
        waiting.pop().cancel()
        assert [answer.body for answer in await asyncio.gather(*waiting)] == [FOUND, FOUND]
        for task in runaways:
            with pytest.raises((errors.QueryTimeout, errors.ServiceBusy)):
                await task

    with_pool(large, story, workers=1, queue=3)


def test_who_waits_too_long_is_told(large: Path) -> None:
    async def story(pool: Pool) -> None:
        await until(lambda: len(pool._crew.idle) == 2)
        for child in pool._crew.idle:
            await halt(child.process.pid)  # both say nothing, as a machine that is much too slow would
        spare = pool._crew.idle[0].process.pid  # the last is taken first
        silent = [asyncio.create_task(pool.run(Job(LOOKUP, CSV), Limits(1.5, 1_000, 10))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(errors.ServiceBusy, match="no process was free"):
            await pool.run(Job(LOOKUP, CSV), Limits(0.05, 1_000, 10))
        lost, _ = await asyncio.gather(*silent, return_exceptions=True)
        assert isinstance(lost, errors.QueryTimeout)
        with suppress(ProcessLookupError):  # the other may have been left alone
            os.kill(spare, signal.SIGCONT)
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND

    with_pool(large, story, workers=1)


def test_a_flood_of_long_queries_leaves_the_quick_lane_to_others(large: Path) -> None:
    """Long ones beyond the slow lane make room as soon as somebody waits; what they lost is computed anew."""
    slowish = "SELECT (COUNT(*) AS ?n) { ?a <http://example.org/p1> ?c . ?d <http://example.org/p2> ?f }"

    async def story(pool: Pool) -> None:
        runaway = Job(RUNAWAY, CSV, caller="flood")
        flood = [asyncio.create_task(pool.run(runaway, Limits(20.0, 1_000, 10))) for _ in range(6)]
        late = asyncio.create_task(pool.run(Job(slowish, CSV, caller="flood"), Limits(60.0, 1_000, 10)))
        await asyncio.sleep(0.3)
        for _ in range(10):
            answer = await pool.run(Job(LOOKUP, CSV, caller="other"), LIMITS)
            assert answer.body == FOUND
        assert not any(task.done() for task in flood), "quick queries waited for the flood"
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        assert (await late).body == b"n\r\n4000000\r\n"
        assert not pool._long
        assert pool._quick == 0
        assert not len(pool._line) + len(pool._slow_line)

    with_pool(large, story, workers=1)


def test_an_answer_knows_its_rows_and_its_time(large: Path) -> None:
    async def story(pool: Pool) -> None:
        answer = await pool.run(Job("SELECT ?o { ?s <http://example.org/p1> ?o } LIMIT 17", CSV), LIMITS)
        assert answer.rows == 17
        assert 0 < answer.seconds < 5
        assert (await pool.run(Job("ASK {}", JSON), LIMITS)).rows == 1
        graph = "CONSTRUCT WHERE { <http://example.org/s7> <http://example.org/p3> ?o }"
        assert (await pool.run(Job(graph, "text/turtle"), LIMITS)).rows == 1
        bare = "SELECT ?nothing { VALUES ?x { 1 2 3 } }"
        assert (await pool.run(Job(bare, JSON), LIMITS)).rows == 3

    with_pool(large, story, workers=1)


def test_a_query_may_be_given_less_memory_than_its_process_has(large: Path) -> None:
    grow = " ".join(f"BIND(CONCAT({', '.join([f'?v{i}'] * 10)}) AS ?v{i + 1})" for i in range(6))
    bomb = f"SELECT (STRLEN(?v6) AS ?n) {{ BIND('{'a' * 200}' AS ?v0) {grow} }}"

    async def story(pool: Pool) -> None:
        with pytest.raises(errors.QueryOutOfMemory):
            await pool.run(Job(bomb, CSV), Limits(20.0, 1_000, 10, 500_000_000))
        assert (await pool.run(Job(bomb, CSV), LIMITS)).body == b"n\r\n200000000\r\n"
        assert (await pool.run(Job(LOOKUP, CSV), Limits(20.0, 1_000, 10, 500_000_000))).body == FOUND

    with_pool(large, story, workers=1)


def test_many_callers_get_their_own_answers(large: Path) -> None:
    async def story(pool: Pool) -> None:
        async def ask(number: int) -> None:
            query = f"SELECT ?o {{ <http://example.org/s{number}> <http://example.org/p1> ?o }}"
            answer = await pool.run(Job(query, CSV), LIMITS)
            assert answer.body == f"o\r\ntext {number}1\r\n".encode()

        await asyncio.gather(*(ask(number) for number in range(1, 501)))

    with_pool(large, story, queue=1_000)


def test_an_idle_pool_uses_next_to_no_time(large: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")

    def used() -> float:
        total = time.process_time()
        for pid in children():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / ticks
        return total

    async def story(pool: Pool) -> None:
        await pool.run(Job(LOOKUP, CSV), LIMITS)
        await until(lambda: len(pool._crew.children) == 3 and all(child.loaded for child in pool._crew.children))
        await asyncio.sleep(0.3)
        before = used()
        await asyncio.sleep(2)
        assert used() - before < 0.06

    with_pool(large, story)


def test_processes_die_with_a_service_that_was_killed(large: Path) -> None:
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom iesi_kg.store.workers import Pool\n"
        "async def main():\n"
        "    pool = Pool(Path(sys.argv[1]))\n    await pool.start()\n"
        "    print(*(child.process.pid for child in pool._crew.children), flush=True)\n    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(large)], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        pids = [int(pid) for pid in service.stdout.readline().split()]
        os.kill(service.pid, signal.SIGKILL)
    assert len(pids) == 3
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a query process outlived its service"
        time.sleep(0.02)


def test_time_limits_outlive_a_lack_of_files(large: Path) -> None:
    """Where no process can be started the others go on, no file stays open, and it is tried again."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def story(pool: Pool) -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        free = os.open("/dev/null", os.O_RDONLY)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 2, most[1]))  # a pair of sockets, and nothing more
        try:
            asked = [asyncio.ensure_future(pool.run(Job(RUNAWAY, CSV), Limits(seconds=0.5))) for _ in range(2)]
            ended = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(each) for each in ended] == [errors.QueryTimeout] * 2
            await asyncio.sleep(1.0)  # two attempts in vain
            assert len(list(Path("/proc/self/fd").iterdir())) <= before
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)
        assert (await pool.run(Job(LOOKUP, CSV), LIMITS)).body == FOUND
        await until(lambda: len(pool._crew.idle) == 3)
        with pytest.raises(errors.QueryTimeout):
            await pool.run(Job(RUNAWAY, CSV), Limits(seconds=0.5))

    async def tell() -> None:
        async with running(large, workers=2) as pool:
            await until(lambda: len(pool._crew.idle) == 3)
            await story(pool)

    asyncio.run(tell())


def test_a_query_that_the_machine_keeps_waiting_is_not_taken_for_a_long_one(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "STUCK_SECONDS", 60.0)

    async def story(pool: Pool) -> None:
        await until(lambda: len(pool._crew.idle) == 2)
        processes = [child.process.pid for child in pool._crew.idle]
        for process in processes:
            await halt(process)  # it gets no processor, as on a machine with much else to do
        task = asyncio.create_task(pool.run(Job(LOOKUP, CSV), LIMITS))
        await asyncio.sleep(0.3)
        assert not any(child.demoted or child.slow for child in pool._crew.children)
        for process in processes:
            os.kill(process, signal.SIGCONT)
        assert (await task).body == FOUND
        assert {child.process.pid for child in pool._crew.idle} >= set(processes)  # none was replaced

    with_pool(large, story, workers=1)
