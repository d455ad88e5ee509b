"""One small run of a whole fleet in which everything happens once: what works, what is refused, and what fails."""

import asyncio
import json
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from app.domain.credentials import TokenKind
from tests.builders import FIREFOX, PASSWORD, MadeAccount
from tests.faults.processes import HOST, NodeProcess
from tests.faults.world import World
from tests.security.secrets_used import SecretsUsed

OPEN_WITHIN_S = 10.0
ORIGIN = "http://evil.example"
RENAME = "ALTER TABLE session RENAME COLUMN {} TO {}"


class FullRun:
    """`said` is what the fleet told anybody, but for the answers and cookies that issue a token."""

    def __init__(self, world: World, node: NodeProcess, used: SecretsUsed) -> None:
        self.world = world
        self.node = node
        self.used = used
        self.said: list[bytes] = []
        self.statuses: set[int] = set()
        self._client = httpx.AsyncClient(base_url=f"http://{HOST}:{node.port}", timeout=30)

    async def __call__(self, *, daemon_token: str) -> None:
        async with self._client:
            make = self.world.make
            alice, admin = await asyncio.to_thread(
                lambda: (make.account("alice"), make.account("root", is_global_admin=True))
            )
            await self._refuse_sign_ins(alice)
            await self._misplace_tokens(await self._sign_in(alice))
            await self._refresh_and_reuse(await self._sign_in(alice))
            await self._open_sockets(alice, daemon_token)
            await self._fail(alice)
            await self._support(await self._sign_in(admin))
            await self._end_everything(alice, await self._sign_in(admin))

    async def ask(self, method: str, path: str, *, issues: bool = False, **more: Any) -> httpx.Response:
        answer = await self._client.request(method, path, **more)
        self._client.cookies.clear()
        self.statuses.add(answer.status_code)
        if not issues:
            self.said.append(repr(answer.headers.raw).encode() + answer.content)
        return answer

    async def _sign_in(self, account: MadeAccount, password: str = PASSWORD) -> dict[str, str]:
        body = {"email": account.email, "password": password}
        headers = {"user-agent": FIREFOX}
        answer = await self.ask("POST", "/v1/auth/login", json=body, headers=headers, issues=True)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, str] = answer.json()
        self.used.note("a session token", tokens["session_token"])
        self.used.note("a refresh token", tokens["refresh_token"])
        return tokens

    async def _refuse_sign_ins(self, account: MadeAccount) -> None:
        wrong, login = self.used.password("a wrong password"), "/v1/auth/login"
        body = {"email": account.email, "password": wrong}
        for changed in (
            {},
            {"email": "nobody@example.com"},
            {"email": wrong},
            {"password": [wrong]},
            {"password": wrong * 100},
            {"passwort": wrong},
            {"cookie": wrong},
        ):
            await self.ask("POST", login, json={**body, **changed})
        await self.ask(
            "POST", login, content=f'{{"password": "{wrong}"', headers={"content-type": "application/json"}
        )
        await self.ask("POST", login, data=body)
        await self.ask("POST", login, json=body, headers={"origin": ORIGIN})
        signed_in = {"email": account.email, "password": PASSWORD, "cookie": True}
        answer = await self.ask("POST", login, json=signed_in, issues=True)
        cookie = self.used.note("a cookie's token", answer.cookies["cutoff_session"])
        headers = {"cookie": f"cutoff_session={cookie}"}
        await self.ask("GET", "/v1/sessions", headers=headers)
        await self.ask("POST", "/v1/auth/logout", headers={**headers, "origin": ORIGIN})

    async def _misplace_tokens(self, tokens: dict[str, str]) -> None:
        """Where people put them who are in a hurry."""
        session, bearer = tokens["session_token"], _bearer(tokens["session_token"])
        unknown = self.used.token(TokenKind.SESSION)
        for headers in (_bearer(unknown), {"authorization": session}, {**bearer, "origin": ORIGIN}):
            await self.ask("GET", "/v1/sessions", headers=headers)
        for path in ("sessions/{}", "revocations/{}", "admin/sessions/{}", "api-tokens/{}"):
            await self.ask("DELETE", f"/v1/{path.format(session)}", headers=bearer)
        await self.ask("GET", f"/v1/audit-events?cursor={session}", headers=bearer)
        await self.ask(
            "GET", f"/{session}?access_token={session}", headers={**bearer, "x-request-id": session[:64]}
        )
        await self.ask("POST", "/v1/auth/refresh", json={"refresh_token": session})
        await self.ask("POST", "/v1/auth/refresh", json={"refresh_token": [session]})
        await self.ask("POST", "/v1/auth/refresh", json={"refresh_token": self.used.token(TokenKind.REFRESH)})

    async def _refresh_and_reuse(self, tokens: dict[str, str]) -> None:
        family = [tokens["refresh_token"]]
        for _ in range(3):
            body = {"refresh_token": family[-1]}
            answer = await self.ask("POST", "/v1/auth/refresh", json=body, issues=True)
            family.append(self.used.note("a next refresh token", answer.json()["refresh_token"]))
        reused = await self.ask("POST", "/v1/auth/refresh", json={"refresh_token": family[0]})
        assert reused.json()["reason"] == "refresh_token_reuse", reused.text

    async def _open_sockets(self, account: MadeAccount, daemon_token: str) -> None:
        tokens = await self._sign_in(account)
        bearer = _bearer(tokens["session_token"])
        issued = await self.ask("POST", "/v1/api-tokens", json={"name": "mine"}, headers=bearer, issues=True)
        api_token = self.used.note("an API token", issued.json()["token"])
        token_id = issued.json()["api_token"]["id"]
        for token in (tokens["session_token"], api_token, daemon_token):
            await self._talk(_bearer(token), token)
        await self._talk({"cookie": f"cutoff_session={tokens['session_token']}", "origin": ORIGIN}, "")
        await self._talk(_bearer(self.used.token(TokenKind.API)), "")
        await self._talk({}, tokens["session_token"], query=f"?token={tokens['session_token']}")
        await self.ask("GET", "/v1/sessions", headers=_bearer(api_token))
        await self.ask("DELETE", f"/v1/api-tokens/{token_id}", headers={**bearer, "prefer": "wait=10"})
        await self._talk(_bearer(api_token), "")

    async def _talk(self, headers: dict[str, str], secret: str, *, query: str = "") -> None:
        """Frames of many kinds, some of which name the token; whatever comes back is noted."""
        frames = [
            {"type": "whoami", "id": 1},
            {"type": "whoami", "id": 2, "token": secret},
            {"type": secret, "id": 3},
            {"type": "org", "id": 4, "org": "acme", "action": secret},
        ]
        try:
            async with connect(
                f"{self.node.websocket}{query}",
                additional_headers=headers,
                subprotocols=[Subprotocol(secret)] if secret else None,
                open_timeout=OPEN_WITHIN_S,
                proxy=None,
            ) as socket:
                for frame in frames:
                    await socket.send(json.dumps(frame))
                self.said += [str(await socket.recv()).encode() for _ in range(len(frames) + 1)]
                await socket.send(f'{{"{secret}')
                self.said.append(str(await socket.recv()).encode())
                await socket.send(secret.encode())
                self.said.append(str(await socket.recv()).encode())
        except InvalidHandshake as refused:
            self.said.append(
                repr(vars(refused.response) if hasattr(refused, "response") else refused).encode()
            )
        except ConnectionClosed as closed:
            self.said.append(repr(closed).encode())

    async def _fail(self, account: MadeAccount) -> None:
        """The tables are not as the code wants them: everything that reads or writes sessions is a bug, told as 500."""
        tokens = await self._sign_in(account)
        for column in ("user_agent", "absolute_expires_at"):
            await self.world.hands.commit(RENAME.format(column, "gone"))
            try:
                await self.ask("POST", "/v1/auth/login", json={"email": account.email, "password": PASSWORD})
                await self.ask("GET", "/v1/sessions", headers=_bearer(tokens["session_token"]))
                await self.ask("POST", "/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
                await self._talk(_bearer(tokens["session_token"]), "")
            finally:
                await self.world.hands.commit(RENAME.format("gone", column))

    async def _support(self, tokens: dict[str, str]) -> None:
        make = self.world.make
        organization = await asyncio.to_thread(make.organization)
        self.used.note("the organization admin's token", organization.admin.token)
        await asyncio.to_thread(make.grant, organization)
        path, headers = f"/v1/orgs/{organization.slug}/support-sessions", _bearer(tokens["session_token"])
        opened = await self.ask("POST", path, json={}, headers=headers, issues=True)
        token = self.used.note("a support session's token", opened.json()["session_token"])
        await self._talk(_bearer(token), token)
        await self.ask(
            "GET", f"/v1/orgs/{organization.slug}/support-grants", headers=_bearer(organization.admin.token)
        )
        await self.ask("POST", "/v1/auth/logout", headers={**_bearer(token), "prefer": "wait=10"})

    async def _end_everything(self, account: MadeAccount, admin: dict[str, str]) -> None:
        tokens, wrong = await self._sign_in(account), self.used.password("another wrong password")
        new, bearer = self.used.password("the new password"), _bearer(tokens["session_token"])
        for current in (wrong, PASSWORD):
            body = {"current_password": current, "new_password": new}
            headers = {**bearer, "idempotency-key": "once", "prefer": "wait=10"}
            await self.ask("POST", "/v1/auth/password", json=body, headers=headers)
        tokens = await self._sign_in(account, new)
        headers = {**_bearer(admin["session_token"]), "prefer": "wait=10"}
        suspended = await self.ask(
            "POST", f"/v1/admin/accounts/{account.account_id}/suspend", headers=headers
        )
        assert suspended.status_code == 200, suspended.text
        await self._talk(_bearer(tokens["session_token"]), "")
        await self.ask("GET", "/v1/audit-events", headers=_bearer(admin["session_token"]))
        await self.ask("GET", "/v1/nodes", headers=_bearer(admin["session_token"]))


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
