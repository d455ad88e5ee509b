"""What ended by SQL is on the trail too, with numbers in its receipt."""

from app.data.engine import Database
from app.domain.ids import RevocationId
from app.operations.answer_canary import answer_canary, canary_age
from app.operations.read_receipt import read_receipt_as_operator
from app.operations.record_direct_ends import record_direct_ends
from tests.builders import Builders
from tests.operations.performing import Facts


def sweep(database: Database) -> int:
    with database.session() as db:
        return record_direct_ends(db)


def test_each_account_that_a_statement_touched_gets_one_event_and_its_numbers(
    database: Database, facts: Facts, make: Builders
):
    """B86."""
    account = make.account()
    make.api_token(make.session(account))
    make.session(account)
    make.session()
    facts.run("UPDATE session SET terminated_at = now()")
    facts.run("DELETE FROM api_token")
    closures = facts.closures()

    assert (sweep(database), sweep(database)) == (3, 0)

    assert facts.closures() == closures, "the audit guard appends nothing for them"
    rows = facts.rows("SELECT * FROM revocation WHERE account_id = %(id)s", id=account.account_id)
    assert {(row["kind"], row["sessions_ended"], row["tokens_ended"]) for row in rows} == {
        ("session_revoke", 2, 0),
        ("token_revoke", 0, 1),
    }
    for row in rows:
        (event,) = facts.successes(RevocationId(row["id"]))
        assert (event["actor_id"], event["metadata"]["source"]) == (None, "direct")
    with database.session() as db:
        receipt = read_receipt_as_operator(db, RevocationId(rows[0]["id"]))
    assert (receipt.source, receipt.is_confirmed) == ("direct", True)


def test_the_canary_is_as_old_as_its_last_answer(database: Database):
    with database.session() as db:
        assert canary_age(db) is None
        answer_canary(db)
        age = canary_age(db)
    assert age is not None
    assert 0 <= age.total_seconds() < 10
