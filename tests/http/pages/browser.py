"""A browser without JavaScript: it keeps cookies, says where a form was sent from, and reads what is in a page."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.http.parts import ORIGIN
from tests.http.world import PASSWORD

__all__ = ["Browser", "Form"]


@dataclass
class Form:
    """A form of the page: where it goes, and what it would send."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=told["action"], method=told.get("method", "get")))
        elif tag in {"input", "select", "textarea"} and self.forms and "name" in told:
            self.forms[-1].fields[told["name"]] = told.get("value", "")


@dataclass
class Browser:
    """One person's; `seen` is the last page."""

    client: httpx.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)
    seen: httpx.Response | None = None

    async def open(self, path: str, **headers: str) -> httpx.Response:
        return await self._ask("GET", path, headers)

    async def send(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """A form is sent; headers come from our own page unless they say otherwise."""
        ours = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", path, {**ours, **headers}, data=fields or {})

    async def press(self, action: str, **filled_in: str) -> httpx.Response:
        """The page's one form with that address is filled in and sent."""
        matching = [form for form in self.forms if re.fullmatch(action, form.action)]
        assert len(matching) == 1, [form.action for form in self.forms]
        return await self.send(matching[0].action, {**matching[0].fields, **filled_in})

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return await self.send("/sign-in", {"email": f"{name}@cutoff.test", "password": password})

    @property
    def forms(self) -> list[Form]:
        assert self.seen is not None
        parser = _Forms()
        parser.feed(self.seen.text)
        return parser.forms

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], data: dict[str, str] | None = None
    ) -> httpx.Response:
        self.client.cookies.clear()
        if self.cookies:
            headers = {**headers, "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        answer = await self.client.request(
            method, path, headers={"accept": "text/html", **headers}, data=data, follow_redirects=False
        )
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        for told in answer.headers.get_list("set-cookie"):
            if "Max-Age=0" in told:
                self.cookies.pop(told.partition("=")[0], None)
        self.seen = answer
        return answer
