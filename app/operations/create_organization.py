"""An organization is set up."""

import re

from sqlalchemy import Connection

from app.data.organizations import insert_organization
from app.domain.errors import Conflict, Invalid
from app.domain.ids import OrgId

__all__ = ["create_organization"]


def create_organization(db: Connection, *, slug: str, name: str) -> OrgId:
    """The organization exists, without members. Raises: Invalid; Conflict if the slug is taken."""
    if _SLUG.fullmatch(slug) is None:
        raise Invalid("slug", "not_lower_case_letters_digits_and_hyphens")
    org_id = insert_organization(db, slug=slug, name=name)
    if org_id is None:
        raise Conflict("slug_is_taken")
    return org_id


_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
