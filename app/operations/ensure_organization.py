"""An organization is there, whoever made it."""

from sqlalchemy import Connection

from app.data.organizations import find_organization
from app.domain.errors import Conflict
from app.domain.ids import OrgId
from app.operations.create_organization import create_organization

__all__ = ["ensure_organization"]


def ensure_organization(db: Connection, *, slug: str, name: str) -> OrgId:
    """There is an organization of that slug, new or not; one that was there keeps its name. Raises: Invalid."""
    try:
        return create_organization(db, slug=slug, name=name)
    except Conflict:
        found = find_organization(db, slug)
        if found is None:  # deleted in this very moment
            raise
        return found.org_id
