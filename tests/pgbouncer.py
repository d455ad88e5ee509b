"""A PgBouncer of the test's own, in transaction mode, with the settings of `deploy/pgbouncer.ini` and next to no pool."""

import configparser
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, LiteralString

import psycopg
from sqlalchemy import make_url

from app.embedded import scratch_folder
from app.embedded.free_port import free_port
from app.embedded.server import Server
from app.embedded.server_user import hand_over

__all__ = ["PgBouncer", "a_pgbouncer", "find_pgbouncer"]

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "deploy" / "pgbouncer.ini"
FOUND_IN = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", str(ROOT / ".venv" / "pgbouncer")]
)
NO_PGBOUNCER = (
    "The tests of poolers need PgBouncer: run .ci/pgbouncer, install it (Debian: apt install pgbouncer), or name one: "
    "CUTOFF_PGBOUNCER=/path/to/pgbouncer."
)
SERVER_CONNECTIONS = 2


class PgBouncer(Server):
    """Before one database, with two server connections for everybody. Started again, it knows no client any more."""

    name: ClassVar[str] = "pgbouncer"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self, *, folder: Path, database_url: str, **changes: object) -> None:
        super().__init__(folder=folder, port=free_port())
        self._behind = make_url(database_url)
        self._binary = find_pgbouncer()
        self._configuration = self._write_configuration(changes)

    @property
    def url(self) -> str:
        return self._url_of(self._behind.database)

    def order(self, command: LiteralString) -> list[dict[str, Any]]:
        """What its console answers: `RECONNECT`, `SHOW SERVERS`."""
        with psycopg.connect(self._url_of("pgbouncer"), autocommit=True) as console:
            cursor = console.cursor(row_factory=psycopg.rows.dict_row)
            cursor.execute(command)
            return cursor.fetchall() if cursor.description else []

    def lose_server_connections(self) -> None:
        """They end in the middle of whatever they do, as when PostgreSQL's are killed; it serves on with others.

        (Not by its own `KILL`: under load, PgBouncer 1.18 ends by that itself.)
        """
        pids = [row["remote_pid"] for row in self.order("SHOW SERVERS")]
        with psycopg.connect(self._behind.render_as_string(hide_password=False), autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [pids])

    def change_server_connections(self) -> None:
        """Every server connection is another one by its next transaction; clients notice nothing."""
        self.order("RECONNECT cutoff_test")

    def _write_configuration(self, changes: dict[str, object]) -> Path:
        parser = configparser.ConfigParser(comment_prefixes=(";",), interpolation=None)
        parser.read(CONFIGURATION)
        password = str(self._behind.password or "")
        users = self._written("userlist.txt", f'"{self._behind.username}" "{password}"\n')
        parser["databases"] = {
            "cutoff_test": f"host={self._behind.host} port={self._behind.port} dbname={self._behind.database}"
        }
        own = {
            "listen_port": self.port,
            "auth_file": users,
            "unix_socket_dir": "",
            "admin_users": self._behind.username,
            "default_pool_size": SERVER_CONNECTIONS,
        }
        parser["pgbouncer"].update({name: str(value) for name, value in {**own, **changes}.items()})
        lines = [
            f"[{part}]\n" + "".join(f"{n} = {v}\n" for n, v in parser[part].items())
            for part in parser.sections()
        ]
        return self._written("pgbouncer.ini", "\n".join(lines))

    def _written(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_text(text)
        hand_over(file)
        return file

    def _url_of(self, database: str | None) -> str:
        alias = "cutoff_test" if database == self._behind.database else database
        here = self._behind.set(host="127.0.0.1", port=self.port, database=alias)
        return here.render_as_string(hide_password=False)

    def _command(self) -> Sequence[str | Path]:
        return [self._binary, "--quiet", self._configuration]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def a_pgbouncer(database_url: str, **changes: object) -> Iterator[PgBouncer]:
    """One that serves until the block ends; with these lines of its configuration instead."""
    with scratch_folder() as folder:
        server = PgBouncer(folder=folder, database_url=database_url, **changes)
        server.start_again()
        try:
            yield server
        finally:
            server.kill()


def find_pgbouncer() -> str:
    """The program. Raises: AssertionError with what to do, where there is none."""
    found = shutil.which(os.environ.get("CUTOFF_PGBOUNCER") or "pgbouncer", path=FOUND_IN)
    assert found, NO_PGBOUNCER
    return found
