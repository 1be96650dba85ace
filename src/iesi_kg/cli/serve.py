"""``iesi-kg serve``: the pages and the SPARQL endpoint on one port; an empty store is filled first."""

from __future__ import annotations

import errno
import gc
import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import LogDamaged, StartError, StoreBusy, StoreReadOnly
from iesi_kg.settings import Place, Settings
from iesi_kg.store.base import Store
from iesi_kg.store.versions import Layout

_BACKLOG = 1024


class Port(click.IntRange):
    """A port number; anything else is refused in words that say what one is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value!r} is not a port: give a whole number from 0 (any free one) to 65535", param, ctx)


@click.command()
@click.option("--host", help="address to listen on (default: IESI_KG_HOST or 127.0.0.1)")
@click.option("--port", type=Port(0, 65535), help="port to listen on (default: IESI_KG_PORT or 8080)")
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--scratch", is_flag=True, help="serve a plain SPARQL 1.1 store that clients may write to")
def command(host: str | None, port: int | None, store: Place | None, scratch: bool) -> None:
    """Serve the pages and the SPARQL endpoint.

    An empty store is filled with the bundled data first; one that an earlier version filled is brought up to date.
    With --scratch the store is its users': empty at first, and changed by /update and /graph. Writes then need
    IESI_KG_TOKEN when it is set, and are open on loopback only when it is not.
    """
    from iesi_kg.endpoint.federation import of_settings

    settings = settings_module.load(host=host, port=port, store=store)
    of_settings(settings)  # a faulty list of peers is told before anything is loaded
    # The port is taken before anything is loaded: a wait that ends in "port taken" would be a poor joke.
    listener = _listen(settings)
    try:
        if scratch:
            _refuse_open_writes(settings, listener)
        _settle_kind(settings, scratch)
        if not scratch:
            _fill(settings)
        _run(settings, listener, scratch)
    finally:
        listener.close()


def _listen(settings: Settings) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise StartError(f"the address {settings.host} is unknown here: {error.strerror}") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _not_free(settings, error) from None
    return listener


def _refuse_open_writes(settings: Settings, listener: socket.socket) -> None:
    if settings.token or ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback:
        return
    raise StartError(
        f"a scratch store on {settings.host} could be overwritten by anybody who reaches this machine",
        hint="set IESI_KG_TOKEN, which writes must then show, or listen on 127.0.0.1",
    )


def _settle_kind(settings: Settings, scratch: bool) -> None:
    """A folder is a scratch store or a published one for good: nobody overwrites what was published by a flag."""
    from iesi_kg.store.embedded import EmbeddedStore

    if settings.remote and not scratch:
        return
    layout = Layout(settings.folder)
    if layout.scratch.exists() and not scratch:
        raise StartError(f"{settings.store} is a scratch store", hint="serve it with --scratch, or name another folder")
    if not scratch or layout.scratch.exists():
        return
    if layout.exists():
        raise StartError(
            f"{settings.store} holds a published graph, which scratch mode would let its users overwrite",
            hint="name another folder: --scratch --store DIR",
        )
    EmbeddedStore.open(settings.folder, create=True, lock_timeout=settings.lock_seconds).close()
    layout.scratch.touch()


def _not_free(settings: Settings, error: OSError) -> StartError:
    place = f"port {settings.port} on {settings.host}"
    hint = "choose another one: `make serve PORT=8081`, or `iesi-kg serve --port 8081`"
    if error.errno == errno.EADDRNOTAVAIL:
        hint = "this machine has no such address; 127.0.0.1 serves this machine only, 0.0.0.0 every network"
    return StartError(f"{place} cannot be used: {(error.strerror or str(error)).lower()}", hint=hint)


def _fill(settings: Settings) -> None:
    from iesi_kg.store.opening import open_store

    store = open_store(settings, create=True)
    try:
        store.verify()
        if not store.current().triples:
            click.echo(f"loading the bundled data into {settings.store} ...")
            _load(_audited(store, settings))
            click.echo(f"loaded {store.current().triples:,} triples, provenance included")
        else:
            _renew(_audited(store, settings))
    finally:
        store.close()


def _audited(store: Store, settings: Settings) -> Store:
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.audited import AuditedStore

    act = Act(os_user(), "command", "bundled data", datetime.now(UTC))
    return AuditedStore(store, AuditLog(settings.state_folder), act)


def _load(store: Store) -> None:
    from iesi_kg.publication.bundled import load_bundled

    for name in load_bundled(store, at=datetime.now(UTC)).left_out:
        click.echo(f"left out {name}: some of its records were published anew here, and stay as they are")


def _renew(store: Store) -> None:
    """Bring a store that another version of this software filled up to date; one that cannot be written stays."""
    from iesi_kg.publication.bundled import is_outdated

    if not is_outdated(store.reader()):
        return
    click.echo("bringing ontology, code lists and bundled data up to date ...")
    try:
        _load(store)
    except (StoreReadOnly, StoreBusy, LogDamaged) as obstacle:
        click.echo(f"they stay as they are: {obstacle.detail}", err=True)


def _run(settings: Settings, listener: socket.socket, scratch: bool) -> None:
    import uvicorn

    from iesi_kg.web.app import create_app
    from iesi_kg.web.strict import proxies
    from iesi_kg.web.wire import protocol

    class Server(uvicorn.Server):
        """A server that says its address once it listens, not before, and does not wait for long queries."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            gc.freeze()  # what the start has made stays: no collection need walk through it again
            if self.started:
                click.echo(_greeting(settings.host, listener.getsockname()[1], scratch))
                if not app.confined:
                    click.echo(_UNCONFINED, err=True)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await app.stop()
            await super().shutdown(sockets=sockets)

    trusted = proxies(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=protocol(settings, app.repeats),
        ws="none",
        access_log=False,
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=3,
        server_header=False,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted,
    )
    server = Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise app.failure or StartError("the service did not start", hint="the lines above say why")


_UNCONFINED = (
    "warning: this system has no filter for system calls (seccomp), so nothing but the check of its text keeps a query "
    "from the network; serve the public from Linux on x86-64 or ARM64"
)


def _greeting(host: str, port: int, scratch: bool) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    address = f"http://{shown}:{port}"
    first = f"update    {address}/update\ngraphs    {address}/graph" if scratch else f"pages     {address}/"
    return f"{first}\nendpoint  {address}/sparql\nCtrl-C ends the service"
