"""Many sockets for a while, a steady stream of endings and rotations, faults at random; and what came of it."""

import asyncio
import random
import re
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from app.clock import boot_seconds
from tests.faults.processes import HOST
from tests.faults.world import World
from tests.soak.crowd import Verdict
from tests.soak.crowds import Crowds
from tests.soak.endings import all_but_this, asked, by_sql, by_suspension, hit_by, over_http
from tests.soak.hardship import hardships
from tests.soak.light_socket import Place
from tests.soak.people import Credential, People, Person
from tests.soak.promised import BOUND_S, GONE_WITHIN_S, GROWTH, GROWTH_MIB, WARM_UP_S

PER_NODE = 2
"""Sockets of each credential."""
OPEN_WITHIN_S = 240.0
ENDINGS = {over_http: 5, by_sql: 4, all_but_this: 1, by_suspension: 1}
"""How often each, of all."""
SETTLE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between the beginnings of two of each."""

    ending_s: float
    rotation_s: float
    fault_s: float


@dataclass(slots=True, kw_only=True)
class Outcome:
    seconds: float
    sockets: int
    verdict: Verdict
    revocations: int
    rotations: int
    faults: Counter[str]
    memory_mib: dict[str, tuple[float, float, float]]
    """Of each node, with all sockets open: at the start, when it has warmed up, and at the end."""
    problems: list[str] = field(default_factory=list)

    @property
    def is_flat(self) -> bool:
        return all(end - warm <= max(GROWTH * warm, GROWTH_MIB) for _, warm, end in self.memory_mib.values())

    @property
    def holds(self) -> bool:
        verdict = self.verdict
        is_clean = not (verdict.survivors or verdict.false_closes or verdict.mute)
        return is_clean and self.is_flat and not self.problems and not verdict.problems

    def as_json(self) -> dict[str, Any]:
        verdict = asdict(self.verdict)
        del verdict["problems"]
        return {
            "seconds": round(self.seconds, 1),
            "sockets": self.sockets,
            "revocations": self.revocations,
            "rotations": self.rotations,
            "faults": self.faults.total(),
            **{name: round(value, 3) for name, value in verdict.items()},
            "bound_s": BOUND_S,
            "memory_mib": {name: [round(each) for each in pair] for name, pair in self.memory_mib.items()},
            "memory_flat": self.is_flat,
            "holds": self.holds,
        }


class Soak:
    def __init__(self, world: World, crowds: Crowds, *, pace: Pace, seed: int) -> None:
        self.world = world
        self.crowds = crowds
        self.people = People(world.make)
        self.problems: list[str] = []
        self.revocations = self.rotations = 0
        self.faults = Counter[str]()
        self._pace = pace
        self._dice = random.Random(seed)
        self._folk: list[Person] = []
        self._busy: set[str] = set()
        """Credentials that are ending or being refreshed, and accounts that are as a whole."""
        self._under_way: set[asyncio.Task[None]] = set()

    async def fill(self, sockets: int) -> None:
        """So many sockets are open."""
        count = sockets // (PER_NODE * len(self.world.nodes))
        self._folk = await asyncio.to_thread(self.people.many, count)
        for person in self._folk:
            for each in person.credentials:
                self._open(each)
        await self._until_open(sockets)

    async def last(self, seconds: float) -> dict[str, float]:
        """So long goes everything on at once; then whatever was begun is finished, and the fleet is whole.

        Returns the nodes' memory as it was when they had warmed up.
        """
        ends_at = boot_seconds() + seconds
        streams = (
            self._stream(self._pace.ending_s, self._end_somebody, ends_at),
            self._stream(self._pace.rotation_s, self._refresh_somebody, ends_at),
            self._hardships(ends_at),
        )
        going_on = asyncio.gather(*streams)
        await asyncio.sleep(min(WARM_UP_S, seconds / 3))
        warm = await self.memory_mib()
        await going_on
        await asyncio.gather(*self._under_way)
        await self.world.heal()
        await asyncio.sleep(GONE_WITHIN_S)
        return warm

    async def memory_mib(self) -> dict[str, float]:
        """Of each node, resident."""
        urls = {node.name: f"http://{HOST}:{node.port}" for node in self.world.nodes}
        return {name: await asyncio.to_thread(_resident_mib, url) for name, url in urls.items()}

    async def _until_open(self, sockets: int) -> None:
        gives_up_at = boot_seconds() + OPEN_WITHIN_S
        while self.crowds.open_count < sockets:
            assert boot_seconds() < gives_up_at, f"not all are open: {self.crowds.state}"
            await asyncio.sleep(0.2)
        await asyncio.sleep(SETTLE_S)

    def _open(self, credential: Credential) -> None:
        self.crowds.open(
            [
                Place(credential.key, credential.token, node.websocket)
                for node in self.world.nodes
                for _ in range(PER_NODE)
            ]
        )

    async def _stream(self, every_s: float, do: Callable[[], Awaitable[None]], ends_at: float) -> None:
        """Begun at that pace, however long each takes."""
        while boot_seconds() < ends_at:
            task = asyncio.ensure_future(self._noted(do()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            await asyncio.sleep(every_s)

    async def _noted(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - told at the end; the soak goes on
            self.problems.append(f"{type(error).__name__}: {error}")

    async def _hardships(self, ends_at: float) -> None:
        async for each in hardships(self._dice):
            await asyncio.sleep(self._pace.fault_s * self._dice.uniform(0.5, 1.5))
            if boot_seconds() > ends_at:
                return
            self.faults[each.__name__] += 1
            await self._noted(each(self.world, self._dice))

    async def _end_somebody(self) -> None:
        person = self._dice.choice(self._folk)
        ending = self._dice.choices(list(ENDINGS), list(ENDINGS.values()))[0]
        hit = hit_by(ending, person, self._dice.choice(person.credentials))
        keys = [each.key for each in hit]
        account = str(person.account.account_id)
        if account in self._busy or self._busy & set(keys) or not hit:
            return
        self._busy |= {account, *keys}
        self.crowds.doom(keys)
        ended_at = await ending(self.world, person, hit)
        for key in keys:
            self.crowds.judge(key, ended_at=ended_at[key])
        self.revocations += 1
        await self._replace(person, hit, for_good=ending is by_suspension)
        self._busy.discard(account)

    async def _replace(self, person: Person, ended: list[Credential], *, for_good: bool) -> None:
        """As many sockets as before: of new credentials, or of a new account."""
        if for_good:
            another = await asyncio.to_thread(self.people.person, len(ended))
            self._folk[self._folk.index(person)] = another
            new = another.credentials
        else:
            new = await asyncio.to_thread(self.people.replaced, person, ended)
        for each in new:
            self._open(each)

    async def _refresh_somebody(self) -> None:
        person = self._dice.choice(self._folk)
        sessions = [each for each in person.credentials if each.refresh_token and each.key not in self._busy]
        if not sessions or str(person.account.account_id) in self._busy:
            return
        chosen = self._dice.choice(sessions)
        self._busy |= {chosen.key, str(person.account.account_id)}
        body = {"refresh_token": chosen.refresh_token}
        answer = await asked(self.world, person, "POST", "auth/refresh", body)
        chosen.refresh_token = answer["refresh_token"]
        self._busy -= {chosen.key, str(person.account.account_id)}
        self.rotations += 1


async def soak(world: World, *, seconds: float, sockets: int, pace: Pace, seed: int) -> Outcome:
    """What came of it; nothing is raised for a promise that was not kept."""
    crowds = await Crowds.started(sockets)
    try:
        it = Soak(world, crowds, pace=pace, seed=seed)
        await it.fill(sockets)
        began_at = boot_seconds()
        at_first, warm, at_last = await it.memory_mib(), await it.last(seconds), await it.memory_mib()
        took_s = boot_seconds() - began_at
        return Outcome(
            seconds=took_s,
            sockets=sockets,
            verdict=await crowds.verdict(),
            revocations=it.revocations,
            rotations=it.rotations,
            faults=it.faults,
            memory_mib={name: (at_first[name], warm[name], at_last[name]) for name in warm},
            problems=it.problems,
        )
    finally:
        await crowds.stop()


def _resident_mib(http_url: str) -> float:
    with urllib.request.urlopen(f"{http_url}/metrics", timeout=30) as answer:
        shown = answer.read().decode()
    found = re.search(r"^process_resident_memory_bytes (\S+)$", shown, re.MULTILINE)
    assert found
    return float(found[1]) / 2**20
