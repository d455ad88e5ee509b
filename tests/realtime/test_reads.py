from datetime import timedelta

import pytest

from app.domain.credential_state import Alive, state_of
from app.domain.credentials import CredentialType
from app.domain.errors import Unavailable
from app.domain.ids import TokenHash
from app.realtime.reads import read_credentials
from tests.realtime.cores import Clock, entry_of, new_entry
from tests.realtime.databases import SteppedConnection, a_postgres, connection_to


async def test_one_statement_reads_the_credentials_of_all_kinds(make, database_url):
    session, token, daemon = make.session(), make.api_token(), make.account()
    entries = [
        entry_of(session),
        entry_of(token),
        new_entry(CredentialType.DAEMON_TOKEN, account_id=daemon.account_id),
        new_entry(CredentialType.SESSION, token_hash=TokenHash("0" * 64)),
    ]
    connection = SteppedConnection(database_url)
    readings = await read_credentials(connection, entries, epoch=3, clock=Clock(7.0), within_s=5)
    connection.drop()
    assert connection.statements == 1
    assert [entry for entry, _ in readings] == entries
    assert {(reading.sent_at, reading.epoch) for _, reading in readings} == {(7.0, 3)}
    assert len({str(reading.snapshot) for _, reading in readings}) == 1
    records = [reading.record for _, reading in readings]
    assert [record and record.account_id for record in records] == [
        session.account_id,
        token.account_id,
        daemon.account_id,
        None,
    ]


async def test_a_session_token_is_not_found_as_an_api_token(make, database_url):
    session = make.session()
    connection = connection_to(database_url)
    (reading,) = await read_credentials(
        connection,
        [new_entry(CredentialType.API_TOKEN, token_hash=session.token_hash)],
        epoch=0,
        clock=Clock(),
        within_s=5,
    )
    connection.drop()
    assert reading[1].record is None


async def test_two_sockets_of_one_credential_each_have_a_reading(make, database_url):
    session = make.session()
    connection = connection_to(database_url)
    readings = await read_credentials(
        connection, [entry_of(session), entry_of(session)], epoch=0, clock=Clock(), within_s=5
    )
    connection.drop()
    assert [reading.record and reading.record.session_id for _, reading in readings] == [
        session.session_id
    ] * 2


async def test_a_deadline_counts_from_before_the_statement_was_sent_so_that_a_slow_one_makes_none_late(
    make, database_url
):
    """B206: the remaining time is the database's, the instant that it counts from is before the read."""
    session = make.session(lifetime=timedelta(hours=1))
    connection, clock = SteppedConnection(database_url), Clock(100.0)

    class Ticking(Clock):
        def __call__(self) -> float:
            clock.now += 10
            return clock.now - 10

    readings = await read_credentials(connection, [entry_of(session)], epoch=0, clock=Ticking(), within_s=5)
    connection.drop()
    (_, reading) = readings[0]
    assert reading.sent_at == 100.0
    assert reading.record is not None
    state = state_of(reading.record)
    assert isinstance(state, Alive)
    assert state.remaining is not None
    assert timedelta(minutes=59) < state.remaining <= timedelta(hours=1)


async def test_a_replica_answers_for_nobody():
    """It may lag behind the truth."""
    with a_postgres() as server:
        server.stop()
        (server.data / "standby.signal").touch()
        server.start_again()
        connection = connection_to(server.url)
        with pytest.raises(Unavailable):
            await read_credentials(
                connection,
                [new_entry(CredentialType.SESSION, token_hash=TokenHash("0" * 64))],
                epoch=0,
                clock=Clock(),
                within_s=5,
            )
        connection.drop()
