"""The audit trail: one row an event, appended and never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.data.rows import run
from app.domain.ids import RevocationId

__all__ = ["APPEND_EVENT", "AuditEvent", "event_parameters", "record_audit_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What happened. Ids are written as text and not checked: those of a failure were chosen by whoever tried.

    `type` and `reason` are words; `is_success` False is an attempt that ended nothing. Never a token, never a hash.
    """

    type: str
    is_success: bool = True
    actor_id: UUID | str | None = None
    account_id: UUID | str | None = None
    session_id: UUID | str | None = None
    api_token_id: UUID | str | None = None
    grant_id: UUID | str | None = None
    org_id: UUID | str | None = None
    revocation_id: RevocationId | None = None
    credential_type: str | None = None
    reason: str | None = None
    ip_address: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def record_audit_event(db: Connection, event: AuditEvent) -> bool:
    """The event is in the trail. False: its revocation has its one success event already, and nothing was added."""
    return run(db, APPEND_EVENT.format(source=""), **event_parameters(event)) == 1


def event_parameters(event: AuditEvent) -> dict[str, Any]:
    """The event, for `APPEND_EVENT`."""
    return {
        "type": event.type,
        "outcome": "success" if event.is_success else "failure",
        "actor_id": _text(event.actor_id),
        "account_id": _text(event.account_id),
        "session_id": _text(event.session_id),
        "api_token_id": _text(event.api_token_id),
        "grant_id": _text(event.grant_id),
        "org_id": _text(event.org_id),
        "revocation_id": event.revocation_id,
        "credential_type": event.credential_type,
        "reason": event.reason,
        "ip_address": _text(event.ip_address),
        "metadata": _json(event.metadata),
    }


def _text(value: UUID | str | None) -> str | None:
    """As PostgreSQL takes it: text there has no NUL and no half of a surrogate pair."""
    return None if value is None else _encodable(str(value)).replace("\0", "?")


def _json(metadata: Mapping[str, Any]) -> str:
    written = json.dumps(dict(metadata), default=str, ensure_ascii=False)
    return _encodable(written).replace("\\u0000", "?")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


APPEND_EVENT = """
INSERT INTO audit_event (type, outcome, actor_id, account_id, session_id, api_token_id, grant_id, org_id, revocation_id,
                         credential_type, reason, ip_address, metadata)
SELECT %(type)s, %(outcome)s, %(actor_id)s, %(account_id)s, %(session_id)s, %(api_token_id)s, %(grant_id)s, %(org_id)s,
       %(revocation_id)s, %(credential_type)s, %(reason)s, %(ip_address)s, %(metadata)s {source}
ON CONFLICT (revocation_id) WHERE outcome = 'success' AND revocation_id IS NOT NULL DO NOTHING
"""
"""Appends the event once for each row of `source`, a FROM clause, and never twice for one revocation."""
