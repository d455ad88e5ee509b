"""The nodes, by what they last said of themselves."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeAlias

from app.domain.findings import Finding, Verdict
from app.domain.nodes import NodeRow

__all__ = ["judge_nodes"]

ECHO_WITHIN = timedelta(seconds=5)
"""Echoes are sent every second or so, and a node tells its age every second."""
TAIL_WITHIN = timedelta(seconds=2)

Sign: TypeAlias = tuple[bool, Verdict, str, str]
"""Whether it shows; how bad that is, what it means, and what to do."""


def judge_nodes(rows: Sequence[NodeRow]) -> Iterator[Finding]:
    """One finding a node that has not left."""
    present = [row for row in rows if row.left_at is None]
    if not present:
        yield Finding(
            check="nodes",
            verdict=Verdict.WARNING,
            means="No node has a row: nobody holds sockets.",
            do="Start one with `cutoff node`.",
        )
    for row in present:
        yield _judge(row)


def _judge(row: NodeRow) -> Finding:
    for holds, verdict, means, do in (*_signs_of_ignorance(row), *_signs_of_weakness(row)):
        if holds:
            return Finding(check=f"node {row.name}", verdict=verdict, means=f"{row.name} {means}", do=do)
    tail, echo = (_seconds(age) for age in (row.tail_age, row.doorbell_age))
    return Finding(
        check=f"node {row.name}",
        verdict=Verdict.OK,
        means=f"{row.name} is current: {row.sockets} sockets, log read {tail} ago, own echo heard {echo} ago.",
    )


def _signs_of_ignorance(row: NodeRow) -> tuple[Sign, ...]:
    """The first that holds is told."""
    return (
        (
            row.is_silent,
            Verdict.PROBLEM,
            f"was last heard of {_seconds(row.silent_for)} ago, longer than its lease.",
            f"Look at its log. If it is gone for good: `cutoff nodes forget {row.node_id}`.",
        ),
        (
            not row.is_on_this_cluster and row.has_admitted,
            Verdict.PROBLEM,
            "reads the log of another database cluster or timeline.",
            "Point its DATABASE_URL at the primary that this command sees.",
        ),
        (
            not row.is_current,
            Verdict.PROBLEM,
            f"cannot prove that it knows what is true, and does what its policy says ({row.policy}).",
            "Its /readyz says why.",
        ),
    )


def _signs_of_weakness(row: NodeRow) -> tuple[Sign, ...]:
    is_deaf = not row.is_subscribed or row.doorbell_age is None or row.doorbell_age > ECHO_WITHIN
    return (
        (
            is_deaf,
            Verdict.PROBLEM,
            f"is deaf: it heard its own echo on Redis {_seconds(row.doorbell_age)} ago. Closing takes a tail interval.",
            "Check Redis, the path to it, and the rights of the node's user on its channels.",
        ),
        (
            row.tail_age is not None and row.tail_age > TAIL_WITHIN,
            Verdict.WARNING,
            f"read the log {_seconds(row.tail_age)} ago.",
            "Look for locks on the table `closure`, and for a slow network.",
        ),
        (
            row.policy == "serve",
            Verdict.WARNING,
            "would carry frames on stale knowledge (policy serve).",
            "Set CUTOFF_STALE_POLICY=hold, unless this is on purpose.",
        ),
    )


def _seconds(age: timedelta | None) -> str:
    return "never" if age is None else f"{age.total_seconds():.1f} s"
