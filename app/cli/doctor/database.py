"""PostgreSQL: there, new enough, the primary, writable, durable, on time, and with this version's tables and triggers."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from app.config import Settings
from app.data.server_facts import ServerFacts
from app.domain.findings import Finding, Verdict

__all__ = ["judge_clocks", "judge_revision", "judge_server", "judge_triggers"]

OLDEST_VERSION = 140_000
SKEW_WARNS = timedelta(seconds=5)
SKEW_HARMS = timedelta(seconds=30)
"""Half of the time after which a periodic task that nobody has taken expires, by the clock of whoever would take it."""


def judge_server(facts: ServerFacts, settings: Settings) -> Iterator[Finding]:
    """What it is, and how it is set."""
    is_old = facts.version_number < OLDEST_VERSION
    yield Finding(
        check="postgresql",
        verdict=Verdict.PROBLEM if is_old else Verdict.OK,
        means=f"PostgreSQL {facts.version} answers{', and is too old' if is_old else ''}.",
        do="Upgrade it to 14 or newer." if is_old else "",
    )
    yield from _judge_writing(facts)
    yield from _judge_durability(facts)
    yield from _judge_time_outs(facts, settings)


def judge_clocks(ours: datetime, theirs: datetime) -> Finding:
    """Nodes count on no wall clock; beat and workers compare theirs when a periodic task has waited."""
    skew = abs(ours - theirs)
    told = f"This machine's clock and PostgreSQL's differ by {skew.total_seconds():.1f} s."
    if skew < SKEW_WARNS:
        return Finding(check="clocks", verdict=Verdict.OK, means=told)
    return Finding(
        check="clocks",
        verdict=Verdict.PROBLEM if skew >= SKEW_HARMS else Verdict.WARNING,
        means=f"{told} If a worker's or beat's clock is that wrong, periodic tasks expire unseen.",
        do="Run a time service (chrony, systemd-timesyncd) on both.",
    )


def judge_revision(missing: str | None) -> Finding:
    """Whether `cutoff migrate` has been run."""
    if missing is None:
        return Finding(check="tables", verdict=Verdict.OK, means="The database has this version's tables.")
    return Finding(
        check="tables",
        verdict=Verdict.PROBLEM,
        means=f"The database lacks this version's tables (revision {missing}).",
        do="Run `cutoff migrate`.",
    )


def judge_triggers(missing: Sequence[str]) -> Finding:
    """B266: a table whose ends nobody would hear of is named."""
    if not missing:
        return Finding(
            check="triggers", verdict=Verdict.OK, means="Every trigger of the closure log is enabled."
        )
    return Finding(
        check="triggers",
        verdict=Verdict.PROBLEM,
        means=f"Missing, or not enabled for every session: {', '.join(missing)}. What ends there goes unnoticed.",
        do="ALTER TABLE … ENABLE ALWAYS TRIGGER …; where it is gone, compare with a database that was migrated anew.",
    )


def _judge_writing(facts: ServerFacts) -> Iterator[Finding]:
    if facts.is_replica:
        yield Finding(
            check="primary",
            verdict=Verdict.PROBLEM,
            means="DATABASE_URL is a replica: nodes renew no lease from it.",
            do="Point DATABASE_URL at the primary.",
        )
    elif facts.is_read_only:
        yield Finding(
            check="writable",
            verdict=Verdict.PROBLEM,
            means="Transactions are read-only (default_transaction_read_only): nothing can be revoked.",
            do="Switch it off for this role and database.",
        )


def _judge_durability(facts: ServerFacts) -> Iterator[Finding]:
    if not facts.is_durable:
        yield Finding(
            check="durable",
            verdict=Verdict.WARNING,
            means="fsync or full_page_writes is off: after a crash of the server, revocations may be gone.",
            do="Switch both on, unless this is a laptop.",
        )
    if not facts.commits_synchronously:
        yield Finding(
            check="synchronous_commit",
            verdict=Verdict.WARNING,
            means="synchronous_commit is off: a revocation that was answered may be lost in a crash of the server.",
            do="Switch it on for this role and database.",
        )


def _judge_time_outs(facts: ServerFacts, settings: Settings) -> Iterator[Finding]:
    promised = {
        "statement_timeout": (facts.statement_timeout_ms, settings.statement_timeout),
        "lock_timeout": (facts.lock_timeout_ms, settings.lock_timeout),
        "idle_in_transaction_session_timeout": (facts.idle_timeout_ms, settings.idle_in_transaction_timeout),
    }
    lacking = [
        name for name, (ms, limit) in promised.items() if ms != round(limit / timedelta(milliseconds=1))
    ]
    if lacking:
        yield Finding(
            check="time_outs",
            verdict=Verdict.PROBLEM,
            means=f"Not in force in our transactions: {', '.join(lacking)}. A frozen worker can hold rows for long.",
            do="Whatever lies between us and PostgreSQL undoes what a transaction begins with: connect directly.",
        )
    elif facts.is_pooled:
        means = "A pooler lies between us and PostgreSQL; time-outs are in force, with each transaction."
        yield Finding(check="time_outs", verdict=Verdict.OK, means=means)
