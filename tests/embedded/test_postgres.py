"""The PostgreSQL that the demo and the tests get."""

import os
from pathlib import Path

import psycopg
import pytest

from app.embedded import EmbeddedServersRefused, PostgresServer, start_postgres


def setting(postgres: PostgresServer, name: str) -> str:
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_it_has_the_settings_that_the_system_is_built_for(postgres: PostgresServer) -> None:
    names = ("max_connections", "max_prepared_transactions", "track_commit_timestamp", "listen_addresses")
    assert [setting(postgres, name) for name in names] == ["300", "10", "off", "127.0.0.1"]


def test_nobody_gets_in_without_the_password(postgres: PostgresServer) -> None:
    open_door = f"postgresql://cutoff@127.0.0.1:{postgres.port}/cutoff"
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(open_door)


def test_the_password_lies_nowhere_and_stands_in_no_command_line(postgres: PostgresServer) -> None:
    assert not (postgres.folder / "password").exists()
    assert (
        postgres.url.split(":")[2].split("@")[0].encode()
        not in Path(f"/proc/{postgres.pid}/cmdline").read_bytes()
    )


def test_what_was_committed_survives_a_kill(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS number")
    postgres.kill()
    postgres.start_again()
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_client_sees_a_kill_as_a_broken_connection(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url) as connection:
        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_it_stops_while_a_client_is_connected(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url):
        postgres.stop()
    assert not postgres.is_running


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's servers run as himself")
def test_a_folder_that_the_servers_user_cannot_enter_is_refused_with_a_way_out(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServersRefused, match="scratch_folder"):
        start_postgres(closed / "pg", durable=False)
