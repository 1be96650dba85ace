"""``iesi-kg check``: a file to its verdict on standard output and an exit code."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from iesi_kg import settings
from iesi_kg.cli.files import progress, read_folder, read_sources, say, terminal_width
from iesi_kg.cli.place import PLACE
from iesi_kg.records import Report, SourceFile
from iesi_kg.settings import Place
from iesi_kg.store.base import Reader
from iesi_kg.validation.scoring import Standing
from iesi_kg.vocabulary.told import LANGUAGES

_FORMATS = ("text", "json", "html", "ttl", "csv")


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", "output", type=click.Choice(_FORMATS), default="text", help="how to say it")
@click.option("--lang", metavar="|".join(LANGUAGES), help="in which language (default: the setting, else LANG)")
@click.option("--store", type=PLACE, help="folder or address of the store to check against")
@click.option(
    "--annotate",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT.xlsx",
    help="write the workbook back with a comment and a fill at each cell, and a sheet of the findings",
)
@click.option(
    "--fix",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT",
    help="write the file with the safe suggestions applied; each is told on standard error",
)
@click.option(
    "--sources",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="saved texts of the sources: which do not name their record, which of their sentences are repeated",
)
def command(
    files: tuple[str, ...],
    output: str,
    lang: str | None,
    store: Place | None,
    annotate: Path | None,
    fix: Path | None,
    sources: Path | None,
) -> None:
    """Say what is wrong in FILE (- for standard input): CSV, Excel or RDF, told apart by content. Changes nothing.

    Several files, a folder or a zip archive are one submission, which is accepted whole or not at all.

    Where there is a store, records that are published already are taken into account, as `submit` does.

    Exit code 0: accepted, maybe with warnings; 1: violations; 2: the file cannot be read; 3: any other error.
    """
    from iesi_kg.publication import workflow

    language = settings.language(lang, LANGUAGES)
    source, standing = read_sources(files), Standing()
    with progress(source, quiet=output == "json") as tell:
        report = workflow.check(
            source, today=datetime.now(UTC).date(), reader=_published(store), progress=tell, standing=standing
        )
    if sources:
        report = _judged(report, source, sources)
    if annotate:
        _annotate(source, report, annotate, language)
    if fix:
        _fix(source, report, fix, language)
    _write(source, report, output, language, standing)
    sys.exit(0 if report.conforms else 1)


def _judged(report: Report, source: SourceFile, folder: Path) -> Report:
    """The report with what the saved texts of a folder say against the records."""
    from iesi_kg.errors import UnreadableFile
    from iesi_kg.publication import workflow
    from iesi_kg.validation import sourcetexts

    files = [file for file in read_folder(folder) if file.name.casefold().endswith(sourcetexts.FORMS)]
    if not files:
        raise UnreadableFile(f"there is no text in {folder}", hint="texts end in " + ", ".join(sourcetexts.FORMS))
    texts = sourcetexts.SourceTexts(sourcetexts.read(file) for file in files)
    return Report(report.records, (*report.findings, *workflow.judged_by(texts, source)))


def _write(source: SourceFile, report: Report, output: str, language: str, standing: Standing) -> None:
    from iesi_kg.validation import render

    if output == "text":
        colour, width = sys.stdout.isatty(), terminal_width()
        say(render.text(report, colour=colour, width=width, language=language, standing=standing))
        return
    click.echo(_file(source, report, output, language, standing), nl=False)


def _file(source: SourceFile, report: Report, output: str, language: str, standing: Standing) -> bytes:
    from iesi_kg.publication import workflow
    from iesi_kg.validation import page, render, w3c

    if output == "ttl":
        return w3c.turtle(report)
    if output == "csv":
        return render.csv(report, language).encode("utf-8", "replace")
    if output == "html":
        return page.html(report, source.name, language, rows=workflow.rows(source), standing=standing).encode(
            "utf-8", "replace"
        )
    return f"{render.json(report, language, standing)}\n".encode()


def _annotate(source: SourceFile, report: Report, out: Path, language: str) -> None:
    from iesi_kg.errors import UsageError
    from iesi_kg.publication import returned

    if returned.holds_macros(source) and out.suffix.casefold() != ".xlsm":
        raise UsageError(f"{source.name} holds macros, which stay in it", hint="name the file to write OUT.xlsm")
    _save(out, returned.annotated(source, report, language))


def _fix(source: SourceFile, report: Report, out: Path, language: str) -> None:
    from iesi_kg.publication import returned
    from iesi_kg.validation.listing import place
    from iesi_kg.vocabulary import told

    content, mended = returned.mended(source, report)
    _save(out, content)
    for item in mended:
        facts = {"place": place(item.finding, language), "before": item.before, "after": item.after}
        line = told.say("word.fixed", code=item.finding.code, **facts)
        click.echo(told.in_language(line, language), err=True)
    if mended:
        click.echo(told.in_language(told.say("word.fixed.in", file=out), language), err=True)


def _save(path: Path, content: bytes) -> None:
    from iesi_kg.errors import UsageError

    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _published(store: Place | None) -> Reader | None:
    """What is published in the store; None where there is no store and none was asked for."""
    from iesi_kg.store import opening

    chosen = settings.load(store=store)
    return opening.read(chosen) if store or opening.exists(chosen) else None
