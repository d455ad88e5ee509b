"""Rotation (P10): lost responses never end a family, a reuse always does."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app.domain.closing import Reason
from app.domain.ids import RefreshTokenId
from app.domain.refresh_families import RefreshTokenRecord, Refuse, Replay, ReuseDetected, Rotate, redeem

NOW = datetime(2026, 11, 21, tzinfo=UTC)
LEEWAY = timedelta(seconds=10)
CURRENT = RefreshTokenRecord(
    refresh_token_id=RefreshTokenId(uuid7()),
    consumed_at=None,
    successor_consumed=False,
    invalidated_at=None,
    session_dead=None,
)
CONSUMED = replace(CURRENT, consumed_at=NOW)


def test_the_current_token_rotates() -> None:
    assert redeem(CURRENT, now=NOW, leeway=LEEWAY) == Rotate()


def test_the_predecessor_is_replayed_up_to_the_leeway_and_reuse_after_it() -> None:
    assert redeem(CONSUMED, now=NOW + LEEWAY, leeway=LEEWAY) == Replay()
    assert redeem(CONSUMED, now=NOW + LEEWAY + timedelta(microseconds=1), leeway=LEEWAY) == ReuseDetected()


def test_an_older_ancestor_is_reuse_also_within_the_leeway() -> None:
    assert redeem(replace(CONSUMED, successor_consumed=True), now=NOW, leeway=LEEWAY) == ReuseDetected()


def test_what_is_over_is_refused_for_its_reason_and_never_called_reuse() -> None:
    dead = replace(CONSUMED, session_dead=Reason.LOGGED_OUT, successor_consumed=True)
    assert redeem(dead, now=NOW + 2 * LEEWAY, leeway=LEEWAY) == Refuse(Reason.LOGGED_OUT)
    invalid = replace(CURRENT, invalidated_at=NOW)
    assert redeem(invalid, now=NOW, leeway=LEEWAY) == Refuse(Reason.SESSION_REVOKED)


@dataclass
class Family:
    """A plain model: consumption times in order of issue; the last token is current."""

    consumed: list[datetime | None] = field(default_factory=lambda: [None])
    is_over: bool = False

    def present(self, index: int, now: datetime) -> object:
        decision = redeem(
            replace(
                CURRENT,
                consumed_at=self.consumed[index],
                successor_consumed=index + 1 < len(self.consumed) and self.consumed[index + 1] is not None,
                session_dead=Reason.REFRESH_TOKEN_REUSE if self.is_over else None,
            ),
            now=now,
            leeway=LEEWAY,
        )
        if isinstance(decision, Rotate):
            self.consumed[index] = now
            self.consumed.append(None)
        self.is_over = self.is_over or isinstance(decision, ReuseDetected)
        return decision


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 9.9), st.floats(0, 10_000)), max_size=40))
def test_a_client_that_loses_responses_never_ends_its_family(steps: list[tuple[bool, float, float]]) -> None:
    family, now = Family(), NOW
    for holds, (is_lost, soon_s, later_s) in enumerate(steps):
        now += timedelta(seconds=later_s)
        family.present(holds, now)
        if is_lost:
            now += timedelta(seconds=soon_s)
            assert family.present(holds, now) == Replay()
        assert len(family.consumed) == holds + 2, "the family does not fork"
    assert not family.is_over


@given(
    st.integers(1, 12),
    st.data(),
)
def test_whoever_presents_a_token_that_is_neither_current_nor_just_replaced_ends_it(
    rotations: int, data: st.DataObject
) -> None:
    family, now = Family(), NOW
    for number in range(rotations):
        now += timedelta(seconds=data.draw(st.floats(0, 60)))
        assert family.present(number, now) == Rotate()
    stolen = data.draw(st.integers(0, rotations - 1))
    is_predecessor = stolen == rotations - 1
    now += timedelta(seconds=10.001 if is_predecessor else data.draw(st.floats(0, 60)))
    assert family.present(stolen, now) == ReuseDetected()
    assert isinstance(family.present(rotations, now), Refuse), "nobody goes on, neither thief nor owner"
