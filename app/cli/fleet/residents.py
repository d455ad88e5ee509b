"""The accounts that `cutoff up` prints: a member, an admin of an organization, a Global Admin; and the daemon's."""

from collections.abc import Mapping

from app.cli.database import opened_database
from app.cli.fleet.accounts import account_named, organization_named
from app.cli.fleet.installation import Installation
from app.cli.migrate import migrate
from app.config import Settings
from app.data.engine import Database
from app.operations.passwords import hash_password
from app.operations.set_role import set_role

__all__ = ["ORGANIZATION", "RESIDENTS", "prepare_database"]

ORGANIZATION = "acme"
RESIDENTS: Mapping[str, str] = {
    "member": "a member of the organization acme",
    "admin": "an admin of acme, who gives and revokes support access",
    "global": "a Global Admin, who may work under a grant",
}


def prepare_database(settings: Settings, installation: Installation) -> dict[str, str]:
    """The database has our tables and the demo accounts; what the nodes must know about the daemon."""
    migrate(settings)
    with opened_database(settings, purpose="up") as database:
        return _settle(database, installation)


def _settle(database: Database, installation: Installation) -> dict[str, str]:
    password_hash = hash_password(installation.demo_password)
    org_id = organization_named(database, ORGANIZATION)
    member_id = account_named(database, "member", password_hash=password_hash)
    admin_id = account_named(database, "admin", password_hash=password_hash)
    account_named(database, "global", password_hash=password_hash, is_global_admin=True)
    daemon_id = account_named(database, "daemon", password_hash=password_hash)
    database.transact(set_role, account_id=member_id, org_id=org_id, role="member")
    database.transact(set_role, account_id=admin_id, org_id=org_id, role="admin")
    return {"CUTOFF_DAEMON_TOKEN": installation.daemon_token, "CUTOFF_DAEMON_ACCOUNT": str(daemon_id)}
