"""Redis rings the doorbell: what a node makes of its coming back, of what is said twice, and of what is not for it."""

import asyncio

import pytest
import redis.asyncio as redis
from prometheus_client import REGISTRY

from app.domain.closing import Reason
from app.domain.credentials import ALL_CREDENTIAL_TYPES
from app.domain.ids import TransactionId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.fanout.publisher import Publisher
from app.fanout.wire import close_channel
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from tests.realtime.conditions import eventually
from tests.realtime.databases import SteppedConnection
from tests.realtime.nodes import (
    a_node,
    by_the_doorbell_alone,
    by_the_log_alone,
    echoes,
    opened,
    refused,
    seen_close,
)
from tests.realtime.openings import paused_after_the_read

END = "UPDATE session SET terminated_at = now() WHERE id = %(id)s"


async def test_a_subscription_that_is_confirmed_again_has_the_log_read_at_once(
    settings, redis_server, make, hands
):
    """B129, B130, B131: nobody has said anything, and the next poll would be a minute away."""
    if redis_server is None:
        pytest.skip("not our Redis to kill")
    session, bystander = make.session(), make.session()
    async with a_node(by_the_doorbell_alone(settings)) as node, opened(node, session.token) as socket:
        async with opened(node, bystander.token) as other:
            await asyncio.to_thread(redis_server.kill)
            await eventually(lambda: not node.node.is_subscribed)
            await hands.sql(END, id=session.session_id)
            assert await echoes(socket)
            await asyncio.to_thread(redis_server.start_again)
            assert (await seen_close(socket)).told == (4001, "session_revoked", "after_sign_in")
            assert await echoes(other)


async def test_a_message_that_is_heard_again_leaves_a_later_sign_in_alone(settings, make, hands):
    """B139, B134: its MAC is good, and what it closed is closed."""
    account = make.account()
    session = make.session(account)
    token = make.api_token(session)
    async with a_node(by_the_doorbell_alone(settings)) as node, opened(node, session.token) as socket:
        client = redis.Redis.from_url(settings.redis_url)
        channel = close_channel(settings.namespace)
        async with client.pubsub(ignore_subscribe_messages=True) as ear:
            await ear.subscribe(channel)
            assert await ear.get_message(timeout=5) is None
            await hands.revoke(end_all_own_sessions, caller=session.caller, except_current=False)
            assert (await seen_close(socket)).code == 4001
            message = await ear.get_message(timeout=5)
            assert message is not None
        async with opened(node, make.session(account).token) as back, opened(node, token.token) as other:
            for _ in range(3):
                assert await client.publish(channel, message["data"]) == 1
            generation = node.node.holder.currency.generation
            await eventually(lambda: node.node.holder.currency.generation > generation)
            assert await echoes(back)
            assert await echoes(other)
        await client.aclose()


async def test_a_message_about_nobody_here_closes_nothing_and_reads_no_credential(settings, make, hands):
    """B142."""
    elsewhere, bystander = make.session(), make.session()
    async with a_node(by_the_doorbell_alone(settings)) as node, opened(node, bystander.token) as other:
        connections = [SteppedConnection(settings.database_url) for _ in node.node.verifier._connections]
        for worker, connection in zip(node.node.verifier._connections, connections, strict=True):
            worker.fetch = connection.fetch  # type: ignore[method-assign]
        generation = node.node.holder.currency.generation
        await hands.revoke(end_all_own_sessions, caller=elsewhere.caller, except_current=False)
        await eventually(lambda: node.node.holder.currency.generation > generation)
        assert await echoes(other)
        assert sum(connection.statements for connection in connections) == 0
        for connection in connections:
            connection.drop()


async def test_a_message_heard_while_a_socket_opens_refuses_it_by_what_its_read_has_yet_to_teach(
    settings, make
):
    """B160, B162: nothing here is known to depend on the account yet, and the log never says it."""
    session = make.session()
    account = Target(TargetKind.ACCOUNT, str(session.account_id))
    cause = Cause(
        reason=Reason.ACCOUNT_SUSPENDED, invalidates=ALL_CREDENTIAL_TYPES, transaction=TransactionId(2**40)
    )
    async with a_node(by_the_doorbell_alone(settings)) as node, paused_after_the_read(node) as pause:
        opening = asyncio.create_task(refused(node, session.token))
        await pause.reached.wait()
        counts = node.node.subscriber.counts
        system, heard = node.node.holder.currency.system_identifier, counts.messages
        with Publisher(settings) as publisher:
            closure = Closure(action=Action.CLOSE, target=account, cause=cause)
            assert publisher.publish([closure], system_identifier=str(system))
        await eventually(lambda: counts.messages > heard)
        pause.over.set()
        answer = await opening
    assert (answer.status, answer.body["reason"]) == (401, "account_suspended")


@pytest.mark.parametrize(
    ("how", "via"),
    [(by_the_doorbell_alone, "doorbell"), (by_the_log_alone, "tail")],
    ids=["doorbell", "tail"],
)
async def test_the_time_to_the_shut_gate_is_measured_for_each_socket_with_what_brought_the_news(
    settings, make, hands, how, via
):
    """B263."""

    def measured() -> tuple[float, float]:
        labels = {"reason": "session_revoked", "via": via}
        name = "cutoff_close_latency_seconds"
        return tuple(REGISTRY.get_sample_value(f"{name}_{what}", labels) or 0.0 for what in ("count", "sum"))  # type: ignore[return-value]

    session, before = make.session(), measured()
    async with (
        a_node(how(settings)) as node,
        opened(node, session.token) as one,
        opened(node, session.token) as two,
    ):
        await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
        for socket in (one, two):
            assert (await seen_close(socket)).code == 4001
    count, total = measured()
    assert count == before[0] + 2
    assert 0 <= total - before[1] < 10
