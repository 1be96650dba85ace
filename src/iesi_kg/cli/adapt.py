"""``iesi-kg adapt``: the files of another database to N-Quads in the terms of ours."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from iesi_kg.cli.peer_files import announce, listing, peer_files, records, tell
from iesi_kg.errors import UnreadableFile, UsageError

if TYPE_CHECKING:
    from pyoxigraph import RdfFormat

    from iesi_kg.linking.adapters import Adapted


@click.command()
@click.argument("name", required=False)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="file to write: .nq or .trig")
@click.option("--version", metavar="NAME", help="name of the edition, where the files are another than those known")
@click.option("--list", "listed", is_flag=True, help="list the databases that can be read")
@click.option("--all", "everything", is_flag=True, help="show every finding")
def command(
    name: str | None, files: tuple[str, ...], out: Path | None, version: str | None, listed: bool, everything: bool
) -> None:
    """Turn FILE... of the database NAME into statements in the terms of ours, with its own keys and texts kept.

    NAME is one of those that --list names, or a folder of your own that holds an adapter.json. FILE may be a folder.
    Without --out the statements go to standard output; findings and the licence go to standard error.

    Exit code 0: done; 2: a file cannot be read; 3: no such adapter, or any other error.
    """
    if listed:
        return listing()
    if name is None or not files:
        raise UsageError("name a database and its files", hint="`iesi-kg adapt --list` names the databases")
    from iesi_kg.linking import adapters

    adapter = adapters.load(name)
    form = _format(out)
    adapted = adapter.read(peer_files(files), version=version)
    announce(adapter)
    if out is None:
        _write(adapted, sys.stdout.buffer, form)
    else:
        _write_whole(adapted, out, form)
    tell(adapted.findings, everything=everything)
    click.echo(f"{records(adapted.records)} of {adapter.name} {adapted.version} in {adapted.graph.value}", err=not out)
    return None


def _format(out: Path | None) -> RdfFormat:
    from pyoxigraph import RdfFormat

    known = {".nq": RdfFormat.N_QUADS, ".trig": RdfFormat.TRIG}
    suffix = out.suffix.casefold() if out else ".nq"
    if suffix not in known:
        raise UsageError(f"{out} ends in no format that holds graphs", hint="end the name in .nq or .trig")
    return known[suffix]


def _write(adapted: Adapted, target: BinaryIO, form: RdfFormat) -> None:
    from pyoxigraph import serialize

    serialize(adapted.quads, target, form)


def _write_whole(adapted: Adapted, out: Path, form: RdfFormat) -> None:
    """Write beside the file and put it in place when it is whole: a file that breaks off leaves nothing half."""
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as target:
            _write(adapted, target, form)
        part.replace(out)
    except OSError as error:
        raise UnreadableFile(f"{out} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            part.unlink()
