"""Accounts to sign in with. They are set up in the database, since the product has no sign-up; the rest goes over HTTP."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from uuid_utils.compat import uuid7

from app.cli.demo.api import Answer, Api
from app.cli.fleet.accounts import DOMAIN, account_named, organization_named
from app.cli.fleet.fleet import NodeAddress
from app.data.engine import Database
from app.domain.ids import AccountId, OrgId
from app.operations.passwords import hash_password
from app.operations.set_role import set_role

__all__ = ["ApiToken", "People", "Person", "SignedIn"]

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Person:
    """An account, before it signs in anywhere."""

    account_id: AccountId
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One session: its token, and the API on the node that it signed in at."""

    session_id: UUID
    token: str
    api: Api

    async def call(self, method: str, path: str, body: object = None) -> Answer:
        """The answer to a request with this session. Raises: CommandRefused."""
        return await asyncio.to_thread(self.api.call, method, path, body)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """One API token, shown once."""

    token_id: UUID
    token: str


class People:
    """Makes accounts, and signs them in at the nodes in turn."""

    def __init__(self, database: Database, nodes: tuple[NodeAddress, ...], *, password: str) -> None:
        self._database = database
        self._nodes = nodes
        self._password = password
        # One hash for all of them: it is slow on purpose.
        self._password_hash = hash_password(password)
        self._signed_in = 0

    async def person(self, *, is_global_admin: bool = False) -> Person:
        """A new account."""
        name = str(uuid7())
        account_id = await asyncio.to_thread(
            account_named,
            self._database,
            name,
            password_hash=self._password_hash,
            is_global_admin=is_global_admin,
        )
        return Person(account_id, f"{name}@{DOMAIN}", self._password)

    async def organization(self, admin: Person) -> OrgId:
        """A new organization with that admin."""
        org_id = await asyncio.to_thread(organization_named, self._database, f"demo-{uuid7()}")
        await asyncio.to_thread(
            self._database.transact, set_role, account_id=admin.account_id, org_id=org_id, role="admin"
        )
        return org_id

    async def sign_in(self, person: Person) -> SignedIn:
        """A new session of that account, at the next node."""
        node = self._nodes[self._signed_in % len(self._nodes)]
        self._signed_in += 1
        anonymous = Api(HOST, node.port)
        body = {"email": person.email, "password": person.password}
        answer = await asyncio.to_thread(anonymous.call, "POST", "auth/login", body)
        token = str(answer.body["session_token"])
        return SignedIn(UUID(answer.body["session_id"]), token, replace(anonymous, token=token))

    async def api_token(self, session: SignedIn) -> ApiToken:
        """A new API token of the session's account."""
        answer = await session.call("POST", "api-tokens", {"name": "demo"})
        return ApiToken(UUID(answer.body["api_token"]["id"]), str(answer.body["token"]))
