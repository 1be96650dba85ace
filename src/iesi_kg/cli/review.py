"""``iesi-kg review``: two records side by side, one key for each decision; it is kept, and no later run undoes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user, read_source, say, terminal_width
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import UsageError
from iesi_kg.settings import Place, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iesi_kg.linking.sssom import MappingSet
    from iesi_kg.operations.audited import AuditedStore
    from iesi_kg.publication.linkage_graphs import Pair
    from iesi_kg.publication.linkage_queue import Item
    from iesi_kg.publication.linkage_records import Line
    from iesi_kg.store.base import VersionedStore


_KEYS = "a same  r not the same  u cannot be told  s skip  i identical  w reason  z undo  q quit"


@click.command()
@click.argument("file", required=False)
@click.option("--by", metavar="NAME", help="your name, or a role: stored and shown with each decision; else the user's")
@click.option("--queue", is_flag=True, help="only put the links of FILE before the stewards, and end")
@click.option("--publish", metavar="NAME", help="publish the links of FILE as the mapping set NAME, and end")
@click.option("--withdraw", metavar="NAME", help="take the mapping set NAME out, and end")
@click.option("--import", "imported", is_flag=True, help="take over the decisions of FILE, exported before (SSSOM)")
@click.option("--export", "target", type=click.Path(dir_okay=False, path_type=Path), help="write the decisions (SSSOM)")
@click.option("--list", "listed", is_flag=True, help="list what awaits a decision and what was decided")
@click.option("--findings", is_flag=True, help="say anew where linked records contradict one another")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(
    file: str | None,
    by: str | None,
    queue: bool,
    publish: str | None,
    withdraw: str | None,
    imported: bool,
    target: Path | None,
    listed: bool,
    findings: bool,
    store: Place | None,
) -> None:
    """Decide on links: those of FILE (an .sssom.tsv or the review.csv of `iesi-kg link`), or all that await it.

    Those come first whose decision matters most. Keys: a accept, r reject, u cannot be told, s skip, i accept and state
    that every fact of one holds of the other (owl:sameAs), w write a reason for the next decision, z take the last one
    back, q quit. Decisions that stand in the column `decision` of a review.csv are made at once; those of a file that
    --export wrote, in this store or in another one, with --import: under the names and days that stand there.

    Exit code 0: done; 2: the file is not as it should be; 3: a contradiction, or the store cannot be written.
    """
    settings = settings_module.load(store=store)
    ways = [bool(way) for way in (queue, publish, withdraw, imported, target, listed, findings)]
    if sum(ways) > 1:
        raise UsageError(
            "--queue, --publish, --withdraw, --import, --export, --list and --findings exclude one another"
        )
    if (queue or publish or imported) and file is None:
        raise UsageError("name the file with the links", hint="iesi-kg review links.sssom.tsv --queue")
    if file is not None and any((withdraw, target, listed, findings)):
        raise UsageError("this needs no file", hint="leave FILE out")
    steward = _Steward(settings, by or os_user())
    try:
        if publish or withdraw:
            steward.change(publish, withdraw, file)
        elif imported:
            steward.take_over(file or "")
        elif target is not None:
            steward.export(target)
        elif listed or findings:
            steward.tell(findings=findings)
        else:
            steward.review(file, asking=not queue)
    finally:
        steward.close()


class _Steward:
    """Whoever sits at the terminal, and the store that they decide on."""

    def __init__(self, settings: Settings, by: str) -> None:
        from iesi_kg.store import opening

        self._settings, self._by = settings, by
        self._opened: VersionedStore = opening.existing(settings)
        self._reason = ""

    def close(self) -> None:
        self._opened.close()

    def _audited(self, what: str, **detail: str | int) -> AuditedStore:
        from iesi_kg.operations.audit import Act, AuditLog
        from iesi_kg.operations.audited import AuditedStore

        act = Act(self._by, "command", what, datetime.now(UTC), {"user": os_user(), **detail})
        return AuditedStore(self._opened, AuditLog(self._settings.state_folder), act)

    def change(self, publish: str | None, withdraw: str | None, file: str | None) -> None:
        """Publish a set, or take one out."""
        from iesi_kg.publication import linkage

        if withdraw:
            version = linkage.unload(self._audited("mappings withdrawn", set=withdraw), withdraw)
            click.echo(f"withdrawn: {withdraw}; version {version} shows it")
            return
        mappings, _ = _read(file or "")
        version = linkage.load(self._audited("mappings published", set=publish or ""), publish or "", mappings)
        click.echo(f"published: {len(mappings.mappings):,} mappings as {publish}; version {version} shows it")

    def take_over(self, file: str) -> None:
        """Make the decisions of a file that holds decisions."""
        from iesi_kg.publication import linkage_imported

        mappings, _ = _read(file)
        done = linkage_imported.take_over(
            self._opened,
            mappings,
            Path(file).name,
            lambda pair, choice: self._audited(f"link {choice.value}", link=pair.id, file=Path(file).name),
        )
        for line in done.otherwise:
            click.echo(f"left as it is: {line}", err=True)
        click.echo(
            f"{done.made:,} taken over, {done.known:,} stood already, {len(done.otherwise):,} left as they are",
            err=True,
        )

    def export(self, target: Path) -> None:
        """Write the decisions that hold."""
        from iesi_kg.linking import sssom
        from iesi_kg.publication import linkage_told

        made = linkage_told.exported(self._opened.reader())
        target.write_text(sssom.write(made), encoding="utf-8")
        click.echo(f"wrote {len(made.mappings):,} decisions to {target}; `iesi-kg link` keeps to them", err=True)

    def tell(self, *, findings: bool) -> None:
        """List the links, or what is wrong among linked records."""
        from iesi_kg.publication import linkage, linkage_clusters, linkage_queue

        if findings:
            linkage.refresh(self._audited("findings on links"))
            for text in linkage_clusters.texts(self._opened.reader()):
                say(f"{text}\n")
            return
        items = linkage_queue.queue(self._opened.reader())
        for item in items:
            sure = "      " if item.confidence is None else f"{item.confidence:6.2f}"
            say(f"{item.standing.value:9}{sure}  {item.curies[0]} = {item.curies[1]}  {item.labels[0]}\n")
        click.echo(_counted(items), err=True)

    def review(self, file: str | None, *, asking: bool) -> None:
        """Queue the links of a file, make the decisions that it brings, then ask for the others."""
        from iesi_kg.publication import linkage, linkage_graphs, linkage_queue, redirects

        wanted: set[str] = set()
        if file is not None:
            mappings, given = _read(file)
            linkage.enqueue(self._audited("links queued", file=Path(file).name), mappings, Path(file).name)
            click.echo(
                f"the links of {file} are queued; `iesi-kg review --withdraw candidates` empties the queue again",
                err=True,
            )
            pairs = [linkage.pair_of(mappings, item) for item in mappings.mappings]
            names = redirects.merged(self._opened.reader())
            wanted = {linkage_graphs.now(pair, names).id for pair in pairs}
            made = [(pair, *told) for pair, told in zip(pairs, given, strict=True) if told[0]]
            for pair, choice, reason in made:
                self._decide(pair, choice, reason=reason)
            if made:
                click.echo(f"{len(made):,} decisions of the file were made", err=True)
        items = linkage_queue.queue(self._opened.reader())
        open_ones = [item for item in items if item.standing.value in ("open", "reopened")]
        mine = [item for item in open_ones if not wanted or item.pair.id in wanted]
        if asking:
            self._ask(mine)
        else:
            of_all = f" of this file, {len(open_ones):,} in all" if wanted else ""
            click.echo(f"{len(mine):,} links await a decision{of_all}; the page /review shows them", err=True)

    def _ask(self, items: list[Item]) -> None:
        """One link after another, until there is none or somebody quits."""
        done: list[int] = []
        at = 0
        while at < len(items):
            self._show(items[at], at, len(items))
            key = self._key()
            if key == "q":
                break
            if key == "z":
                at = self._take_back(done, items, at)
            elif key == "w":
                self._reason = click.prompt("reason", default="", show_default=False)
            elif key == "s":
                at += 1
            elif self._made(items[at], key):
                done.append(at)
                at += 1
            else:  # as it is now, so that one may decide on that
                items[at] = self._again(items[at])
        click.echo(f"{len(done):,} decided, {len(items) - len(done):,} left", err=True)

    def _made(self, item: Item, key: str) -> bool:
        """Make the decision of a key; what stands against it is said, and nothing is decided."""
        from iesi_kg.errors import DecisionConflict

        choice = {"a": "accepted", "i": "accepted", "r": "rejected", "u": "unsure"}[key]
        try:
            self._decide(item.pair, choice, reason=self._reason, identical=key == "i", revision=item.revision)
        except DecisionConflict as conflict:
            click.echo(f"{conflict.detail}: {conflict.hint}", err=True)
            return False
        self._reason = ""
        return True

    def _take_back(self, done: list[int], items: list[Item], at: int) -> int:
        """The last decision made here comes again; returns its place."""
        if not done:
            click.echo("nothing was decided yet", err=True)
            return at
        last = done.pop()
        self._decide(items[last].pair, "undone")
        items[last] = self._again(items[last])
        click.echo(f"taken back: {items[last].curies[0]} = {items[last].curies[1]}", err=True)
        return last

    def _again(self, item: Item) -> Item:
        from iesi_kg.publication import linkage_queue

        return linkage_queue.find(self._opened.reader(), item.pair.id) or item

    def _decide(self, pair: Pair, choice: str, **more: object) -> None:
        from iesi_kg.publication import linkage
        from iesi_kg.publication.linkage_told import Choice

        verdict = linkage.Verdict(Choice(choice), self._by, datetime.now(UTC), **more)  # type: ignore[arg-type]
        linkage.decide(self._audited(f"link {choice}", link=pair.id), pair, verdict)

    def _key(self) -> str:
        while True:
            click.echo(
                "a same  r not the same  u cannot be told  s skip  i identical  w reason  z undo  q quit > ", nl=False
            )
            key = _pressed().lower() or "q"  # nothing more comes
            click.echo(key)
            if key in set("arusiwzq"):
                return key
            click.echo(f"{key!r} is none of the keys", err=True)

    def _show(self, item: Item, at: int, of: int) -> None:
        from iesi_kg.publication.linkage_records import compared, entity

        reader = self._opened.reader()
        left, right = (entity(reader, record) for record in item.pair.sides)
        sure = "" if item.confidence is None else f", confidence {item.confidence:.2f}"
        say(f"\n{at + 1} of {of}: {item.curies[0]} = {item.curies[1]}{sure}\n")
        if item.reason:
            say(f"  {item.reason}\n")
        for decision in item.history:
            told = f": {decision.reason}" if decision.reason else ""
            say(f"  {decision.choice.value} by {decision.by}, {decision.at:%Y-%m-%d}{told}\n")
        for curie, fields in zip(item.curies, item.changed, strict=True):
            if fields:
                say(f"  CHANGED SINCE: {curie}: {', '.join(fields).replace('_', ' ')}\n")
        for curie, record in zip(item.curies, (left, right), strict=True):
            if record is None:
                say(f"  {curie}: its database is not loaded (iesi-kg load-peer)\n")
        _table(item, compared(left, right))


def _table(item: Item, lines: Sequence[Line]) -> None:
    """Both records as two columns; * marks a field that differs."""
    width = max((terminal_width() - 20) // 2, 20)
    rows = [("", "", item.curies[0], item.curies[1])]
    for line in lines:
        left, right = ("".join(word.text for word in side) for side in (line.left, line.right))
        rows.append(("*" if line.verdict == "differs" else "", line.field.replace("_", " "), left, right))
    for mark, name, left, right in rows:
        columns = [_wrapped(left, width), _wrapped(right, width)]
        for at in range(max(len(column) for column in columns)):
            told = [column[at] if at < len(column) else "" for column in columns]
            say(f"{mark if not at else '':2}{name if not at else '':14}{told[0]:{width}}  {told[1]}".rstrip() + "\n")


def _pressed() -> str:
    """One key; a pipe, where there is no terminal to press it on, is refused in words."""
    try:
        return click.getchar()
    except OSError:
        raise UsageError(
            "there is no terminal to press keys on", hint="fill in the column `decision` of a review.csv, and send that"
        ) from None


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, max_lines=8, placeholder=" ...") or [""]


def _read(name: str) -> tuple[MappingSet, Sequence[tuple[str, str]]]:
    """The links of a file, and for each the decision that it brings."""
    from iesi_kg.errors import UnreadableFile
    from iesi_kg.linking import sssom
    from iesi_kg.linking.review_file import read_review

    source = read_source(name)
    try:
        text = source.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{name} is not UTF-8: byte {error.start}", hint="save it as UTF-8") from None
    if name.casefold().endswith(".csv"):
        found = read_review(text, source.name)
        return found.mappings, found.decisions
    mappings = sssom.read(text, source.name)
    return mappings, [("", "")] * len(mappings.mappings)


def _counted(items: Sequence[Item]) -> str:
    numbers: dict[str, int] = {}
    for item in items:
        numbers[item.standing.value] = numbers.get(item.standing.value, 0) + 1
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items()) or "no link is known"
