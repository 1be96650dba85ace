"""``iesi-kg check`` as a command: languages, forms, files that go back, exit codes; the guide runs as it is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from iesi_kg.cli.check import command

HERE = Path(__file__).parent
TYPO = HERE / "typo-in-code" / "file.csv"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, where no store is, and no language of the machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def test_the_guide_runs_as_it_is_written(root: Path, nowhere: Path) -> None:
    (nowhere / "mine.csv").write_bytes(TYPO.read_bytes())
    (nowhere / "texts").mkdir()
    (nowhere / "texts" / "page.txt").write_text("https://example.org/ says nothing.", "utf-8")
    guide = (root / "docs" / "how-to" / "check-a-file.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", guide, re.S) for line in block.splitlines()]
    assert len(lines) == 9
    for line in lines:
        program, name, *arguments = line.split(" > ")[0].split()
        assert (program, name) == ("iesi-kg", "check")
        assert run(*arguments).exit_code == 1
    assert openpyxl.load_workbook(nowhere / "back.xlsx").sheetnames == ["mine", "Befunde"]
    assert run("mended.csv" if (nowhere / "mended.csv").exists() else "").exit_code == 0


def test_the_json_says_the_score_besides() -> None:
    told = json.loads(run(str(TYPO), "--format", "json", "--lang", "es").stdout)
    assert list(told) == ["conforms", "records", "findings", "score"]
    assert told["findings"][0]["message"].startswith("«socail-inclusion» no es ni código ni etiqueta")
    assert [record["row"] for record in told["score"]["records"]] == [2, 3]


def test_what_was_mended_is_said_on_standard_error() -> None:
    found = run(str(TYPO), "--fix", "out.csv", "--lang", "fr")
    assert found.stderr == (
        "ligne 3, service_areas : « socail-inclusion » est devenu « social-inclusion » (unknown-code)\n"
        "out.csv contient ces remèdes ; ce qui suit concerne le fichier tel qu’il est venu : vérifiez aussi out.csv\n"
    )
    assert found.stdout.startswith("Refusé: 2 fiches, 1 erreur.")
    assert found.exit_code == 1


def test_the_language_of_the_system_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "it_IT.UTF-8")
    assert run(str(TYPO)).stdout.startswith("Non accettato: 2 schede, 1 errore.")


def test_a_file_that_cannot_be_written_is_said() -> None:
    from iesi_kg.errors import UsageError

    with pytest.raises(UsageError, match="cannot be written"):
        run(str(TYPO), "--fix", "no-such-folder/out.csv")
