"""`cutoff revoke` says what would end and asks first; nothing ends by accident."""

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

import pytest
from rich.console import Console
from uuid_utils.compat import uuid7

from app.cli.preview_view import preview_in_words
from app.cli.receipt import filling_in
from app.config import Settings
from app.data.engine import Database
from app.data.rows import one_row
from app.domain.ids import NodeId, RevocationId
from app.domain.previews import Preview
from app.domain.receipts import NodeOutcome, Receipt
from tests.builders import Builders

CANNOT, NOT_SO, DONE = 2, 1, 0


def is_live(database: Database, session_id: UUID) -> bool:
    query = "SELECT id FROM session WHERE id = %(id)s AND terminated_at IS NULL"
    with database.session() as db:
        return one_row(db, query, id=session_id) is not None


def a_preview(**counts: int) -> Preview:
    none = dict.fromkeys(Preview.__dataclass_fields__, 0)
    return Preview(**{**none, **counts})


def at_a_terminal(settings: Settings, redis_url: str, *words: str, typed: str) -> tuple[int, str]:
    """The status, and what was on the screen, of a command that somebody sits at."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": redis_url,
        "CUTOFF_NAMESPACE": settings.namespace,
        "CUTOFF_PERFORM_WITHIN": "0.1",
        "COLUMNS": "200",
        "TERM": "xterm",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    screen, has_typed, gives_up_at = "", False, time.monotonic() + 60
    while time.monotonic() < gives_up_at:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                read = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            screen += read.decode()
        if "[y/N]" in screen and not has_typed:
            os.write(ours, f"{typed}\n".encode())
            has_typed = True
    os.close(ours)
    return process.wait(10), screen


def test_a_plan_says_what_would_end_and_ends_nothing(command, make: Builders, database: Database):
    session = make.session()
    make.api_token(session)
    email = make.account().email
    planned = command("revoke", "suspend", str(session.account_id), "--plan")
    assert (planned.returncode, planned.stdout) == (DONE, "Would end: 1 session, 1 API token; no socket.\n")
    as_json = json.loads(command("revoke", "session", str(session.session_id), "--plan", "--json").stdout)
    assert (as_json["sessions"], as_json["api_tokens"], as_json["closes"]) == (1, 0, 0)
    nothing = command("revoke", "account-tokens", email, "--plan")
    assert nothing.stdout == "Would end: no credential; no socket.\n"
    assert is_live(database, session.session_id)


def test_without_a_person_and_without_yes_nothing_ends(command, make: Builders, database: Database):
    session = make.session()
    ended = command("revoke", "session", str(session.session_id))
    assert (ended.returncode, ended.stdout) == (CANNOT, "")
    assert ended.stderr == (
        "cutoff: Nothing has ended: nobody is there to be asked. Say --yes, or --plan to look first.\n"
    )
    assert is_live(database, session.session_id)


@pytest.mark.parametrize(("typed", "status"), [("y", DONE), ("n", NOT_SO), ("", NOT_SO)])
def test_a_person_is_told_what_ends_and_asked(
    typed: str, status: int, settings: Settings, redis_url: str, make: Builders, database: Database
):
    session = make.session()
    words = ("revoke", "session", str(session.session_id))
    ended, screen = at_a_terminal(settings, redis_url, *words, typed=typed)
    assert "This ends 1 session; no socket. Go on? [y/N]" in screen
    assert ended == status
    assert is_live(database, session.session_id) == (status == NOT_SO)
    assert ("Nothing has ended." in screen) == (status == NOT_SO)


def test_an_account_goes_by_its_address_and_is_deleted(command, make: Builders, database: Database):
    account = make.account("ada")
    session = make.session(account)
    ended = command("revoke", "delete", account.email, "--yes", "--json")
    receipt = json.loads(ended.stdout)
    assert (ended.returncode, receipt["kind"], receipt["sessions_ended"]) == (DONE, "account_delete", 1)
    assert not is_live(database, session.session_id)


def test_a_grant_ends_with_the_sessions_under_it(command, make: Builders, database: Database):
    organization = make.organization()
    grant = make.grant(organization)
    session = make.session(make.account(is_global_admin=True))
    support = make.support_session(organization, session)
    planned = command("revoke", "grant", str(grant.grant_id), "--plan")
    assert planned.stdout == "Would end: 1 session (1 of them support access), 1 support grant; no socket.\n"
    ended = command("revoke", "grant", str(grant.grant_id), "--yes", "--json")
    assert json.loads(ended.stdout)["grants_ended"] == 1
    assert not is_live(database, support.session_id)
    assert is_live(database, session.session_id)


@pytest.mark.parametrize("kind", ["session", "token", "grant"])
def test_what_has_no_name_goes_by_its_id(command, kind: str):
    ended = command("revoke", kind, "ada@example.com", "--yes")
    assert (ended.returncode, ended.stderr) == (CANNOT, "cutoff: target: not an id.\n")


@pytest.mark.parametrize("kind", ["suspend", "delete"])
def test_the_plan_refuses_what_the_act_refuses(command, make: Builders, kind: str):
    admin = make.account(is_global_admin=True)
    for more in ("--plan", "--yes"):
        ended = command("revoke", kind, admin.email, more)
        assert (ended.returncode, ended.stderr) == (NOT_SO, "cutoff: Refused: last global admin.\n")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (
            {"sessions": 3, "dormant_sessions": 1, "closes": 2, "nodes": 1},
            "3 sessions (1 of them expired, but renewable); 2 sockets closed (4001) on 1 node.",
        ),
        (
            {"api_tokens": 1, "closes": 1, "reconnects": 2, "nodes": 2},
            "1 API token; 1 socket closed (4001) and 2 sockets asked to reconnect (4005) on 2 nodes.",
        ),
        ({"sessions": 1, "silent_nodes": 2}, "1 session; no socket. 2 nodes not heard of may hold more."),
    ],
)
def test_a_preview_in_words(counts: dict[str, int], words: str):
    assert preview_in_words(a_preview(**counts)) == words


def a_receipt(*, closed: int) -> Receipt:
    node = NodeOutcome(
        node_id=NodeId(uuid7()),
        name="n1",
        closing=0,
        clean=closed,
        aborted=0,
        already_gone=0,
        first_closed_at=None,
        last_closed_at=None,
        slowest_ms=1.5,
    )
    nothing = dict.fromkeys(Receipt.__dataclass_fields__)
    told = {
        "revocation_id": RevocationId(uuid7()),
        "kind": "session_revoke",
        "source": "request",
        "reason": "session_revoked",
        "requested_from": "",
        "requested_at": datetime(2026, 11, 20, tzinfo=UTC),
        "sessions_ended": 1,
        "tokens_ended": 0,
        "grants_ended": 0,
        "nodes": (node,),
        "unconfirmed": (),
    }
    return Receipt(**{**nothing, **told})  # type: ignore[arg-type]


def test_at_a_terminal_the_receipt_fills_in_while_it_is_waited_for():
    screen = io.StringIO()
    with filling_in(Console(file=screen, force_terminal=True, width=120)) as seen:
        seen(a_receipt(closed=0))
        seen(a_receipt(closed=7))
    assert "0 sockets closed" in screen.getvalue()
    assert "7 sockets closed" in screen.getvalue()


def test_elsewhere_nothing_is_shown_before_its_time():
    screen = io.StringIO()
    with filling_in(Console(file=screen, force_terminal=False)) as seen:
        seen(a_receipt(closed=7))
    assert screen.getvalue() == ""
