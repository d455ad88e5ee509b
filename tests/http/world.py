"""People, two organizations, and ways to ask the node and the database about them."""

from dataclasses import dataclass
from typing import Any

import httpx

from app.data.engine import Database
from app.data.rows import all_rows, run
from app.domain.ids import AccountId, OrgId
from app.operations.create_account import create_account
from app.operations.create_organization import create_organization
from app.operations.set_role import set_role
from tests.builders import FIREFOX, PASSWORD, PASSWORD_HASH
from tests.http.parts import ORIGIN

__all__ = ["PASSWORD", "UNKNOWN", "Signed", "World", "make_world", "same_but_for_the_request_id"]

UNKNOWN = "0192f0c4-0000-7000-8000-000000000001"


@dataclass
class Signed:
    """Somebody who is signed in: each request carries the session's token, or whatever `headers` say."""

    client: httpx.AsyncClient
    headers: dict[str, str]
    account_id: str
    session_id: str
    session_token: str
    refresh_token: str

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("POST", path, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("DELETE", path, **more)

    async def is_alive(self) -> bool:
        return (await self.get("/v1/audit-events")).status_code == 200

    async def api_token(self, **body: Any) -> "Signed":
        """The same account, with a new API token in the session's place; `session_id` is the token's id."""
        answer = await self.post("/v1/api-tokens", json={"name": "a token", **body})
        assert answer.status_code == 201, answer.text
        issued = answer.json()
        return Signed(
            client=self.client,
            headers={"authorization": f"Bearer {issued['token']}"},
            account_id=self.account_id,
            session_id=issued["api_token"]["id"],
            session_token=issued["token"],
            refresh_token="",
        )


@dataclass
class World:
    """alice and olga belong to acme, which olga is admin of; bob and zoe to zeta, zoe's; root and ruth are Global Admins."""

    database: Database
    client: httpx.AsyncClient
    accounts: dict[str, AccountId]
    acme: OrgId
    zeta: OrgId

    async def sign_in(self, name: str, password: str = PASSWORD) -> Signed:
        body = {"email": f"{name}@cutoff.test", "password": password}
        answer = await self.client.post("/v1/auth/login", json=body, headers={"user-agent": FIREFOX})
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        return Signed(
            client=self.client,
            headers={"authorization": f"Bearer {tokens['session_token']}"},
            account_id=tokens["account_id"],
            session_id=tokens["session_id"],
            session_token=tokens["session_token"],
            refresh_token=tokens["refresh_token"],
        )

    async def sign_in_with_cookie(self, name: str) -> tuple[str, dict[str, str]]:
        """The session's id, and the headers of our own page with its cookie."""
        body = {"email": f"{name}@cutoff.test", "password": PASSWORD, "cookie": True}
        answer = await self.client.post("/v1/auth/login", json=body, headers={"origin": ORIGIN})
        assert answer.status_code == 200, answer.text
        token = answer.cookies["cutoff_session"]
        self.client.cookies.clear()
        return answer.json()["session_id"], {"cookie": f"cutoff_session={token}", "origin": ORIGIN}

    def rows(self, sql: str, **params: object) -> list[dict[str, Any]]:
        with self.database.session() as db:
            return [dict(row) for row in all_rows(db, sql, **params)]

    def count(self, table: str, where: str = "true") -> int:
        return int(self.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0]["n"])

    def run(self, sql: str, **params: object) -> int:
        with self.database.session() as db:
            return run(db, sql, **params)

    def traces(self) -> tuple[int, int, int]:
        """How many revocations, closures and successful ends there are: the same before and after what ends nothing."""
        ends = self.count("audit_event", "outcome = 'success' AND revocation_id IS NOT NULL")
        return self.count("revocation"), self.count("closure", "action = 'close'"), ends


def make_world(database: Database, client: httpx.AsyncClient) -> World:
    with database.session() as db:
        accounts = {
            name: create_account(
                db,
                email=f"{name}@cutoff.test",
                display_name=name.title(),
                password_hash=PASSWORD_HASH,
                is_global_admin=name in {"root", "ruth"},
            )
            for name in ("alice", "olga", "bob", "zoe", "root", "ruth")
        }
        acme = create_organization(db, slug="acme", name="Acme")
        zeta = create_organization(db, slug="zeta", name="Zeta")
        for member, admin, org_id in (("alice", "olga", acme), ("bob", "zoe", zeta)):
            set_role(db, account_id=accounts[member], org_id=org_id, role="member")
            set_role(db, account_id=accounts[admin], org_id=org_id, role="admin")
    return World(database=database, client=client, accounts=accounts, acme=acme, zeta=zeta)


def same_but_for_the_request_id(one: httpx.Response, other: httpx.Response) -> bool:
    """Same status, headers and body (B15)."""
    headers = [{k: v for k, v in each.headers.items() if k != "x-request-id"} for each in (one, other)]
    return (one.status_code, headers[0], one.text) == (other.status_code, headers[1], other.text)
