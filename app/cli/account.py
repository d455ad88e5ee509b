"""`cutoff account`: adds an account, for installations whose accounts come from nowhere else."""

import json
import sys

import typer

from app.cli.database import opened_database
from app.config import load_settings
from app.operations.add_account import add_account
from app.operations.passwords import check_new_password, hash_password

__all__ = ["add_and_print"]


def add_and_print(
    email: str, *, is_global_admin: bool, org: str | None, is_org_admin: bool, as_json: bool
) -> None:
    """The account can sign in. Its password is asked for, or read from a pipe. Raises: Invalid, Conflict."""
    settings = load_settings()
    password = _password()
    check_new_password(password, field="password")
    password_hash = hash_password(password)
    with opened_database(settings, purpose="account") as database:
        added = database.transact(
            add_account,
            email=email,
            password_hash=password_hash,
            is_global_admin=is_global_admin,
            org=org,
            role="admin" if is_org_admin else "member",
        )
    org_id = None if added.org_id is None else str(added.org_id)
    if as_json:
        print(json.dumps({"account_id": str(added.account_id), "org_id": org_id}))
    else:
        print(f"Added {email}: account {added.account_id}{f', organization {org_id}' if org_id else ''}.")


def _password() -> str:
    """Never an argument: everybody on the machine can read those."""
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\n")
