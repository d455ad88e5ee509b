"""`cutoff nodes`, `revoke` and `receipt`, as processes on a real database, where neither worker nor node runs."""

import json

import pytest

from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from tests.builders import Builders

CANNOT, NOT_SO, DONE = 2, 1, 0
SILENT_NODE = """
INSERT INTO node (id, name, seen_at, policy, lease, system_identifier, timeline, snapshot, is_current)
SELECT gen_random_uuid(), 'n2', clock_timestamp() - interval '1 hour', %(policy)s, interval '3 seconds',
       system_identifier, 1, '1:1:'::pg_snapshot, true
  FROM pg_control_system()
RETURNING id
"""


@pytest.fixture
def silent_node(database: Database):
    def insert(policy: str = "hold") -> str:
        with database.session() as db:
            row = one_row(db, SILENT_NODE, policy=policy)
        assert row is not None
        return str(row["id"])

    return insert


def test_a_session_is_ended_and_its_receipt_printed(command, make: Builders, database: Database):
    """B265."""
    session = make.session()
    ended = command("revoke", "session", str(session.session_id), "--yes", "--json")
    assert (ended.returncode, ended.stderr) == (DONE, "")
    receipt = json.loads(ended.stdout)
    assert (receipt["state"], receipt["kind"], receipt["sessions_ended"]) == (
        "confirmed",
        "session_revoke",
        1,
    )
    with database.session() as db:
        assert one_row(db, "SELECT id FROM session WHERE terminated_at IS NULL") is None
        events = all_rows(db, "SELECT type, outcome FROM audit_event WHERE type = 'session_revoke'")
    assert [dict(event) for event in events] == [{"type": "session_revoke", "outcome": "success"}]


def test_the_status_is_not_0_while_a_node_is_unconfirmed(command, make: Builders, silent_node):
    """B265."""
    silent_node(policy="serve")
    session = make.session()
    ended = command("revoke", "session", str(session.session_id), "--yes", "--wait", "2")
    assert ended.returncode == NOT_SO
    assert "unconfirmed: n2 (serve)" in ended.stdout
    receipt_id = ended.stdout.split()[0]
    assert command("receipt", receipt_id).returncode == NOT_SO


def test_a_node_that_is_forgotten_is_not_waited_for(command, make: Builders, silent_node, database: Database):
    node_id = silent_node(policy="serve")
    assert json.loads(command("nodes", "--json").stdout)["name"] == "n2"
    assert "n2" in command("nodes").stdout
    assert command("nodes", "forget", node_id).returncode == DONE
    again = command("nodes", "forget", node_id)
    assert (again.returncode, again.stderr) == (NOT_SO, "cutoff: There is no such node.\n")
    session = make.session()
    assert command("revoke", "session", str(session.session_id), "--yes").returncode == DONE


UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("revoke", "session", UNKNOWN), "There is no such session."),
        (("revoke", "token", UNKNOWN), "There is no such api token."),
        (("revoke", "suspend", UNKNOWN), "There is no such account."),
        (("revoke", "delete", "nobody@example.com"), "There is no such account."),
        (("revoke", "grant", UNKNOWN), "There is no such support grant."),
        (("receipt", UNKNOWN), "There is no such revocation."),
        (("sessions", "show", UNKNOWN), "There is no such session."),
        (("tokens", "show", UNKNOWN), "There is no such api token."),
        (("sessions", "list", "--org", "nowhere"), "There is no such organization."),
        (("audit", "--account", "nobody@example.com"), "There is no such account."),
    ],
)
def test_an_unknown_id_is_one_sentence(command, words: tuple[str, ...], sentence: str):
    ended = command(*words)
    assert (ended.returncode, ended.stderr) == (NOT_SO, f"cutoff: {sentence}\n")


def test_migrate_may_be_repeated(command, database: Database):
    assert command("migrate").returncode == DONE
    with database.session() as db:
        run(db, "SELECT 1")
