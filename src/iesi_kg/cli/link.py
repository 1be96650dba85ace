"""``iesi-kg link``: databases to a mapping file of the links between their records, and a table of those to review."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.peer_files import announce, peer_files
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import StoreError, UnreadableFile, UsageError
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.linking.adapters import Adapter
    from iesi_kg.linking.clusters import Conflict
    from iesi_kg.linking.entities import Entity
    from iesi_kg.linking.linker import Link, Linked, Progress
    from iesi_kg.linking.sssom_model import MappingSet
    from iesi_kg.publication.peers_loaded import LoadedPeer
    from iesi_kg.store.base import Reader

OURS = "iesi"
_MOST = 12
_EVERY = 200
_LIKE = 50.0


@dataclass(frozen=True, slots=True)
class Source:
    """A database as it was named, read: its version, its records, and the licence that binds what is made of them."""

    name: str
    version: str
    entities: Sequence[Entity]
    licence: str = ""


@click.command()
@click.argument("databases", metavar="A B [C...]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="ours and every database that is loaded in the store")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="mapping file to write (SSSOM/TSV)")
@click.option("--review", type=click.Path(dir_okay=False, path_type=Path), help="table of what a person should decide")
@click.option(
    "--decisions",
    type=click.Path(dir_okay=False, path_type=Path),
    help="mapping file whose decisions hold; else those that were made in the store",
)
@click.option("--between", is_flag=True, help="leave duplicates inside one database out")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(
    databases: tuple[str, ...],
    everything: bool,
    out: Path | None,
    review: Path | None,
    decisions: Path | None,
    between: bool,
    store: Place | None,
) -> None:
    """Find the records of A, B and more that are of the same initiative or organisation, and say why.

    A is ADAPTER=FILE_OR_FOLDER (`iesi-kg adapt --list` names the adapters), the name of a database that is loaded in
    the store, or `iesi`, which is what we publish. A alone, or A A, finds duplicates inside one.

    Exit code 0: done; 2: a file cannot be read; 3: no such database, contradictory decisions, or any other error.
    """
    from iesi_kg.linking import linked_mappings, linker

    if everything == bool(databases):
        raise UsageError("name databases, or --all for those that are loaded", hint="iesi-kg link --help shows how")
    reads_store = everything or any("=" not in name for name in databases)
    given = _given(decisions) if decisions or not reads_store else _kept(store)
    for path in (out, review):
        if path and not path.parent.is_dir():  # said before minutes of comparing
            raise UsageError(
                f"{path} cannot be written: there is no folder {path.parent}", hint="make the folder first"
            )
    decided = linked_mappings.decisions(given) if given else linker.NONE
    sources = list(_loaded(store) if everything else _named(databases, store))
    databases_read = [source.entities for source in sources]
    found = linker.link(databases_read, decisions=decided, within=not between, progress=_progress())
    day = datetime.now(UTC).date().isoformat()
    versions = {source.name: source.version for source in sources}
    if out:
        from iesi_kg.linking import sssom

        licence = next((source.licence for source in sources if source.licence), linked_mappings.LICENCE)
        made = linked_mappings.mapping_set(found, versions=versions, kept=given, day=day, licence=licence)
        _write(out, sssom.write(made))
    if review:
        _write(review, linked_mappings.review(found))
    _tell(sources, found, shown=not out)


def _progress() -> Progress | None:
    """Says on a terminal how far the comparison is."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, whole: int) -> None:
        if done % _EVERY == 0 or done == whole:
            click.echo(f"\rcompared: {100 * done // whole} %{'' if done < whole else chr(10)}", nl=False, err=True)

    return tell


