"""How a world begins: its accounts and credentials, its nodes, and the clients that come to each."""

from app.domain.credentials import CredentialType
from tests.simulation.node import SimulatedNode
from tests.simulation.ticks import SECOND
from tests.simulation.truth import Life
from tests.simulation.world import World

__all__ = ["Beginnings"]


class Beginnings:
    """Makes what is there at the start, and nodes later on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._below = world.choices.below
        self._numbers = 0

    def found(self) -> None:
        """Accounts, and a credential of each type for one of them."""
        world, below = self._world, self._below
        hands, database = world.hands, world.database
        transaction = database.begin()
        accounts = [hands.make_account(transaction) for _ in range(1 + below(2))]
        for account in accounts:
            hands.mint(transaction, account, CredentialType.SESSION, lasts=self.lasts())
        hands.mint(transaction, accounts[0], CredentialType.API_TOKEN, lasts=self.lasts())
        if below(3) == 2:
            hands.mint(transaction, accounts[0], CredentialType.DAEMON_TOKEN)
        if below(3) == 2:
            grant = hands.make_grant(transaction, lasts=self.lasts())
            hands.mint(transaction, accounts[0], CredentialType.SESSION, lasts=self.lasts(), grant=grant)
        database.commit(transaction)
        world.truth.after_commit(transaction.xid, 0)

    def lasts(self) -> int:
        """How long a credential lasts: mostly longer than the schedule."""
        choice = self._below(6)
        return 100 * SECOND if choice < 5 else SECOND + self._below(8 * SECOND)

    def start_node(self) -> None:
        """A node starts, and a client comes to it with each credential."""
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
            world.at(self._below(3 * SECOND), self.open, life, node)

    def open(self, life: Life, node: SimulatedNode) -> None:
        """A client opens a socket there, a little later."""
        if not self._world.is_quiet:
            node.later(self._world.latency(), node.openings.open, life)
