"""What an examination finds: each thing with its verdict, what that means, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Verdict", "worst_of"]


class Verdict(StrEnum):
    """`warning`: the promise holds, but less well, or not for long. `problem`: somebody has to act."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`check` is a word for programs, the rest sentences for people; `do` is empty where nothing is to be done."""

    check: str
    verdict: Verdict
    means: str
    do: str = ""


def worst_of(findings: tuple[Finding, ...]) -> Verdict:
    """The verdict over all of them; ok for none."""
    return max((finding.verdict for finding in findings), key=list(Verdict).index, default=Verdict.OK)
