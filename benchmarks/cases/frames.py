"""What a frame costs: the servers' CPU for an echo, and of that, the question to the gate."""

import time
import timeit
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from uuid_utils.compat import uuid7

from app.clock import boot_seconds, sleep_seconds
from app.domain.credentials import CredentialType, hash_token
from app.domain.ids import ConnectionId
from app.domain.snapshot import Snapshot
from app.sockets.currency import Currency, Position
from app.sockets.entry import Entry
from app.sockets.gate import Passage, passage
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.stacks import Guest, Stack, all_stacks

__all__ = ["BENCHMARK", "gate_us", "measure"]

SOCKETS = 100
ECHOES_A_SECOND = 1_000
ECHO_FOR_S = 3.0
ASKED = 200_000
US = 1_000_000.0


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    echo_for_s = max(0.5, ECHO_FOR_S * options.scale)
    with all_stacks(options) as stacks:
        guests = {stack.name: stack.invite(SOCKETS) for stack in stacks}
        for stack in stacks:
            stack.open(guests[stack.name], each=1)
        yield [
            Subject(
                name=stack.name,
                measure=partial(measure, stack, guests[stack.name], echo_for_s=echo_for_s),
            )
            for stack in stacks
        ]


def measure(stack: Stack, guests: Sequence[Guest], *, echo_for_s: float) -> Figures:
    """One round: their sockets are open."""
    before = stack.cpu_s()
    stack.crowd.ask(echo=[guest.key for guest in guests], per_second=ECHOES_A_SECOND)
    sleep_seconds(echo_for_s)
    trips = stack.crowd.ask(echo=[], per_second=0)["round_trips"]
    echo_us = (stack.cpu_s() - before) * US / len(trips)
    return {"echo_cpu_us": echo_us, **({"gate_us": gate_us()} if stack.name == OURS else {})}


def gate_us() -> float:
    """One question to an open gate, its look at the clock included."""
    entry = Entry(
        connection_id=ConnectionId(uuid7()),
        credential_type=CredentialType.SESSION,
        token_hash=hash_token("any"),
        is_admitted=True,
        is_mute=False,
    )
    currency = Currency(lease_s=3600.0)
    now = boot_seconds()
    ticket = currency.begin_poll(now)
    assert ticket
    currency.advance(ticket, Position(snapshot=Snapshot.parse("10:10:"), system_identifier="1", timeline=1))
    assert passage(entry, currency, boot_seconds()) is Passage.PASS
    asking = timeit.Timer(lambda: passage(entry, currency, boot_seconds()), timer=time.process_time)
    return asking.timeit(ASKED) / ASKED * US


BENCHMARK = Benchmark(
    name="frames",
    summary="servers' CPU for an echo there and back; the gate is asked twice for each",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[Budget(figure="gate_us", at_most=1.0)],
)
