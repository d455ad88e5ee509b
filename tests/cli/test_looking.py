"""`cutoff sessions`, `tokens` and `audit`: what there is, for people and for programs."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.cli.audit import since_from
from app.data.engine import Database
from app.data.rows import run
from app.domain.errors import Invalid
from tests.builders import Builders, MadeSession

SOCKETS_ON_N1 = """
WITH here AS (
    INSERT INTO node (id, name, policy, lease) VALUES (gen_random_uuid(), 'n1', 'hold', interval '1 hour') RETURNING id
)
INSERT INTO open_socket (node_id, credential_type, credential_id, account_id, sockets, round)
SELECT here.id, 'session', %(session_id)s, %(account_id)s, 3, 1 FROM here
"""


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def three_sockets_on(database: Database, session: MadeSession) -> None:
    with database.session() as db:
        run(db, SOCKETS_ON_N1, session_id=session.session_id, account_id=session.account_id)


def test_live_sessions_are_listed_with_their_sockets(printed, make: Builders, database: Database):
    """B268: of everybody, of one account by e-mail address or id, of an organization's members."""
    organization = make.organization()
    account = make.account("ada")
    session = make.session(account)
    three_sockets_on(database, session)
    everybody = lines(printed("sessions", "list", "--json")[0])
    assert {line["id"] for line in everybody} == {str(session.session_id), str(organization.admin.session_id)}
    for name in (account.email, account.email.upper(), str(account.account_id)):
        (line,) = lines(printed("sessions", "list", "--account", name, "--json")[0])
        assert (line["id"], line["email"], line["sockets"], line["state"]) == (
            str(session.session_id),
            account.email,
            3,
            "live",
        )
    (line,) = lines(printed("sessions", "list", "--org", organization.slug, "--json")[0])
    assert line["id"] == str(organization.admin.session_id)
    shown = printed("sessions", "list")[0]
    assert str(session.session_id) in shown
    assert "Firefox" in shown


def test_a_list_says_when_there_is_more(printed, make: Builders):
    account = make.account()
    for _ in range(3):
        make.session(account)
    _, said = printed("sessions", "list", "--limit", "2")
    assert said == "These are the first 2; there are more (--limit).\n"
    assert len(lines(printed("sessions", "list", "--limit", "3", "--json")[0])) == 3


def test_one_session_is_shown_live_and_over_with_what_ended_it(printed, make: Builders, database: Database):
    session = make.session()
    three_sockets_on(database, session)
    (live,) = lines(printed("sessions", "show", str(session.session_id), "--json")[0])
    assert (live["state"], live["revocation_id"]) == ("live", None)
    assert live["nodes"] == [{"node": "n1", "sockets": 3}]
    assert "3 on n1" in printed("sessions", "show", str(session.session_id))[0]
    with database.session() as db:
        run(db, "DELETE FROM node")
    receipt = json.loads(printed("revoke", "session", str(session.session_id), "--yes", "--json")[0])
    (over,) = lines(printed("sessions", "show", str(session.session_id), "--json")[0])
    assert (over["state"], over["end_reason"], over["revocation_id"]) == (
        "ended",
        "session_revoked",
        receipt["id"],
    )


def test_api_tokens_are_listed_and_shown_without_their_secret(printed, make: Builders):
    token = make.api_token()
    (line,) = lines(printed("tokens", "list", "--json")[0])
    assert (line["id"], line["name"], line["state"]) == (str(token.api_token_id), "a token", "live")
    shown = printed("tokens", "show", str(token.api_token_id))[0]
    assert "a token" in shown
    assert not {token.token, token.token_hash} & set(shown.split())
    make.session()
    assert "No live API token." in printed("tokens", "list", "--account", make.account().email)[0]


def test_the_trail_is_searched_by_account_type_outcome_and_time(printed, make: Builders):
    session = make.session()
    printed("revoke", "session", str(session.session_id), "--yes")
    account = str(session.account_id)
    (event,) = lines(printed("audit", "--account", account, "--type", "session_revoke", "--json")[0])
    assert (event["outcome"], event["session_id"]) == ("success", str(session.session_id))
    assert lines(printed("audit", "--account", account, "--outcome", "failure", "--json")[0]) == []
    assert lines(printed("audit", "--account", account, "--since", "2h", "--json")[0])
    assert lines(printed("audit", "--since", "2100-01-01", "--json")[0]) == []
    assert "session_revoke" in printed("audit", "--limit", "1")[0]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (None, (None, None)),
        ("90s", (None, timedelta(seconds=90))),
        ("1w", (None, timedelta(weeks=1))),
        ("2026-11-20", (datetime(2026, 11, 20, tzinfo=UTC), None)),
        ("2026-11-20T08:00Z", (datetime(2026, 11, 20, 8, tzinfo=UTC), None)),
    ],
)
def test_a_time_is_an_instant_or_an_age(text, meant):
    assert since_from(text) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "2", "-2h", "2026-13-01", "9999999h"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(Invalid):
        since_from(text)
