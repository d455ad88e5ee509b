"""The channels of close requests: one that everybody hears, or several shards of a Redis Cluster, all of which every node hears."""

from dataclasses import dataclass, field
from itertools import count

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from app.config import Settings
from app.domain.ids import NodeId
from app.fanout.wire import close_channel, echo_channel

__all__ = ["PLAIN", "SHARDED", "Shard", "Verbs", "shards_of"]


@dataclass(frozen=True, slots=True)
class Verbs:
    """Redis' words for one kind of pub/sub: two commands, and the first words of two frames."""

    subscribe: str
    publish: str
    subscribed: bytes
    message: bytes


PLAIN = Verbs("SUBSCRIBE", "PUBLISH", b"subscribe", b"message")
SHARDED = Verbs("SSUBSCRIBE", "SPUBLISH", b"ssubscribe", b"smessage")


@dataclass(frozen=True, slots=True)
class Shard:
    """One channel of close requests, and the echo channels beside it.

    With a `tag` it is sharded: braces make the tag alone decide on the slot, so echoes go the way of close requests.
    """

    namespace: str
    tag: str | None = None
    verbs: Verbs = field(init=False)
    """How one subscribes and publishes here."""
    close: str = field(init=False)
    """The channel of close requests."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "verbs", PLAIN if self.tag is None else SHARDED)
        object.__setattr__(self, "close", close_channel(self.namespace) + self._suffix)

    @property
    def slot(self) -> int:
        """Which slot of the cluster it falls into, and so which master carries it."""
        return key_slot(self.close.encode())

    def echo(self, node_id: NodeId) -> str:
        """The channel on which that node hears itself by way of this shard."""
        return echo_channel(self.namespace, node_id) + self._suffix

    @property
    def _suffix(self) -> str:
        return "" if self.tag is None else f":{{{self.tag}}}"


def shards_of(settings: Settings) -> tuple[Shard, ...]:
    """All channels of this installation: a single plain one, or so many that each falls into its own part of the slots."""
    shards = settings.channel_shards
    if shards == 1:
        return (Shard(settings.namespace),)
    return tuple(Shard(settings.namespace, _tag(number, shards)) for number in range(shards))


def _tag(number: int, shards: int) -> str:
    """The smallest whole number whose slot lies in that one of so many equal parts: masters own about such parts."""
    for tag in map(str, count()):
        if key_slot(tag.encode()) * shards // REDIS_CLUSTER_HASH_SLOTS == number:
            return tag
    raise AssertionError("whole numbers fall into every slot")
