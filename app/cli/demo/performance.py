"""All scenarios, one after the other, on a running fleet; then a last look at everybody who should still be there."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.cli.demo.cast import Cast
from app.cli.demo.outcome import Outcome, ReceiptSeen, SocketOutcome
from app.cli.demo.people import People
from app.cli.demo.receipts import receipt_of
from app.cli.demo.scenarios import SCENARIOS, Scenario, end_one_session
from app.cli.demo.stage import Act, Stage
from app.cli.demo.watched_socket import Refused
from app.cli.fleet.fleet import Fleet
from app.cli.problems import CommandRefused
from app.data.engine import Database

__all__ = ["perform_all"]

CONFIRMED = "confirmed"
EXPIRY = "expiry"
REHEARSALS = 4
"""Sessions ended at once before anything is measured: every node and worker has its connections then."""


@dataclass(frozen=True, slots=True)
class _Played:
    name: str
    cast: Cast
    act: Act | None
    receipt: "asyncio.Task[ReceiptSeen | None]"


async def perform_all(fleet: Fleet, database: Database, *, tell: Callable[[str], None]) -> list[Outcome]:
    """One outcome a scenario, in order. The bystanders of the first are watched until the last is over."""
    stage = await _stage(fleet, database)
    tell("rehearsal")
    await asyncio.gather(*(_rehearse(stage) for _ in range(REHEARSALS)))
    played = []
    for name, scenario in SCENARIOS.items():
        tell(name)
        played.append(await _play(stage, name, scenario))
    tell("receipts")
    await asyncio.wait([each.receipt for each in played])
    outcomes = [await _outcome(each) for each in played]
    await asyncio.gather(*(each.cast.leave() for each in played))
    return outcomes


async def _stage(fleet: Fleet, database: Database) -> Stage:
    people = People(database, fleet.nodes, password=fleet.installation.demo_password)
    return Stage(
        nodes=fleet.nodes,
        people=people,
        bystander=await people.sign_in(await people.person()),
        global_admin=await people.sign_in(await people.person(is_global_admin=True)),
        database_url=fleet.settings.database_url,
    )


async def _rehearse(stage: Stage) -> None:
    cast = await stage.cast()
    await end_one_session(stage, cast)
    await cast.watch_the_end()
    await cast.leave()


async def _play(stage: Stage, name: str, scenario: Scenario) -> _Played:
    cast = await stage.cast()
    act = await _act(stage, cast, scenario)
    if act is not None:
        await cast.watch_the_end()
    receipt = asyncio.create_task(_receipt(stage, cast, act), name=f"receipt of {name}")
    await cast.come_back()
    return _Played(name, cast, act, receipt)


async def _act(stage: Stage, cast: Cast, scenario: Scenario) -> Act | None:
    """None if the product would not let it come to that; the cast knows why."""
    try:
        return await scenario(stage, cast)
    except (CommandRefused, Refused) as error:
        cast.faults.append(str(error).removesuffix("."))
        return None


async def _receipt(stage: Stage, cast: Cast, act: Act | None) -> ReceiptSeen | None:
    try:
        return None if act is None else await receipt_of(stage, act)
    except CommandRefused as error:
        cast.faults.append(str(error).removesuffix("."))
        return None


async def _outcome(played: _Played) -> Outcome:
    await played.cast.check_the_others()
    receipt = await played.receipt
    if played.act is None:
        return Outcome(scenario=played.name, sockets=(), receipt=receipt, faults=played.cast.faults)
    sockets = played.cast.outcomes(since=played.act.at)
    faults = [*played.cast.faults, *_faults_of_receipt(played.act, receipt, sockets)]
    return Outcome(scenario=played.name, sockets=sockets, receipt=receipt, faults=faults)


def _faults_of_receipt(
    act: Act, receipt: ReceiptSeen | None, sockets: Sequence[SocketOutcome]
) -> Iterator[str]:
    closed = sum(socket.code is not None for socket in sockets)
    if receipt is None:
        yield "there is no receipt"
    elif receipt.state != CONFIRMED:
        yield f"its receipt says {receipt.state}"
    elif receipt.closed != closed and act.source != EXPIRY:
        # (What the clock ends, each socket's own deadline closes, before there is a revocation to count it for.)
        yield f"its receipt counts {receipt.closed} closed sockets, and {closed} were"
