"""A hundred thousand rows are checked in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
from iesi_kg.publication.workflow import check
from iesi_kg.records import SourceFile
done = []
report = check(SourceFile("big.csv", Path(sys.argv[1]).read_bytes()), progress=done.append)
assert done == sorted(done) and done[-1] == report.records
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
# VmHWM, not ru_maxrss: the latter starts from what the process that forked this one had used.
print(report.records, report.conforms, int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.parametrize("rows", [2_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "big.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("identifier,name,country,start_year,service_areas,description,target_groups,lead_organisation,")
        file.write("source_url,source_check\n")
        for number in range(rows):
            file.write(
                f"record-{number},Record {number},ES,2013,childcare,It helps.,families,O,https://e.org/{number},"
            )
            file.write("not-re-read\n")
    command = [sys.executable, "-c", SCRIPT, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    records, conforms, megabytes = done.stdout.split()
    assert (records, conforms) == (str(rows), "True")
    assert int(megabytes) < 250 + 2 * path.stat().st_size // 1_000_000
