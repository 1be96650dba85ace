"""``iesi-kg verify``: runs a cited query again on its release and says whether the answer is the one that was cited."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import read_source
from iesi_kg.cli.place import PLACE
from iesi_kg.endpoint.citable import citable
from iesi_kg.endpoint.fingerprint import Fingerprint, fingerprint, media
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.syntax import Guards
from iesi_kg.errors import UnreadableFile
from iesi_kg.publication import citation
from iesi_kg.publication.citation import Citation, Verdict
from iesi_kg.settings import Place, Settings

EXIT = {Verdict.SAME: 0, Verdict.DIFFERS: 1, Verdict.REDACTED: 4}
Found = tuple[Fingerprint, Mapping[str, Any]]


@click.command()
@click.argument("cited", metavar="CITATION")
@click.option("--store", type=PLACE, help="ask the releases of this store")
@click.option(
    "--endpoint", help="ask this service instead of the one that the citation names (a mirror, a new address)"
)
def command(cited: str, store: Place | None, endpoint: str | None) -> None:
    """Run again what CITATION cites: an address, or a file in BibTeX, CSL-JSON or CFF (- for standard input).

    Exit code 0: the same; 1: it differs; 2: the citation cannot be read; 3: no such release, or any other error;
    4: it is not the same, and a documented erasure from the release may be why.
    """
    if store and endpoint:
        raise click.UsageError("--store and --endpoint exclude one another")
    asked = citation.read(_text(cited))
    settings = settings_module.load(store=store)
    if store:
        found, manifest = asyncio.run(_in_store(asked, settings))
    else:
        found, manifest = _at_service(asked, (endpoint or asked.service).rstrip("/"), settings)
    verdict = citation.verdict(asked, found, manifest)
    click.echo(f"{verdict.value}: release {asked.release}, {len(found.lines):,} rows")
    click.echo(f"cited  {asked.sha256}\nnow    {found.sha256}")
    if verdict is Verdict.REDACTED:
        click.echo("not the same; the release was redacted after it was made, which may be why")
        for item in manifest["redactions"]:
            click.echo(f"redacted on {str(item['at'])[:10]}: {item['reason']}")
    sys.exit(EXIT[verdict])


def _text(cited: str) -> str:
    if cited.startswith(("http://", "https://")):
        return cited
    try:
        return read_source(cited).content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{cited} is not valid UTF-8 at byte {error.start}") from None


async def _in_store(asked: Citation, settings: Settings) -> Found:
    from iesi_kg.endpoint.execution import execute
    from iesi_kg.publication.release_shelf import Shelf
    from iesi_kg.store.workers import Limits, Pool

    shelf = Shelf(settings.state_folder)
    release = shelf.get(asked.release)
    shape = citable(asked.query, _guards(settings))
    pool = Pool(shelf.opened(release), workers=1, memory=settings.query_memory)
    await pool.start()
    try:
        limits = Limits(settings.query_seconds, settings.query_bytes, settings.query_rows)
        answer = await execute(Query(asked.query), media(shape.form), pool, limits)
        return fingerprint(answer), release.manifest
    finally:
        await pool.close()


def _at_service(asked: Citation, service: str, settings: Settings) -> Found:
    from iesi_kg.client.service import ask, document

    shape = citable(asked.query, _guards(settings))
    manifest = document(f"{service}/releases/{asked.release}", seconds=settings.query_seconds)
    where = f"{service}/v/{asked.release}/sparql"
    answer = ask(where, asked.query, media(shape.form).name, seconds=settings.query_seconds + 5)
    known = manifest if isinstance(manifest, dict) else {}
    return fingerprint(answer), {"redactions": [], "files": [], **known}


def _guards(settings: Settings) -> Guards:
    return Guards(settings.query_length, settings.query_nesting, settings.query_patterns)
