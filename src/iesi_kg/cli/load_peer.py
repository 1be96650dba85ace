"""``iesi-kg load-peer``: puts another database beside ours in a store, lists what is there, takes it out again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.peer_files import announce, peer_files, records, tell
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.settings import Place, Settings

if TYPE_CHECKING:
    from iesi_kg.operations.audited import AuditedStore
    from iesi_kg.publication.peers_loaded import LoadedPeer
    from iesi_kg.store.base import VersionedStore


@click.command()
@click.argument("name", required=False)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--remove", is_flag=True, help="take NAME out again: every version, or the one of NAME/VERSION")
@click.option("--list", "listed", is_flag=True, help="list what is loaded")
@click.option("--version", metavar="NAME", help="name of the edition, where the files are another than those known")
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--all", "everything", is_flag=True, help="show every finding")
def command(
    name: str | None,
    files: tuple[str, ...],
    remove: bool,
    listed: bool,
    version: str | None,
    store: Place | None,
    everything: bool,
) -> None:
    """Put FILE... of the database NAME beside ours: in a graph of its own, never among what is published.

    The same version again takes the place of what was loaded, at once. NAME is one that `iesi-kg adapt --list` names,
    or a folder of your own that holds an adapter.json.

    Exit code 0: done; 2: a file cannot be read; 3: no such adapter, nothing loaded, or the store cannot be written.
    """
    settings = settings_module.load(store=store)
    if sum((listed, remove, bool(files))) > 1:
        raise UsageError("--list, --remove and files exclude one another")
    if listed:
        return _list(settings)
    if name is None or not (files or remove):
        raise UsageError("name a database and its files", hint="`iesi-kg adapt --list` names the databases")
    if remove:
        return _remove(settings, name)
    return _load(settings, name, files, version, everything)


def _load(settings: Settings, name: str, files: tuple[str, ...], version: str | None, everything: bool) -> None:
    from iesi_kg.linking import adapters
    from iesi_kg.publication import linkage, peers_loaded

    adapter, at = adapters.load(name), datetime.now(UTC)
    adapted = adapter.read(peer_files(files), version=version, at=at)
    announce(adapter)
    opened = _opened(settings)
    try:
        audited = _audited(opened, settings, f"{adapter.name}/{adapted.version}", "peer loaded", at)
        put = peers_loaded.put(audited, adapted)
        linkage.refresh(audited)
    finally:
        opened.close()
    tell(adapted.findings, everything=everything)
    instead = f"; they replace {put.before.records:,} loaded before" if put.before else ""
    click.echo(
        f"loaded as version {put.store_version}: {records(put.peer.records)} of {adapter.name} {adapted.version} "
        f"in {put.peer.graph.value}{instead}"
    )
    click.echo(
        f"ask for them with GRAPH <{put.peer.graph.value}>; `iesi-kg load-peer {adapter.name} --remove` takes them out"
    )


def _remove(settings: Settings, name: str) -> None:
    from iesi_kg.publication import linkage, peers_loaded

    database, _, version = name.partition("/")
    opened = _opened(settings)
    try:
        audited = _audited(opened, settings, name, "peer removed", datetime.now(UTC))
        gone = peers_loaded.remove(audited, database, version or None)
        linkage.refresh(audited)
    finally:
        opened.close()
    for peer in gone:
        click.echo(f"removed: {records(peer.records)} of {peer.database} {peer.version}")


def _list(settings: Settings) -> None:
    from iesi_kg.publication import peers_loaded
    from iesi_kg.store import opening

    there = peers_loaded.loaded(opening.read(settings))
    for peer in there:
        _show(peer)
    if not there:
        click.echo("no other database is loaded")


def _show(peer: LoadedPeer) -> None:
    click.echo(f"{peer.database}/{peer.version}  {peer.title}")
    click.echo(f"    {records(peer.records)}, {peer.triples:,} statements, loaded {peer.at}")
    click.echo(f"    licence: {peer.licence}")
    click.echo(f"    graph: {peer.graph.value}")


def _opened(settings: Settings) -> VersionedStore:
    from iesi_kg.store import opening

    return opening.existing(settings)


def _audited(store: VersionedStore, settings: Settings, peer: str, what: str, at: datetime) -> AuditedStore:
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.audited import AuditedStore

    detail: Mapping[str, str | int] = {"peer": peer}
    return AuditedStore(store, AuditLog(settings.state_folder), Act(os_user(), "command", what, at, detail))
