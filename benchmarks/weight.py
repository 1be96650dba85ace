"""What the package weighs: wheel size, time to install it, import costs as multiples of a bare interpreter start."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROBES = {
    "bare interpreter": ["-c", "pass"],
    "import iesi_kg": ["-c", "import iesi_kg"],
    "iesi-kg --version": ["-m", "iesi_kg", "--version"],
    "iesi-kg --help": ["-m", "iesi_kg", "--help"],
    "import pyoxigraph": ["-c", "import pyoxigraph"],
    "import rdflib": ["-c", "import rdflib"],
}
ROUNDS = 15


def run() -> dict[str, Any]:
    """Medians of shuffled rounds; the wheel is built and installed without dependencies into a new environment."""
    times: dict[str, list[float]] = {name: [] for name in PROBES}
    random = Random(1)
    for _ in range(ROUNDS):
        for name in random.sample(list(PROBES), len(PROBES)):
            times[name].append(_seconds([sys.executable, *PROBES[name]]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    bare = medians["bare interpreter"]
    multiples = {name: round(value / bare, 2) for name, value in medians.items()}
    return {"aims": {"iesi-kg --version": 5}, "multiples of a bare start": multiples, **_wheel()}


def _wheel() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, str(ROOT)]
        subprocess.run(build, check=True, capture_output=True)
        (wheel,) = Path(folder).glob("*.whl")
        environment = Path(folder) / "environment"
        made = _seconds([sys.executable, "-m", "venv", str(environment)])
        pip = [
            str(environment / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "-c",
            str(ROOT / "constraints.txt"),
        ]
        alone = _seconds([*pip, "--no-deps", str(wheel)])
        whole = _seconds([*pip, str(wheel)])
        return {
            "wheel_bytes": wheel.stat().st_size,
            "install, as multiples of making the environment": {
                "wheel alone": round(alone / made, 2),
                "with everything it needs": round(whole / made, 2),
            },
        }


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start
