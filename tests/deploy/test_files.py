"""The files of ``deploy/`` by the checkers of those who read them, and by what they say of the service.

No image is built here, as nothing is fetched from a registry in a test: its steps are looked at instead.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from iesi_kg import settings
from iesi_kg.settings import file_variables

VARIABLES = {row.variable: row for row in settings.table()}
KNOWN = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "RUN", "STOPSIGNAL", "USER", "VOLUME",
    "WORKDIR",
}  # fmt: skip
MOST_EXPOSED = 20  # tenths: systemd calls less than 2.0 "OK", and a service that says nothing has 9.6


def run(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} (Debian packages systemd and docker-compose)")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", **environment}
    )


@pytest.fixture
def units(root: Path, tmp_path: Path) -> Path:
    """The units with a program that is on this machine: their checker looks for it."""
    for path in (root / "deploy" / "systemd").glob("iesi-kg.*"):
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/iesi-kg/bin/iesi-kg", "/bin/true"))
    return tmp_path


def test_systemd_understands_the_units(units: Path) -> None:
    for name in ("iesi-kg.service", "iesi-kg.socket"):
        done = run("systemd-analyze", "verify", str(units / name))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_service_may_do_little(units: Path) -> None:
    threshold = f"--threshold={MOST_EXPOSED}"
    done = run("systemd-analyze", "security", "--offline=true", threshold, str(units / "iesi-kg.service"))
    assert done.returncode == 0, done.stdout


def test_the_unit_gives_the_service_more_time_than_it_takes(root: Path) -> None:
    text = (root / "deploy" / "systemd" / "iesi-kg.service").read_text()
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    given = file_variables((root / "deploy" / "systemd" / "settings.env").read_text())
    assert int(seconds) > settings.load(given).stop_seconds + 5
    assert "Type=notify" in text
    assert "kill -HUP $MAINPID" in text


def instructions(root: Path) -> list[tuple[str, str]]:
    text = (root / "deploy" / "container" / "Containerfile").read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines.splitlines() if line.strip())]


def test_the_image_is_made_of_what_is_there_and_runs_without_root(root: Path) -> None:
    found = instructions(root)
    assert {name for name, _ in found} <= KNOWN
    assert [rest for name, rest in found if name == "USER"] == ["10001"]
    after_user = [name for name, _ in found[[name for name, _ in found].index("USER") :]]
    assert "RUN" not in after_user and "COPY" not in after_user
    [ignored] = [(root / "deploy" / "container" / "Containerfile.dockerignore").read_text().splitlines()]
    assert ignored[0] == "*"
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert [name for name in kept if not (root / name).exists()] == []
    assert {"src", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "NOTICE"} <= set(kept)
    [variables] = [rest for name, rest in found if name == "ENV"]
    named = dict(part.split("=", 1) for part in shlex.split(variables))
    ours = {name: value for name, value in named.items() if name.startswith("IESI_KG_")}
    loaded = settings.load(ours)  # known names, values of their types
    assert (loaded.host, str(loaded.store), loaded.workers) == ("0.0.0.0", "/data/store", 2)
    assert [rest for name, rest in found if name == "VOLUME"] == ["/data"]


def test_what_the_build_takes_is_all_that_the_wheel_takes(root: Path) -> None:
    """The folders that pyproject.toml puts into the wheel are let into the build."""
    kept = (root / "deploy" / "container" / "Containerfile.dockerignore").read_text()
    included = re.findall(r'^"([^"]+)" = "iesi_kg/_bundle', (root / "pyproject.toml").read_text(), re.MULTILINE)
    assert included
    assert [name for name in included if f"!{name.split('/')[0]}\n" not in kept] == []


def composed(root: Path, *files: str, **environment: str) -> subprocess.CompletedProcess[str]:
    named = [part for file in files for part in ("-f", str(root / "deploy" / "container" / file))]
    return run("docker-compose", "-p", "iesi-kg", *named, "config", **environment)


def test_compose_understands_its_file(root: Path) -> None:
    done = composed(root, "compose.yaml", NAME="kg.test")
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    service, caddy = services["iesi-kg"], services["caddy"]
    assert set(service["environment"]) <= set(VARIABLES)
    assert service["environment"]["IESI_KG_HOSTS"] == caddy["environment"]["NAME"] == "kg.test"
    assert "ports" not in service  # reached through the proxy only
    assert all(each["read_only"] and each["cap_drop"] == ["ALL"] for each in (service, caddy))
    assert Path(service["build"]["context"]) == root
    assert (root / service["build"]["dockerfile"]).is_file()
    assert [Path(volume.split(":")[0]) for volume in caddy["volumes"] if "Caddyfile" in volume] == [
        root / "deploy" / "caddy" / "Caddyfile"
    ]


def test_compose_with_virtuoso_needs_a_password(root: Path) -> None:
    files = ("compose.yaml", "compose.virtuoso.yaml")
    text = (root / "deploy" / "container" / files[1]).read_text()
    assert text.count("${PASSWORD:?set PASSWORD") == 2  # refused without it
    done = composed(root, *files, PASSWORD="secret")
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert services["iesi-kg"]["environment"]["IESI_KG_STORE"].startswith("sparql+http://virtuoso:8890/")
    assert "ports" not in services["virtuoso"]
