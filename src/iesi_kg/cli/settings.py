"""``iesi-kg settings``: the table of settings with defaults and present values."""

from __future__ import annotations

import click

from iesi_kg import settings


@click.command()
def command() -> None:
    """List every setting: its environment variable, its value now, its default and what it means."""
    now = settings.load()
    for row in settings.table():
        value = getattr(now, row.name)
        if row.name in settings.SECRETS and value:
            click.echo(f"{row.variable}=(set, not shown)\n    {row.help}")
            continue
        mark = "" if value == row.default else f"   (default {row.default})"
        click.echo(f"{row.variable}={value}{mark}\n    {row.help}")
