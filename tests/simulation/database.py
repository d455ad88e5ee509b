"""PostgreSQL as far as the promise depends on it: transaction ids, commits in any order, snapshots, the closure log."""

from typing import Any, NamedTuple, cast

from app.domain.closing import Reason
from app.domain.credential_state import CredentialRecord
from app.domain.credentials import CredentialType
from app.domain.ids import TransactionId
from app.domain.snapshot import Snapshot
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.sockets.currency import Position
from tests.simulation.rows import Account, Credential, Grant, Table, record_of

__all__ = ["Answer", "Database", "LogRow", "Transaction"]


class LogRow(NamedTuple):
    """A row of the closure log. `seq` is taken at the insert, so it is not in the order of the commits."""

    seq: int
    xid: int
    closure: Closure


class Answer(NamedTuple):
    """What one poll returns."""

    position: Position
    rows: tuple[LogRow, ...]


class Transaction:
    """A transaction that writes: it has its id from its start on, and holds the rows that it wrote until it is over."""

    def __init__(self, xid: int, timeline: int) -> None:
        self.xid = xid
        self.timeline = timeline
        self.locked: list[tuple[Table, int]] = []
        self.log: list[LogRow] = []


class Database:
    """One cluster. Reads of other transactions see a row's last version that their snapshot sees."""

    def __init__(self) -> None:
        self.timeline = 1
        self.accounts = Table()
        self.credentials = Table()
        self.grants = Table()
        self.log: list[LogRow] = []
        self.row_limit = 1_000
        self.pruned_through = 0
        self._next_xid = 1_000
        self._latest_completed = 999
        self._running: dict[int, Transaction] = {}
        self._locks: dict[tuple[int, int], int] = {}
        self._seq = 0

    # Transactions -----------------------------------------------------------------------------------------

    def begin(self) -> Transaction:
        """A transaction with the next id."""
        transaction = Transaction(self._next_xid, self.timeline)
        self._next_xid += 1
        self._running[transaction.xid] = transaction
        return transaction

    def is_running(self, transaction: Transaction) -> bool:
        """False once it is over, and after a failover, which rolls back all that was running."""
        return self._running.get(transaction.xid) is transaction

    def lock(self, transaction: Transaction, table: Table, number: int) -> bool:
        """Whether the row is the transaction's now; False while another holds it."""
        holder = self._locks.setdefault((id(table), number), transaction.xid)
        if holder != transaction.xid:
            return False
        if (table, number) not in transaction.locked:
            transaction.locked.append((table, number))
        return True

    def write(self, transaction: Transaction, table: Table, number: int, row: Any) -> None:
        """A new version of a row that the transaction has locked."""
        table.setdefault(number, []).append((transaction.xid, row))

    def append(
        self,
        transaction: Transaction,
        action: Action,
        kind: TargetKind,
        key: str,
        *,
        reason: Reason = Reason.REVOKED,
        invalidates: frozenset[CredentialType] = frozenset(),
    ) -> None:
        """What a trigger does: a closure, in the transaction that ends the credential."""
        self._seq += 1
        cause = Cause(reason=reason, invalidates=invalidates, transaction=TransactionId(transaction.xid))
        row = LogRow(
            self._seq, transaction.xid, Closure(action=action, target=Target(kind, key), cause=cause)
        )
        transaction.log.append(row)

    def commit(self, transaction: Transaction) -> None:
        """What it wrote is seen by every snapshot from now on."""
        self.log.extend(transaction.log)
        self._end(transaction)

    def roll_back(self, transaction: Transaction) -> None:
        """What it wrote was never there."""
        for table, number in transaction.locked:
            versions = table.get(number, [])
            while versions and versions[-1][0] == transaction.xid:
                versions.pop()
            if not versions:
                table.pop(number, None)
        self._end(transaction)

    def fail_over(self) -> None:
        """A synchronous standby takes over: what was committed stays, and ids of the rest are given out again."""
        for transaction in list(self._running.values()):
            self.roll_back(transaction)
        self._next_xid = max([999, *(row.xid for row in self.log), *self._written()]) + 1
        self._latest_completed = self._next_xid - 1
        self.timeline += 1

    # Reads ------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """What a statement that begins now sees: all up to the last that has ended, except what is still running."""
        xmax = self._latest_completed + 1
        running = frozenset(xid for xid in self._running if xid < xmax)
        return Snapshot(min(running, default=xmax), xmax, running)

    def poll(self, last: Snapshot | None) -> Answer:
        """The statement of the tail."""
        snapshot = self.snapshot()
        rows: list[LogRow] = []
        if last is not None:
            rows = [row for row in self.log if row.xid >= last.xmin and not last.sees(TransactionId(row.xid))]
            rows = sorted(row for row in rows if snapshot.sees(TransactionId(row.xid)))
        is_cut_off = len(rows) > self.row_limit or (last is not None and self.pruned_through >= last.xmin)
        return Answer(self.position(snapshot, is_cut_off=is_cut_off), tuple(rows[: self.row_limit + 1]))

    def position(self, snapshot: Snapshot, *, is_cut_off: bool = False) -> Position:
        """Where an answer by that snapshot stands."""
        return Position(
            snapshot=snapshot, system_identifier="7", timeline=self.timeline, is_cut_off=is_cut_off
        )

    def read(self, number: int, snapshot: Snapshot, *, now: int) -> CredentialRecord | None:
        """The verifying read of one credential."""
        row = cast("Credential | None", self._seen(self.credentials, number, snapshot))
        if row is None or row.is_deleted:
            return None
        account = cast("Account", self._seen(self.accounts, row.account, snapshot))
        grant = None if row.grant is None else cast("Grant", self._seen(self.grants, row.grant, snapshot))
        return record_of(number, row, account, grant, now=now, snapshot=snapshot)

    def prune(self, *, with_horizon: bool = False) -> None:
        """The log loses all that is older than any running transaction, whether or not every node has read it.

        `with_horizon`: also what was there and is not known of here; every node has to reconcile.
        """
        horizon = self.snapshot().xmin
        gone = [row.xid for row in self.log if row.xid < horizon]
        self.log = [row for row in self.log if row.xid >= horizon]
        self.pruned_through = max([self.pruned_through, *gone, horizon - 1 if with_horizon else 0])

    @staticmethod
    def _seen(table: Table, number: int, snapshot: Snapshot) -> Any:
        for xid, row in reversed(table.get(number, [])):
            if xid < snapshot.xmin or snapshot.sees(TransactionId(xid)):
                return row
        return None

    def _end(self, transaction: Transaction) -> None:
        del self._running[transaction.xid]
        self._latest_completed = max(self._latest_completed, transaction.xid)
        for table, number in transaction.locked:
            del self._locks[(id(table), number)]

    def _written(self) -> list[int]:
        tables = (self.accounts, self.credentials, self.grants)
        return [xid for table in tables for versions in table.values() for xid, _ in versions]
