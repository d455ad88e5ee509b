"""The census: whatever happens to sockets and to what was told, in the end the table says what the registry knows."""

from collections import Counter
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.domain.closing import Reason, closing_for_reason
from app.domain.credentials import CredentialType
from app.domain.open_sockets import CensusPart
from app.domain.targets import TargetKind
from app.sockets.census import NOTED_AT_MOST
from app.sockets.entry import Entry
from app.sockets.registry import Via
from tests.sockets.parts import API_TOKEN, DAEMON, SESSION, Cores, close, entry, number, recheck

KINDS = st.sampled_from(list(CredentialType))
KEYS = st.integers(1, 4)
ACCOUNT_OF = {key: 1 + key % 2 for key in range(1, 5)}

Key = tuple[CredentialType, UUID]


class Table:
    """What the database would have: rows with the round in which they were told last."""

    def __init__(self) -> None:
        self.rows: dict[Key, tuple[int, int]] = {}

    def write(self, part: CensusPart) -> None:
        for count in part.counts:
            key = (count.credential_type, count.credential_id)
            self.rows.pop(key, None)
            if count.sockets:
                self.rows[key] = (count.sockets, part.round)
        if part.ends_round:
            self.rows = {key: row for key, row in self.rows.items() if row[1] >= part.round}

    @property
    def counts(self) -> dict[Key, int]:
        return {key: sockets for key, (sockets, _) in self.rows.items()}


def open_sockets(cores: Cores) -> dict[Key, int]:
    """Counted one by one, with nothing that the census counts with."""
    open_ones = [socket for socket in cores.registry if socket.is_admitted and socket.closing is None]
    return dict(Counter((socket.credential_type, id_of(socket)) for socket in open_ones))


def id_of(socket: Entry) -> UUID:
    credential_id = socket.session_id or socket.api_token_id or socket.account_id
    assert credential_id is not None
    return credential_id


def told_all(cores: Cores, table: Table, *, limit: int) -> None:
    census = cores.registry.census
    while census.has_more:
        part = census.take(limit)
        table.write(part)
        census.told(part)


class CensusMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.cores = Cores()
        self.table = Table()
        self.sockets: list[Entry] = []

    @rule(key=KEYS, kind=KINDS)
    def a_socket_opens(self, key: int, kind: CredentialType) -> None:
        self.sockets.append(self.cores.admitted(key, kind=kind, account=ACCOUNT_OF[key]))

    @rule(key=KEYS, kind=KINDS)
    def one_attaches_and_never_gets_further(self, key: int, kind: CredentialType) -> None:
        self.sockets.append(self.cores.attach(entry(key, kind=kind, account=ACCOUNT_OF[key])))

    @precondition(lambda self: self.sockets)
    @rule(data=st.data())
    def one_goes(self, data: st.DataObject) -> None:
        self.cores.registry.detach(self.sockets.pop(data.draw(st.integers(0, len(self.sockets) - 1))))

    @precondition(lambda self: self.sockets)
    @rule(data=st.data())
    def the_node_closes_one(self, data: st.DataObject) -> None:
        socket = data.draw(st.sampled_from(self.sockets))
        closing = closing_for_reason(Reason.NODE_SHUTTING_DOWN, socket.credential_type)
        self.cores.registry.shut([socket], lambda _: closing, via=Via.NODE)

    @rule(account=st.integers(1, 2), kinds=st.frozensets(KINDS))
    def an_account_is_closed(self, account: int, kinds: frozenset[CredentialType]) -> None:
        self.cores.apply(close(TargetKind.ACCOUNT, str(number(account)), transaction=None, invalidates=kinds))

    @rule(account=st.integers(1, 2))
    def an_account_is_to_be_read_again(self, account: int) -> None:
        self.cores.apply(recheck(TargetKind.ACCOUNT, str(number(account))))

    @rule(limit=st.integers(1, 5))
    def a_part_is_told(self, limit: int) -> None:
        part = self.cores.registry.census.take(limit)
        self.table.write(part)
        self.cores.registry.census.told(part)

    @rule(limit=st.integers(1, 5), was_stored=st.booleans())
    def a_part_fails(self, limit: int, was_stored: bool) -> None:
        """Nobody knows whether it was stored."""
        part = self.cores.registry.census.take(limit)
        if was_stored:
            self.table.write(part)

    @rule()
    def the_table_is_emptied_and_everything_told_again(self) -> None:
        self.table.rows.clear()
        self.cores.registry.census.begin_round(self.cores.registry)

    @rule(key=KEYS)
    def a_row_goes_wrong_and_everything_is_told_again(self, key: int) -> None:
        self.table.rows[SESSION, number(key)] = (99, 0)
        self.cores.registry.census.begin_round(self.cores.registry)

    @rule(limit=st.integers(1, 5))
    def it_comes_to_rest(self, limit: int) -> None:
        told_all(self.cores, self.table, limit=limit)
        assert self.table.counts == open_sockets(self.cores)

    @invariant()
    def no_part_is_larger_than_asked_for(self) -> None:
        assert len(self.cores.registry.census.take(2).counts) <= 2


CensusMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestWhateverHappensTheTableComesToSayWhatTheRegistryKnows = CensusMachine.TestCase


def test_what_has_not_changed_is_not_told():
    cores = Cores()
    socket = cores.admitted(1)
    told_all(cores, Table(), limit=10)
    assert not cores.registry.census.has_more
    cores.registry.detach(socket)
    assert [count.sockets for count in cores.registry.census.take(10).counts] == [0]


def test_sockets_of_one_credential_are_one_count():
    """B268."""
    cores = Cores()
    for _ in range(3):
        cores.admitted(1, kind=API_TOKEN)
    cores.admitted(1, kind=DAEMON, account=5)
    counts = cores.registry.census.take(10).counts
    assert {(count.credential_type, count.credential_id, count.sockets) for count in counts} == {
        (API_TOKEN, number(1), 3),
        (DAEMON, number(5), 1),
    }


def test_a_socket_that_is_closing_counts_no_more():
    """B268."""
    cores = Cores()
    cores.admitted(1, kind=SESSION)
    cores.admitted(1, kind=SESSION)
    cores.apply(close(TargetKind.ACCOUNT, str(number(1)), transaction=None))
    assert [count.sockets for count in cores.registry.census.take(10).counts] == [0]


def test_it_is_behind_while_more_waits_than_a_part_holds() -> None:
    cores = Cores()
    for key in range(1, 6):
        cores.admitted(key)
    census = cores.registry.census
    assert census.is_behind(4)
    assert not census.is_behind(5)
    census.told(census.take(2))
    assert not census.is_behind(3)
    census.begin_round(cores.registry)
    assert census.is_behind(5)
    while census.has_more:
        census.told(census.take(2))
    assert not census.is_behind(1)


def test_sockets_that_have_gone_are_kept_in_a_bounded_number_while_nobody_asks() -> None:
    cores = Cores()
    for _ in range(3 * NOTED_AT_MOST):
        cores.registry.detach(cores.admitted(1))
    census = cores.registry.census
    assert len(census._noted) < NOTED_AT_MOST
    assert [count.sockets for count in census.take(10).counts] == [0]
