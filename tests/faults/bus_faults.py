"""Messages that come twice, late, in another order, changed, or from somebody else: nothing closes that is open by right."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio as redis

from app.cli.demo.api import Api
from app.fanout.wire import close_channel
from tests.faults.bounds import BY_TAIL_S, GAP_S
from tests.faults.cast import Cast
from tests.faults.fault import Measured, fault
from tests.faults.processes import HOST
from tests.faults.world import World

TIMES = 20
LATER = 1_000_000


@asynccontextmanager
async def recorded(world: World) -> AsyncIterator[list[bytes]]:
    """The bytes of every close request meanwhile."""
    messages: list[bytes] = []
    client = redis.Redis.from_url(world.redis.url)
    pubsub = client.pubsub()
    await pubsub.subscribe(close_channel(world.settings.namespace))

    async def listen() -> None:
        async for message in pubsub.listen():
            messages.extend([message["data"]] if message["type"] == "message" else [])

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.1)
    yield messages
    await asyncio.sleep(0.2)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await pubsub.aclose()
    await client.aclose()


async def _publish(world: World, channel: str, messages: list[bytes]) -> None:
    client = redis.Redis.from_url(world.redis.url)
    for message in messages:
        await client.publish(channel, message)
    await client.aclose()


async def _recorded_end_of_everything(world: World, cast: Cast) -> list[bytes]:
    """What was said when all sessions of the sibling's account ended: the account itself is a target of it."""
    api = Api(HOST, world.nodes[0].port, token=cast.sibling.token)
    async with recorded(world) as messages:
        await asyncio.to_thread(api.call, "POST", "sessions/terminate-all", {"except_current": False})
        await cast.watch(BY_TAIL_S)
    return messages


@fault("messages doubled, reordered, late", bound_s=BY_TAIL_S)
async def replayed(world: World) -> Measured:
    async with world.cast() as first:
        messages = await _recorded_end_of_everything(world, first)
        account_id = first.session.account_id
    async with world.cast() as cast:
        cast.check(messages, "nothing was recorded")
        token = await asyncio.to_thread(_sign_in_again, world, account_id)
        await cast.add_bystanders(token)
        storm = messages * TIMES
        secrets.SystemRandom().shuffle(storm)
        await _publish(world, close_channel(world.settings.namespace), storm)
        await asyncio.sleep(0.5)
        await cast.check_all_speak()
        await cast.end_by_sql()
        await _publish(world, close_channel(world.settings.namespace), storm)
        await cast.watch(BY_TAIL_S)
        cast.check_no_gap(GAP_S)
        return await cast.measured(BY_TAIL_S)


def _sign_in_again(world: World, account_id: object) -> str:
    from tests.builders import MadeAccount

    with world.database.session() as db:
        from app.data.rows import one_row

        row = one_row(db, "SELECT email FROM account WHERE id = %(id)s", id=account_id)
    assert row is not None
    return world.make.session(
        MadeAccount(account_id=account_id, email=row["email"], is_global_admin=False)  # type: ignore[arg-type]
    ).token


@fault("messages forged, or of a foreign namespace", bound_s=BY_TAIL_S)
async def forged(world: World) -> Measured:
    async with world.cast() as first:
        messages = await _recorded_end_of_everything(world, first)
        ended = [str(first.session.account_id), first.session.token_hash, first.sibling.token_hash]
    async with world.cast() as cast:
        living = [str(cast.session.account_id), cast.session.token_hash, cast.sibling.token_hash]
        forgeries = [_aimed_at(message, dict(zip(ended, living, strict=True))) for message in messages]
        cast.check(forgeries and forgeries != messages, "nothing was forged")
        channel = close_channel(world.settings.namespace)
        await _publish(world, channel, [_with(each, mac=secrets.token_hex(32)) for each in forgeries])
        await _publish(world, channel, [*forgeries, *(_with(each, mac=None) for each in forgeries)])
        await _publish(world, channel, [b"\xff" * 100, b"{}", secrets.token_bytes(100_000)])
        await _publish(world, close_channel("somebody-else"), forgeries)
        await asyncio.sleep(0.5)
        cast.check(all(each.code is None for each in cast.victims), "a forged message closed a socket")
        await cast.end_by_sql()
        await cast.watch(BY_TAIL_S)
        return await cast.measured(BY_TAIL_S)


def _aimed_at(message: bytes, others: dict[str, str]) -> bytes:
    """At other targets, in the name of a transaction that nobody's verifying read can have seen."""
    text = message.decode()
    for one, other in others.items():
        text = text.replace(one, other)
    envelope = json.loads(text)
    body = json.loads(envelope["body"])
    body["transaction"] = str(int(body["transaction"]) + LATER)
    return json.dumps({**envelope, "body": json.dumps(body)}).encode()


def _with(message: bytes, *, mac: str | None) -> bytes:
    envelope = json.loads(message)
    envelope["mac"] = mac
    if mac is None:
        del envelope["mac"]
    return json.dumps(envelope).encode()
