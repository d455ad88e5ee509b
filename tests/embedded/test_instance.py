"""Who gets which servers: named, joined, started, refused."""

from collections.abc import Callable

import psycopg
import pytest
from redis import Redis

from app.embedded import EmbeddedServersRefused, running
from tests.embedded.conftest import Program
from tests.embedded.waiting import eventually

pytestmark = pytest.mark.usefixtures("own_runtime")

JOINS = """
import sys
from app.embedded import running
with running(durable=False) as servers:
    print(servers.database_url, servers.redis_url, servers.postgres is None, flush=True)
    sys.stdin.readline()
"""


def test_both_servers_answer_at_their_addresses() -> None:
    with running(durable=False) as servers:
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("cutoff",)
        with Redis.from_url(servers.redis_url) as client:
            assert client.ping()


def test_they_are_gone_after_the_block() -> None:
    with running(durable=False) as servers:
        assert servers.postgres is not None
        postgres = servers.postgres
        folder = postgres.folder
    assert not postgres.is_running
    assert not folder.exists()


def test_a_second_command_joins_and_leaves_the_first_ones_servers_running() -> None:
    with running(durable=False) as first:
        with running(durable=False) as second:
            assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
            assert (second.postgres, second.redis) == (None, None)
        psycopg.connect(first.database_url).close()


def test_another_process_joins(program: Callable[[str], Program]) -> None:
    with running(durable=False) as first:
        assert program(JOINS).read_line() == f"{first.database_url} {first.redis_url} True"


def test_two_commands_that_start_at_once_share_one_instance(program: Callable[[str], Program]) -> None:
    lines = [each.read_line().split() for each in (program(JOINS), program(JOINS))]
    assert lines[0][:2] == lines[1][:2]
    assert sorted(line[2] for line in lines) == ["False", "True"]


def test_the_state_of_a_killed_command_misleads_nobody(program: Callable[[str], Program]) -> None:
    owner = program(JOINS)
    left = owner.read_line().split()[0]
    owner.kill()
    with running(durable=False) as servers:
        assert servers.database_url != left
        psycopg.connect(servers.database_url).close()
    eventually(lambda: not _connects(left))


def test_who_does_not_want_to_share_gets_servers_of_his_own_that_nobody_joins() -> None:
    with running(durable=False, join=False) as private, running(durable=False) as shared:
        assert private.postgres is not None
        assert private.database_url != shared.database_url


def test_a_durable_pair_is_never_joined_to_a_forgetful_one() -> None:
    with running(durable=False) as forgetful, running(durable=True) as durable:
        assert durable.database_url != forgetful.database_url
        with psycopg.connect(durable.database_url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_both_named_by_the_environment_start_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    with running(durable=False) as servers:
        assert (servers.database_url, servers.redis_url) == ("postgresql://elsewhere/db", "redis://elsewhere")
        assert (servers.postgres, servers.redis) == (None, None)


def test_one_named_by_the_environment_starts_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    with running(durable=False) as servers:
        assert servers.database_url == "postgresql://elsewhere/db"
        assert servers.postgres is None
        assert servers.redis is not None


def test_an_instance_that_lacks_what_is_needed_is_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DATABASE_URL", "postgresql://elsewhere/db")
        first = running(durable=False)
        half = first.__enter__()
    try:
        with running(durable=False) as whole:
            assert whole.postgres is not None
            assert whole.redis_url != half.redis_url
    finally:
        first.__exit__(None, None, None)


def test_production_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTOFF_ENV", "production")
    refused = pytest.raises(
        EmbeddedServersRefused, match="CUTOFF_ENV is production: set DATABASE_URL and REDIS_URL"
    )
    with refused, running(durable=True):
        pass


def test_production_is_fine_where_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTOFF_ENV", "production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    with running(durable=True) as servers:
        assert servers.database_url == "postgresql://elsewhere/db"


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
