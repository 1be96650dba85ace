"""``iesi-kg`` that kills itself before a step on files. Arguments: the step (see ``killing``), then the command."""

from __future__ import annotations

import sys

from iesi_kg.cli import main
from killing import Watch

Watch(sys.argv.pop(1))
main()
