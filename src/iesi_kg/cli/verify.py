"""``iesi-kg verify``: reads a store or a backup whole and names what is damaged; or runs a cited query again.

The answer to a cited query is the one that was cited, differs, or may differ for a documented erasure.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import read_source
from iesi_kg.cli.place import PLACE
from iesi_kg.endpoint.citable import citable
from iesi_kg.endpoint.fingerprint import Fingerprint, fingerprint, media
from iesi_kg.endpoint.protocol import Query
from iesi_kg.endpoint.syntax import Guards
from iesi_kg.errors import StoreDamaged, StoreError, UnreadableFile
from iesi_kg.publication import citation
from iesi_kg.publication.citation import Citation, Verdict
from iesi_kg.settings import Place, Settings

if TYPE_CHECKING:
    from iesi_kg.store.soundness import Fault

EXIT = {Verdict.SAME: 0, Verdict.DIFFERS: 1, Verdict.REDACTED: 4}
Found = tuple[Fingerprint, Mapping[str, Any]]


@click.command()
@click.argument("cited", metavar="[CITATION]", required=False)
@click.option("--store", type=PLACE, help="the store to read; with CITATION: to ask")
@click.option("--backup", type=click.Path(path_type=Path), help="read this backup instead of the store")
@click.option("--mend", is_flag=True, help="first make anew what can be made from another copy in the store")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--endpoint", help="with CITATION: ask this service instead of the one that it names (a mirror, a new address)"
)
def command(
    cited: str | None, store: Place | None, backup: Path | None, mend: bool, form: str, endpoint: str | None
) -> None:
    """Read every file of the store and say what is damaged and what to do; with CITATION, run again what it cites.

    Without CITATION: hashes, counts, journal, rights, log, tokens, releases, desk. Nothing is changed (but by --mend).
    Exit code 0: all is what was written; 1: something is damaged; 3: there is no store or backup, or it is not ours.

    CITATION is an address, or a file in BibTeX, CSL-JSON or CFF (- for standard input). Exit code 0: the same; 1: it
    differs; 2: the citation cannot be read; 3: no such release, or any other error; 4: it is not the same, and a
    documented erasure from the release may be why.
    """
    if cited is None:
        if endpoint:
            raise click.UsageError("--endpoint goes with a CITATION")
        sys.exit(_read_whole(store, backup, mend, form))
    if backup or mend:
        raise click.UsageError("a CITATION goes with neither --backup nor --mend")
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


def _read_whole(store: Place | None, backup: Path | None, mend: bool, form: str) -> int:
    """Say what is wrong with a store or a backup; the exit code."""
    from iesi_kg.operations.soundness import Verified, verified_backup

    if backup and (store or mend):
        raise click.UsageError("--backup goes with neither --store nor --mend")
    settings = settings_module.load(store=store)
    if backup:
        found = verified_backup(backup)
    else:
        if mend:
            _mend(settings)
        found = Verified(str(settings.folder), tuple(faults_of(settings.folder)))
    if form == "json":
        click.echo(json.dumps(found.document(), ensure_ascii=False, indent=1))
        return found.exit_code
    for fault in found.faults:
        click.echo(f"{'note' if fault.slight else 'DAMAGED'}  {fault.place}: {fault.what}")
        click.echo(f"         {fault.remedy}")
    if not found.is_damaged:
        click.echo(f"{found.place}: every file is what was written")
    return found.exit_code


def faults_of(store: Path) -> Iterator[Fault]:
    from iesi_kg.operations import soundness as of_operations
    from iesi_kg.publication import soundness as of_publication
    from iesi_kg.store import soundness

    if not store.is_dir():
        raise StoreError(f"there is no store at {store}", hint="--store DIR, or `iesi-kg serve` makes one")
    yield from soundness.faults(store)
    yield from of_operations.faults(store)
    yield from of_publication.faults(store)


def _mend(settings: Settings) -> None:
    """What opening a store does where it can; what it cannot is told by what is read next."""
    from iesi_kg.publication.release_shelf import Shelf
    from iesi_kg.store.embedded import EmbeddedStore

    Shelf(settings.folder).mend()
    with suppress(StoreDamaged):
        store = EmbeddedStore.open(settings.folder, lock_timeout=settings.lock_seconds, keep=settings.keep_versions)
        try:
            store.verify()
        finally:
            store.close()


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
