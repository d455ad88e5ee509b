from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import AccountId, GrantId, SessionId
from app.domain.support_use import SupportUse, UseCounter

START = datetime(2026, 1, 1, tzinfo=UTC)


def use(session: int, second: int) -> SupportUse:
    return SupportUse(
        grant_id=GrantId(UUID(int=session % 2)),
        session_id=SessionId(UUID(int=session)),
        account_id=AccountId(UUID(int=9)),
        used_at=START + timedelta(seconds=second),
    )


@given(st.lists(st.one_of(st.integers(0, 3), st.sampled_from(["written", "given back"]))))
def test_no_use_is_lost_or_counted_twice_whatever_is_taken_and_given_back(steps):
    counter, written, made = UseCounter(), dict.fromkeys(range(4), 0), dict.fromkeys(range(4), 0)
    for second, step in enumerate(steps):
        if isinstance(step, int):
            counter.add([use(step, second)])
            made[step] += 1
        elif step == "given back":
            counter.add(counter.take())
        else:
            for each in counter.take():
                written[each.session_id.int] += each.times
    for each in counter.take():
        written[each.session_id.int] += each.times
    assert written == made
    assert not counter


def test_the_latest_instant_is_kept():
    counter = UseCounter()
    counter.add([use(1, 5), use(1, 3)])
    (sum_of_both,) = counter.take()
    assert (sum_of_both.times, sum_of_both.used_at) == (2, START + timedelta(seconds=5))
