"""Whose credential a request came with."""

import hmac

from app.data.rows import Readable, all_rows
from app.data.verifying_read import VERIFY, verification_from, verify_parameters
from app.domain.caller import Caller
from app.domain.credential_state import CredentialRecord, Dead, state_of
from app.domain.credentials import TokenKind, hash_token, kind_of_token
from app.domain.errors import Unauthenticated, Unavailable
from app.domain.ids import AccountId, TokenHash

__all__ = ["identify"]


def identify(
    db: Readable,
    *,
    token: str,
    address: str,
    daemon_token_hash: TokenHash | None = None,
    daemon_account: AccountId | None = None,
) -> Caller:
    """The account that the token proves at this moment: read anew each time, in one statement; nothing is remembered.

    Raises: Unauthenticated, with the reason if the credential is known and dead; Unavailable from a replica.
    """
    rows = all_rows(db, VERIFY, **_parameters(token, daemon_token_hash, daemon_account))
    verification = verification_from(rows)
    if verification.in_recovery:
        raise Unavailable("database")
    if not verification.records:
        raise Unauthenticated
    record = verification.records[0]
    state = state_of(record)
    if isinstance(state, Dead):
        raise Unauthenticated(state.reason)
    return _caller(record, is_global_admin=rows[0]["is_global_admin"], address=address)


def _parameters(
    token: str, daemon_token_hash: TokenHash | None, daemon_account: AccountId | None
) -> dict[str, object]:
    token_hash = hash_token(token)
    match kind_of_token(token):
        case TokenKind.SESSION:
            return verify_parameters(sessions=[token_hash])
        case TokenKind.API:
            return verify_parameters(api_tokens=[token_hash])
        case TokenKind.DAEMON if daemon_token_hash is not None and daemon_account is not None:
            if hmac.compare_digest(token_hash, daemon_token_hash):
                return verify_parameters(daemon_accounts=[daemon_account])
    raise Unauthenticated


def _caller(record: CredentialRecord, *, is_global_admin: bool, address: str) -> Caller:
    return Caller(
        account_id=record.account_id,
        credential_type=record.credential_type,
        token_hash=record.token_hash,
        session_id=record.session_id,
        api_token_id=record.api_token_id,
        grant=record.grant,
        is_global_admin=is_global_admin,
        address=address,
    )
