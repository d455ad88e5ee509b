"""When the last socket of a revocation is gone."""

from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app.domain.ids import RevocationId
from app.sockets.last_closes import LastCloses

AT = 1_000.0


def shut(closes: LastCloses, revocation_id: RevocationId, sockets: int, *, later_s: float = 0) -> None:
    written_at = AT + later_s
    closes.shut(
        revocation_id, sockets=sockets, reason="session_revoked", via="doorbell", written_at=written_at
    )


def test_it_is_over_with_the_last_socket_and_says_how_many_there_were():
    closes, one = LastCloses(), RevocationId(uuid7())
    shut(closes, one, 2)
    assert closes.ended(one) is None
    over = closes.ended(one)
    assert over is not None
    assert (over.sockets, over.written_at, over.via) == (2, AT, "doorbell")
    assert len(closes) == 0


def test_closures_of_one_revocation_count_from_the_first():
    closes, one = LastCloses(), RevocationId(uuid7())
    shut(closes, one, 1, later_s=5)
    shut(closes, one, 1)
    closes.ended(one)
    over = closes.ended(one)
    assert over is not None
    assert (over.sockets, over.written_at) == (2, AT)


def test_a_socket_of_a_revocation_that_nobody_knows_ends_nothing():
    assert LastCloses().ended(RevocationId(uuid7())) is None


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_however_many_revocations_each_is_over_once_and_nothing_is_left(counts: list[int]):
    closes = LastCloses()
    ids = [RevocationId(uuid7()) for _ in counts]
    for revocation_id, count in zip(ids, counts, strict=True):
        shut(closes, revocation_id, count)
    ends = [
        closes.ended(revocation_id)
        for revocation_id, count in zip(ids, counts, strict=True)
        for _ in range(count)
    ]
    assert [over.sockets for over in ends if over is not None] == counts
    assert len(closes) == 0
