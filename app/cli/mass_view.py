"""A mass revocation, for people and for programs, and its progress while it runs."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.clock import sleep_seconds
from app.domain.mass_revocations import MassRevocation, MassState
from app.domain.mass_wording import aim_in_words, count_in_words, number_of

__all__ = ["job_as_json", "job_facts", "job_row", "watched"]

LOOK_EVERY = timedelta(milliseconds=250)


def job_as_json(job: MassRevocation) -> dict[str, Any]:
    """The members that the HTTP API shows."""
    fields = asdict(job)
    del fields["org_slug"]
    return {
        "id": fields.pop("mass_revocation_id"),
        **fields,
        "criteria": job.criteria.as_json(),
        "ended": job.ended,
        "percent": job.percent,
    }


def job_row(job: MassRevocation) -> dict[str, Any]:
    """A line of the list."""
    return {
        "id": job.mass_revocation_id,
        "state": str(job.state),
        "planned_at": job.planned_at,
        "ends": aim_in_words(job),
        "planned": job.planned.credentials,
        "ended": job.ended,
        "reason": job.reason,
    }


def job_facts(job: MassRevocation) -> dict[str, Any]:
    """One job, whole; the way on for one that was only planned."""
    is_planned = job.state is MassState.PLANNED
    return {
        "id": job.mass_revocation_id,
        "state": str(job.state),
        "ends": aim_in_words(job),
        "planned": count_in_words(job.planned),
        "reason": job.reason,
        "pace": f"{job.pace} a second at most",
        "planned_at": job.planned_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "ended": None if job.started_at is None else f"{job.ended} of {job.expected} ({job.percent} %)",
        "stragglers": _stragglers(job),
        "receipt": job.revocation_id,
        "next": f"cutoff mass start {job.mass_revocation_id} --watch" if is_planned else None,
    }


def watched(job: MassRevocation, read: Callable[[], MassRevocation]) -> MassRevocation:
    """The job when it does not run any more: done, cancelled, or paused by somebody."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("ending", total=max(job.expected, 1))
        while job.state is MassState.RUNNING:
            progress.update(bar, completed=job.ended, total=max(job.expected, job.ended, 1))
            sleep_seconds(LOOK_EVERY.total_seconds())
            job = read()
    return job


def _stragglers(job: MassRevocation) -> str | None:
    if not job.stragglers_ended and not job.left_behind:
        return None
    held = f", {number_of(job.left_behind, 'credential')} still held by somebody" if job.left_behind else ""
    return f"{job.stragglers_ended} ended by a later pass{held}"
