"""Exactly these sockets (P8), in whatever order and however often they are named (P5), and nothing left behind (P15)."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.domain.credentials import CredentialType
from app.domain.snapshot import Snapshot
from app.domain.targets import Action, Closure, TargetKind
from app.sockets.admission import Admitted, VerifyAgain
from app.sockets.entry import Entry
from app.sockets.gate import Passage, passage
from tests.sockets.parts import (
    API_TOKEN,
    DAEMON,
    SESSION,
    Cores,
    close,
    entry,
    hash_of,
    number,
    recheck,
    record,
    saw,
)

KEYS = st.integers(1, 3)
KINDS = st.sampled_from([SESSION, API_TOKEN, DAEMON])
TRANSACTIONS = st.integers(1, 20)
TYPES = st.frozensets(KINDS)


@dataclass(frozen=True)
class Plain:
    """A socket of the plain model: a list of these is filtered by the rule of radius."""

    entry: Entry
    kind: CredentialType
    credential: int
    account: int
    grant: int | None
    snapshot: Snapshot

    def is_hit_by(self, closure: Closure) -> bool:
        transaction = closure.cause.transaction
        if transaction is not None and self.snapshot.sees(transaction):
            return False
        key = closure.target.key
        match closure.target.kind:
            case TargetKind.SESSION:
                return self.kind is SESSION and key == hash_of(self.credential)
            case TargetKind.TOKEN:
                return self.kind is API_TOKEN and key == str(number(self.credential))
            case TargetKind.ACCOUNT:
                return key == str(number(self.account))
            case TargetKind.GRANT:
                return self.grant is not None and key == str(number(self.grant))
            case TargetKind.TABLE:
                return self.kind is (SESSION if key == "session" else API_TOKEN)


def closures(*actions: Action) -> st.SearchStrategy[Closure]:
    def of(
        kind: TargetKind, key: int, transaction: int, types: frozenset[CredentialType], action: Action
    ) -> Closure:
        word = {
            TargetKind.SESSION: str(hash_of(key)),
            TargetKind.TABLE: "session" if key == 1 else "api_token",
        }.get(kind, str(number(key)))
        if action is Action.RECHECK:
            return recheck(kind, word, transaction=transaction)
        return close(kind, word, transaction=transaction, invalidates=types)

    kinds = [kind for kind in TargetKind if Action.CLOSE not in actions or kind is not TargetKind.TABLE]
    return st.builds(of, st.sampled_from(kinds), KEYS, TRANSACTIONS, TYPES, st.sampled_from(actions))


def snapshots() -> st.SearchStrategy[Snapshot]:
    def of(up_to: int, running: frozenset[int]) -> Snapshot:
        return saw(up_to=up_to, except_for=[each for each in running if each <= up_to])

    return st.builds(of, TRANSACTIONS, st.frozensets(TRANSACTIONS, max_size=3))


def admit(
    cores: Cores, kind: CredentialType, key: int, account: int, grant: int | None, seen: Snapshot
) -> Plain:
    grant = grant if kind is SESSION else None
    socket = cores.attach(entry(key, kind=kind, account=account))
    found = record(socket, account=account, api_token=key if kind is API_TOKEN else None, grant=grant)
    assert cores.judge(socket, cores.reading(found, saw=seen)) == Admitted()
    return Plain(socket, kind, key, account, grant, seen)


SOCKETS = st.lists(st.tuples(KINDS, KEYS, KEYS, st.none() | KEYS, snapshots()), max_size=8)


@given(SOCKETS, closures(Action.CLOSE))
def test_the_sockets_that_a_closure_closes_are_those_of_a_plain_filter(sockets, closure) -> None:
    cores = Cores()
    plain = [admit(cores, *socket) for socket in sockets]
    hit = [socket for socket in plain if socket.is_hit_by(closure)]
    assert cores.apply(closure) == len(hit)
    assert [socket for socket in plain if socket.entry.closing is not None] == hit
    assert cores.apply(closure) == 0


@given(SOCKETS, closures(Action.RECHECK))
def test_the_sockets_that_a_recheck_mutes_are_those_of_a_plain_filter(sockets, closure) -> None:
    cores = Cores()
    plain = [admit(cores, *socket) for socket in sockets]
    assert cores.apply(closure) == 0
    assert [socket for socket in plain if socket.entry.is_mute] == [
        socket for socket in plain if socket.is_hit_by(closure)
    ]


@given(
    SOCKETS, st.lists(closures(Action.CLOSE, Action.RECHECK), max_size=6), st.randoms(use_true_random=False)
)
def test_any_order_and_any_repetition_leave_the_same_sockets_open_and_the_same_ones_mute(
    sockets, applied, random
) -> None:
    outcomes = []
    shuffled = [*applied, *applied]
    random.shuffle(shuffled)
    for order in (applied, shuffled):
        cores = Cores()
        plain = [admit(cores, *socket) for socket in sockets]
        for closure in order:
            cores.apply(closure)
        outcomes.append([(socket.entry.closing is None, socket.entry.is_mute) for socket in plain])
    one, other = outcomes
    assert [is_open for is_open, _ in one] == [is_open for is_open, _ in other]
    assert [is_mute for is_open, is_mute in one if is_open] == [
        is_mute for is_open, is_mute in other if is_open
    ]


class Sockets(RuleBasedStateMachine):
    """Sockets attach, are read, are admitted, leave; closures and rechecks come in between; a list keeps the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.cores = Cores()
        self.latest = 20
        self.pending: list[Plain] = []
        self.open: list[Plain] = []
        self.missed: dict[Entry, list[Closure]] = {}

    @rule(kind=KINDS, key=KEYS, account=KEYS, seen=snapshots())
    def attach_and_read(self, kind, key, account, seen) -> None:
        socket = self.cores.attach(entry(key, kind=kind, account=account))
        self.pending.append(Plain(socket, kind, key, account, None, seen))
        self.missed[socket] = []

    @rule(closure=closures(Action.CLOSE, Action.RECHECK))
    def apply(self, closure) -> None:
        self.cores.apply(closure)
        for plain in self.pending:
            self.missed[plain.entry].append(closure)

    @rule()
    def judge(self) -> None:
        if not self.pending:
            return
        plain = self.pending.pop(0)
        token = plain.credential if plain.kind is API_TOKEN else None
        found = record(plain.entry, account=plain.account, api_token=token)
        hit = [closure for closure in self.missed.pop(plain.entry) if plain.is_hit_by(closure)]
        verdict = self.cores.judge(plain.entry, self.cores.reading(found, saw=plain.snapshot))
        assert (verdict == Admitted()) is not bool(hit)
        if verdict == Admitted():
            self.open.append(plain)
        elif verdict == VerifyAgain():
            seen = saw(up_to=self.latest)
            assert self.cores.judge(plain.entry, self.cores.reading(found, saw=seen)) == Admitted()
            self.open.append(Plain(plain.entry, plain.kind, plain.credential, plain.account, None, seen))

    @rule()
    def leave(self) -> None:
        for sockets in (self.pending, self.open):
            if sockets:
                self.cores.registry.detach(sockets.pop().entry)

    @invariant()
    def whoever_closes_or_is_mute_does_not_speak(self) -> None:
        for plain in self.open:
            speaks = plain.entry.closing is None and not plain.entry.is_mute
            assert (passage(plain.entry, self.cores.currency, 1.0) is Passage.PASS) is speaks

    @invariant()
    def the_registry_counts_as_the_list_does(self) -> None:
        registry = self.cores.registry
        assert len(registry) == len(self.pending) + len(self.open)
        assert registry.pending_count == len(self.pending)
        assert set(registry.owing()) == {
            plain.entry for plain in self.open if plain.entry.is_mute and plain.entry.closing is None
        }
        if not self.pending:
            assert len(registry.recent) == 0
        if not len(registry):
            assert registry.index_size == 0


TestSockets = Sockets.TestCase
TestSockets.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
