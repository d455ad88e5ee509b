"""The sockets of one scenario: those that have to end, those that must not, and what became of each."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.demo.api import Answer, Api
from app.clock import boot_seconds
from tests.builders import MadeSession
from tests.faults.bounds import EVERY_S
from tests.faults.fault import Measured
from tests.faults.hands import END_SESSION
from tests.faults.processes import HOST, NodeProcess
from tests.faults.watched import ABNORMAL, Watched

if TYPE_CHECKING:
    from tests.faults.world import World

REVOKED, EXPIRED = 4001, 4002
LOOK_AFTER_S = 0.3
"""How long we look on when everybody who had to go is gone."""
SPEAKS_WITHIN_S = 10.0
OPEN_AT_ONCE = 100


class Cast:
    """Sockets of one session have to end; its sibling's, its account's API token's and a stranger's must not."""

    def __init__(self, world: "World", nodes: Sequence[NodeProcess]) -> None:
        self.world = world
        self.nodes = nodes
        self.victims: list[Watched] = []
        self.bystanders: list[Watched] = []
        self.ended_at = 0.0
        """When the credential ended, on our clock; frames are counted from here."""
        self.victim_codes = {REVOKED}
        self.excused: dict[str, int] = {}
        """Nodes that the fault itself ends, and the code with which their bystanders may go."""
        self._also = Measured()
        self.session: MadeSession
        self.sibling: MadeSession

    async def enter(self, *, per_node: int = 2) -> None:
        """Everybody is on every node and echoes."""
        make = self.world.make

        def people() -> tuple[MadeSession, MadeSession, str, str]:
            account = make.account()
            session, sibling = make.session(account), make.session(account)
            return session, sibling, make.api_token(sibling).token, make.session().token

        self.session, self.sibling, api_token, stranger = await asyncio.to_thread(people)
        await self.add_victims(self.session.token, per_node=per_node)
        for token in (self.sibling.token, api_token, stranger):
            await self.add_bystanders(token)
        speak = await asyncio.gather(*(each.speaks(SPEAKS_WITHIN_S) for each in self.everybody))
        assert all(speak), "nothing is broken yet"
        for each in self.everybody:
            each.forget_gaps()

    @property
    def everybody(self) -> list[Watched]:
        return [*self.victims, *self.bystanders]

    async def add_victims(self, token: str, *, per_node: int = 1, every_s: float = EVERY_S) -> None:
        self.victims += await self._opened(token, per_node, every_s)

    async def add_bystanders(self, token: str, *, per_node: int = 1, every_s: float = EVERY_S) -> None:
        self.bystanders += await self._opened(token, per_node, every_s)

    async def end_by_sql(self) -> None:
        """By hand: nobody is told."""
        self.ended_at = await self.world.hands.commit(END_SESSION, id=self.session.session_id)

    async def end_over_http(self, *, node: int = 0, wait_s: int | None = None) -> Answer:
        """By its owner's other session; counted from the request."""
        api = Api(HOST, self.nodes[node].port, token=self.sibling.token)
        self.ended_at = boot_seconds()
        path = f"sessions/{self.session.session_id}"
        return await asyncio.to_thread(lambda: api.call("DELETE", path, prefer_wait_s=wait_s))

    async def expire_soon(self, in_s: float) -> None:
        """For good, by the clock of the database."""
        statement = (
            "UPDATE session SET expires_at = clock_timestamp() + %(span)s * interval '1 s',"
            " absolute_expires_at = clock_timestamp() + %(span)s * interval '1 s' WHERE id = %(id)s"
        )
        hands, session_id = self.world.hands, self.session.session_id
        await hands.commit(statement, id=session_id, span=in_s)
        query = "SELECT absolute_expires_at FROM session WHERE id = %(id)s"
        self.ended_at = await hands.instant_of(await hands.value(query, id=session_id))
        self.victim_codes = {EXPIRED}

    async def count_from_the_commit(self, answer: Answer) -> None:
        """Not from the request: from the instant that the performer noted inside its transaction."""
        query = "SELECT performed_at FROM revocation WHERE id = %(id)s"
        self.ended_at = await self.world.hands.instant_of(
            await self.world.until_value(query, id=answer.body["id"])
        )

    async def watch(self, within_s: float) -> None:
        """All victims are gone, or the time since the end of their credential is over; and a moment longer."""
        left = max(0.1, self.ended_at + within_s + 1.0 - boot_seconds())
        await asyncio.wait([asyncio.ensure_future(each.over()) for each in self.victims], timeout=left)
        await asyncio.sleep(LOOK_AFTER_S)

    async def check_all_speak(self) -> None:
        """Whoever is to stay has what it asks answered, everything before included, once and in order."""
        staying = [each for each in self.bystanders if each.node not in self.excused]
        speak = await asyncio.gather(*(each.speaks(SPEAKS_WITHIN_S) for each in staying))
        mute = sum(not speaks and each.code is None for speaks, each in zip(speak, staying, strict=True))
        self.check(not mute, f"{mute} bystanders are mute")

    def check_no_gap(self, within_s: float) -> None:
        """No bystander's echo has stopped for so long: neither the event loop nor the gate kept it."""
        worst = max(each.worst_gap_s for each in self.bystanders)
        self.check(worst <= within_s, f"a bystander's echo stopped for {worst:.2f} s")

    def check(self, holds: Any, problem: str) -> None:
        if not holds:
            self._also.problems.append(problem)

    def note(self, *, worst_s: float) -> None:
        """Something else than a frame was measured against the same bound."""
        self._also.worst_s = max(self._also.worst_s, worst_s)

    async def measured(self, bound_s: float) -> Measured:
        """What happened, after everybody who is to stay has spoken again."""
        await self.check_all_speak()
        measured = Measured(problems=[problem for each in self.everybody for problem in each.problems[:1]])
        for victim in self.victims:
            life_s = max(0.0, victim.last_frame_at - self.ended_at)
            measured.worst_s = max(measured.worst_s, life_s)
            measured.survivors += life_s > bound_s + LOOK_AFTER_S
            if victim.code is None:
                measured.problems.append("a socket that had to close is open")
            elif victim.code not in self.victim_codes and victim.node not in self.excused:
                measured.problems.append(f"a socket that had to close got {victim.code}")
        wronged = [each for each in self.bystanders if self._is_false(each)]
        measured.false_closes = len(wronged)
        measured.problems += [f"a bystander got {each.code} {each.closing}" for each in wronged]
        measured.add(self._also)
        return measured

    async def leave(self) -> None:
        await asyncio.gather(*(each.leave() for each in self.everybody))

    def _is_false(self, bystander: Watched) -> bool:
        if bystander.code is None:
            return False
        return bystander.code not in (self.excused.get(bystander.node), ABNORMAL) or (
            bystander.code == ABNORMAL and bystander.node not in self.excused
        )

    async def _opened(self, token: str, per_node: int, every_s: float) -> list[Watched]:
        wanted = [node for node in self.nodes for _ in range(per_node)]
        opened: list[Watched] = []
        for start in range(0, len(wanted), OPEN_AT_ONCE):
            opening = (
                Watched.open(node.websocket, token, node=node.name, every_s=every_s)
                for node in wanted[start : start + OPEN_AT_ONCE]
            )
            opened += await asyncio.gather(*opening)
        return opened
