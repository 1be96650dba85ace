"""``iesi-kg peers``: which servers SERVICE may ask, whether their list is sound, whether they answer."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.errors import PeerError, StoreError, UsageError

if TYPE_CHECKING:
    from iesi_kg.store.peers import Peer, Peers
    from iesi_kg.store.remote.probe import Found

_SECONDS = 15.0
_BYTES = 100_000
_TWO_ROWS = "SELECT * WHERE {} LIMIT 3 VALUES (?x) { (<urn:x-iesi-kg:a>) (<urn:x-iesi-kg:b>) }"


@click.group()
def command() -> None:
    """The other servers that a query with SERVICE may ask."""


@command.command("list")
def listing() -> None:
    """List the peers: name, address, licence, and what may be loaded from them."""
    for peer in _peers(None):
        click.echo(f"{peer.name}  <{peer.address}>  {peer.title}")
        for label, value in (("licence", peer.licence), ("about", peer.about), ("loads", " ".join(peer.loads))):
            if value:
                click.echo(f"    {label}: {value}")


@command.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def check(file: Path | None) -> None:
    """Say whether the list (or FILE added to the bundled one) is sound and every address may be connected to."""
    peers = _peers(file)
    faults = 0
    for peer in peers:
        verdict = asyncio.run(_address(peer))
        faults += verdict.startswith("forbidden")
        click.echo(f"{peer.name}: {verdict}")
    if faults:
        raise UsageError(
            f"{faults} of {len(peers)} peers may not be asked",
            hint='a server on this machine or in this network needs "local": true in its entry',
        )


@command.command()
@click.argument("names", metavar="[NAME|ADDRESS]...", nargs=-1)
@click.option("--write", is_flag=True, help="at an ADDRESS: also put one statement there, and take it away again")
def probe(names: tuple[str, ...], write: bool) -> None:
    """Ask each peer (or those named) whether it answers, and what it can.

    Of any SPARQL server at an ADDRESS it finds out which product it is, what it can, and as which store it may serve.
    To an address that begins with sparql+ the account of IESI_KG_STORE_USER and IESI_KG_STORE_PASSWORD is shown.
    """
    silent = 0
    for address in (name for name in names if "://" in name):
        silent += not _told(address, write)
    wanted = [name for name in names if "://" not in name]
    peers = _peers(None) if wanted or not names else ()
    known = {peer.name for peer in peers}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(f"no peer is called {unknown[0]!r}", hint="`iesi-kg peers list` names them")
    for peer in peers:
        if not wanted or peer.name in wanted:
            lines, answered = asyncio.run(_probe(peer))
            silent += not answered
            click.echo("\n    ".join([f"{peer.name}  <{peer.address}>", *lines]))
    if silent:
        sys.exit(1)


def _told(address: str, write: bool) -> bool:
    from iesi_kg.store.remote.channel import Credentials
    from iesi_kg.store.remote.probe import probe as look

    given = settings_module.load()
    account = Credentials(given.store_user, given.store_password) if address.startswith("sparql+") else None
    try:
        found = asyncio.run(look(address, account, write=write))
    except StoreError as error:
        click.echo(f"{address}\n    {error.detail}\n    {error.hint or ''}".rstrip())
        return False
    click.echo("\n    ".join([address, *_lines(found)]))
    return True


def _lines(found: Found) -> Iterator[str]:
    kinds = {"apart": "apart from the named graphs", "union": "the union of the named graphs"}
    unknown = "not told: no named graphs show"
    yield f"answers at {found.address} in {found.milliseconds} ms{f', as {found.server}' if found.server else ''}"
    yield f"takes queries by {', '.join(found.methods)}{'; does not mind timeout=' if found.timeout else ''}"
    yield f"tables: {', '.join(found.tables) or 'none'}"
    yield f"graphs: {', '.join(found.graphs) or 'none'}"
    yield f"default graph: {kinds.get(found.default_graph, unknown)}"
    for name, where in (("Graph Store Protocol", found.graph_store), ("updates", found.update)):
        if where:
            yield f"{name}: works at {where}"
    yield from (f"does not work: {fault}" for fault in found.faults)
    known = "run by the tests" if found.tested else "from its documentation, not run by the tests"
    yield f"profile: {found.suggestion} ({known})"
    yield f"as a store: {found.store}"


def _peers(file: Path | None) -> Peers:
    from iesi_kg.store.peers import load

    if file is None:
        configured = settings_module.load().peers
        file = Path(configured) if configured else None
    return load(file)


async def _address(peer: Peer) -> str:
    from iesi_kg.store.addresses import checked, system_resolve, target

    async def known(host: str, port: int) -> list[str]:
        found = await system_resolve(host, port)
        resolved.extend(found)
        return found

    resolved: list[str] = []
    try:
        await checked(target(peer.address, local=peer.local), local=peer.local, resolve=known)
    except PeerError as error:
        return f"forbidden: {error.detail}" if resolved else f"not known here: {error.detail}"
    return f"allowed ({', '.join(resolved)}{', local' if peer.local else ''})"


async def _probe(peer: Peer) -> tuple[list[str], bool]:
    from iesi_kg.endpoint.federation import of_settings
    from iesi_kg.store.federation import Allowance, Connections

    federation = of_settings(settings_module.load(federation=True))
    assert federation is not None
    allowance = Allowance(_SECONDS, _BYTES, 10)
    begun = time.perf_counter()
    try:
        truth, server = await federation.client.ask(peer, "ASK {}", allowance)
    except PeerError as error:
        return [f"no answer: {error.detail}"], False
    elapsed = (time.perf_counter() - begun) * 1000
    lines = [f"ASK {{}} is {str(truth).lower()}, {elapsed:.0f} ms by {peer.method}{f', {server}' if server else ''}"]
    try:
        async with Connections() as over:
            table = await federation.client.select(peer, _TWO_ROWS, allowance, run="probe", over=over)
    except PeerError as error:
        return [*lines, f'bindings cannot be sent along ({error.detail}): put "block": 0 into its entry'], True
    taken = len(table.rows) == 2
    return [
        *lines,
        "bindings can be sent along" if taken else 'bindings are ignored: put "block": 0 into its entry',
    ], True