def _given(path: Path | None) -> MappingSet | None:
    if path is None:
        return None
    from iesi_kg.linking import sssom

    try:
        return sssom.read(path.read_bytes().decode("utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path} is not valid UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror}") from None


def _kept(store: Place | None) -> MappingSet | None:
    """What stewards decided in the store whose records are compared."""
    from iesi_kg.publication import linkage_told

    reader = _reader(store)
    made = linkage_told.exported(reader) if reader else None
    return made if made and made.mappings else None


def _named(databases: Sequence[str], store: Place | None) -> Iterator[Source]:
    """Each database once, as it was named; the same again asks for duplicates inside it, which are found anyway."""
    reader: Reader | None = None
    seen: dict[str, str] = {}
    for text in dict.fromkeys(databases):
        adapter, equals, place = text.partition("=")
        if not equals:
            reader = reader or _reader(store)
        source = _adapted(adapter, place) if equals else _of_store(text, reader)
        if source.name in seen:
            raise UsageError(
                f"{seen[source.name]} and {text} are both {source.name}", hint="name all its files at once"
            )
        seen[source.name] = text
        yield source


def _adapted(name: str, place: str) -> Source:
    from iesi_kg.linking import adapters
    from iesi_kg.linking.entities import of_quads

    adapter = adapters.load(name)
    adapted = adapter.read(peer_files([place]))
    announce(adapter)
    entities = of_quads(adapted.quads, adapter.name)
    return Source(adapter.name, adapted.version, entities, _binding(adapter))


def _binding(adapter: Adapter) -> str:
    """The licence of data that may not be handed on under another one."""
    licence = adapter.about.licence
    return "" if licence.shareable else licence.address


def _of_store(name: str, reader: Reader | None) -> Source:
    from iesi_kg.linking import adapters
    from iesi_kg.publication import peers_loaded
    from iesi_kg.vocabulary.spelling import nearest

    there = peers_loaded.loaded(reader) if reader else []
    database, _, version = name.partition("/")
    fitting = [peer for peer in there if peer.database == database and version in ("", peer.version)]
    if reader and name == OURS:
        return _ours(reader)
    if reader and fitting:
        return _peer(reader, fitting[-1])
    if name == OURS:
        raise StoreError("there is no store, so nothing of ours to compare", hint="--store DIR names the folder of one")
    known = sorted({OURS, *(peer.database for peer in there), *adapters.names()})
    near = nearest(name, known, likeness=_LIKE)
    names = ", ".join([OURS, *(f"{peer.database}/{peer.version}" for peer in there)] if reader else []) or "nothing"
    hint = f"name its files, {name}=FILE" if name in known else f"in the store: {names}; or name files, ADAPTER=FILE"
    meant = f"; did you mean {near}?" if near and near != name else ""
    raise UsageError(f"no database {name!r} is loaded in the store{meant}", hint=hint)


def _loaded(store: Place | None) -> Iterator[Source]:
    from iesi_kg.publication import peers_loaded

    reader = _reader(store)
    if reader is None:
        raise StoreError("there is no store", hint="--store DIR names the folder of one")
    yield _ours(reader)
    newest = {peer.database: peer for peer in peers_loaded.loaded(reader)}
    yield from (_peer(reader, peer) for peer in newest.values())


def _ours(reader: Reader) -> Source:
    from iesi_kg.linking.entities import of_reader

    return Source(OURS, str(reader.version), of_reader(reader, OURS))


def _peer(reader: Reader, peer: LoadedPeer) -> Source:
    from iesi_kg.linking import adapters
    from iesi_kg.linking.entities import of_reader

    entities = of_reader(reader, peer.database, peer.graph)
    known = peer.database in adapters.names()
    licence = _binding(adapters.load(peer.database)) if known else peer.licence
    return Source(peer.database, peer.version, entities, licence)


def _reader(store: Place | None) -> Reader | None:
    from iesi_kg.store import opening

    settings = settings_module.load(store=store)
    return opening.read(settings) if store or opening.exists(settings) else None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be written: {error.strerror}") from None


def _tell(sources: Sequence[Source], found: Linked, *, shown: bool) -> None:
    """What was found, in words; the links themselves where no file was asked for."""
    records = ", ".join(f"{len(source.entities):,} of {source.name} (version {source.version})" for source in sources)
    click.echo(f"compared: {records} records", err=True)
    if shown:
        click.echo("".join(f"{_line(link)}\n" for link in found.accepted()), nl=False)
    accepted, doubtful = len(found.accepted()), len(found.to_review())
    click.echo(
        f"{accepted:,} links accepted, {len(found.clusters):,} clusters; {doubtful:,} links for a person to decide",
        err=True,
    )
    for field in dict.fromkeys(conflict.field for conflict in found.conflicts):
        same = [conflict for conflict in found.conflicts if conflict.field == field]
        click.echo(f"clusters that disagree on the {field}: {len(same):,}", err=True)
        for conflict in same[:_MOST]:
            click.echo(f"    {_disagreement(conflict)}", err=True)
        if len(same) > _MOST:
            click.echo(f"    and {len(same) - _MOST:,} more", err=True)


def _line(link: Link) -> str:
    return f"{link.confidence:.2f}  {link.left.curie}  {link.right.curie}  {link.sentence}"


def _disagreement(conflict: Conflict) -> str:
    return "; ".join(f"{value}: {', '.join(curies)}" for value, curies in conflict.values.items())
