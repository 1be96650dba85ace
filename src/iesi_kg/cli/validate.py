"""``iesi-kg validate``: any RDF and any SHACL shapes to the report of the standard and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iesi_kg import settings
from iesi_kg.cli.files import read_source, say
from iesi_kg.records import SourceFile

ENGINES = ("auto", "shifty", "pyshacl")
FORMATS = ("ttl", "json", "text", "nt", "jsonld", "xml")
SEVERITIES = ("Info", "Warning", "Violation")


class _ManyShapes(click.Command):
    """Takes every file after ``--shapes`` for shapes, up to the next option, as a shell writes ``shapes/*.ttl`` out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        written: list[str] = []
        many = False
        for place, argument in enumerate(args):
            option = argument.startswith("-") and argument != "-"
            if many and not option and args[place - 1] != "--shapes":
                written.append("--shapes")
            many = argument == "--shapes" or (many and not option)
            written.append(argument)
        return super().parse_args(ctx, written)


@click.command(cls=_ManyShapes)
@click.argument("data", nargs=-1, required=True)
@click.option(
    "--shapes", "-s", multiple=True, required=True, metavar="SHAPES...", help="files of shapes; DATA stands before"
)
@click.option("--engine", type=click.Choice(ENGINES), default="auto", help="auto: what the shapes use decides")
@click.option("--format", "output", type=click.Choice(FORMATS), default="ttl", help="how to write the report")
@click.option("--pack", multiple=True, help="codes that need no type in the data: eu (default), none, or an RDF file")
@click.option("--fail-on", type=click.Choice(SEVERITIES), default="Info", help="the least severity that exits with 1")
@click.option("--seconds", type=float, help="stop after so many seconds")
def command(
    data: tuple[str, ...],
    shapes: tuple[str, ...],
    engine: str,
    output: str,
    pack: tuple[str, ...],
    fail_on: str,
    seconds: float | None,
) -> None:
    """Validate the RDF in DATA (files; - for standard input) against SHACL shapes. Nothing is fetched or changed.

    Every syntax of RDF is read, told apart by content. The W3C report goes to standard output, notes to standard error.

    Exit code 0: conforms; 1: does not; 2 or more: error, such as an ill-formed shape or a file that cannot be read.
    """
    from iesi_kg.publication import validated
    from iesi_kg.validation import written

    limits = settings.load(validate_seconds=seconds)
    outcome = validated.validate(
        [_source(name) for name in data],
        [_source(name) for name in shapes],
        engine=None if engine == "auto" else engine,
        packs=() if "none" in pack else pack or (validated.OWN_PACK,),
        seconds=limits.validate_seconds,
        memory=limits.validate_memory,
    )
    for note in outcome.notes:
        click.echo(f"note: {note}", err=True)
    say(written.WRITERS[output](outcome))
    sys.exit(1 if written.fails(outcome, SEVERITIES[SEVERITIES.index(fail_on) :]) else 0)


def _source(name: str) -> SourceFile | Path:
    return read_source(name) if name == "-" else Path(name)
