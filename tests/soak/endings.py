"""The ways in which a soak ends credentials: over HTTP and by SQL, one and many."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.cli.demo.api import Api
from app.cli.problems import CommandRefused
from tests.faults.hands import END_SESSION
from tests.faults.processes import HOST
from tests.faults.world import World
from tests.soak.people import Credential, Person

ASK_AGAIN_S = 0.2
ASKED_WITHIN_S = 30.0
PERFORMED_WITHIN_S = 30.0
ENDED = {
    "session": "SELECT terminated_at FROM session WHERE id = %(id)s",
    "api_token": "SELECT revoked_at FROM api_token WHERE id = %(id)s",
}
END_API_TOKEN = "UPDATE api_token SET revoked_at = clock_timestamp() WHERE id = %(id)s"
SUSPEND = "UPDATE account SET suspended_at = clock_timestamp() WHERE id = %(id)s"

EndedAt = dict[str, float]
"""Of each credential's key, when it ended, on our clock."""
Ending = Callable[[World, Person, list[Credential]], Awaitable[EndedAt]]


async def by_sql(world: World, _person: Person, credentials: list[Credential]) -> EndedAt:
    statements = {"session": END_SESSION, "api_token": END_API_TOKEN}
    return {each.key: await world.hands.commit(statements[each.kind], id=each.id) for each in credentials}


async def over_http(world: World, person: Person, credentials: list[Credential]) -> EndedAt:
    """By their owner."""
    paths = {"session": "sessions", "api_token": "api-tokens"}
    for each in credentials:
        await asked(world, person, "DELETE", f"{paths[each.kind]}/{each.id}")
    return await _ends(world, credentials)


async def all_but_this(world: World, person: Person, credentials: list[Credential]) -> EndedAt:
    """Every session of the account but the actor's; the API tokens stay."""
    await asked(world, person, "POST", "sessions/terminate-all", {"except_current": True})
    return await _ends(world, credentials)


async def by_suspension(world: World, person: Person, credentials: list[Credential]) -> EndedAt:
    """By SQL, and for good."""
    ended_at = await world.hands.commit(SUSPEND, id=person.account.account_id)
    return {each.key: ended_at for each in credentials}


def hit_by(ending: Ending, person: Person, chosen: Credential) -> list[Credential]:
    """What it ends, of all that the person has."""
    if ending is by_suspension:
        return list(person.credentials)
    if ending is all_but_this:
        return [each for each in person.credentials if each.kind == "session"]
    return [chosen]


async def asked(world: World, person: Person, method: str, path: str, body: object = None) -> Any:
    """The answer's body; asked again at the other node as long as one cannot."""
    loop = asyncio.get_running_loop()
    gives_up_at = loop.time() + ASKED_WITHIN_S
    for attempt in range(1_000):
        node = world.nodes[(hash(path) + attempt) % len(world.nodes)]
        api = Api(HOST, node.port, token=person.actor.token)
        try:
            return (await asyncio.to_thread(api.call, method, path, body)).body
        except CommandRefused as refused:
            if loop.time() > gives_up_at or not _is_passing(refused):
                raise
        await asyncio.sleep(ASK_AGAIN_S)
    raise AssertionError("unreachable")


def _is_passing(refused: CommandRefused) -> bool:
    return "with 503" in str(refused) or " failed: " in str(refused)


async def _ends(world: World, credentials: list[Credential]) -> EndedAt:
    """Read from the rows, where the performing transaction noted it."""
    return {
        each.key: await world.hands.instant_of(
            await world.until_value(ENDED[each.kind], id=each.id, within_s=PERFORMED_WITHIN_S)
        )
        for each in credentials
    }
