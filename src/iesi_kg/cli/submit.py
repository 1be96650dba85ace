"""``iesi-kg submit``: a file to a published version, or to the reasons why not."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings
from iesi_kg.cli.files import os_user, progress, read_sources, say, terminal_width
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import SubmissionRejected
from iesi_kg.records import Report
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.publication.revision import Side


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--by", required=True, metavar="NAME", help="your name, or a role: stored and shown with the records")
@click.option("--store", type=PLACE, help="folder or address of the store (default: the setting)")
@click.option("--take", type=click.Choice(["mine", "theirs"]), help="which side holds where a filled sheet conflicts")
def command(files: tuple[str, ...], by: str, store: Place | None, take: Side | None) -> None:
    """Check FILE and publish it whole, or not at all. The same file again changes nothing.

    Several files, a folder or a zip archive are one submission, which is published whole or not at all.

    Of a sheet filled by `iesi-kg template --records` only what was changed in it. Where the same cell was changed in
    what is published since, nothing is published: --take mine keeps the sheet's values, --take theirs the others.
    """
    from iesi_kg.operations.audit import Act, AuditLog
    from iesi_kg.operations.audited import AuditedStore
    from iesi_kg.publication import workflow
    from iesi_kg.publication.bundled import load_bundled
    from iesi_kg.store import opening

    chosen, now = settings.load(store=store), datetime.now(UTC)
    user, log = os_user(), AuditLog(chosen.state_folder)
    source = read_sources(files)
    alike = workflow.likeness(opening.read(chosen) if opening.exists(chosen) else None)
    with progress(source, quiet=False) as tell:
        receipt = replace(workflow.receive(source, today=now.date(), progress=tell, alike=alike), take=take)
    try:
        workflow.decide(receipt)
        opened = opening.open_store(chosen, create=True)
        if not opened.current().triples:
            click.echo(f"loading the bundled data into {chosen.store}, which is empty")
            load_bundled(AuditedStore(opened, log, Act(user, "command", "bundled data", now)), at=now)
        detail = {"file": source.name, "sha256": source.sha256, "user": user}
        audited = AuditedStore(opened, log, Act(by, "command", "submission", now, detail))
        done = workflow.publish(audited, receipt, by=by, at=now)
        opened.close()
    except SubmissionRejected as refused:
        _show(refused.members.get("report"))
        _show_conflicts(refused.members.get("comparison"))
        raise
    _show(receipt.report)
    if done.changed:
        records = f"{done.records:,} record{'' if done.records == 1 else 's'}"
        if done.replaced:
            were = "was published before and is" if done.replaced == 1 else "were published before and are"
            records += f" ({done.replaced:,} {were} replaced)"
        click.echo(f"accepted as version {done.version}: {records} in {done.graph.value}")
    elif receipt.submission.base is not None:
        click.echo("nothing changed: the sheet says what is published")
    else:
        click.echo(f"nothing changed: this file is already published in {done.graph.value}")


def _show(report: object) -> None:
    from iesi_kg.validation import render
    from iesi_kg.vocabulary.told import LANGUAGES

    if isinstance(report, Report) and report.findings:
        language = settings.language(None, LANGUAGES)
        say(render.text(report, colour=sys.stdout.isatty(), width=terminal_width(), language=language))


def _show_conflicts(comparison: object) -> None:
    from iesi_kg.cli.diff import conflicting
    from iesi_kg.publication.revision import Comparison

    if isinstance(comparison, Comparison):
        for conflict in comparison.conflicts:
            say("\n".join([*conflicting(conflict), ""]))
