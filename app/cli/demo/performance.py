"""All scenarios, one after the other, on a running fleet; then a last look at everybody who should still be there."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from app.cli.demo.cast import Cast
from app.cli.demo.outcome import Outcome, ReceiptSeen
from app.cli.demo.people import People
from app.cli.demo.receipts import receipt_of
from app.cli.demo.scenarios import SCENARIOS, Scenario
from app.cli.demo.stage import Act, Stage
from app.cli.fleet.fleet import Fleet

__all__ = ["perform_all"]

CONFIRMED = "confirmed"
EXPIRY = "expiry"


@dataclass(frozen=True, slots=True)
class _Played:
    name: str
    cast: Cast
    act: Act
    receipt: "asyncio.Task[ReceiptSeen | None]"


async def perform_all(fleet: Fleet, *, password_hash: str, tell: Callable[[str], None]) -> list[Outcome]:
    """One outcome a scenario, in order. The bystanders of the first are watched until the last is over."""
    stage = await _stage(fleet, password_hash)
    played = []
    for name, scenario in SCENARIOS.items():
        tell(name)
        played.append(await _play(stage, name, scenario))
    tell("receipts")
    await asyncio.wait([each.receipt for each in played])
    outcomes = [await _outcome(each) for each in played]
    await asyncio.gather(*(each.cast.leave() for each in played))
    return outcomes


async def _stage(fleet: Fleet, password_hash: str) -> Stage:
    database_url = fleet.settings.database_url
    people = People(
        database_url, fleet.nodes, password=fleet.installation.demo_password, password_hash=password_hash
    )
    return Stage(
        nodes=fleet.nodes,
        people=people,
        bystander=await people.sign_in(await people.person()),
        global_admin=await people.sign_in(await people.person(is_global_admin=True)),
        database_url=database_url,
    )


async def _play(stage: Stage, name: str, scenario: Scenario) -> _Played:
    cast = await stage.cast()
    act = await scenario(stage, cast)
    await cast.watch_the_end()
    receipt = asyncio.create_task(receipt_of(stage, act), name=f"receipt of {name}")
    await cast.come_back()
    return _Played(name, cast, act, receipt)


async def _outcome(played: _Played) -> Outcome:
    await played.cast.check_the_others()
    receipt, faults = _receipt(played), list(played.cast.faults)
    sockets = played.cast.outcomes(since=played.act.at)
    closed = sum(socket.code is not None for socket in sockets)
    if receipt is None:
        faults.append("there is no receipt")
    elif receipt.state != CONFIRMED:
        faults.append(f"its receipt says {receipt.state}")
    elif receipt.closed != closed and played.act.source != EXPIRY:
        # (What the clock ends, each node's own deadline closes, before there is a revocation to count it for.)
        faults.append(f"its receipt counts {receipt.closed} closed sockets, and {closed} were")
    return Outcome(scenario=played.name, sockets=sockets, receipt=receipt, faults=faults)


def _receipt(played: _Played) -> ReceiptSeen | None:
    error = played.receipt.exception()
    if error is None:
        return played.receipt.result()
    played.cast.faults.append(str(error))
    return None
