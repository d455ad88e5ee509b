"""A receipt, for people and for programs."""

from datetime import datetime
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from app.domain.receipts import Receipt, UnconfirmedNode

__all__ = ["receipt_as_json", "receipt_for_people"]


def receipt_for_people(receipt: Receipt) -> Group:
    """What was ended, how far that is, and what each node did."""
    head = Text.assemble(
        (str(receipt.revocation_id), "bold"), f"  {receipt.kind} ({receipt.reason}), by {receipt.source}"
    )
    state = Text(
        f"{receipt.state}: {receipt.closed} sockets closed, {receipt.closing} closing; "
        f"{receipt.sessions_ended} sessions, {receipt.tokens_ended} tokens, {receipt.grants_ended} grants ended"
    )
    nodes = [_nodes(receipt)] if receipt.nodes else []
    return Group(head, state, *nodes, *(_unconfirmed(node) for node in receipt.unconfirmed))


def _nodes(receipt: Receipt) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("node")
    for heading in ("closed", "clean", "aborted", "already gone", "closing", "slowest ms"):
        table.add_column(heading, justify="right")
    for node in receipt.nodes:
        counts = (node.closed, node.clean, node.aborted, node.already_gone, node.closing)
        slowest = "-" if node.slowest_ms is None else f"{node.slowest_ms:.1f}"
        table.add_row(node.name, *(str(count) for count in counts), slowest)
    return table


def _unconfirmed(node: UnconfirmedNode) -> Text:
    ends_at = node.lease_ends_at
    until = (
        "has to confirm, or be forgotten" if ends_at is None else f"its lease ends at {ends_at.isoformat()}"
    )
    return Text.assemble(("unconfirmed", "bold"), f": {node.name} ({node.policy}), {until}")


def receipt_as_json(receipt: Receipt) -> dict[str, Any]:
    """The members that the HTTP API shows."""
    return {
        "id": str(receipt.revocation_id),
        "state": str(receipt.state),
        "is_complete": receipt.is_complete,
        "is_confirmed": receipt.is_confirmed,
        "kind": receipt.kind,
        "source": receipt.source,
        "reason": receipt.reason,
        "account_id": _text(receipt.account_id),
        "target_id": _text(receipt.target_id),
        "requested_at": _text(receipt.requested_at),
        "performed_at": _text(receipt.performed_at),
        "confirmed_at": _text(receipt.confirmed_at),
        "completed_at": _text(receipt.completed_at),
        "sessions_ended": receipt.sessions_ended,
        "tokens_ended": receipt.tokens_ended,
        "grants_ended": receipt.grants_ended,
        "closed": receipt.closed,
        "closing": receipt.closing,
        "slowest_ms": receipt.slowest_ms,
        "nodes": [
            {
                "node_id": str(node.node_id),
                "name": node.name,
                "closed": node.closed,
                "clean": node.clean,
                "aborted": node.aborted,
                "already_gone": node.already_gone,
                "closing": node.closing,
                "slowest_ms": node.slowest_ms,
            }
            for node in receipt.nodes
        ],
        "unconfirmed": [
            {
                "node_id": str(node.node_id),
                "name": node.name,
                "policy": node.policy,
                "lease_ends_at": _text(node.lease_ends_at),
                "is_gone": node.is_gone,
            }
            for node in receipt.unconfirmed
        ],
    }


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)
