"""The accounts that `cutoff up` prints: a member, an admin of an organization, a Global Admin, and the daemon."""

from collections.abc import Mapping

import psycopg

from app.cli.fleet.accounts import NewAccount, insert_account, insert_organization
from app.cli.fleet.installation import Installation
from app.cli.migrate import migrate
from app.config import Settings
from app.operations.passwords import hash_password

__all__ = ["RESIDENTS", "prepare_database"]

ORGANIZATION = "acme"
RESIDENTS: Mapping[str, str] = {
    "member": "a member of the organization acme",
    "admin": "an admin of acme, who gives and revokes support access",
    "global": "a Global Admin, who may work under a grant",
}


def prepare_database(settings: Settings, installation: Installation) -> dict[str, str]:
    """The database has our tables and the demo accounts; what the nodes must know about the daemon."""
    migrate(settings)
    password_hash = hash_password(installation.demo_password)
    with psycopg.connect(settings.database_url) as connection:
        org_id = insert_organization(connection, ORGANIZATION)
        for account in (
            NewAccount(name="member", password_hash=password_hash, member_of=org_id),
            NewAccount(name="admin", password_hash=password_hash, admin_of=org_id),
            NewAccount(name="global", password_hash=password_hash, is_global_admin=True),
        ):
            insert_account(connection, account)
        daemon_id = insert_account(connection, NewAccount(name="daemon", password_hash=password_hash))
    return {"CUTOFF_DAEMON_TOKEN": installation.daemon_token, "CUTOFF_DAEMON_ACCOUNT": str(daemon_id)}
