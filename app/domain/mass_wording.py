"""A mass revocation in words, for whoever is about to confirm it."""

from datetime import UTC, datetime

from app.domain.mass_criteria import MassCriteria, MassRole, MassWhat
from app.domain.mass_revocations import MassCount, MassRevocation

__all__ = ["aim_in_words", "count_in_words", "number_of"]


def aim_in_words(job: MassRevocation) -> str:
    """What it aims at, as a phrase: "the sessions of members of acme, from 10.0.0.0/8"."""
    criteria = job.criteria
    parts = [_WHAT[job.what] + _whose(criteria, job.org_slug)]
    if criteria.issued_before is not None:
        parts.append(f"issued before {_instant(criteria.issued_before)}")
    if criteria.network is not None:
        parts.append(f"from {criteria.network}")
    if criteria.device is not None:
        parts.append(f"on a device called “{criteria.device}”")
    return ", ".join(parts)


def count_in_words(count: MassCount) -> str:
    """What matched, as a phrase: "3 sessions and 1 API token of 2 accounts, 4 sockets on 2 nodes"."""
    sockets = f"{number_of(count.sockets, 'socket')} on {number_of(count.nodes, 'node')}"
    return (
        f"{number_of(count.sessions, 'session')} and {number_of(count.tokens, 'API token')} "
        f"of {number_of(count.accounts, 'account')}, {sockets if count.sockets else 'no socket now'}"
    )


def number_of(count: int, thing: str) -> str:
    """The number with its noun: "1 session", "2 sessions"; large ones in groups of three."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _whose(criteria: MassCriteria, org_slug: str | None) -> str:
    if criteria.everyone:
        return " of everyone"
    if criteria.role is None and criteria.org_id is None:
        return ""
    who = "everyone" if criteria.role is None else _ROLES[criteria.role]
    return f" of {who}" if criteria.org_id is None else f" of {who} of {org_slug or criteria.org_id}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


_WHAT = {
    MassWhat.SESSIONS: "the sessions",
    MassWhat.TOKENS: "the API tokens",
    MassWhat.BOTH: "the sessions and API tokens",
}
_ROLES = {
    MassRole.MEMBER: "members",
    MassRole.ADMIN: "admins",
    MassRole.GLOBAL_ADMIN: "Global Admins",
}
