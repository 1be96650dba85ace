"""``iesi-kg serve``: the pages and the SPARQL endpoint on one port; an empty store is filled first."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import LogDamaged, StartError, StoreBusy, StoreDamaged, StoreReadOnly, UsageError
from iesi_kg.settings import Manager, Place, Settings
from iesi_kg.store.base import Store
from iesi_kg.store.soundness import unwritable
from iesi_kg.store.versions import Layout
from iesi_kg.web.processes import notify
from iesi_kg.web.processes.assignment import SERVE, Assignment, tell
from iesi_kg.web.processes.supervisor import Plan, check, supervise

if TYPE_CHECKING:
    from iesi_kg.store.embedded import EmbeddedStore

_BACKLOG = 1024
_PACKAGES = str(Path(__file__).resolve().parents[2])
# The software is looked for anew by each process, so that one started later may be another version.
_BOOT = """
import sys
sys.path.append(sys.argv.pop(1))
sys.argv[0] = "iesi-kg"
from iesi_kg.cli import main
main()
"""


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
@click.option("--workers", type=int, help="processes that serve (default: IESI_KG_WORKERS or 1)")
@click.option(
    "--settings",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="file of further settings, IESI_KG_NAME=value on each line; the environment wins; read again on SIGHUP",
)
@click.option("--scratch", is_flag=True, help="serve a plain SPARQL 1.1 store that clients may write to")
@click.option("--post", hidden=True)
def command(
    host: str | None,
    port: int | None,
    store: Place | None,
    workers: int | None,
    file: Path | None,
    scratch: bool,
    post: str | None,
) -> None:
    """Serve the pages and the SPARQL endpoint.

    An empty store is filled with the bundled data first; one that an earlier version filled is brought up to date.
    With --scratch the store is its users': empty at first, and changed by /update and /graph. Writes then need
    IESI_KG_TOKEN when it is set, and are open on loopback only when it is not.

    With --workers 2 or more, and under systemd, one process watches over those that serve: SIGHUP exchanges them for
    new ones, with the software and the settings of that moment, without a lost request. SIGTERM lets requests under
    way end, Ctrl-C does not.
    """
    environment = settings_module.environment({}) if post else _environment(file)
    settings = settings_module.load(environment, host=host, port=port, store=store, workers=workers)
    if post is not None:
        _work(settings, Assignment.parse(post), scratch)
        return
    manager = Manager.of()
    _check(settings, scratch)
    # The port is taken before anything is loaded: a wait that ends in "port taken" would be a poor joke.
    listener = notify.handed(manager) or _listen(settings)
    try:
        if scratch:
            _refuse_open_writes(settings, listener)
        if settings.workers > 1 or (manager.address and not scratch):
            _supervise(settings, listener, manager, file)
        else:
            from iesi_kg.web.processes.serving import Place, serve

            _prepare(settings, scratch)
            serve(settings, Place(listener, None, _greeter(settings, listener, manager, scratch=scratch)))
    finally:
        listener.close()


def _environment(file: Path | None) -> Mapping[str, str]:
    """The environment, over the settings in a file. Raises UsageError."""
    if file is None:
        return settings_module.environment({})
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"the settings in {file} cannot be read: {reason}", hint="check --settings") from None
    try:
        return settings_module.environment(settings_module.file_variables(text))
    except UsageError as error:
        raise UsageError(f"{file}: {error.detail}", hint=error.hint) from None


def _check(settings: Settings, scratch: bool) -> None:
    """Raises UsageError for settings that no service can have, before anything is loaded."""
    from iesi_kg.endpoint.federation import of_settings

    of_settings(settings)
    check(settings.workers)
    if scratch and settings.workers > 1:
        raise UsageError(
            f"a scratch store is written by the one process that serves it, not by {settings.workers}",
            hint="leave --workers and IESI_KG_WORKERS out",
        )


def _listen(settings: Settings) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise StartError(
            f"the address {settings.host} is unknown here: {error.strerror}",
            hint="127.0.0.1 serves this machine only, 0.0.0.0 every network",
        ) from None
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
    if layout.copied.exists() and (scratch or not layout.exists()):
        raise _unfit_copy(settings, scratch)
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


def _unfit_copy(settings: Settings, scratch: bool) -> StartError:
    if scratch:
        return StartError(
            f"{settings.store} is a copy of another store", hint="name another folder: --scratch --store DIR"
        )
    return StartError(
        f"{settings.store} is a copy of which nothing is there yet",
        hint="`iesi-kg mirror ADDRESS --store DIR` fetches it; start the service when it has said its version",
    )


def _not_free(settings: Settings, error: OSError) -> StartError:
    place = f"port {settings.port} on {settings.host}"
    hint = "choose another one: `make serve PORT=8081`, or `iesi-kg serve --port 8081`"
    if error.errno == errno.EADDRNOTAVAIL:
        hint = "this machine has no such address; 127.0.0.1 serves this machine only, 0.0.0.0 every network"
    return StartError(f"{place} cannot be used: {(error.strerror or str(error)).lower()}", hint=hint)


def _fill(settings: Settings) -> None:
    from iesi_kg.store.embedded import EmbeddedStore
    from iesi_kg.store.opening import open_store

    store = open_store(settings, create=True)
    try:
        if isinstance(store, EmbeddedStore) and store.layout.copied.exists():  # what is in it is the primary's to say
            _verify_copy(store)
            click.echo(f"a copy, at version {store.current().number}; `iesi-kg mirror` keeps it up to date")
            return
        store.verify()
        if not store.current().triples:
            click.echo(f"loading the bundled data into {settings.store} ...")
            _load(_audited(store, settings))
            click.echo(f"loaded {store.current().triples:,} triples, provenance included")
        else:
            _renew(_audited(store, settings))
    finally:
        store.close()


def _verify_copy(store: EmbeddedStore) -> None:
    try:
        store.verify()
    except StoreDamaged as damage:
        damage.hint = "`iesi-kg mirror ADDRESS --store DIR` mends it from what it has fetched"
        raise


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


def _prepare(settings: Settings, scratch: bool) -> None:
    _settle_kind(settings, scratch)
    if not scratch:
        _fill(settings)
    if not settings.remote:
        _warn_of_rights(settings.folder)


def _warn_of_rights(folder: Path) -> None:
    closed = unwritable(folder)
    if closed is not None:
        click.echo(
            f"warning: {closed} cannot be written by this user ({os_user()}): reading works; submissions, updates, "
            "tokens, load, erase, backup and compact fail. Run the service as the owner of the store, or give the "
            f"store to this user: chown -R {os_user()} {folder}",
            err=True,
        )


def _work(settings: Settings, assignment: Assignment, scratch: bool) -> None:
    """The part of a process that a supervisor started."""
    listener = socket.socket(fileno=assignment.listener)
    if assignment.task == SERVE:
        from iesi_kg.web.processes.post import Post
        from iesi_kg.web.processes.serving import Place, serve

        serve(settings, Place(listener, Post(assignment), lambda facts: None))
        return
    _check(settings, scratch)
    bound = listener.getsockname()[1]
    if assignment.again and settings.port not in (0, bound):
        click.echo(f"iesi-kg: port {bound} stays: another one is taken up by a restart only", err=True)
    _prepare(settings, scratch)
    names = ("workers", "stop_seconds", "drain_seconds")
    tell(assignment, {name: getattr(settings, name) for name in names})


def _supervise(settings: Settings, listener: socket.socket, manager: Manager, file: Path | None) -> None:
    plan = Plan(
        listener=listener,
        command=[sys.executable, "-P", "-c", _BOOT, _PACKAGES, *sys.argv[1:]],
        environment=lambda: _environment(file),
        manager=manager,
        greet=_greeter(settings, listener, Manager()),  # the supervisor itself says how it stands
    )
    sys.exit(supervise(plan))


def _greeter(
    settings: Settings, listener: socket.socket, manager: Manager, *, scratch: bool = False
) -> Callable[[dict[str, Any]], None]:
    def greet(facts: dict[str, Any]) -> None:
        click.echo(_greeting(settings.host, listener.getsockname()[1], scratch))
        if not facts["confined"]:
            click.echo(_UNCONFINED, err=True)
        notify.say(manager, "READY=1")

    return greet


_UNCONFINED = (
    "warning: this system has no filter for system calls (seccomp), so nothing but the check of its text keeps a query "
    "from the network; serve the public from Linux on x86-64 or ARM64"
)


def _greeting(host: str, port: int, scratch: bool) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    address = f"http://{shown}:{port}"
    first = f"update    {address}/update\ngraphs    {address}/graph" if scratch else f"pages     {address}/"
    return f"{first}\nendpoint  {address}/sparql\nCtrl-C ends the service"
