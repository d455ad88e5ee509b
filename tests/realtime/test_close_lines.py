from structlog.testing import capture_logs

from app.domain.ids import RevocationId
from app.realtime.close_lines import LINES_A_SECOND, TOGETHER, CloseLines
from app.sockets.last_closes import Over
from tests.realtime.conditions import eventually
from tests.realtime.cores import Clock
from tests.sockets.parts import number


def over(key: int) -> Over:
    return Over(
        revocation_id=RevocationId(number(key)), reason="revoked", via="doorbell", sockets=2, written_at=None
    )


async def test_each_revocation_that_is_over_is_said_in_a_line_of_its_own():
    """B260."""
    lines = CloseLines(clock=Clock())
    with capture_logs() as said:
        for key in range(LINES_A_SECOND):
            lines.say(over(key), 0.0021)
    assert [line["revocation_id"] for line in said] == [str(number(key)) for key in range(LINES_A_SECOND)]
    assert {line["took_ms"] for line in said} == {2.1}


async def test_in_a_storm_many_are_said_in_one_line_which_names_them_all():
    """B260."""
    lines = CloseLines(clock=Clock())
    count = LINES_A_SECOND + TOGETHER + 3
    with capture_logs() as said:
        for key in range(count):
            lines.say(over(key), key / 1000)
        assert len(said) == LINES_A_SECOND + 1
        await eventually(lambda: len(said) == LINES_A_SECOND + 2)
    full, rest = said[LINES_A_SECOND:]
    assert (full["revocations"], full["sockets"], full["slowest_ms"]) == (TOGETHER, 2 * TOGETHER, 119.0)
    assert (rest["revocations"], rest["slowest_ms"]) == (3, 122.0)
    named = [line["revocation_id"] for line in said[:LINES_A_SECOND]]
    for line in (full, rest):
        named += line["revocation_ids"].split()
    assert named == [str(number(key)) for key in range(count)]


async def test_the_next_second_has_lines_of_its_own_again():
    clock = Clock()
    lines = CloseLines(clock=clock)
    with capture_logs() as said:
        for key in range(LINES_A_SECOND):
            lines.say(over(key), None)
        clock.now += 1
        lines.say(over(99), None)
    assert (said[-1]["event"], said[-1]["took_ms"]) == ("revocation_closed_here", None)
