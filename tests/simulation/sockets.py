"""A simulated socket, and what its peer may be told."""

from uuid import UUID

from app.domain.closing import CloseCode
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ConnectionId, TokenHash
from app.sockets.entry import Entry
from tests.simulation.rows import Credential, identifier
from tests.simulation.truth import Life
from tests.simulation.world import Violated, World

__all__ = ["Socket", "check_told"]

CONNECTION = ConnectionId(UUID(int=7))


class Socket:
    """One socket, its entry, and what is true of its credential."""

    def __init__(self, life: Life, row: Credential, now: int) -> None:
        self.life = life
        self.since = now
        self.is_shut = False
        self.reading_since = -1.0
        is_daemon = row.kind is CredentialType.DAEMON_TOKEN
        self.entry = Entry(
            connection_id=CONNECTION,
            credential_type=row.kind,
            token_hash=None if is_daemon else TokenHash(f"{life.number:064x}"),
            account_id=AccountId(identifier(row.account)) if is_daemon else None,
            handle=self,
        )


def check_told(socket: Socket, code: CloseCode, world: World) -> None:
    """Nobody whose credential was valid all the while is told that it is not (P2), nor to reconnect without cause."""
    is_bad_news = code in {CloseCode.REVOKED, CloseCode.EXPIRED}
    if len(socket.life.accounts) > 1:
        return  # A session that SQL made somebody else's may fall with the account that it was opened for.
    if is_bad_news and not socket.life.was_dead(socket.since, world.now):
        raise Violated("P2", world.now, f"a valid credential was told {code.value}")
    closed_at = [world.truth.account_closed_at.get(account, -1) for account in socket.life.accounts]
    if code is CloseCode.RECONNECT and max(closed_at) < socket.since:
        raise Violated("P2", world.now, "told to reconnect though nothing happened to its account")
