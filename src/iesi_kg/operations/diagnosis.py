"""What a doctor says: findings, each with its weight and a remedy, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

from iesi_kg import __version__


class Weight(StrEnum):
    """How much a finding matters: warnings may become failures, a failure keeps the service from working."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do where it is not as it should be."""

    check: str
    weight: Weight
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings of one look."""

    at: datetime
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0: nothing to do; 1: warnings; 2: failures."""
        weights = {finding.weight for finding in self.findings}
        return 2 if Weight.FAILURE in weights else int(Weight.WARNING in weights)

    def document(self) -> dict[str, object]:
        """The same for programs."""
        at = self.at.astimezone(UTC).isoformat(timespec="seconds")
        findings = [asdict(finding) for finding in self.findings]
        return {"software": __version__, "at": at, "exit_code": self.exit_code, "findings": findings}


def first_or_ok(check: str, findings: Iterable[Finding], well: str) -> list[Finding]:
    """The findings, or the one that all is well."""
    return list(findings) or [Finding(check, Weight.OK, well)]
