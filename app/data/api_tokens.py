"""API tokens as rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.open_sockets import SOCKETS_ON_TOKEN
from app.data.rows import Row, all_rows, one_row, run
from app.domain.closing import Reason
from app.domain.ids import AccountId, ApiTokenId, RevocationId, TokenHash
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = [
    "API_TOKEN_IS_LIVE",
    "ApiToken",
    "ApiTokenRow",
    "find_api_token",
    "find_live_api_tokens",
    "find_revocation_of_token",
    "insert_api_token",
    "revoke_all_api_tokens",
]

_IS_ENDED = "(t.revoked_at IS NOT NULL OR t.issued_at <= coalesce(a.tokens_revoked_at, '-infinity'))"
API_TOKEN_IS_LIVE = f"""
EXISTS (SELECT FROM api_token t JOIN account a ON a.id = t.account_id WHERE t.id = %(target_id)s AND NOT {_IS_ENDED})
"""
"""Whether the API token `target_id` has not been ended; expiry is another matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A live API token as its owner sees it: the token itself was shown once, when it was made.

    `sockets` as the nodes told last.
    """

    api_token_id: ApiTokenId
    name: str
    issued_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    sockets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenRow:
    """An API token, and whether it has been ended: by its row, or by its account's stamp."""

    api_token_id: ApiTokenId
    account_id: AccountId
    issued_at: datetime
    is_ended: bool


def insert_api_token(
    db: Connection,
    account_id: AccountId,
    *,
    name: str,
    token_hash: TokenHash,
    issued_at: datetime,
    expires_at: datetime | None,
) -> ApiToken:
    """The token is valid from its issue, an instant taken under the account's lock."""
    api_token_id = ApiTokenId(uuid7())
    run(
        db,
        """
        INSERT INTO api_token (id, account_id, name, token_hash, issued_at, expires_at)
        VALUES (%(id)s, %(account_id)s, %(name)s, %(token_hash)s, %(issued_at)s, %(expires_at)s)
        """,
        id=api_token_id,
        account_id=account_id,
        name=name,
        token_hash=token_hash,
        issued_at=issued_at,
        expires_at=expires_at,
    )
    return ApiToken(
        api_token_id=api_token_id,
        name=name,
        issued_at=issued_at,
        expires_at=expires_at,
        last_used_at=None,
        sockets=0,
    )


def find_live_api_tokens(db: Connection, account_id: AccountId, page: PageRequest) -> Page[ApiToken]:
    """The account's live API tokens, newest first."""
    rows = all_rows(
        db,
        f"""
        SELECT t.*, {SOCKETS_ON_TOKEN} AS sockets
          FROM api_token t JOIN account a ON a.id = t.account_id
         WHERE a.id = %(account_id)s AND a.suspended_at IS NULL AND a.deleted_at IS NULL
           AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > statement_timestamp())
           AND t.issued_at > coalesce(a.tokens_revoked_at, '-infinity')
           AND (%(after_at)s::timestamptz IS NULL
                OR (t.issued_at, t.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY t.issued_at DESC, t.id DESC
         LIMIT %(page_limit)s
        """,  # noqa: S608 - a constant
        account_id=account_id,
        **page.parameters,
    )
    return page_of(rows, page, item=_token, position=lambda row: Position(row["issued_at"], row["id"]))


def find_api_token(db: Connection, api_token_id: ApiTokenId, *, owner: AccountId) -> ApiTokenRow | None:
    """That token of that account, ended or not; None for an unknown id and for somebody else's."""
    row = one_row(
        db,
        f"""
        SELECT t.id, t.account_id, t.issued_at, {_IS_ENDED} AS is_ended
          FROM api_token t JOIN account a ON a.id = t.account_id
         WHERE t.id = %(api_token_id)s AND t.account_id = %(owner)s
        """,  # noqa: S608 - a constant
        api_token_id=api_token_id,
        owner=owner,
    )
    if row is None:
        return None
    return ApiTokenRow(
        api_token_id=api_token_id,
        account_id=AccountId(row["account_id"]),
        issued_at=row["issued_at"],
        is_ended=row["is_ended"],
    )


def find_revocation_of_token(db: Connection, token: ApiTokenRow) -> RevocationId | None:
    """The revocation of the token's account that ended it, by name or with all others; None where none is on record."""
    row = one_row(
        db,
        """
        SELECT r.id FROM revocation r
         WHERE r.account_id = %(account_id)s
           AND (r.target_id = %(api_token_id)s
                OR EXISTS (SELECT FROM closure c
                            WHERE c.revocation_id = r.id AND c.action = 'close'
                              AND ((c.target_kind = 'token' AND c.target_key = %(api_token_id)s::text)
                                   OR (c.target_kind = 'account' AND 'api_token' = ANY(c.invalidates)
                                       AND c.created_at >= %(issued_at)s))))
         ORDER BY r.requested_at
         LIMIT 1
        """,
        account_id=token.account_id,
        api_token_id=token.api_token_id,
        issued_at=token.issued_at,
    )
    return None if row is None else RevocationId(row["id"])


def revoke_all_api_tokens(
    db: Connection,
    account_id: AccountId,
    *,
    reason: Reason = Reason.ALL_TOKENS_REVOKED,
    issued_up_to: datetime | None = None,
) -> int:
    """The account's API tokens issued up to that instant (None: up to now) have ended; how many ended now.

    Waits for rows that somebody else has locked, in the order of their ids.
    """
    return run(
        db,
        """
        WITH ending AS MATERIALIZED (
            SELECT id FROM api_token
             WHERE account_id = %(account_id)s AND revoked_at IS NULL
               AND issued_at <= coalesce(%(issued_up_to)s::timestamptz, 'infinity')
             ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE api_token t SET revoked_at = clock_timestamp(), end_reason = %(reason)s
          FROM ending WHERE t.id = ending.id AND t.revoked_at IS NULL
        """,
        account_id=account_id,
        reason=reason,
        issued_up_to=issued_up_to,
    )


def _token(row: Row) -> ApiToken:
    return ApiToken(
        api_token_id=ApiTokenId(row["id"]),
        name=row["name"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        sockets=row["sockets"],
    )
