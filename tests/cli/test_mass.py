"""`cutoff mass`: nothing ends by planning, by leaving options out, or without being confirmed."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from app.config import Settings
from app.data.engine import Database
from tests.builders import Builders
from tests.operations.mass import MassRun
from tests.operations.performing import Facts, RecordingPublisher

Command = Callable[..., subprocess.CompletedProcess[str]]
DONE, NOT_SO, CANNOT = 0, 1, 2
# A process a command, of which a busy machine starts one in seconds.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def facts(database: Database) -> Facts:
    return Facts(database)


def told(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert answer.returncode == DONE, answer.stderr
    job: dict[str, Any] = json.loads(answer.stdout)
    return job


def live(facts: Facts) -> int:
    return int(facts.value("SELECT count(*) FROM session WHERE terminated_at IS NULL"))


def test_a_plan_is_printed_listed_and_started_by_its_id(command: Command, make: Builders, facts: Facts):
    organization = make.organization()
    make.session(make.member(organization))

    plan = told(
        command(
            "mass",
            "plan",
            "--sessions",
            "--org",
            organization.slug,
            "--role",
            "member",
            "--reason",
            "drill",
            "--json",
        )
    )
    assert (plan["state"], plan["planned"]["sessions"]) == ("planned", 1)
    assert plan["criteria"] == {"org_id": str(organization.org_id), "role": "member"}
    assert (told(command("mass", "list", "--json")))["id"] == plan["id"]
    assert live(facts) == 2
    unconfirmed = command("mass", "start", plan["id"])
    assert (unconfirmed.returncode, "nobody is there to be asked" in unconfirmed.stderr) == (CANNOT, True)

    started = told(command("mass", "start", plan["id"], "--yes", "--json"))
    assert (started["state"], started["expected"]) == ("running", 1)
    assert "the sessions of members of" in command("mass", "show", plan["id"]).stdout


def test_leaving_options_out_never_means_all(command: Command, make: Builders, facts: Facts):
    make.session()
    for words in (
        ("--sessions",),
        ("--everyone",),
        ("--sessions", "--everyone", "--device", "phone"),
        ("--tokens", "--ip", "10.0.0.0/8"),
        ("--sessions", "--ip", "10.0.0.1/8"),
    ):
        refused = command("mass", "plan", "--reason", "drill", *words)
        assert refused.returncode == CANNOT, words
    assert facts.value("SELECT count(*) = 0 FROM mass_revocation")


def test_what_has_grown_is_refused_until_it_is_accepted(command: Command, make: Builders):
    make.session()
    plan = told(command("mass", "plan", "--sessions", "--everyone", "--reason", "drill", "--json"))
    make.session()

    refused = command("mass", "start", plan["id"], "--yes")

    assert refused.returncode == CANNOT
    assert "1 were planned, and 2 match now" in refused.stderr
    assert (
        told(command("mass", "start", plan["id"], "--yes", "--accept", "2", "--json"))["state"] == "running"
    )


def test_it_is_paused_resumed_and_cancelled_and_what_had_ended_is_in_the_trail(
    *, command: Command, make: Builders, facts: Facts, database: Database, settings: Settings
):
    make.session()
    lease = MassRun(database, RecordingPublisher(settings)).begin(everyone=True)
    job_id = str(lease.mass_revocation_id)

    assert told(command("mass", "pause", job_id, "--json"))["state"] == "paused"
    assert told(command("mass", "resume", job_id, "--json"))["state"] == "running"
    cancelled = told(command("mass", "cancel", job_id, "--json"))

    assert cancelled["state"] == "cancelled"
    assert live(facts) == 1
    assert len(facts.successes(cancelled["revocation_id"])) == 1
    again = command("mass", "resume", job_id)
    assert (again.returncode, "cancelled" in again.stderr) == (NOT_SO, True)


def test_watching_ends_when_the_job_does(
    *, command: Command, make: Builders, facts: Facts, database: Database, settings: Settings
):
    make.session()
    mass = MassRun(database, RecordingPublisher(settings))
    lease = mass.begin(everyone=True)
    mass.run(lease)

    watched = command("mass", "show", str(lease.mass_revocation_id), "--watch", "--json")

    assert (told(watched)["state"], told(watched)["percent"]) == ("done", 100)
    assert live(facts) == 0
