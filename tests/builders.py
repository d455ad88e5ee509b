"""Accounts, sessions, tokens and grants, made through the operations, each committed at once."""

import itertools
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.data.engine import Database
from app.data.rows import one_row, run
from app.data.support_grants import SupportGrant
from app.domain.caller import Caller
from app.domain.credential_state import GrantRecord
from app.domain.credentials import SECRET_BYTES, CredentialType, TokenKind, hash_token, token_from
from app.domain.ids import AccountId, ApiTokenId, GrantId, OrgId, SessionId, TokenHash
from app.operations.create_account import create_account
from app.operations.create_api_token import create_api_token
from app.operations.create_organization import create_organization
from app.operations.find_sign_in import FoundSignIn
from app.operations.open_support_session import open_support_session
from app.operations.save_support_grant import save_support_grant
from app.operations.set_role import set_role
from app.operations.start_session import start_session

ADDRESS = "192.0.2.1"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PASSWORD = "correct horse"
# Of PASSWORD, with parameters that cost next to nothing; argon2 reads them from the hash.
PASSWORD_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$3PQHTbsLrgmUq96fcQdJVQ$nytcKem7/F8RFX91ve58S0Ci1z0spxCTCLA0IlKNPto"
)

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAccount:
    account_id: AccountId
    email: str
    is_global_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSession:
    session_id: SessionId
    account_id: AccountId
    token: str
    token_hash: TokenHash
    refresh_token: str
    caller: Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken:
    api_token_id: ApiTokenId
    account_id: AccountId
    token: str
    token_hash: TokenHash
    caller: Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOrganization:
    org_id: OrgId
    slug: str
    admin: MadeSession


