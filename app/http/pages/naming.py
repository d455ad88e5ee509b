"""Names in the place of ids, where the visitor may know them."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from fastapi import Request

from app.http.deps import deps_of
from app.operations.name_accounts import name_accounts
from app.operations.read_visitor import Visitor

__all__ = ["names_in", "opens_accounts"]


async def names_in(
    request: Request, visitor: Visitor, people: Iterable[UUID | str | None]
) -> Mapping[str, str]:
    """The e-mail addresses, by id as text, of those that the visitor may know, for the macro `person`."""
    ids = sorted({str(each) for each in people if each is not None})
    if not ids:
        return {}
    return await deps_of(request).bridge.run(name_accounts, caller=visitor.caller, account_ids=ids)


def opens_accounts(visitor: Visitor) -> bool:
    """Whether a name leads to the account's page: for those who administer somebody."""
    return visitor.caller.is_global_admin or any(
        each.role == "admin" for each in visitor.account.organizations
    )
