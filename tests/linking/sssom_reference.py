"""What the reference implementation of SSSOM says of mapping files: run apart, as it warns and is slow to load."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sssom.constants import SchemaValidationType
from sssom.parsers import parse_sssom_table
from sssom.validators import validate

CHECKS = [
    SchemaValidationType.JsonSchema,
    SchemaValidationType.PrefixMapCompleteness,
    SchemaValidationType.StrictCurieFormat,
]


def judged(path: Path) -> dict[str, object]:
    found = parse_sssom_table(path)
    reports = validate(found, CHECKS, fail_on_error=False)
    messages = [result.message for report in reports.values() for result in report.results]
    return {"rows": len(found.df), "columns": sorted(found.df.columns), "messages": messages}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({path: judged(Path(path)) for path in sys.argv[1:]}))
