"""Everything that a fleet writes down: its logs and its servers', every row, every word on Redis, every metric."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


def logs_in(folder: Path) -> dict[str, bytes]:
    return {f"log {file.name}": file.read_bytes() for file in folder.rglob("*.log")}


def rows_of(database_url: str) -> dict[str, bytes]:
    """Each table as text, a line a row, with bytea in hexadecimal; and what the server says of its sessions."""
    rows: dict[str, bytes] = {}
    with psycopg.connect(database_url) as connection:
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        for name in [*names, "pg_stat_activity"]:
            query = sql.SQL("SELECT each::text FROM {} AS each").format(sql.Identifier(name))
            rows[f"table {name}"] = "\n".join(text for (text,) in connection.execute(query)).encode()
    return rows


def metrics_of(http_url: str) -> bytes:
    with urllib.request.urlopen(f"{http_url}/metrics", timeout=10) as answer:
        body: bytes = answer.read()
    return body


@contextmanager
def recorded(redis_url: str) -> Iterator[bytearray]:
    """Every command that a server is given meanwhile, publications and tasks among them."""
    address = urlsplit(redis_url)
    assert address.hostname
    assert address.port
    heard = bytearray()
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(f"AUTH {address.password}\r\nMONITOR\r\n".encode())
        listener = threading.Thread(target=_listen, args=(connection, heard), daemon=True)
        listener.start()
        try:
            yield heard
        finally:
            connection.shutdown(socket.SHUT_RDWR)
            listener.join()


def _listen(connection: socket.socket, heard: bytearray) -> None:
    with suppress(OSError):
        while data := connection.recv(65536):
            heard += data
