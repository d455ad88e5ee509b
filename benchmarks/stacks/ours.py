"""Our own fleet: two nodes, a worker and beat, on private servers that keep what is committed."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from uuid_utils.compat import uuid7

from app.cli.fleet import Fleet, running_fleet
from app.cli.fleet.residents import prepare_database
from app.domain.credentials import SECRET_BYTES, TokenKind, hash_token, token_from
from app.embedded import Servers, running
from app.embedded.free_port import free_port
from app.embedded.process_table import children_of
from benchmarks.benchmark import OURS
from benchmarks.children import Helper, cpu_seconds, family_cpu_seconds, helper
from benchmarks.stacks.servers import crowd
from benchmarks.stacks.stack import Guest, Stack

__all__ = [
    "NODES",
    "OurFleet",
    "fleet_on",
    "node_pids",
    "our_fleet",
    "our_sender",
    "our_servers",
    "our_stack",
    "sessions_of_accounts",
    "worker_pids",
]

NODES = 2
ADDRESSES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class OurFleet:
    """What runs, and what its processes have in their environment."""

    fleet: Fleet
    servers: Servers
    environment: dict[str, str]

    @property
    def database_url(self) -> str:
        """For a benchmark's own statements."""
        return self.environment["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """Peers use the same server."""
        return self.environment["REDIS_URL"]

    @property
    def postgres_pid(self) -> int:
        """Of the server, whose children are its connections."""
        assert self.servers.postgres
        return self.servers.postgres.pid

    def postgres_cpu_s(self, *, apart_from: int) -> float:
        """Of the whole server, without that connection, which is the benchmark's own."""
        return family_cpu_seconds(self.postgres_pid) - cpu_seconds(apart_from)


@contextmanager
def our_servers() -> Iterator[Servers]:
    """PostgreSQL and Redis that are private, whatever the environment says: a benchmark must not meet anybody's data."""
    for name in ADDRESSES:
        os.environ.pop(name, None)
    with running(durable=True, join=False) as servers:
        yield servers


@contextmanager
def our_fleet() -> Iterator[OurFleet]:
    """Two nodes, a worker and beat, on servers of their own."""
    with our_servers() as servers, fleet_on(servers) as ours:
        yield ours


@contextmanager
def fleet_on(servers: Servers) -> Iterator[OurFleet]:
    """Two nodes, a worker and beat, on servers that run."""
    addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    os.environ.update(addresses)
    try:
        ports = tuple(free_port() for _ in range(NODES))
        with running_fleet(ports=ports, prepare=prepare_database, tell=_tell) as fleet:
            bus_key = fleet.installation.bus_key
            yield OurFleet(fleet=fleet, servers=servers, environment={**addresses, "CUTOFF_BUS_KEY": bus_key})
    finally:
        for name in ADDRESSES:
            os.environ.pop(name, None)


@contextmanager
def our_stack(ours: OurFleet) -> Iterator[Stack]:
    """The fleet, with a crowd and a sender beside it."""
    with crowd() as holding, our_sender(ours) as sender:
        yield Stack(
            name=OURS,
            urls=[node.websocket for node in ours.fleet.nodes],
            pids=node_pids(ours.fleet),
            crowd=holding,
            sender=sender,
            invite=lambda count: sessions_of_accounts(ours.database_url, count),
            database_cpu_s=lambda: family_cpu_seconds(ours.postgres_pid),
        )


def our_sender(ours: OurFleet, kind: str = OURS) -> AbstractContextManager[Helper]:
    """A process that publishes close requests; `benchmarks.senders` has the kinds."""
    return helper([sys.executable, "-m", "benchmarks.senders", kind], ours.environment)


def sessions_of_accounts(database_url: str, count: int, *, each: int = 1) -> list[Guest]:
    """So many accounts with so many sessions each; a guest a session, whose key is the account's id."""
    account_ids = [str(uuid7()) for _ in range(count)]
    guests = [
        Guest(account_id, token_from(TokenKind.SESSION, secrets.token_bytes(SECRET_BYTES)), str(uuid7()))
        for account_id in account_ids
        for _ in range(each)
    ]
    with psycopg.connect(database_url) as connection:
        connection.execute(_ACCOUNTS, [account_ids])
        hashes = [hash_token(guest.token) for guest in guests]
        connection.execute(
            _SESSIONS, [[guest.session_id for guest in guests], [guest.key for guest in guests], hashes]
        )
    return guests


def node_pids(fleet: Fleet) -> list[int]:
    """The nodes' processes."""
    return [_child_with(f"--port\0{node.port}") for node in fleet.nodes]


def worker_pids() -> list[int]:
    """The worker's own process, and those that it forked."""
    parent = _child_with("celery\0-A\0worker\0worker")
    return [parent, *children_of(parent)]


def _child_with(words: str) -> int:
    """The child of ours that was started with those words."""
    return next(pid for pid in children_of(os.getpid()) if words in _command_of(pid))


def _command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")


def _tell(what: str) -> None:
    print(f"benchmarks: {what}", file=sys.stderr)


_ACCOUNTS = """
INSERT INTO account (id, email) SELECT id, 'bench-' || id || '@example.com' FROM unnest(%s::uuid[]) AS id
"""
_SESSIONS = """
INSERT INTO session (id, account_id, token_hash, issued_at, expires_at, absolute_expires_at)
SELECT id, account_id, token_hash, clock_timestamp(), clock_timestamp() + '12 h', clock_timestamp() + '30 d'
  FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS made(id, account_id, token_hash)
"""
