"""``iesi-kg export``: what a store publishes, in the terms of an application profile."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pyoxigraph import NamedNode

from iesi_kg import settings
from iesi_kg.cli.place import PLACE
from iesi_kg.endpoint.negotiation import GRAPHS
from iesi_kg.errors import UsageError
from iesi_kg.settings import Place

_FORMATS = [media.short for media in GRAPHS]


@click.command()
@click.option("--profile", "name", help="cpsv-ap, cpov or dcat-ap; without it they are listed")
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--format", "short", type=click.Choice(_FORMATS), default="ttl", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="file to write instead of standard output")
@click.option("--endpoint", help="public address of the SPARQL service, as a catalogue names it")
def command(name: str | None, store: Place | None, short: str, out: Path | None, endpoint: str | None) -> None:
    """Write what is published for those who read CPSV-AP, the Core Public Organisation Vocabulary or DCAT-AP."""
    from iesi_kg.analysis import exports
    from iesi_kg.endpoint.serialisation import write
    from iesi_kg.store import opening

    if name is None:
        for profile in exports.profiles().values():
            click.echo(f"{profile.name:10}{profile.title}")
        return
    wanted = exports.profile(name)
    address = _address(endpoint or exports.ENDPOINT)
    triples = exports.export(opening.read(settings.load(store=store)), wanted, address)
    content = write(triples, next(media for media in GRAPHS if media.short == short))
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written: {error.strerror}", hint="name a file in a folder there is"
        ) from None
    click.echo(f"{out}: {len(triples):,} triples for {wanted.title}", err=True)


def _address(endpoint: str) -> str:
    try:
        NamedNode(endpoint)
    except ValueError:
        endpoint = ""
    if not endpoint.startswith(("http://", "https://")):
        raise UsageError("--endpoint takes an http address", hint="for instance https://example.org/sparql")
    return endpoint
