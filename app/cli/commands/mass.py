"""`cutoff mass`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from app.cli.commands.options import AsJson, Limit, Yes, group
from app.domain.mass_criteria import MassRole
from app.domain.mass_revocations import DEFAULT_PACE, MAXIMUM_PACE

__all__ = ["app"]

app = group("Revoke by the thousand, as a job: plan, start, watch, pause, resume, cancel.")

JobId = Annotated[UUID, typer.Argument(help="The job's id, which its plan has printed.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show the progress until it is over or paused.")]


@app.command()
def plan(
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the job.", show_default=False)],
    sessions: Annotated[bool, typer.Option("--sessions", help="End sessions.")] = False,
    tokens: Annotated[bool, typer.Option("--tokens", help="End API tokens.")] = False,
    everyone: Annotated[bool, typer.Option("--everyone", help="Of everyone; stands alone.")] = False,
    org: Annotated[str | None, typer.Option(help="Of this organization: slug or id.")] = None,
    role: Annotated[MassRole | None, typer.Option(help="Of accounts with this role.")] = None,
    issued_before: Annotated[
        datetime | None,
        typer.Option(help="Issued before this instant, in UTC.", formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]),
    ] = None,
    ip: Annotated[str | None, typer.Option(help="Sessions from this address or range: 10.0.0.0/8.")] = None,
    device: Annotated[str | None, typer.Option(help="Sessions on a device called so, in part.")] = None,
    pace: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_PACE, help="Credentials a second at most.")
    ] = DEFAULT_PACE,
    as_json: AsJson = False,
) -> None:
    """Count what would end, and keep the plan; nothing ends. All criteria have to hold."""
    from app.cli.mass import Asked, plan_and_print

    asked = Asked(
        reason=reason,
        sessions=sessions,
        tokens=tokens,
        everyone=everyone,
        org=org,
        role=role,
        issued_before=issued_before,
        network=ip,
        device=device,
        pace=pace,
    )
    plan_and_print(asked, as_json=as_json)


@app.command()
def start(
    job_id: JobId,
    *,
    yes: Yes = False,
    accept: Annotated[
        int | None, typer.Option(min=0, help="Also if it has grown to this many since the plan.")
    ] = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Start what was planned: it ends what is issued up to now, and goes on without this command."""
    from app.cli.mass import start_and_print

    raise typer.Exit(start_and_print(job_id, yes=yes, accepted=accept, watch=watch, as_json=as_json))


@app.command()
def pause(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Let no further batch begin."""
    from app.cli.mass import pause_and_print

    pause_and_print(job_id, as_json=as_json)


@app.command()
def resume(job_id: JobId, *, watch: Watch = False, as_json: AsJson = False) -> None:
    """Go on where it was paused."""
    from app.cli.mass import resume_and_print

    raise typer.Exit(resume_and_print(job_id, watch=watch, as_json=as_json))


@app.command()
def cancel(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Give it up for good; what has ended stays ended, and has its receipt."""
    from app.cli.mass import cancel_and_print

    cancel_and_print(job_id, as_json=as_json)


@app.command()
def show(job_id: JobId, *, watch: Watch = False, as_json: AsJson = False) -> None:
    """Show how far it is."""
    from app.cli.mass import show_and_print

    raise typer.Exit(show_and_print(job_id, watch=watch, as_json=as_json))


@app.command("list")
def list_all(*, limit: Limit = 100, as_json: AsJson = False) -> None:
    """List the jobs, the newest plan first."""
    from app.cli.mass import print_jobs

    print_jobs(limit=limit, as_json=as_json)
