import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from app.clock import boot_seconds
from app.domain.closing import Reason, closing_for_reason
from app.domain.credentials import CredentialType
from app.operations.suspend_account import suspend_account
from app.realtime.pump import A_TURN, AT_ONCE, LOT, LOT_BUDGET_S, NAP_S, PATIENCE_S, QUIET_S, Pump
from app.sockets.entry import Entry
from tests.realtime.conditions import always, eventually
from tests.realtime.cores import Clock, new_entry
from tests.realtime.nodes import a_node, echoes, entries_of, opened, quick, seen_close
from tests.realtime.raw_peer import connected_peer


class Handle:
    """Notes when its turn has come, and when it is wound down; `breaks` on both."""

    def __init__(self, turns: list["Handle"], *, breaks: bool = False) -> None:
        self.among = 0
        self.told_before: int | None = None
        """How many had been told when it was wound down."""
        self._turns = turns
        self._breaks = breaks

    def begin_to_close(self, *, among: int) -> None:
        self._turns.append(self)
        self.among = among
        if self._breaks:
            raise ZeroDivisionError

    def wind_down(self) -> None:
        assert self.told_before is None
        self.told_before = len(self._turns)
        if self._breaks:
            raise ZeroDivisionError


class Hurrying:
    """A clock that is so much further each time that somebody looks."""

    def __init__(self, step_s: float) -> None:
        self.now = 1_000.0
        self._step_s = step_s

    def __call__(self) -> float:
        self.now += self._step_s
        return self.now


@asynccontextmanager
async def at_work(pump: Pump) -> AsyncIterator[None]:
    """It works within, and has not ended by itself."""
    running = asyncio.create_task(pump.run())
    try:
        yield
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait({running})


def entries(turns: list[Handle], count: int, *, broken: int = -1) -> list[Entry]:
    made = [new_entry(CredentialType.SESSION) for _ in range(count)]
    for number, entry in enumerate(made):
        entry.closing = closing_for_reason(Reason.REVOKED, CredentialType.SESSION)
        entry.handle = Handle(turns, breaks=number == broken)
    return made


async def test_a_few_go_at_once_and_each_one_only_once():
    turns: list[Handle] = []
    few = entries(turns, AT_ONCE)
    pump = Pump(clock=Clock())
    pump.add(few)
    pump.add(few)
    assert turns == [entry.handle for entry in few]
    assert {handle.among for handle in turns} == {AT_ONCE}


async def test_a_mass_goes_in_lots_and_what_is_closed_for_somebody_else_overtakes_it():
    turns: list[Handle] = []
    pump = Pump(clock=boot_seconds)
    pump.add(entries(turns, 100))
    assert (turns, len(pump)) == ([], 100)
    async with at_work(pump):
        await eventually(lambda: turns)
        assert len(turns) <= 2 * LOT
        single = entries(turns, 1)
        pump.add(single)
        assert turns[-1] is single[0].handle
        await eventually(lambda: len(turns) == 101)
        await eventually(lambda: len(pump) == 0)


