import asyncio
import json
import random
from collections.abc import Iterator
from uuid import UUID

import pytest
from redis import Redis
from structlog.testing import capture_logs

from app.config import Settings
from app.domain.closing import Reason
from app.domain.ids import NodeId
from app.domain.targets import Action, TargetKind
from app.embedded import RedisServer
from app.fanout.publisher import Publisher
from app.fanout.subscriber import CLOSED
from app.fanout.wire import BusCodec, Rejection, close_channel
from tests.fanout.closures import SYSTEM, closure_of, hash_number, id_number
from tests.fanout.conftest import settings_for
from tests.fanout.listening import Listening, Recorder, eventually, listening

SESSION = closure_of(TargetKind.SESSION, hash_number(1))
TOKEN = closure_of(TargetKind.TOKEN, id_number(2))
ACCOUNT = closure_of(TargetKind.ACCOUNT, id_number(3))


@pytest.fixture
def publisher(settings: Settings) -> Iterator[Publisher]:
    with Publisher(settings) as publisher:
        yield publisher


@pytest.fixture
def client(redis: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(redis.url) as client:
        yield client


async def heard(heard_by: Listening, messages: int) -> None:
    await eventually(lambda: heard_by.subscriber.counts.messages >= messages)


async def test_a_close_request_closes_each_target_by_its_method_and_rings(
    settings: Settings, publisher: Publisher
) -> None:
    async with listening(settings) as node:
        assert publisher.publish([SESSION, TOKEN, ACCOUNT], system_identifier=SYSTEM)
        await heard(node, 1)
    assert node.closer.calls == [
        ("session", hash_number(1), SESSION.cause),
        ("token", id_number(2), TOKEN.cause),
        ("account", id_number(3), ACCOUNT.cause),
    ]
    assert node.rings == ["subscribed", CLOSED]
    assert node.subscriber.counts.closed == 3


async def test_revoked_comes_before_reconnect_in_whatever_order_it_was_said(
    settings: Settings, publisher: Publisher
) -> None:
    reconnect = closure_of(TargetKind.ACCOUNT, id_number(4), invalidates=frozenset())
    async with listening(settings) as node:
        publisher.publish([reconnect, ACCOUNT, SESSION], system_identifier=SYSTEM)
        await heard(node, 1)
    assert [cause for _, _, cause in node.closer.calls] == [SESSION.cause, ACCOUNT.cause, reconnect.cause]


async def test_the_closer_is_told_only_of_what_is_concerned_and_the_bell_rings_all_the_same(
    settings: Settings, publisher: Publisher
) -> None:
    """B142."""
    here = {id_number(2)}
    async with listening(settings, concerned=lambda kind, keys: here.intersection(keys)) as node:
        publisher.publish([SESSION, TOKEN, ACCOUNT], system_identifier=SYSTEM)
        publisher.publish([SESSION], system_identifier=SYSTEM)
        await heard(node, 2)
    assert node.closer.calls == [("token", id_number(2), TOKEN.cause)]
    assert node.rings == ["subscribed", CLOSED, CLOSED]
    assert node.subscriber.counts.rejected == {}


async def test_what_several_transactions_ended_comes_in_one_message(
    settings: Settings, publisher: Publisher
) -> None:
    sent = [closure_of(TargetKind.SESSION, hash_number(n), transaction=n + 1) for n in range(100)]
    async with listening(settings) as node:
        publisher.publish(sent, system_identifier=SYSTEM)
        await heard(node, 1)
    assert [cause for _, _, cause in node.closer.calls] == [each.cause for each in sent]


async def test_rechecks_and_grants_only_ring(settings: Settings, publisher: Publisher) -> None:
    recheck = closure_of(TargetKind.SESSION, hash_number(1), action=Action.RECHECK)
    table = closure_of(TargetKind.TABLE, "session", action=Action.RECHECK)
    grant = closure_of(TargetKind.GRANT, id_number(1))
    async with listening(settings) as node:
        publisher.publish([recheck, table, grant], system_identifier=SYSTEM)
        await heard(node, 1)
    assert node.called == []
    assert node.rings == ["subscribed", "message"]


async def test_one_close_that_raises_does_not_spare_the_others_and_is_logged_once(
    settings: Settings, publisher: Publisher
) -> None:
    """B143."""
    closer = Recorder(raises_for=frozenset({hash_number(1), id_number(2)}))
    with capture_logs() as logs:
        async with listening(settings, closer=closer) as node:
            publisher.publish([SESSION, TOKEN, ACCOUNT], system_identifier=SYSTEM)
            await heard(node, 1)
    assert node.closer.closed == {("account", id_number(3))}
    assert node.rings == ["subscribed", "message"]
    assert [log["failures"] for log in logs if log["event"] == "close_failed"] == [2]
    assert node.subscriber.counts.failures == 2


@pytest.mark.parametrize("system", ["1111111111111111111", None])
async def test_a_message_of_another_cluster_or_before_ours_is_known_only_rings(
    settings: Settings, publisher: Publisher, system: str | None
) -> None:
    async with listening(settings, system=system) as node:
        publisher.publish([SESSION], system_identifier=SYSTEM)
        await heard(node, 1)
    assert node.called == []
    assert node.rings == ["subscribed", "message"]
    assert node.subscriber.counts.foreign == 1


async def test_without_a_key_a_message_closes_nothing_and_rings(redis: RedisServer) -> None:
    """B141."""
    settings = settings_for(redis.url, bus_key=None)
    with Publisher(settings) as publisher:
        async with listening(settings) as node:
            publisher.publish([SESSION], system_identifier=SYSTEM)
            await heard(node, 1)
    assert node.called == []
    assert node.rings == ["subscribed", "message"]


async def test_of_two_installations_on_one_redis_neither_closes_the_others_sockets(
    redis: RedisServer, settings: Settings, client: Redis
) -> None:
    """B140."""
    other = settings_for(redis.url)
    async with listening(settings) as node, listening(other) as stranger:
        with Publisher(other) as publisher:
            publisher.publish([SESSION], system_identifier=SYSTEM)
        await heard(stranger, 1)
        (stray,) = BusCodec.from_settings(other).encode([SESSION], system_identifier=SYSTEM)
        client.publish(close_channel(settings.namespace), stray)
        await heard(node, 1)
    assert node.called == []
    assert node.subscriber.counts.rejected == {Rejection.MAC_BAD: 1}


async def test_forged_and_broken_messages_are_counted_and_the_next_good_one_closes(
    settings: Settings, publisher: Publisher, client: Redis
) -> None:
    """B137, B138."""
    channel = close_channel(settings.namespace)
    (good,) = BusCodec.from_settings(settings).encode([SESSION], system_identifier=SYSTEM)
    envelope = json.loads(good)
    forged = BusCodec.from_settings(settings_for("redis://nowhere", bus_key="guessed"))
    bad: dict[bytes, Rejection] = {
        b"\x00\xff\xfe": Rejection.NOT_JSON,
        b"": Rejection.NOT_JSON,
        b"[]": Rejection.SCHEMA,
        b"x" * 200_000: Rejection.TOO_LARGE,
        json.dumps({**envelope, "v": 9}).encode(): Rejection.VERSION,
        json.dumps({"v": 1, "body": envelope["body"]}).encode(): Rejection.MAC_MISSING,
        forged.encode([SESSION], system_identifier=SYSTEM)[0]: Rejection.MAC_BAD,
    }
    async with listening(settings) as node:
        for payload in bad:
            client.publish(channel, payload)
        await heard(node, len(bad))
        assert node.called == []
        assert node.rings == ["subscribed"]
        assert node.subscriber.counts.rejected == {
            Rejection.NOT_JSON: 2,
            Rejection.SCHEMA: 1,
            Rejection.TOO_LARGE: 1,
            Rejection.VERSION: 1,
            Rejection.MAC_MISSING: 1,
            Rejection.MAC_BAD: 1,
        }
        publisher.publish([SESSION], system_identifier=SYSTEM)
        await heard(node, len(bad) + 1)
    assert node.called == [("session", hash_number(1))]


async def test_a_message_of_megabytes_costs_the_connection_and_not_the_listener(
    settings: Settings, publisher: Publisher, client: Redis
) -> None:
    async with listening(settings) as node:
        client.publish(close_channel(settings.namespace), b"x" * 20_000_000)
        await eventually(lambda: node.subscriber.counts.gaps == 2)
        publisher.publish([SESSION], system_identifier=SYSTEM)
        await heard(node, 1)
    assert node.called == [("session", hash_number(1))]
    assert node.subscriber.losses == {"frame_too_large": 1}


async def test_repeated_and_shuffled_messages_close_what_one_in_order_would(
    settings: Settings, client: Redis
) -> None:
    """B134, B136."""
    sent = [closure_of(TargetKind.SESSION, hash_number(n), transaction=n + 1) for n in range(20)]
    codec = BusCodec.from_settings(settings)
    messages = [codec.encode([each], system_identifier=SYSTEM)[0] for each in sent] * 3
    messages += codec.encode(sent, system_identifier=SYSTEM) * 3
    random.Random(7).shuffle(messages)
    async with listening(settings) as node:
        for message in messages:
            client.publish(close_channel(settings.namespace), message)
        await heard(node, len(messages))
    assert node.closer.closed == {("session", hash_number(n)) for n in range(20)}
    assert node.subscriber.counts.closed == 20


async def test_a_mass_revocation_comes_whole(settings: Settings, publisher: Publisher) -> None:
    sent = [closure_of(TargetKind.SESSION, hash_number(n)) for n in range(5_000)]
    async with listening(settings) as node:
        assert publisher.publish(sent, system_identifier=SYSTEM)
        await eventually(lambda: node.subscriber.counts.closed == 5_000)


async def test_a_bell_that_raises_does_not_cost_the_subscription(
    settings: Settings, publisher: Publisher
) -> None:
    async with listening(settings) as node:
        node.subscriber._ring = lambda why: 1 / 0  # type: ignore[assignment]
        with capture_logs() as logs:
            publisher.publish([SESSION], system_identifier=SYSTEM)
            publisher.publish([TOKEN], system_identifier=SYSTEM)
            await heard(node, 2)
        assert node.subscriber.is_subscribed
    assert [log["event"] for log in logs] == ["bus_frame_failed"] * 2
    assert len(node.called) == 2


async def test_a_node_hears_its_own_echo_and_no_one_elses(settings: Settings) -> None:
    async with listening(settings) as node, listening(settings) as other:
        await eventually(lambda: node.subscriber.last_echo_at is not None)
        await eventually(lambda: other.subscriber.last_echo_at is not None)
    assert node.subscriber.counts.messages == other.subscriber.counts.messages == 0
    assert node.rings == ["subscribed"]


async def test_a_node_that_hears_its_echoes_is_never_taken_for_deaf(settings: Settings) -> None:
    async with listening(settings, tick_s=0.02) as node:
        await eventually(lambda: node.subscriber._subscriptions[0].health.heard_nonce > 10)
    assert node.subscriber.losses == {}


async def test_another_nodes_echo_is_not_ones_own(settings: Settings) -> None:
    codec = BusCodec.from_settings(settings)
    async with listening(settings, tick_s=60) as node:
        (subscription,) = node.subscriber._subscriptions
        subscription.last_echo_at = None
        subscription._hear_echo(codec.encode_echo(NodeId(UUID(int=1)), 1))
        assert node.subscriber.last_echo_at is None
        subscription._hear_echo(codec.encode_echo(node.subscriber._node_id, 1))
        assert node.subscriber.last_echo_at is not None


async def test_stopping_takes_no_time_and_leaves_no_connection(settings: Settings, client: Redis) -> None:
    async with listening(settings) as node:
        await eventually(lambda: node.subscriber.last_echo_at is not None)
    assert not node.subscriber.is_subscribed
    await eventually(lambda: client.pubsub_numsub(close_channel(settings.namespace))[0][1] == 0)
    assert len(asyncio.all_tasks()) == 1


async def test_the_reason_arrives(settings: Settings, publisher: Publisher) -> None:
    async with listening(settings) as node:
        publisher.publish(
            [closure_of(TargetKind.ACCOUNT, id_number(1), reason=Reason.PASSWORD_CHANGED)],
            system_identifier=SYSTEM,
        )
        await heard(node, 1)
    ((_, _, cause),) = node.closer.calls
    assert cause != "revoked"
    assert cause.reason is Reason.PASSWORD_CHANGED
