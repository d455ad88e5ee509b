"""What a mass revocation's criteria match: counted for its plan, ended by the batch. The SQL is put together from constants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.data.rows import Row, one_row
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, SessionId
from app.domain.mass_criteria import MassCriteria, MassRole, MassWhat
from app.domain.mass_revocations import MassCount

__all__ = ["Aim", "EndedBatch", "Place", "count_matches", "end_matches", "kinds_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Criteria, what of it ends, and what does not: who asked, and what was issued later. None spares nothing."""

    criteria: MassCriteria
    what: MassWhat
    issued_up_to: datetime | None = None
    sparing_session_id: SessionId | None = None
    sparing_token_id: ApiTokenId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a pass over the credentials of one kind is: after that one."""

    account_id: AccountId
    issued_at: datetime
    credential_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedBatch:
    """How many a batch ended, and where it stopped; `place` is None at the end of the pass over this kind."""

    ended: int
    place: Place | None


def kinds_of(what: MassWhat) -> tuple[CredentialType, ...]:
    """The kinds of credentials, in the order in which a pass goes through them."""
    return _KINDS[what]


def count_matches(db: Connection, aim: Aim) -> MassCount:
    """What the batches would end if they ran in this moment: alive by every stamp, refreshable sessions included.

    Raises: Unavailable where counting takes longer than a statement may.
    """
    matched = "UNION ALL".join(_SELECT[kind] + _where(kind, aim) for kind in kinds_of(aim.what))
    row = one_row(db, _COUNT.replace("MATCHED", matched), **_parameters(aim))
    assert row is not None, "counting answers with a row"
    return MassCount(**row)


def end_matches(
    db: Connection, aim: Aim, kind: CredentialType, *, after: Place | None, limit: int
) -> EndedBatch:
    """Up to `limit` of those after that place have ended, refresh chains included, by account and newest first.

    Those that somebody has locked are skipped: one held row holds nobody else up, and a later pass comes for it.
    """
    ending = _END[kind].replace("MATCHED", _WALK[kind] + _where(kind, aim))
    row = one_row(
        db,
        ending,
        **_parameters(aim),
        reason=_REASON[kind],
        after_account=None if after is None else after.account_id,
        after_issued_at=None if after is None else after.issued_at,
        after_id=None if after is None else after.credential_id,
        batch_limit=limit,
    )
    assert row is not None, "a batch answers with a row"
    return EndedBatch(ended=row["ended"], place=_place(row) if row["picked"] == limit else None)


def _place(row: Row) -> Place:
    return Place(account_id=AccountId(row["account_id"]), issued_at=row["issued_at"], credential_id=row["id"])


def _where(kind: CredentialType, aim: Aim) -> str:
    """The conditions, as far as they were asked for; what was not asked for is not in the statement."""
    criteria = aim.criteria
    asked = {
        "issued_before": criteria.issued_before is not None,
        "ipv4_network": criteria.network is not None and ":" not in criteria.network,
        "ipv6_network": criteria.network is not None and ":" in criteria.network,
        "device": criteria.device is not None,
        "org": criteria.org_id is not None and criteria.role in {None, MassRole.GLOBAL_ADMIN},
        "global_admin": criteria.role is MassRole.GLOBAL_ADMIN,
        "role": criteria.org_id is None and criteria.role in {MassRole.MEMBER, MassRole.ADMIN},
        "org_role": criteria.org_id is not None and criteria.role in {MassRole.MEMBER, MassRole.ADMIN},
    }
    if asked["org"] and criteria.role is None and kind is CredentialType.SESSION:
        asked = {**asked, "org": False, "org_or_support": True}
    return "".join(_CONDITIONS[name] for name, is_asked in asked.items() if is_asked)


def _parameters(aim: Aim) -> dict[str, object]:
    criteria = aim.criteria
    return {
        "org_id": criteria.org_id,
        "role": criteria.role,
        "issued_before": criteria.issued_before,
        "network": criteria.network,
        "device": None if criteria.device is None else criteria.device.lower(),
        "issued_up_to": aim.issued_up_to,
        "sparing_session": aim.sparing_session_id,
        "sparing_token": aim.sparing_token_id,
    }


_KINDS: Mapping[MassWhat, tuple[CredentialType, ...]] = {
    MassWhat.SESSIONS: (CredentialType.SESSION,),
    MassWhat.TOKENS: (CredentialType.API_TOKEN,),
    MassWhat.BOTH: (CredentialType.SESSION, CredentialType.API_TOKEN),
}
_REASON: Mapping[CredentialType, Reason] = {
    CredentialType.SESSION: Reason.SESSION_REVOKED,
    CredentialType.API_TOKEN: Reason.TOKEN_REVOKED,
}

# What a stamp has ended already belongs to the revocation that stamped it, and what the clock has, to its sweep.
_FROM: Mapping[CredentialType, str] = {
    CredentialType.SESSION: """
  FROM session c JOIN account a ON a.id = c.account_id
 WHERE c.terminated_at IS NULL AND c.absolute_expires_at > statement_timestamp()
   AND c.issued_at > coalesce(a.sessions_ended_at, '-infinity')
   AND c.issued_at <= coalesce(%(issued_up_to)s::timestamptz, 'infinity')
   AND c.id IS DISTINCT FROM %(sparing_session)s::uuid
   AND (c.grant_id IS NULL OR EXISTS (SELECT FROM support_access_grant g
                                       WHERE g.id = c.grant_id AND g.revoked_at IS NULL
                                         AND g.expires_at > statement_timestamp()))
