"""A refresh token is exchanged for its successor, and its session lives on. Presented twice, it is a theft."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import Connection

from app.data.refresh_families import (
    RefreshTokenRow,
    consume_refresh_token,
    find_family,
    insert_refresh_token,
    invalidate_family,
    read_refresh_token,
)
from app.data.revocation_requests import insert_request
from app.data.rows import all_rows
from app.data.session_rows import move_session_end, token_hash_of
from app.data.verifying_read import VERIFY, verification_from, verify_parameters
from app.domain.closing import Reason
from app.domain.credential_state import CredentialRecord, Dead, state_of
from app.domain.credentials import (
    SECRET_BYTES,
    CredentialType,
    TokenKind,
    hash_token,
    kind_of_token,
    successor_token,
)
from app.domain.errors import Unauthenticated
from app.domain.ids import RevocationId, SessionId
from app.domain.refresh_families import RefreshTokenRecord, Refuse, Replay, ReuseDetected, Rotate, redeem
from app.domain.revocation_request import RevocationKind, RevocationRequest

__all__ = ["ReuseFound", "RotatedSession", "rotate_refresh_token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedSession:
    """The session goes on under the same session token; `refresh_token` is the next one to present."""

    session_id: SessionId
    refresh_token: str
    expires_at: datetime
    absolute_expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReuseFound:
    """A consumed token came back. The family works no more; the revocation that ends the session is to be performed."""

    revocation_id: RevocationId


def rotate_refresh_token(
    db: Connection, *, refresh_token: str, lifetime: timedelta, leeway: timedelta, address: str
) -> RotatedSession | ReuseFound:
    """The token is consumed and the session's end moved; within the leeway, a lost response is repeated word for word.

    Of several refreshes at once with one token, all get the same successor. Raises: Unauthenticated with the reason if
    the family or its session is over; a session that has only expired is not.
    """
    token_hash = hash_token(refresh_token)
    session_id = find_family(db, token_hash) if kind_of_token(refresh_token) is TokenKind.REFRESH else None
    token = None if session_id is None else read_refresh_token(db, token_hash)
    if session_id is None or token is None:
        raise Unauthenticated
    session = _session_of(db, session_id)
    decision = redeem(_record_of(token, session), now=token.read_at, leeway=leeway)
    match decision:
        case Refuse(reason):
            raise Unauthenticated(reason)
        case ReuseDetected():
            return ReuseFound(_end_family(db, session, session_id, address=address))
        case Rotate():
            successor = _consume(db, session_id, token, refresh_token)
        case Replay():
            assert token.successor_nonce is not None, "what is consumed has a successor"
            successor = successor_token(refresh_token, token.successor_nonce)
        case _:
            assert_never(decision)
    expires_at, absolute_expires_at = move_session_end(db, session_id, lifetime=lifetime)
    return RotatedSession(
        session_id=session_id,
        refresh_token=successor,
        expires_at=expires_at,
        absolute_expires_at=absolute_expires_at,
    )


def _session_of(db: Connection, session_id: SessionId) -> CredentialRecord:
    """The session with its account's stamps, read after its lock was taken."""
    parameters = verify_parameters(sessions=[token_hash_of(db, session_id)])
    return verification_from(all_rows(db, VERIFY, **parameters)).records[0]


def _record_of(token: RefreshTokenRow, session: CredentialRecord) -> RefreshTokenRecord:
    state = state_of(session)
    return RefreshTokenRecord(
        refresh_token_id=token.refresh_token_id,
        consumed_at=token.consumed_at,
        successor_consumed=token.successor_consumed,
        invalidated_at=token.invalidated_at,
        session_dead=state.reason if isinstance(state, Dead) and not state.can_refresh else None,
    )


def _consume(db: Connection, session_id: SessionId, token: RefreshTokenRow, refresh_token: str) -> str:
    nonce = secrets.token_bytes(SECRET_BYTES)
    successor = successor_token(refresh_token, nonce)
    successor_id = insert_refresh_token(db, session_id, hash_token(successor))
    is_mine = consume_refresh_token(db, token.refresh_token_id, successor=successor_id, nonce=nonce)
    if not is_mine:  # somebody with `psql` was faster: the family's lock keeps everybody else out
        raise Unauthenticated(Reason.SESSION_REVOKED)
    return successor


def _end_family(
    db: Connection, session: CredentialRecord, session_id: SessionId, *, address: str
) -> RevocationId:
    """Nothing of the family works from this commit on; the session itself ends when the revocation is performed."""
    invalidate_family(db, session_id)
    request = RevocationRequest(
        kind=RevocationKind.REFRESH_TOKEN_REUSE,
        reason=Reason.REFRESH_TOKEN_REUSE,
        target_id=session_id,
        account_id=session.account_id,
        requested_by=None,
        requested_from=address,
        credential_type=CredentialType.SESSION,
    )
    return insert_request(db, request).revocation_id
