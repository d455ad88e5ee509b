"""What is true of each credential, by the commits alone: the measure that every frame and every closing is held against."""

from typing import NamedTuple, cast

from app.domain.credentials import CredentialType
from tests.simulation.database import Database
from tests.simulation.rows import Account, Credential, Grant
from tests.simulation.ticks import LEASE, NEVER

__all__ = ["Life", "Truth"]


class State(NamedTuple):
    """As of a commit: whether the credential has been ended early, and when the clock will end it."""

    since: int
    is_over: bool
    ends_at: int


class Life:
    """One credential's states, each from its commit on.

    `silent_after` is the last tick at which a frame may pass: a node may know the truth as it was a lease ago.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.states: list[State] = []
        self.silent_after = -1
        self.dead_from = NEVER
        self.ended_by: int | None = None
        """The transaction that ended it early, or at once by the clock: what a receipt is for."""
        self.is_confirmed = False
        self.accounts: set[int] = set()
        """Whose it is and was."""

    def is_alive(self, now: int) -> bool:
        """Whether it is valid at that tick."""
        return bool(self.states) and not self.states[-1].is_over and now < self.states[-1].ends_at

    def was_dead(self, since: int, now: int) -> bool:
        """Whether it was not valid at some tick between."""
        if not self.states or self.states[0].since > since:
            return True
        # What is replaced at a tick may still have been read at that tick.
        until = [state.since + 1 for state in self.states[1:]] + [now + 1]
        return any(
            end > since and (state.is_over or state.ends_at < end)
            for state, end in zip(self.states, until, strict=True)
        )

    def becomes(self, state: State, xid: int) -> None:
        """What a commit has made of it."""
        if self.states and self.states[-1][1:] == state[1:]:
            return
        was_alive = self.is_alive(state.since)
        self.states.append(state)
        self.dead_from = state.since if state.is_over else max(state.since, state.ends_at)
        replaced = [later.since + LEASE for later in self.states[1:]] + [NEVER]
        self.silent_after = max(
            (
                min(each.ends_at - 1, until)
                for each, until in zip(self.states, replaced, strict=True)
                if not each.is_over
            ),
            default=-1,
        )
        if self.is_alive(state.since):
            self.ended_by, self.is_confirmed = None, False
        elif was_alive:
            self.ended_by = xid


class Truth:
    """The lives of all credentials. It reads the rows that are committed last, and knows nothing of snapshots."""

    def __init__(self, database: Database) -> None:
        self.lives: dict[int, Life] = {}
        self.account_closed_at: dict[int, int] = {}
        self._database = database

    def after_commit(self, xid: int, now: int) -> None:
        """Every credential's state is what the rows say now."""
        database = self._database
        snapshot = database.snapshot()
        for number, versions in database.credentials.items():
            seen = [row for written, row in versions if snapshot.sees(written)]  # type: ignore[arg-type]
            if not seen:
                continue
            row = cast("Credential", seen[-1])
            account = cast("Account", database._seen(database.accounts, row.account, snapshot))
            is_over, ends_at = row.is_deleted or row.ended is not None, row.ends_at
            if row.kind is CredentialType.SESSION:
                is_over |= row.issued_at <= account.sessions_ended_at
            elif row.kind is CredentialType.API_TOKEN:
                is_over |= row.issued_at <= account.tokens_revoked_at
            is_over |= account.suspended
            if row.grant is not None:
                grant = cast("Grant", database._seen(database.grants, row.grant, snapshot))
                is_over |= grant.revoked
                ends_at = min(ends_at, grant.expires_at)
            if number not in self.lives:
                self.lives[number] = Life(number)
            self.lives[number].accounts.add(row.account)
            self.lives[number].becomes(State(now, is_over, ends_at), xid)
