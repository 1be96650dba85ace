"""``iesi-kg mirror``: keeps a folder a copy of the store of another service, and tells a cache when it goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import click

from iesi_kg import __version__
from iesi_kg import settings as settings_module
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import IesiKgError, MirrorError
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.operations.mirror import Round
    from iesi_kg.store.fetching import Source

_AGENT = f"iesi-kg/{__version__} (mirror)"


@click.command()
@click.argument("address")
@click.option("--store", type=PLACE, help="folder of the copy")
@click.option("--follow", is_flag=True, help="go on: look at the primary again and again")
@click.option(
    "--interval", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="seconds between two looks"
)
@click.option(
    "--purge", metavar="CACHE", help="address of the HTTP cache in front of the copy, to be told of each version"
)
@click.option(
    "--anew", is_flag=True, help="take over what the primary has now, even another store or an earlier version"
)
def command(address: str, store: Place | None, follow: bool, interval: float, purge: str | None, anew: bool) -> None:
    """Copy the store of the service at ADDRESS into a folder, for `iesi-kg serve --store DIR` to serve it from there.

    What is there already is not fetched again; a service on the folder goes on to the new version by itself, under
    the same version number and the same ETags. With --follow it stays a copy until Ctrl-C.

    Exit code 0: the copy is up to date; 3: it could not be brought up to date, and is what it was.
    """
    from iesi_kg.operations import mirror
    from iesi_kg.publication.release_copies import Copies
    from iesi_kg.store.fetching import Source
    from iesi_kg.store.versions import Layout

    settings = settings_module.load(store=store)
    layout, terms = Layout(settings.folder), mirror.Terms(settings.keep_versions, settings.lock_seconds, anew)
    with ExitStack() as stack:
        source = stack.enter_context(closing(Source(address, _AGENT, settings.mirror_token)))
        cache = stack.enter_context(closing(Source(purge, _AGENT))) if purge else None
        stack.enter_context(mirror.claimed(layout))
        tell = stack.enter_context(_progress())
        copy = mirror.Mirror(source, layout, Copies(settings.folder), terms, tell)
        if follow:
            mirror.follow(copy, interval, _Teller(cache), time.sleep)
        try:
            done = copy.round()
        except IesiKgError as error:
            copy.failed(error)
            raise
        _tell(done)
        if cache is not None:
            mirror.purge(cache, done.version)


class _Teller:
    """Says what is new after each look, and a failure once."""

    def __init__(self, cache: Source | None) -> None:
        self._cache = cache
        self._first = True
        self._problem = self._silence = ""

    def __call__(self, found: Round | IesiKgError, pause: float) -> None:
        if isinstance(found, IesiKgError):
            if found.detail != self._problem:
                click.echo(f"{found.detail}; looking again in {pause:g} seconds, then less often", err=True)
            self._problem = found.detail
            return
        if self._problem:
            click.echo("the primary is followed again")
        quiet, self._first, self._problem = not self._first, False, ""
        _tell(found, quiet=quiet)
        self._tell_cache(found.version)

    def _tell_cache(self, version: int) -> None:
        """Tell the cache after every look: an answer that was on its way meanwhile may have come in late."""
        from iesi_kg.operations import mirror

        try:
            if self._cache is not None:
                mirror.purge(self._cache, version)
            self._silence = ""
        except MirrorError as error:
            if error.detail != self._silence:
                click.echo(f"the cache was not told: {error.detail}", err=True)
            self._silence = error.detail


def _tell(done: Round, *, quiet: bool = False) -> None:
    if done.version != done.before:
        how = "built anew" if done.rebuilt else "changed"
        click.echo(f"version {done.version}: {done.blocks:,} blocks fetched, store {how}")
    elif not quiet:
        click.echo(f"version {done.version}: up to date")
    for release in done.releases:
        click.echo(f"release {release} fetched")
    if done.held:
        click.echo(
            f"somebody still reads version {', '.join(map(str, done.held))}, which holds what the primary has erased: "
            "end what reads it, then look again",
            err=True,
        )
    if done.software != __version__ and not quiet:
        click.echo(
            f"the primary runs iesi-kg {done.software}, this is {__version__}: ETags and pages will differ until both "
            "are the same",
            err=True,
        )


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A function that is told how much is done: a bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total, visible=done < total)

        yield tell
