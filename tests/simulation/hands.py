"""Who changes rows: tasks, handlers and hands with SQL. Each change does what the triggers would do with it."""

from collections.abc import Callable
from typing import cast

from app.domain.closing import Reason
from app.domain.credentials import ALL_CREDENTIAL_TYPES, CredentialType
from app.domain.targets import Action, TargetKind
from tests.simulation.choices import Choices
from tests.simulation.database import Database, Transaction
from tests.simulation.rows import Account, Credential, Grant, identifier
from tests.simulation.ticks import NEVER, SECOND

__all__ = ["CHANGES", "Change", "Hands"]

Change = Callable[["Hands", Transaction, int], bool]
"""Done to the account or credential of that number; False while a row that it needs is locked by another."""

SESSION, API_TOKEN, DAEMON = CredentialType.SESSION, CredentialType.API_TOKEN, CredentialType.DAEMON_TOKEN


class Hands:
    """Writes rows as of `now`, with the closures that belong to the writing."""

    def __init__(self, database: Database, choices: Choices) -> None:
        self.database = database
        self.choices = choices
        self.now = 0
        self._made = 0

    # Making -------------------------------------------------------------------------------------------------

    def make_account(self, transaction: Transaction) -> int:
        """A new account, and its daemon token."""
        self._made += 1
        database, number = self.database, self._made
        database.lock(transaction, database.accounts, number)
        database.write(transaction, database.accounts, number, Account())
        return number

    def make_grant(self, transaction: Transaction, *, lasts: int) -> int:
        """A new grant."""
        self._made += 1
        database, number = self.database, self._made
        database.lock(transaction, database.grants, number)
        database.write(transaction, database.grants, number, Grant(self.now + lasts))
        return number

    def mint(
        self,
        transaction: Transaction,
        account_number: int,
        kind: CredentialType,
        *,
        lasts: int = NEVER,
        grant: int | None = None,
    ) -> int | None:
        """A new credential, with an instant under the account's lock; None while that is not to be had, or refused."""
        database = self.database
        if not database.lock(transaction, database.accounts, account_number):
            return None
        account = cast("Account", database.accounts[account_number][-1][1])
        if account.suspended and kind is not DAEMON:
            return None
        issued = account.last_instant + 1
        database.write(transaction, database.accounts, account_number, account._replace(last_instant=issued))
        self._made += 1
        number = self._made
        ends_at = NEVER if lasts == NEVER else self.now + lasts
        database.lock(transaction, database.credentials, number)
        row = Credential(kind, account_number, issued, ends_at, None, grant)
        database.write(transaction, database.credentials, number, row)
        return number

    # Changing -----------------------------------------------------------------------------------------------

    def end(self, transaction: Transaction, number: int, reason: Reason = Reason.REVOKED) -> bool:
        """A session is terminated, a token revoked."""
        return self._change(transaction, number, lambda row: row._replace(ended=reason))

    def delete(self, transaction: Transaction, number: int) -> bool:
        """The row is gone."""
        return self._change(transaction, number, lambda row: row._replace(is_deleted=True))

    def move_end(self, transaction: Transaction, number: int) -> bool:
        """A refresh moves the end later, SQL earlier, or into the past; each at times."""
        lasts = self.choices.one_of((20 * SECOND, 4 * SECOND, SECOND, SECOND // 4, 0))
        return self._change(transaction, number, lambda row: row._replace(ends_at=self.now + lasts))

    def touch(self, transaction: Transaction, number: int) -> bool:
        """The audit guard asks for a recheck of something that is as it was."""
        row = self._locked(transaction, number)
        if row is not None:
            self._announce(transaction, number, row, Action.RECHECK)
        return row is not None

    def move_account(self, transaction: Transaction, number: int) -> bool:
        """A session is another account's from now on: by SQL only."""
        row = self._locked(transaction, number)
        if row is None or row.kind is not SESSION:
            return row is not None
        others = [account for account in self.database.accounts if account != row.account]
        if row.ended is not None or row.is_deleted or not others:
            return True
        if not self.database.lock(transaction, self.database.accounts, others[-1]):
            return False
        account = cast("Account", self.database.accounts[others[-1]][-1][1])
        issued = account.last_instant + 1
        moved = row._replace(account=others[-1], issued_at=issued)
        self.database.write(
            transaction, self.database.accounts, others[-1], account._replace(last_instant=issued)
        )
        self.database.write(transaction, self.database.credentials, number, moved)
        self._announce(transaction, number, row, Action.RECHECK)
        return True

    def end_sessions(self, transaction: Transaction, number: int) -> bool:
        """All sessions of the account, by its stamp; then, at times, the rows as well."""
        return self._stamp(transaction, number, sessions=True) and self._sweep(transaction, number, {SESSION})

    def revoke_tokens(self, transaction: Transaction, number: int) -> bool:
        """All API tokens of the account, by its stamp."""
        return self._stamp(transaction, number, tokens=True) and self._sweep(transaction, number, {API_TOKEN})

    def suspend(self, transaction: Transaction, number: int) -> bool:
        """The account, with all that it has; or it is let in again."""
        return self._stamp(transaction, number, sessions=True, tokens=True, suspends=True)

    def log_out(self, transaction: Transaction, number: int) -> bool:
        """One session ends; the account's other sockets are to reconnect."""
        row = self._locked(transaction, number)
        if row is None or row.ended is not None:
            return row is not None
        return self._stamp(transaction, number) and self.end(transaction, number, Reason.LOGGED_OUT)

    def end_grant(self, transaction: Transaction, number: int) -> bool:
        """The grant of a support session is revoked, shortened or extended."""
        database, row = self.database, self._locked(transaction, number)
        if row is None or row.grant is None:
            return row is not None
        if not database.lock(transaction, database.grants, row.grant):
            return False
        grant = cast("Grant", database.grants[row.grant][-1][1])
        lasts = self.choices.one_of((-1, 0, SECOND, 8 * SECOND))
        if grant.revoked or (lasts < 0 and not self.end(transaction, number, Reason.SUPPORT_ACCESS_REVOKED)):
            return grant.revoked
        changed = grant._replace(revoked=True) if lasts < 0 else grant._replace(expires_at=self.now + lasts)
        database.write(transaction, database.grants, row.grant, changed)
        if lasts >= 0:
            key = str(identifier(row.grant))
            database.append(transaction, Action.RECHECK, TargetKind.GRANT, key)
        return True

    def truncate(self, transaction: Transaction, number: int) -> bool:
        """All API tokens are gone, without a word about each."""
        database = self.database
        numbers = [
            each
            for each, versions in database.credentials.items()
            if cast("Credential", versions[-1][1]).kind is API_TOKEN
        ]
        if not all(database.lock(transaction, database.credentials, each) for each in numbers):
            return False
        for each in numbers:
            row = cast("Credential", database.credentials[each][-1][1])
            database.write(transaction, database.credentials, each, row._replace(is_deleted=True))
        database.append(transaction, Action.RECHECK, TargetKind.TABLE, "api_token")
        return True

    # Private ------------------------------------------------------------------------------------------------

    def _locked(self, transaction: Transaction, number: int) -> Credential | None:
        if not self.database.lock(transaction, self.database.credentials, number):
            return None
        return cast("Credential", self.database.credentials[number][-1][1])

    def _change(
        self, transaction: Transaction, number: int, change: Callable[[Credential], Credential]
    ) -> bool:
        row = self._locked(transaction, number)
        if row is None:
            return False
        changed = change(row)
        if row.kind is DAEMON or row.ended is not None or row.is_deleted or changed == row:
            return True
        self.database.write(transaction, self.database.credentials, number, changed)
        is_end = changed.ended is not None or changed.is_deleted
        self._announce(transaction, number, row, Action.CLOSE if is_end else Action.RECHECK)
        return True

    def _announce(self, transaction: Transaction, number: int, row: Credential, action: Action) -> None:
        if row.kind is SESSION:
            self.database.append(transaction, action, TargetKind.SESSION, f"{number:064x}")
        elif row.kind is API_TOKEN:
            self.database.append(transaction, action, TargetKind.TOKEN, str(identifier(number)))

    def _stamp(
        self,
        transaction: Transaction,
        number: int,
        *,
        sessions: bool = False,
        tokens: bool = False,
        suspends: bool = False,
    ) -> bool:
        database, row = self.database, self._locked(transaction, number)
        if row is None or not database.lock(transaction, database.accounts, row.account):
            return False
        account = cast("Account", database.accounts[row.account][-1][1])
        stamp = account.last_instant + 1
        if suspends and account.suspended:
            database.write(transaction, database.accounts, row.account, account._replace(suspended=False))
            return True
        stamped = account._replace(
            last_instant=stamp,
            sessions_ended_at=stamp if sessions else account.sessions_ended_at,
            tokens_revoked_at=stamp if tokens else account.tokens_revoked_at,
            suspended=account.suspended or suspends,
            signed_out=account.signed_out + 1,
        )
        database.write(transaction, database.accounts, row.account, stamped)
        ended = {kind for kind, has in ((SESSION, sessions), (API_TOKEN, tokens)) if has}
        database.append(
            transaction,
            Action.CLOSE,
            TargetKind.ACCOUNT,
            str(identifier(row.account)),
            invalidates=ALL_CREDENTIAL_TYPES if suspends else frozenset(ended),
        )
        return True

    def _sweep(self, transaction: Transaction, number: int, kinds: set[CredentialType]) -> bool:
        if self.choices.below(2) == 0:
            return True
        database = self.database
        own = cast("Credential", database.credentials[number][-1][1]).account
        account = cast("Account", database.accounts[own][-1][1])
        for each, versions in list(database.credentials.items()):
            row = cast("Credential", versions[-1][1])
            is_meant = row.account == own and row.kind in kinds and row.issued_at < account.last_instant
            if is_meant and not self.end(transaction, each):
                return False
        return True


CHANGES: tuple[Change, ...] = (
    Hands.end,
    Hands.move_end,
    Hands.end_sessions,
    Hands.log_out,
    Hands.revoke_tokens,
    Hands.touch,
    Hands.end_grant,
    Hands.suspend,
    Hands.delete,
    Hands.move_account,
    Hands.truncate,
)
