"""Refresh tokens rotated on both nodes by several clients at once, while sessions of others are revoked.

The floor of a rotation is a request that does nothing, and then one statement by hand that leaves the same rows; both
under the same load.
"""

import secrets
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from typing import Any

import psycopg
from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.domain.credentials import SECRET_BYTES, TokenKind, hash_token, token_from
from benchmarks.asking import Asking
from benchmarks.benchmark import OURS, Benchmark, Figures, Options, Subject
from benchmarks.figures import latencies
from benchmarks.stacks import Guest, Stack
from benchmarks.stacks.ours import OurFleet, our_fleet, our_stack

__all__ = ["BENCHMARK", "by_hand", "measure", "over_http"]

CLIENTS = 8
ROTATIONS = 150
"""Of each client."""
WARM_UP = 5
REVOCATIONS_A_SECOND = 20
REVOKED_AT_MOST = 400
FLOOR = "floor"

Client = Callable[[OurFleet, int, str], Generator[None, None, None]]
"""Each step is one rotation, by the client of that number, from that refresh token on."""


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(ROTATIONS, least=WARM_UP)
    with our_fleet() as ours, our_stack(ours) as stack:
        subjects = {OURS: over_http, FLOOR: by_hand}
        for client in subjects.values():
            measure(ours, stack, client, WARM_UP)
        yield [
            Subject(name=name, measure=partial(measure, ours, stack, client, count))
            for name, client in subjects.items()
        ]


def measure(ours: OurFleet, stack: Stack, client: Client, count: int) -> Figures:
    """One round: every client rotates so many times, one after the other, as fast as it is answered."""
    tokens = _refresh_tokens(ours, stack.invite(CLIENTS))
    with _revocations(ours, stack), ThreadPoolExecutor(CLIENTS) as threads:
        began_at = boot_seconds()
        turns = [
            threads.submit(_timed, client(ours, number, token), count) for number, token in enumerate(tokens)
        ]
        seconds = list(chain.from_iterable(turn.result() for turn in turns))
        took_s = boot_seconds() - began_at
    return {**latencies(seconds), "per_second": len(seconds) / took_s}


def over_http(ours: OurFleet, number: int, token: str) -> Generator[None, None, None]:
    """As a client does it, over the nodes in turn."""
    with _asking(ours, number) as asking:
        while True:
            token = asking.refresh(token)
            yield


def by_hand(ours: OurFleet, number: int, token: str) -> Generator[None, None, None]:
    """A request that does nothing, and one statement that changes what a rotation does."""
    with (
        _asking(ours, number) as asking,
        psycopg.connect(ours.database_url, autocommit=True, prepare_threshold=1) as connection,
    ):
        while True:
            asking.look()
            token = _rotate(connection, token)
            yield


def _timed(steps: Generator[None, None, None], count: int) -> list[float]:
    seconds = []
    with closing(steps):
        for _ in range(count):
            began_at = boot_seconds()
            next(steps)
            seconds.append(boot_seconds() - began_at)
    return seconds


def _rotate(connection: psycopg.Connection[Any], token: str) -> str:
    following = token_from(TokenKind.REFRESH, secrets.token_bytes(SECRET_BYTES))
    parameters = {"id": uuid7(), "nonce": secrets.token_bytes(SECRET_BYTES), "hash": hash_token(token)}
    rotated = connection.execute(_ROTATE, {**parameters, "following": hash_token(following)})
    assert rotated.rowcount == 1
    return following


@contextmanager
def _revocations(ours: OurFleet, stack: Stack) -> Iterator[None]:
    """Sessions of others are ended meanwhile, in a calm rhythm; afterwards, their sockets are closed."""
    guests = stack.invite(REVOKED_AT_MOST)
    stack.open(guests, each=1)
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        revoking = thread.submit(_revoke, ours, guests, is_over)
        try:
            yield
        finally:
            is_over.set()
    stack.ends([guest.key for guest in guests[: revoking.result()]])
    stack.leave()


def _revoke(ours: OurFleet, guests: Sequence[Guest], is_over: threading.Event) -> int:
    with _asking(ours, 0) as asking:
        for revoked, guest in enumerate(guests):
            if is_over.wait(1 / REVOCATIONS_A_SECOND):
                return revoked
            asking.end_session(guest)
    return len(guests)


def _asking(ours: OurFleet, number: int) -> closing[Asking]:
    return closing(Asking(ours.fleet.nodes[number % len(ours.fleet.nodes)].port))


def _refresh_tokens(ours: OurFleet, guests: Sequence[Guest]) -> Sequence[str]:
    """One for each guest's session."""
    tokens = [token_from(TokenKind.REFRESH, secrets.token_bytes(SECRET_BYTES)) for _ in guests]
    with psycopg.connect(ours.database_url, autocommit=True) as connection:
        for guest, token in zip(guests, tokens, strict=True):
            connection.execute(_INSERT, [uuid7(), guest.session_id, hash_token(token)])
    return tokens


_INSERT = """
INSERT INTO refresh_token (id, session_id, token_hash, issued_at) VALUES (%s, %s, %s, clock_timestamp())
"""
_ROTATE = b"""
WITH consumed AS (
    UPDATE refresh_token
       SET consumed_at = clock_timestamp(), successor_id = %(id)s, successor_nonce = %(nonce)s
     WHERE token_hash = %(hash)s AND consumed_at IS NULL AND invalidated_at IS NULL
    RETURNING session_id
), following AS (
    INSERT INTO refresh_token (id, session_id, token_hash, issued_at)
    SELECT %(id)s, session_id, %(following)s, clock_timestamp() FROM consumed
    RETURNING session_id
)
UPDATE session SET expires_at = least(absolute_expires_at, greatest(expires_at, clock_timestamp() + '12 h'))
  FROM following WHERE session.id = following.session_id
"""

BENCHMARK = Benchmark(
    name="rotation",
    summary="refresh tokens rotated by eight clients on both nodes, while 20 sessions a second are revoked",
    baseline=FLOOR,
    subjects=_subjects,
)
