"""Findings for a person, line by line as they come, or as JSON for a program."""

import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape

from app.cli.doctor.examination import examine
from app.cli.exit_status import ExitStatus
from app.config import load_settings
from app.domain.findings import Finding, Verdict, worst_of

__all__ = ["examine_and_print"]

WIDTH = 120
"""Of lines that nobody looks at in a terminal."""
COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "bold red"}


def examine_and_print(*, as_json: bool) -> ExitStatus:
    """DONE if nobody has to act (there may be warnings), NOT_SO for a problem. Raises: SettingsError."""
    settings = load_settings()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    findings: list[Finding] = []
    for finding in examine(settings):
        findings.append(finding)
        if not as_json:
            _print(finding, console)
    verdict = worst_of(tuple(findings))
    if as_json:
        print(json.dumps({"verdict": verdict, "findings": [asdict(finding) for finding in findings]}))
    return ExitStatus.NOT_SO if verdict is Verdict.PROBLEM else ExitStatus.DONE


def _print(finding: Finding, console: Console) -> None:
    colour = COLOURS[finding.verdict]
    console.print(f"[{colour}]{finding.verdict.value:<8}[/{colour}]{escape(finding.means)}")
    if finding.do:
        console.print(f"          → {escape(finding.do)}")
