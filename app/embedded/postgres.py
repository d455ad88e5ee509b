"""A PostgreSQL of our own: made in a moment, on loopback, with a password."""

import secrets
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

import psycopg

from app.embedded.binaries import postgres_binaries
from app.embedded.free_port import free_port
from app.embedded.problems import EmbeddedServersRefused, with_log
from app.embedded.server import Server, launch
from app.embedded.server_user import check_reachable, hand_over

__all__ = ["PostgresServer", "start_postgres"]

USER = "cutoff"
DATABASE = "cutoff"
INITDB_WITHIN_S = 60
CONNECT_WITHIN_S = 2

SETTINGS: Final = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "300",
    # Prepared transactions end credentials too, and the tests try it.
    "max_prepared_transactions": "10",
    "track_commit_timestamp": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "logging_collector": "off",
}
# Only a power cut may lose something: what was committed survives `kill`, which the tests of faults need.
FORGETFUL: Final = {"fsync": "off", "full_page_writes": "off"}


def start_postgres(folder: Path, *, durable: bool) -> "PostgresServer":
    """A new, empty cluster in the folder, serving, with the database `cutoff`.

    Without `durable` it may lose everything when the machine (not just the server) stops, and is faster.

    Raises: EmbeddedServersRefused if there is no PostgreSQL here, or it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    check_reachable(folder / "data")
    server = PostgresServer(folder=folder, port=free_port(), password=secrets.token_hex(16))
    server.make_cluster(SETTINGS if durable else SETTINGS | FORGETFUL)
    server.start_again()
    with psycopg.connect(server.maintenance_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return server


class PostgresServer(Server):
    """A PostgreSQL on 127.0.0.1. Started again after `kill`, it recovers what had been committed."""

    name: ClassVar[str] = "postgres"
    # Fast shutdown: with a client connected, SIGTERM would wait for it.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT
    death_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(self, *, folder: Path, port: int, password: str) -> None:
        super().__init__(folder=folder, port=port)
        self.data = folder / "data"
        self._password = password
        self._bin = postgres_binaries()

    @property
    def url(self) -> str:
        """The address of the database `cutoff`, password included, as a superuser."""
        return self.url_of(DATABASE)

    @property
    def maintenance_url(self) -> str:
        """The database `postgres`, from which others are made and dropped."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The address of any database of this server, as a superuser."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def make_cluster(self, settings: dict[str, str]) -> None:
        """The data folder holds a new cluster. Raises: EmbeddedServersRefused if initdb fails."""
        self.data.mkdir(mode=0o700)
        hand_over(self.data)
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        hand_over(password_file)
        options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync", "--no-instructions"]
        initdb: list[str | Path] = [
            self._bin / "initdb",
            "-D",
            self.data,
            "-U",
            USER,
            f"--pwfile={password_file}",
            *options,
        ]
        status = _finish(launch(initdb, log=self.log, death_signal=signal.SIGKILL))
        password_file.unlink()
        if status != 0:
            raise EmbeddedServersRefused(with_log("initdb failed:", self.log))
        lines = (f"{name} = {value}\n" for name, value in {**settings, "port": str(self.port)}.items())
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(lines)

    def _command(self) -> Sequence[str | Path]:
        return [self._bin / "postgres", "-D", self.data]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.maintenance_url, connect_timeout=CONNECT_WITHIN_S).close()
        except psycopg.OperationalError:
            return False
        return True


def _finish(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(INITDB_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
