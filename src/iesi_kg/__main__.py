"""``python -m iesi_kg``: the command line."""

from iesi_kg.cli import main

main()
