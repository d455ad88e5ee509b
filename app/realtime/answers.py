"""What is done about the requests that arrive on sockets."""

from collections.abc import Awaitable, Callable
from typing import Any, assert_never

from app.bridge import Bridge
from app.domain.caller import Caller
from app.domain.credential_state import CredentialRecord
from app.domain.credentials import CredentialType
from app.domain.errors import (
    Conflict,
    CutoffError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from app.domain.ids import RevocationId
from app.operations.authorize_org_message import authorize_org_message
from app.operations.request_logout import request_logout_at_once
from app.realtime.connection import Connection
from app.realtime.messages import Echo, Logout, OrgAction, Whoami, error_frame, frame
from app.realtime.support_uses import SupportUses

__all__ = ["DatabaseAnswers"]


class DatabaseAnswers:
    """Answers from the socket's own facts, and from the database through the bridge.

    `carry_out` takes a revocation whose row is committed to whoever performs it; it does not raise. `uses` counts
    what is done under support access.
    """

    def __init__(
        self, bridge: Bridge, *, uses: SupportUses, carry_out: Callable[[RevocationId], Awaitable[None]]
    ) -> None:
        self._bridge = bridge
        self._uses = uses
        self._carry_out = carry_out

    def at_once(self, connection: Connection, request: Whoami | Echo | OrgAction | Logout) -> str | None:
        """The reply to what needs no database."""
        match request:
            case Echo():
                return frame(type="echo", id=request.id, payload=request.payload)
            case Whoami():
                return _who(connection, request)
            case Logout() if connection.entry.credential_type is not CredentialType.SESSION:
                return error_frame("forbidden", request.id)
            case OrgAction() | Logout():
                return None
            case _:
                assert_never(request)

    async def in_time(self, connection: Connection, request: Any) -> None:
        """The request is carried out, or answered with the problem."""
        try:
            match request:
                case OrgAction():
                    await self._org(connection, request)
                case Logout():
                    await self._logout(connection, request)
                case _:
                    raise AssertionError(request)
        except CutoffError as error:
            await connection.reply(error_frame(_problem(error), request.id))

    async def _org(self, connection: Connection, request: OrgAction) -> None:
        """Role grants and support access are read again: what was true when the socket opened need not be true now."""
        entry = connection.entry
        record = _record(connection)
        access = await self._uses.counted(
            self._bridge.run(
                authorize_org_message,
                account_id=record.account_id,
                session_id=record.session_id,
                grant_id=entry.grant_id,
                credential_type=entry.credential_type,
                org=request.org,
                wants_write=request.action == "write",
                address=connection.address,
            )
        )
        await connection.reply(
            frame(
                type="org", id=request.id, org=access.slug, action=request.action, role=access.role,
                read_only=access.read_only,
            )
        )  # fmt: skip

    async def _logout(self, connection: Connection, request: Logout) -> None:
        """The reply is written before anybody is told to perform it: so it comes before `closing`."""
        requested = await self._bridge.call(request_logout_at_once, caller=_caller(connection))
        connection.is_leaving = True
        connection.transport.write_now(
            frame(type="logout", id=request.id, revocation=str(requested.revocation_id))
        )
        await self._carry_out(requested.revocation_id)


def _who(connection: Connection, request: Whoami) -> str:
    record = _record(connection)
    grant = record.grant
    return frame(
        type="whoami",
        id=request.id,
        account_id=str(record.account_id),
        credential=record.credential_type.value,
        session_id=None if record.session_id is None else str(record.session_id),
        api_token_id=None if record.api_token_id is None else str(record.api_token_id),
        support={"grant_id": str(grant.grant_id), "org_id": str(grant.org_id), "read_only": grant.read_only}
        if grant is not None
        else None,
    )


def _record(connection: Connection) -> CredentialRecord:
    record = connection.reading.record
    assert record is not None  # nobody is admitted without one
    return record


def _caller(connection: Connection) -> Caller:
    record = _record(connection)
    return Caller(
        account_id=record.account_id,
        credential_type=record.credential_type,
        token_hash=record.token_hash,
        session_id=record.session_id,
        api_token_id=record.api_token_id,
        grant=record.grant,
        is_global_admin=False,
        address=connection.address,
    )


def _problem(error: CutoffError) -> str:
    """The word that HTTP would answer with, or the rule that was broken."""
    match error:
        case Unauthenticated():
            return error.reason
        case Conflict() | Invalid():
            return error.rule
        case _:
            return _WORDS.get(type(error), "refused")


_WORDS: dict[type[CutoffError], str] = {
    NotFound: "not_found",
    Forbidden: "forbidden",
    RateLimited: "rate_limited",
    Unavailable: "unavailable",
}
