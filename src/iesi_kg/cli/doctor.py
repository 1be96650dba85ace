"""``iesi-kg doctor``: one page of what is wrong or unwise with this installation, and what to do."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import say
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from iesi_kg.operations.diagnosis import Finding


@click.command()
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option("--thorough", is_flag=True, help="read every file of the store too, as `iesi-kg verify` does")
@click.option("--backup-days", type=click.FloatRange(0), default=7.0, show_default=True, help="how old a backup may be")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(store: Place | None, thorough: bool, backup_days: float, form: str) -> None:
    """Look at machine, packages, settings, store, port and backups; run it as the user of the service. Changes nothing.

    Exit code 0: nothing to do; 1: warnings; 2: something keeps the service from working; 3: the settings are wrong.
    """
    from iesi_kg.cli.verify import faults_of
    from iesi_kg.operations.doctor import diagnose

    settings = settings_module.load(store=store)
    read = list(faults_of(settings.folder)) if thorough and not settings.remote and settings.folder.is_dir() else None
    found = diagnose(settings, datetime.now(UTC), backup_days=backup_days, faults=read)
    if form == "json":
        click.echo(json.dumps(found.document(), ensure_ascii=False, indent=1))
    else:
        say("".join(_line(finding) for finding in found.findings))
    sys.exit(found.exit_code)


def _line(finding: Finding) -> str:
    remedy = f"{'':24}{finding.remedy}\n" if finding.remedy else ""
    return f"{finding.weight.value:9} {finding.check:13} {finding.what}\n{remedy}"
