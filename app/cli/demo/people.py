"""Accounts to sign in with: made in the database, since the product has no sign-up; the rest goes over HTTP."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg

from app.cli.demo.api import Answer, Api
from app.cli.fleet.accounts import NewAccount, insert_account, insert_organization
from app.cli.fleet.fleet import NodeAddress

__all__ = ["ApiToken", "People", "Person", "SignedIn"]

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Person:
    """An account, before it signs in anywhere."""

    account_id: UUID
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

    def __init__(
        self, database_url: str, nodes: tuple[NodeAddress, ...], *, password: str, password_hash: str
    ) -> None:
        self._database_url = database_url
        self._nodes = nodes
        self._password = password
        self._password_hash = password_hash
        self._signed_in = 0

    async def person(self, *, is_global_admin: bool = False, admin_of: UUID | None = None) -> Person:
        """A new account; with `admin_of`, an admin of that organization."""
        account = NewAccount(
            password_hash=self._password_hash, is_global_admin=is_global_admin, admin_of=admin_of
        )
        await asyncio.to_thread(self._in_database, insert_account, account)
        return Person(account.account_id, account.email, self._password)

    async def organization(self) -> UUID:
        """A new organization."""
        org_id: UUID = await asyncio.to_thread(self._in_database, insert_organization, None)
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

    def _in_database(self, work: Any, subject: Any) -> Any:
        with psycopg.connect(self._database_url) as connection:
            return work(connection) if subject is None else work(connection, subject)
