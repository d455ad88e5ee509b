"""What can befall a world: what clients, operators, tasks and hands with SQL do, and faults."""

from collections.abc import Callable
from typing import Any, cast

from app.domain.credentials import CredentialType
from app.domain.targets import Closure, TargetKind
from tests.simulation.beginnings import Beginnings
from tests.simulation.database import Transaction
from tests.simulation.hands import CHANGES, Change, Hands
from tests.simulation.node import SimulatedNode
from tests.simulation.rows import Credential
from tests.simulation.ticks import NEVER, SECOND
from tests.simulation.world import World

__all__ = ["BEFALLS", "Befalls"]


class Befalls:
    """Each method is one thing that happens, now or from now on."""

    def __init__(self, world: World, beginnings: Beginnings) -> None:
        self._world = world
        self._below = world.choices.below
        self._beginnings = beginnings

    def open_some(self) -> None:
        """A client opens a socket on some credential, dead or alive."""
        world = self._world
        lives = list(world.truth.lives.values())
        if world.nodes:
            self._beginnings.open(lives[self._below(len(lives))], world.nodes[self._below(len(world.nodes))])

    def change(self) -> None:
        """A transaction begins, does its change some time later, and is over some time after that."""
        change = CHANGES[min(self._below(len(CHANGES)), self._below(len(CHANGES)))]
        self._transact(lambda transaction, number: change(self._world.hands, transaction, number))

    def mint(self) -> None:
        """A new credential for some account, which a client then comes with."""
        world = self._world
        kind = (CredentialType.SESSION, CredentialType.API_TOKEN)[self._below(2)]
        lasts = self._beginnings.lasts() if self._below(2) else NEVER
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
            self._beginnings.start_node()

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
                world.at(self._below(32), self._beginnings.open, world.truth.lives[number], node)
        world.at(self._below(48), self._change_at_once, Hands.end, number)

    def start_while_it_ends(self) -> None:
        """A node starts, sockets come at once, and something ends."""
        world, number = self._world, self._some_number()
        self.crash()
        for node in world.nodes:
            world.at(self._below(8), self._beginnings.open, world.truth.lives[number], node)
        world.at(self._below(16), self._change_at_once, Hands.end, number)

    def _some_number(self) -> int:
        numbers = list(self._world.truth.lives)
        return numbers[self._below(len(numbers))]

    def _change_at_once(self, change: Change, number: int) -> None:
        world = self._world
        transaction = world.database.begin()
        self._write(transaction, number, lambda mine, its: change(world.hands, mine, its), 0)

    # Private ----------------------------------------------------------------------------------------------------

    def _some_node(self) -> list[SimulatedNode]:
        nodes = self._world.nodes
        return [nodes[self._below(len(nodes))]] if nodes else []

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
                self._beginnings.open(world.truth.lives[number], node)

    def _publish(self, closures: list[Closure]) -> None:
        """Lost, late, twice, or as it should be: to each node for itself."""
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


BEFALLS: tuple[tuple[int, Callable[[Befalls], Any]], ...] = (
    (6, Befalls.open_some),
    (10, Befalls.change),
    (2, Befalls.mint),
    (2, Befalls.cut),
    (2, Befalls.freeze),
    (1, Befalls.crash),
    (1, Befalls.fail_over),
    (1, Befalls.prune),
    (1, Befalls.walk),
    (2, Befalls.read_while_it_changes),
    (1, Befalls.open_while_reconciling),
    (1, Befalls.start_while_it_ends),
    (1, Befalls.leave),
)