""",
    CredentialType.API_TOKEN: """
  FROM api_token c JOIN account a ON a.id = c.account_id
 WHERE c.revoked_at IS NULL AND coalesce(c.expires_at, 'infinity') > statement_timestamp()
   AND c.issued_at > coalesce(a.tokens_revoked_at, '-infinity')
   AND c.issued_at <= coalesce(%(issued_up_to)s::timestamptz, 'infinity')
   AND c.id IS DISTINCT FROM %(sparing_token)s::uuid
""",
}
_CONDITIONS: Mapping[str, str] = {
    "issued_before": " AND c.issued_at < %(issued_before)s\n",
    # A pattern costs a tenth of the function, which has to catch an error for text that is no address.
    "ipv4_network": """
   AND CASE WHEN c.ip_address ~ '^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])([.](?!$)|$)){4}$'
            THEN c.ip_address::inet <<= %(network)s::inet ELSE false END
""",
    "ipv6_network": " AND address_or_null(c.ip_address) <<= %(network)s::inet\n",
    "device": " AND (strpos(lower(c.device), %(device)s) > 0 OR strpos(lower(c.user_agent), %(device)s) > 0)\n",
    "org": " AND EXISTS (SELECT FROM role_grant r WHERE r.account_id = a.id AND r.org_id = %(org_id)s)\n",
    "org_or_support": """
   AND (EXISTS (SELECT FROM role_grant r WHERE r.account_id = a.id AND r.org_id = %(org_id)s)
        OR EXISTS (SELECT FROM support_access_grant g WHERE g.id = c.grant_id AND g.org_id = %(org_id)s))
""",
    "global_admin": " AND a.is_global_admin\n",
    "role": " AND EXISTS (SELECT FROM role_grant r WHERE r.account_id = a.id AND r.role = %(role)s)\n",
    "org_role": """
   AND EXISTS (SELECT FROM role_grant r WHERE r.account_id = a.id AND r.org_id = %(org_id)s AND r.role = %(role)s)
""",
}

_SELECT: Mapping[CredentialType, str] = {
    CredentialType.SESSION: " SELECT 'session' AS kind, c.id, c.account_id" + _FROM[CredentialType.SESSION],
    CredentialType.API_TOKEN: " SELECT 'api_token' AS kind, c.id, c.account_id"
    + _FROM[CredentialType.API_TOKEN],
}
_COUNT = """
WITH matched AS MATERIALIZED (MATCHED)
, held AS MATERIALIZED (
    SELECT o.node_id, o.sockets
      FROM open_socket_now o JOIN matched ON o.credential_id = matched.id AND o.credential_type = matched.kind
)
SELECT count(DISTINCT account_id) AS accounts,
       count(*) FILTER (WHERE kind = 'session') AS sessions,
       count(*) FILTER (WHERE kind = 'api_token') AS tokens,
       (SELECT coalesce(sum(sockets), 0)::bigint FROM held) AS sockets,
       (SELECT count(DISTINCT node_id) FROM held) AS nodes
  FROM matched
"""

# In the order of the partial index of what is alive, so that a pass reads each live row once, however few match.
_AFTER = """
   AND (%(after_account)s::uuid IS NULL
        OR (c.account_id >= %(after_account)s::uuid
            AND (c.account_id > %(after_account)s::uuid OR c.issued_at < %(after_issued_at)s::timestamptz
                 OR (c.issued_at = %(after_issued_at)s::timestamptz AND c.id > %(after_id)s::uuid))))
"""
_WALK: Mapping[CredentialType, str] = {
    kind: "SELECT c.id, c.account_id, c.issued_at" + source + _AFTER for kind, source in _FROM.items()
}
_PICKED = """
WITH picked AS MATERIALIZED (
    MATCHED
    ORDER BY c.account_id, c.issued_at DESC, c.id LIMIT %(batch_limit)s
      FOR NO KEY UPDATE OF c SKIP LOCKED
), last AS (
    SELECT account_id, issued_at, id FROM picked ORDER BY account_id DESC, issued_at, id DESC LIMIT 1
)
"""
_OUTCOME = """
SELECT (SELECT count(*) FROM ended) AS ended, (SELECT count(*) FROM picked) AS picked, last.*
  FROM (SELECT) AS one LEFT JOIN last ON true
"""
_SESSIONS_END = """
, ended AS (
    UPDATE session s SET terminated_at = clock_timestamp(), end_reason = %(reason)s
      FROM picked WHERE s.id = picked.id AND s.terminated_at IS NULL
    RETURNING s.id
), invalidated AS (
    UPDATE refresh_token t SET invalidated_at = clock_timestamp()
      FROM ended WHERE t.session_id = ended.id AND t.invalidated_at IS NULL
)
"""
_API_TOKENS_END = """
, ended AS (
    UPDATE api_token t SET revoked_at = clock_timestamp(), end_reason = %(reason)s
      FROM picked WHERE t.id = picked.id AND t.revoked_at IS NULL
    RETURNING t.id
)
"""
_END: Mapping[CredentialType, str] = {
    CredentialType.SESSION: f"{_PICKED}{_SESSIONS_END}{_OUTCOME}",
    CredentialType.API_TOKEN: f"{_PICKED}{_API_TOKENS_END}{_OUTCOME}",
}
