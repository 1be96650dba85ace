"""``iesi-kg query``: one SPARQL query on a store folder or on a service, printed as a table or in a standard format."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.place import PLACE
from iesi_kg.endpoint import negotiation
from iesi_kg.endpoint.federation import Federation, of_settings
from iesi_kg.endpoint.negotiation import GRAPHS, TABLES, MediaType
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.errors import UnreadableFile
from iesi_kg.records import Answer, Form
from iesi_kg.settings import Place, Settings

if TYPE_CHECKING:
    from iesi_kg.endpoint.rewriting import Rewriter
    from iesi_kg.store.pools import QueryPool
    from iesi_kg.store.workers import Limits

_FORMATS = ["table", *(media.short for media in (*TABLES, *GRAPHS))]


@click.command()
@click.argument("query")
@click.option("--store", type=PLACE, help="folder or address of the store to ask")
@click.option("--endpoint", help="address of a SPARQL service to ask instead of a store")
@click.option("--format", "short", type=click.Choice(_FORMATS), default="table", show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0.1), help="time limit (default: IESI_KG_QUERY_SECONDS)")
@click.option("--explain", is_flag=True, help="tell how QUERY is evaluated and how long it takes, not its answer")
@click.option("--as-written", is_flag=True, help="evaluate QUERY as it is written, not in a faster form")
def command(
    query: str,
    *,
    store: Place | None,
    endpoint: str | None,
    short: str,
    seconds: float | None,
    explain: bool,
    as_written: bool,
) -> None:
    """Run QUERY: the text of a query, a file that holds one, or - for standard input."""
    if store and endpoint:
        raise click.UsageError("--store and --endpoint exclude one another")
    if endpoint and (explain or as_written):
        raise click.UsageError("--explain and --as-written need a store; the page /sparql of a service explains too")
    settings = settings_module.load(store=store, query_seconds=seconds, rewriting=False if as_written else None)
    text = _text(query)
    federation = None if endpoint else of_settings(settings)
    services = settings.service_clauses if federation else 0
    guards = Guards(settings.query_length, settings.query_nesting, settings.query_patterns, services=services)
    if explain:
        asyncio.run(_explain(Query(text), guards, settings))
        return
    if endpoint:
        answer = _ask_service(endpoint, text, short, settings)
    else:
        shape = inspect(text, guards)
        media = _media(shape.form, short)
        answer = asyncio.run(_ask_store(text, media, settings, federation if shape.federated else None))
        _tell(answer)
    _print(answer, short)


def _text(query: str) -> str:
    try:
        if query == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        if _is_file(query):
            return Path(query).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"the query is not valid UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise UnreadableFile(f"{query} cannot be read: {error.strerror}") from None
    if not any(character.isspace() or character == "{" for character in query):
        raise UnreadableFile(f"there is no file {query}, and it is not a query", hint="- reads standard input")
    return query


def _is_file(query: str) -> bool:
    try:
        return "{" not in query and Path(query).exists()
    except (OSError, ValueError):
        return False


def _media(form: Form, short: str) -> MediaType:
    if short == "table":
        return negotiation.TURTLE if form is Form.GRAPH else negotiation.JSON
    return negotiation.choose(form, None, (short,))


async def _ask_store(text: str, media: MediaType, settings: Settings, federation: Federation | None) -> Answer:
    from iesi_kg.endpoint.execution import execute
    from iesi_kg.endpoint.rewriting_runner import RewritingRunner

    async with _pool(settings) as pool:
        rewriter = _rewriter(settings, pool)
        runner = RewritingRunner(rewriter, pool) if rewriter else pool
        return await execute(Query(text), media, federation.over(pool) if federation else runner, _limits(settings))


async def _explain(query: Query, guards: Guards, settings: Settings) -> None:
    from iesi_kg.cli import explaining
    from iesi_kg.endpoint.explanation import Explainer

    async with _pool(settings) as pool:
        explaining.show(await Explainer(pool, _limits(settings), guards, _rewriter(settings, pool)).explain(query))


def _rewriter(settings: Settings, pool: QueryPool) -> Rewriter | None:
    from iesi_kg.endpoint.rewriting import Rewriter

    return Rewriter() if settings.rewriting and pool.rewritable else None


def _limits(settings: Settings) -> Limits:
    from iesi_kg.store.workers import Limits

    return Limits(settings.query_seconds, settings.query_bytes, settings.query_rows)


@asynccontextmanager
async def _pool(settings: Settings) -> AsyncIterator[QueryPool]:
    from iesi_kg.store import opening

    opening.refuse_missing(settings)
    pool = opening.asking(settings)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


def _tell(answer: Answer) -> None:
    """What became of each SERVICE, beside the answer: one that failed under SILENT must not go unseen."""
    for call in answer.services:
        outcome = f"{call.rows} rows in {call.requests} requests" if call.answered else f"no answer: {call.error}"
        click.echo(f"SERVICE <{call.endpoint}>: {outcome}, {call.milliseconds} ms", err=True)


def _ask_service(url: str, text: str, short: str, settings: Settings) -> Answer:
    from iesi_kg.client.service import ask

    if short == "table":
        accept = f"{negotiation.JSON.name}, {negotiation.TURTLE.name};q=0.9, {negotiation.N_TRIPLES.name};q=0.8"
    else:
        accept = ", ".join(media.name for media in (*TABLES, *GRAPHS) if media.short == short)
    return ask(url, text, accept, seconds=settings.query_seconds + 5)


def _print(answer: Answer, short: str) -> None:
    if short == "table" and answer.form is not Form.GRAPH:
        from iesi_kg.cli.tables import show

        show(answer)
        return
    sys.stdout.buffer.write(answer.body)
    sys.stdout.buffer.flush()
    if sys.stdout.isatty() and not answer.body.endswith(b"\n"):
        click.echo()
