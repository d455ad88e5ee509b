"""An account with one of each credential, and somebody else."""

from tests.builders import Builders
from tests.realtime.conditions import eventually
from tests.realtime.nodes import RunningNode

__all__ = ["People", "applied"]


class People:
    """An account with a session and its sibling, an API token, and a bystander."""

    def __init__(self, make: Builders) -> None:
        self.account = make.account()
        self.session, self.sibling = make.session(self.account), make.session(self.account)
        self.token = make.api_token(self.session)
        self.bystander = make.session()


async def applied(node: RunningNode) -> None:
    """Whatever had been committed has been applied, and every read that it called for is done."""
    currency, registry = node.node.holder.currency, node.node.holder.registry
    generation = currency.generation
    await eventually(lambda: currency.generation > generation + 1 and not registry.owing())
