"""What ``adapt`` and ``load-peer`` share: files read from the disk in pieces, licence and findings as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from iesi_kg.errors import UnreadableFile
from iesi_kg.records import Finding

if TYPE_CHECKING:
    from iesi_kg.linking.adapters import Adapter

_SUFFIXES = (".csv", ".json", ".tsv", ".txt")
_MOST = 15


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file that is opened each time it is read, so that it need not fit into memory."""

    name: str
    path: Path
    named: bool = True

    def open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise UnreadableFile(f"{self.path} cannot be opened: {error.strerror}") from None


def peer_files(names: Sequence[str]) -> list[DiskFile]:
    """The files that are named, and those in the folders that are. Raises UnreadableFile."""
    found: list[DiskFile] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(
                p for p in path.iterdir() if p.suffix.casefold() in _SUFFIXES and not p.name.startswith(".")
            )
            if not inside:
                raise UnreadableFile(f"the folder {name} holds no CSV or JSON file", hint="name the files themselves")
            found += [DiskFile(inner.name, inner, named=False) for inner in inside]
        elif path.is_file():
            found.append(DiskFile(path.name, path))
        else:
            raise UnreadableFile(f"there is no file {name}", hint="check the name and the folder")
    return found


def announce(adapter: Adapter) -> None:
    """Say under which licence the data are, before anything is made of them."""
    licence = adapter.about.licence
    click.echo(
        f"{adapter.about.title}: {licence.name}; {adapter.about.attribution or adapter.about.publisher}", err=True
    )
    if not licence.shareable:
        click.echo(f"NOTE: {licence.note or 'the licence does not allow to hand these data on'}", err=True)


def records(number: int) -> str:
    """A number of records in words."""
    return f"{number:,} record{'' if number == 1 else 's'}"


def listing() -> None:
    """The databases for which there is an adapter."""
    from iesi_kg.linking import adapters

    for name in adapters.names():
        adapter = adapters.load(name)
        click.echo(f"{name}  {adapter.about.title}")
        click.echo(f"    licence: {adapter.about.licence.name}; from: {adapter.about.address}")
        for version in dict.fromkeys(f"{known.version} ({records(known.records)})" for known in adapter.editions):
            click.echo(f"    edition: {version}")
        for table in adapter.tables:
            click.echo(f"    file: {table.title} ({table.format.upper()})")


def tell(findings: Sequence[Finding], *, everything: bool) -> None:
    """The findings, one a line, on standard error."""
    shown = findings if everything else findings[:_MOST]
    for finding in shown:
        near = f" ({finding.suggestion})" if finding.suggestion else ""
        click.echo(f"{finding.severity.value}: {finding.message}{near}", err=True)
    if len(shown) < len(findings):
        click.echo(f"and {len(findings) - len(shown):,} more; --all shows them", err=True)
