"""`cutoff account`, as a process on a real database."""

import json

import pytest

from app.cli.exit_status import ExitStatus
from app.config import Settings
from app.data.engine import Database
from app.data.rows import all_rows
from app.operations.passwords import verify_password
from tests.cli.test_main import cutoff

PASSWORD = "correct horse battery staple"


def add(settings: Settings, *words: str, password: str = PASSWORD):
    return cutoff(
        "account",
        *words,
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        typed=f"{password}\n",
    )


def test_an_account_with_its_organization_can_sign_in(settings: Settings, database: Database):
    added = add(settings, "Root@Example.com", "--global-admin", "--org", "acme", "--org-admin", "--json")
    assert (added.returncode, added.stderr) == (0, "")
    with database.session() as db:
        (row,) = all_rows(
            db,
            """
            SELECT a.*, r.role, o.slug, o.id AS org FROM account a
              JOIN role_grant r ON r.account_id = a.id JOIN organization o ON o.id = r.org_id
            """,
        )
    assert json.loads(added.stdout) == {"account_id": str(row["id"]), "org_id": str(row["org"])}
    assert (row["email"], row["is_global_admin"], row["role"], row["slug"]) == (
        "root@example.com",
        True,
        "admin",
        "acme",
    )
    assert verify_password(row["password_hash"], PASSWORD)


def test_a_second_account_joins_the_organization_as_a_member(settings: Settings, database: Database):
    assert add(settings, "a@example.com", "--org", "acme").returncode == 0
    assert add(settings, "b@example.com", "--org", "acme").returncode == 0
    with database.session() as db:
        roles = all_rows(db, "SELECT role FROM role_grant")
    assert [row["role"] for row in roles] == ["member", "member"]


@pytest.mark.parametrize(
    ("words", "password", "status"),
    [
        (("b@example.com",), "p4ss", ExitStatus.CANNOT),
        (("a@example.com", "--org", "acme"), PASSWORD, ExitStatus.NOT_SO),
    ],
    ids=["a short password", "a taken address"],
)
def test_what_is_refused_is_one_sentence_and_adds_nothing(settings, database, words, password, status):
    assert add(settings, "a@example.com").returncode == ExitStatus.DONE
    refused = add(settings, *words, password=password)
    assert refused.returncode == status
    assert refused.stderr.count("\n") == 1
    assert password not in refused.stderr
    with database.session() as db:
        assert len(all_rows(db, "SELECT FROM account")) == 1
        assert not all_rows(db, "SELECT FROM organization")