async def test_of_many_small_closures_in_one_turn_of_the_loop_only_some_go_at_once():
    turns: list[Handle] = []
    pump = Pump(clock=boot_seconds)
    storm = [entries(turns, 2) for _ in range(100)]
    for closure in storm:
        pump.add(closure)
    assert (len(turns), len(pump)) == (A_TURN, 200)
    assert all(entry.handle in turns for closure in storm[: A_TURN // 2] for entry in closure)
    await asyncio.sleep(0)
    single = entries(turns, 1)
    pump.add(single)
    assert turns[-1] is single[0].handle
    async with at_work(pump):
        await eventually(lambda: len(turns) == 201)
        await eventually(lambda: len(pump) == 0)


async def test_a_storm_does_not_hold_up_a_mass_and_goes_before_it():
    turns: list[Handle] = []
    pump = Pump(clock=Hurrying(LOT_BUDGET_S / 2))
    mass = entries(turns, 2 * LOT)
    pump.add(mass)
    storm = entries(turns, 200)
    for number in range(0, len(storm), 2):
        pump.add(storm[number : number + 2])
    at_once = len(turns)
    async with at_work(pump):
        await eventually(lambda: len(pump) == 0)
    first, second = (turns.index(mass[number].handle) for number in (0, 1))
    assert at_once < first
    assert first + 1 < second
    assert second < turns.index(storm[-1].handle)


@pytest.mark.parametrize("count", [1, AT_ONCE, 5 * AT_ONCE])
async def test_nobody_is_wound_down_before_all_have_been_told_and_it_is_quiet(count: int):
    turns: list[Handle] = []
    clock = Clock()
    pump = Pump(clock=clock)
    async with at_work(pump):
        pump.add(entries(turns, count))
        pump.add(entries(turns, 1))
        await eventually(lambda: len(turns) == count + 1)
        clock.now += QUIET_S / 2
        await always(lambda: {handle.told_before for handle in turns} == {None}, for_s=6 * NAP_S)
        clock.now += QUIET_S
        await eventually(lambda: len(pump) == 0)
    assert {handle.told_before for handle in turns} == {count + 1}


async def test_in_a_storm_without_an_end_those_who_have_waited_long_are_wound_down():
    turns: list[Handle] = []
    pump = Pump(clock=Hurrying(LOT_BUDGET_S / 2))
    storm = entries(turns, round(2 * PATIENCE_S / LOT_BUDGET_S))
    async with at_work(pump):
        for entry in storm:
            pump.add([entry])
        await eventually(lambda: len(pump) == 0)
    told_before = [handle.told_before or 0 for handle in turns]
    assert A_TURN < told_before[0] < len(storm)
    assert told_before == sorted(told_before)


async def test_a_crowd_that_has_been_told_is_wound_down_in_lots():
    turns: list[Handle] = []
    clock = Clock()
    pump = Pump(clock=clock)
    pump.add(entries(turns, 10 * A_TURN))
    async with at_work(pump):
        await eventually(lambda: len(turns) == 10 * A_TURN)
        clock.now += QUIET_S
        await eventually(lambda: len(pump) < 10 * A_TURN)
        assert len(pump) >= 10 * A_TURN - 2 * A_TURN
        await eventually(lambda: len(pump) == 0)


@pytest.mark.parametrize("count", [AT_ONCE, 3 * AT_ONCE])
async def test_one_that_cannot_be_closed_does_not_keep_the_others_open(count: int):
    """B143."""
    turns: list[Handle] = []
    pump = Pump(clock=boot_seconds)
    async with at_work(pump):
        pump.add(entries(turns, count, broken=1))
        await eventually(lambda: len(turns) == count)
        await eventually(lambda: len(pump) == 0)
    assert {handle.told_before for handle in turns} == {count}


@pytest.mark.parametrize(("willing", "hung"), [(150, 30)])
async def test_many_sockets_of_one_account_close_with_hung_peers_among_them_while_others_echo(
    settings, make, hands, willing: int, hung: int
):
    """B195, B196."""
    account, bystander = make.account(), make.session()
    session = make.session(account)
    admin = make.session(make.account(is_global_admin=True))
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(a_node(quick(settings, close_grace=1)))
        other = await stack.enter_async_context(opened(node, bystander.token))
        peers = [
            await stack.enter_async_context(connected_peer(node, token=session.token)) for _ in range(hung)
        ]
        sockets = [await stack.enter_async_context(opened(node, session.token)) for _ in range(willing)]
        await eventually(lambda: node.node.holder.registry.pending_count == 0)
        ending = asyncio.create_task(
            hands.revoke(suspend_account, caller=admin.caller, account_id=account.account_id)
        )
        while not ending.done():
            async with asyncio.timeout(1):
                assert await echoes(other)
        gates = [entry for entry in entries_of(node) if entry.account_id == account.account_id]
        await eventually(lambda: all(entry.closing is not None for entry in gates), within_s=2)
        seen = await asyncio.gather(*(seen_close(socket, within_s=3) for socket in sockets))
        assert {each.told for each in seen} == {(4001, "account_suspended", "after_sign_in")}
        assert await echoes(other)
        await eventually(lambda: len(entries_of(node)) == 1, within_s=3)
        receipt = await hands.receipt(
            await ending, lambda receipt: receipt.closed == willing + hung and receipt.closing == 0
        )
        (of_node,) = receipt.nodes
        assert (of_node.clean, of_node.aborted + of_node.already_gone) == (willing, hung)
        assert len(peers) == hung
        assert json.dumps(of_node.slowest_ms) != "null"