class Builders:
    """`make.account()`, `make.session(account)` and so on; a name left out gets one of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def account(self, name: str = "", *, is_global_admin: bool = False) -> MadeAccount:
        email = f"{name or 'somebody'}-{next(_numbers)}@example.com"
        with self.database.session() as db:
            account_id = create_account(
                db,
                email=email,
                display_name=name,
                password_hash=PASSWORD_HASH,
                is_global_admin=is_global_admin,
            )
        return MadeAccount(account_id=account_id, email=email, is_global_admin=is_global_admin)

    def session(
        self,
        account: MadeAccount | None = None,
        *,
        lifetime: timedelta = timedelta(hours=1),
        absolute_lifetime: timedelta = timedelta(days=30),
    ) -> MadeSession:
        account = account or self.account()
        found = FoundSignIn(email=account.email, account_id=account.account_id, password_hash=PASSWORD_HASH)
        with self.database.session() as db:
            started = start_session(
                db,
                found=found,
                address=ADDRESS,
                user_agent=FIREFOX,
                lifetime=lifetime,
                absolute_lifetime=absolute_lifetime,
            )
        return MadeSession(
            session_id=started.session_id,
            account_id=account.account_id,
            token=started.session_token,
            token_hash=hash_token(started.session_token),
            refresh_token=started.refresh_token,
            caller=_session_caller(account, started.session_id, started.session_token),
        )

    def many_sessions(self, account: MadeAccount, count: int) -> None:
        """Live sessions as rows, quickly; nobody knows their tokens."""
        with self.database.session() as db:
            run(db, "SET LOCAL statement_timeout = '60s'")
            run(
                db,
                """
                INSERT INTO session (id, account_id, token_hash, issued_at, expires_at, absolute_expires_at)
                SELECT gen_random_uuid(), %(account_id)s,
                       encode(sha256((%(account_id)s::text || i)::bytea), 'hex'),
                       a.last_instant, clock_timestamp() + interval '1 hour', clock_timestamp() + interval '30 days'
                  FROM generate_series(1, %(count)s) AS i, account a WHERE a.id = %(account_id)s
                """,
                account_id=account.account_id,
                count=count,
            )

    def api_token(
        self, session: MadeSession | None = None, *, lifetime: timedelta | None = None
    ) -> MadeToken:
        session = session or self.session()
        expires_at = None if lifetime is None else self.now() + lifetime
        with self.database.session() as db:
            created = create_api_token(db, caller=session.caller, name="a token", expires_at=expires_at)
        token_hash = hash_token(created.token)
        return MadeToken(
            api_token_id=created.record.api_token_id,
            account_id=session.account_id,
            token=created.token,
            token_hash=token_hash,
            caller=Caller(
                account_id=session.account_id,
                credential_type=CredentialType.API_TOKEN,
                token_hash=token_hash,
                session_id=None,
                api_token_id=created.record.api_token_id,
                grant=None,
                is_global_admin=session.caller.is_global_admin,
                address=ADDRESS,
            ),
        )

    def organization(self, slug: str = "") -> MadeOrganization:
        """An organization with an admin who is signed in."""
        slug = slug or f"org-{next(_numbers)}"
        admin = self.session(self.account(f"admin-of-{slug}"))
        with self.database.session() as db:
            org_id = create_organization(db, slug=slug, name=slug.title())
            set_role(db, account_id=admin.account_id, org_id=org_id, role="admin")
        return MadeOrganization(org_id=org_id, slug=slug, admin=admin)

    def member(self, organization: MadeOrganization) -> MadeAccount:
        account = self.account("member")
        with self.database.session() as db:
            set_role(db, account_id=account.account_id, org_id=organization.org_id, role="member")
        return account

    def grant(
        self,
        organization: MadeOrganization,
        *,
        to: MadeAccount | None = None,
        lifetime: timedelta = timedelta(hours=1),
        read_only: bool = False,
    ) -> SupportGrant:
        with self.database.session() as db:
            return save_support_grant(
                db,
                caller=organization.admin.caller,
                org=organization.slug,
                expires_at=self.now() + lifetime,
                reason="a ticket",
                admin_account_id=None if to is None else to.account_id,
                read_only=read_only,
                maximum=timedelta(days=30),
            )

    def support_session(
        self,
        organization: MadeOrganization,
        session: MadeSession,
        *,
        grant_id: GrantId | None = None,
        lifetime: timedelta = timedelta(hours=1),
    ) -> MadeSession:
        """A support session of the Global Admin whose session it is."""
        with self.database.session() as db:
            opened = open_support_session(
                db,
                caller=session.caller,
                org=organization.slug,
                grant_id=grant_id,
                lifetime=lifetime,
                address=ADDRESS,
                user_agent=FIREFOX,
            )
        grant = opened.grant
        token_hash = hash_token(opened.session_token)
        return MadeSession(
            session_id=opened.session_id,
            account_id=session.account_id,
            token=opened.session_token,
            token_hash=token_hash,
            refresh_token="",
            caller=Caller(
                account_id=session.account_id,
                credential_type=CredentialType.SESSION,
                token_hash=token_hash,
                session_id=opened.session_id,
                api_token_id=None,
                grant=GrantRecord(
                    grant_id=grant.grant_id,
                    org_id=grant.org_id,
                    read_only=grant.read_only,
                    expires_at=grant.expires_at,
                    revoked_at=None,
                ),
                is_global_admin=True,
                address=ADDRESS,
            ),
        )

    def now(self) -> datetime:
        """The database's clock."""
        with self.database.session() as db:
            row = one_row(db, "SELECT clock_timestamp() AS now")
        assert row is not None
        now: datetime = row["now"]
        return now.astimezone(UTC)


def random_token(kind: TokenKind) -> str:
    """A well-formed token that nobody issued."""
    return token_from(kind, secrets.token_bytes(SECRET_BYTES))


def _session_caller(account: MadeAccount, session_id: SessionId, token: str) -> Caller:
    return Caller(
        account_id=account.account_id,
        credential_type=CredentialType.SESSION,
        token_hash=hash_token(token),
        session_id=session_id,
        api_token_id=None,
        grant=None,
        is_global_admin=account.is_global_admin,
        address=ADDRESS,
    )
