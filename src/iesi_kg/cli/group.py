"""The group of commands, each loaded when it is called, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from iesi_kg import __version__
from iesi_kg.errors import IesiKgError

COMMANDS = {
    "adapt": "turn the files of another database into statements in the terms of ours",
    "backup": "back up everything that belongs to a store, while it is served and written to",
    "build": "make the generated files under ontology/generated from ontology and shapes",
    "check": "say what is wrong in a file, cell by cell; changes nothing",
    "compact": "write the store into fresh, fewer files and delete old versions; says what that gained",
    "diff": "say what a file would add, change and remove, cell by cell; changes nothing",
    "doctor": "say what is wrong or unwise with this installation, and what to do",
    "erase": "take personal data out of the store and of every release, for good",
    "export": "write what is published in the terms of CPSV-AP, CPOV or DCAT-AP",
    "link": "find the records of several databases that are of one initiative or organisation, and say why",
    "load": "load large RDF files into a graph of a store, list what is loaded, or take it out",
    "load-peer": "put another database beside ours in a store, list what is there, or take it out",
    "log": "show who changed what, when and in which version, and whether the log is whole",
    "map": "draw the knowledge map, what is covered or the network: table, CSV, SVG or PNG",
    "mirror": "keep a copy of another service's store, to serve it from here too",
    "merge": "merge a published initiative or organisation into another one, which then stands for both",
    "peers": "list, check or probe the other servers that SERVICE may ask",
    "query": "run a SPARQL query on a store or an endpoint",
    "questions": "ask the competency questions and name each whose answer is not the expected one",
    "reason": "say what follows from the published statements, by which rule and why",
    "release": "give what is published now a name, and keep it for good",
    "restore": "put a backup in the place of a store; what stood there is kept aside",
    "review": "decide which records of two databases are the same: side by side, one key each; kept for good",
    "serve": "serve the pages and the SPARQL endpoint; an empty store is filled first",
    "settings": "list every setting with its default and its value now",
    "split": "take a merged thing out of the one it was merged into, or split a record in two by a file",
    "submissions": "see what was handed in over the web and decide on it: accept, return, refuse, withdraw",
    "submit": "check a file and publish it whole, or not at all",
    "validate": "judge any RDF by any SHACL shapes; changes and fetches nothing",
    "verify": "read every file of a store or a backup and say what is damaged; or run a cited query again",
    "template": "write an empty table to fill in, or one filled example",
    "token": "make, list and revoke the tokens that open more than reading",
}


class LazyGroup(click.Group):
    """A click group that knows its commands by name and imports each one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"iesi_kg.cli.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in sorted(COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="iesi-kg", message="%(prog)s %(version)s")
def group() -> None:
    """An open knowledge graph of ICT-enabled social innovation."""


def run() -> None:
    """Run the command line; every error ends as one sentence, its remedy and its exit code."""
    try:
        group.main(standalone_mode=False)
    except IesiKgError as error:
        _say(error.detail, error.hint)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(3)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)


def _say(detail: str, hint: str | None) -> None:
    click.echo(f"iesi-kg: {detail}", err=True)
    if hint:
        click.echo(f"         {hint}", err=True)
