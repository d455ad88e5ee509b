"""One schedule: a small world, what befalls it, and the properties that must hold while it runs and when it is quiet."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.domain.credentials import CredentialType
from app.domain.targets import Action, Closure, TargetKind
from tests.simulation.choices import Choices
from tests.simulation.database import Transaction
from tests.simulation.hands import CHANGES, Change, Hands
from tests.simulation.node import SimulatedNode
from tests.simulation.quiet import check_quiet
from tests.simulation.rows import Credential
from tests.simulation.ticks import NEVER, SECOND
from tests.simulation.truth import Life
from tests.simulation.world import Violated, World

__all__ = ["Outcome", "run"]

LASTS = 10 * SECOND
RESTLESS = 8 * SECOND
"""For so long things happen; then all faults are over, and everything has to come right."""


@dataclass(slots=True)
class Outcome:
    """What became of a schedule."""

    seed: int
    violated: str | None
    what: str
    sockets: int
    worst: int
    seen: Counter[str]
    interleavings: set[tuple[str, str, str]]
    choices: list[int]
    journal: list[str] | None


def run(seed: int = 0, *, script: Sequence[int] | None = None, journal: bool = False) -> Outcome:
    """The schedule of that seed, or of a script of choices."""
    choices = Choices(seed, script=script)
    world = World(choices)
    world.journal = [] if journal else None
    violated, what = None, ""
    try:
        Schedule(world).run()
    except Violated as violation:
        violated, what = violation.rule, str(violation)
    return Outcome(
        seed=seed,
        violated=violated,
        what=what,
        sockets=world.sockets,
        worst=world.worst,
        seen=world.seen,
        interleavings=world.interleavings,
        choices=choices.made,
        journal=world.journal,
    )


class Schedule:
    """What befalls the world, all drawn beforehand."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._below = world.choices.below
        self._numbers = 0

    def run(self) -> None:
        """Raises: Violated."""
        world = self._world
        world.closing_time = RESTLESS
        self._found()
        world.database.row_limit = 1_000 if self._below(4) < 3 else 1
        for _ in range(1 + self._below(2)):
            self._start_node()
        for _ in range(3 + self._below(12)):
            world.at(self._below(RESTLESS), self._one_of(_BEFALLS))
        world.run(LASTS)
        check_quiet(world)

    # Beginnings -----------------------------------------------------------------------------------------------

    def _found(self) -> None:
        world, below = self._world, self._below
        hands, database = world.hands, world.database
        transaction = database.begin()
        accounts = [hands.make_account(transaction) for _ in range(1 + below(2))]
        for account in accounts:
            hands.mint(transaction, account, CredentialType.SESSION, lasts=self._lasts())
        hands.mint(transaction, accounts[0], CredentialType.API_TOKEN, lasts=self._lasts())
        if below(3) == 2:
            hands.mint(transaction, accounts[0], CredentialType.DAEMON_TOKEN)
        if below(3) == 2:
            grant = hands.make_grant(transaction, lasts=self._lasts())
            hands.mint(
                transaction, accounts[0], CredentialType.SESSION, lasts=self._lasts(), grant=grant
            )
        database.commit(transaction)
        world.truth.after_commit(transaction.xid, 0)

    def _lasts(self) -> int:
        choice = self._below(6)
        return 100 * SECOND if choice < 5 else SECOND + self._below(8 * SECOND)

    def _start_node(self) -> None:
        world = self._world
        self._numbers += 1
        policy = ("hold", "hold", "close", "serve")[self._below(4)]
        node = SimulatedNode(
            world,
            self._numbers,
            policy=policy,
            offset=self._below(10_000),
            skew=(self._below(5) - 2) * 3600 * SECOND,
        )
        world.nodes.append(node)
        node.later(self._below(8), node.tail.ring)
        node.later(self._below(8) + (0, 0, 0, 3 * SECOND)[self._below(4)], node.report)
        for life in list(world.truth.lives.values()):
            world.at(self._below(3 * SECOND), self._open, life, node)

    # What befalls ---------------------------------------------------------------------------------------------

    def open_some(self) -> None:
        """A client opens a socket on some credential, dead or alive."""
        world = self._world
        lives = list(world.truth.lives.values())
        if world.nodes:
            self._open(lives[self._below(len(lives))], world.nodes[self._below(len(world.nodes))])

    def change(self) -> None:
        """A transaction begins, does its change some time later, and is over some time after that."""
        change = CHANGES[min(self._below(len(CHANGES)), self._below(len(CHANGES)))]
        self._transact(lambda transaction, number: change(self._world.hands, transaction, number))

    def mint(self) -> None:
        """A new credential for some account, which a client then comes with."""
        world = self._world
        kind = (CredentialType.SESSION, CredentialType.API_TOKEN)[self._below(2)]
        lasts = self._lasts() if self._below(2) else NEVER
        numbers = list(world.database.accounts)
        account = numbers[self._below(len(numbers))]
        self._transact(
            lambda transaction, _: world.hands.mint(transaction, account, kind, lasts=lasts) is not None
        )

    def cut(self) -> None:
        """Nothing passes between a node and the database for a while."""
        for node in self._some_node():
            node.cut_until = self._world.now + 16 + self._below(5 * SECOND)
            self._world.note("a node was cut off", node.number, node.cut_until / 64)

    def freeze(self) -> None:
        """A node does nothing for a while."""
        for node in self._some_node():
            node.frozen_until = self._world.now + 8 + self._below(5 * SECOND)
            self._world.note("a node froze", node.number, node.frozen_until / 64)

    def crash(self) -> None:
        """A node dies, and another is started."""
        for node in self._some_node():
            node.crash()
            self._world.note("a node died", node.number)
            self._start_node()

    def fail_over(self) -> None:
        """A standby takes over."""
        self._world.database.fail_over()
        self._world.note("the database failed over")

    def prune(self) -> None:
        """The log loses its past."""
        self._world.database.prune()
        self._world.note("the log was pruned")

    def walk(self) -> None:
        """A node's slow timer."""
        for node in self._some_node():
            node.later(0, node.rechecks.walk)

    def leave(self) -> None:
        """A client goes away."""
        for node in self._some_node():
            if node.speaking:
                node.later(0, node._forget, node.speaking[self._below(len(node.speaking))])

    # What befalls two things at one time, since chance alone brings them together too rarely -----------------------

    def read_while_it_changes(self) -> None:
        """An end is moved just while everybody is being read, by one read and then by another."""
        world, number = self._world, self._some_number()
        for node in world.nodes:
            for _ in range(3):
                node.later(self._below(16), node.rechecks.walk)
        for change in (Hands.touch, Hands.move_end):
            world.at(self._below(24), self._change_at_once, change, number)

    def open_while_reconciling(self) -> None:
        """The log has been pruned too far, sockets open, and something ends."""
        world, number = self._world, self._some_number()
        world.database.roll_back(world.database.begin())
        world.database.prune(with_horizon=True)
        for node in world.nodes:
            node.later(self._below(16), node.tail.ring)
            for _ in range(3):
                world.at(self._below(32), self._open, world.truth.lives[number], node)
        world.at(self._below(48), self._change_at_once, Hands.end, number)

    def start_while_it_ends(self) -> None:
        """A node starts, sockets come at once, and something ends."""
        world, number = self._world, self._some_number()
        self.crash()
        for node in world.nodes:
            world.at(self._below(8), self._open, world.truth.lives[number], node)
        world.at(self._below(16), self._change_at_once, Hands.end, number)

    def _some_number(self) -> int:
        numbers = list(self._world.truth.lives)
        return numbers[self._below(len(numbers))]

    def _change_at_once(self, change: Change, number: int) -> None:
        world = self._world
        transaction = world.database.begin()
        self._write(transaction, number, lambda mine, its: change(world.hands, mine, its), 0)

    # Private ----------------------------------------------------------------------------------------------------

    def _one_of(self, befalls: Sequence[tuple[int, Callable[["Schedule"], None]]]) -> Callable[[], None]:
        drawn = self._below(sum(weight for weight, _ in befalls))
        for weight, befall in befalls:
            drawn -= weight
            if drawn < 0:
                return lambda: befall(self)
        raise AssertionError

    def _some_node(self) -> list[SimulatedNode]:
        nodes = self._world.nodes
        return [nodes[self._below(len(nodes))]] if nodes else []

    def _open(self, life: Life, node: SimulatedNode) -> None:
        if not self._world.is_quiet:
            node.later(self._world.latency(), node.openings.open, life)

    def _transact(self, work: Callable[[Transaction, int], bool], tries: int = 3) -> None:
        world = self._world
        transaction, number = world.database.begin(), self._some_number()
        world.at(self._pause(), self._write, transaction, number, work, tries)

    def _pause(self) -> int:
        return (0, 0, 1, 8, 70, 200)[self._below(6)]

    def _write(
        self, transaction: Transaction, number: int, work: Callable[[Transaction, int], bool], tries: int
    ) -> None:
        world = self._world
        if not world.database.is_running(transaction):
            return
        world.hands.now = world.now
        if work(transaction, number):
            world.at(self._pause(), self._end, transaction)
            return
        world.database.roll_back(transaction)
        if tries and not world.is_quiet:
            world.at(4, self._transact, work, tries - 1)

    def _end(self, transaction: Transaction) -> None:
        world = self._world
        if not world.database.is_running(transaction):
            return
        if world.choices.happens(10):
            world.database.roll_back(transaction)
            return
        world.database.commit(transaction)
        _note_account_closures(world, transaction)
        known = set(world.truth.lives)
        world.truth.after_commit(transaction.xid, world.now)
        world.note("a transaction was committed", transaction.xid, "begun on", transaction.timeline)
        if transaction.log and world.choices.below(3) < 2:
            self._publish([row.closure for row in transaction.log])
        for number in set(world.truth.lives) - known:
            for node in self._some_node():
                self._open(world.truth.lives[number], node)

    def _publish(self, closures: list[Closure]) -> None:
        """Lost, late, twice, or as it should be: to each node for itself."""
        closures = [closure for closure in closures if closure.action is Action.CLOSE]
        world = self._world
        for node in world.nodes:
            for _ in range((1, 1, 0, 2)[self._below(4)]):
                node.later(world.latency(), node.hear, closures)


def _note_account_closures(world: World, transaction: Transaction) -> None:
    for row in transaction.log:
        if row.closure.target.kind is TargetKind.ACCOUNT:
            for versions in world.database.credentials.values():
                account = cast("Credential", versions[-1][1]).account
                world.truth.account_closed_at[account] = world.now


_BEFALLS: tuple[tuple[int, Callable[[Schedule], Any]], ...] = (
    (6, Schedule.open_some),
    (10, Schedule.change),
    (2, Schedule.mint),
    (2, Schedule.cut),
    (2, Schedule.freeze),
    (1, Schedule.crash),
    (1, Schedule.fail_over),
    (1, Schedule.prune),
    (1, Schedule.walk),
    (2, Schedule.read_while_it_changes),
    (1, Schedule.open_while_reconciling),
    (1, Schedule.start_while_it_ends),
    (1, Schedule.leave),
)
