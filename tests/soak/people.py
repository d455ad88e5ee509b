"""Who has the sockets: accounts with a few sessions and API tokens each, and a session without sockets that acts for them."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from tests.builders import Builders, MadeAccount, MadeSession

CREDENTIALS_OF_AN_ACCOUNT = 8
_numbers = itertools.count()


@dataclass(slots=True)
class Credential:
    """`refresh_token` is the current one of a session."""

    kind: Literal["session", "api_token"]
    id: UUID
    token: str
    refresh_token: str = ""
    key: str = field(default_factory=lambda: f"credential-{next(_numbers)}")


@dataclass(slots=True)
class Person:
    account: MadeAccount
    actor: MadeSession
    credentials: list[Credential]


class People:
    """Blocking, like everything that makes rows."""

    def __init__(self, make: Builders) -> None:
        self._make = make

    def many(self, credentials: int) -> list[Person]:
        counts = [CREDENTIALS_OF_AN_ACCOUNT] * (credentials // CREDENTIALS_OF_AN_ACCOUNT)
        return [self.person(count) for count in (*counts, credentials % CREDENTIALS_OF_AN_ACCOUNT) if count]

    def person(self, credentials: int) -> Person:
        """Two sessions in three credentials, an API token in the third."""
        account = self._make.account()
        person = Person(account, self._make.session(account), [])
        person.credentials += self._credentials(person, credentials)
        return person

    def replaced(self, person: Person, ended: list[Credential]) -> list[Credential]:
        """As many new ones of the same kinds; `person` has them in place of those that ended."""
        new = [self._session(person) if each.kind == "session" else self._api_token(person) for each in ended]
        person.credentials = [each for each in person.credentials if each not in ended] + new
        return new

    def _credentials(self, person: Person, count: int) -> Iterator[Credential]:
        for number in range(count):
            yield self._api_token(person) if number % 3 == 2 else self._session(person)

    def _session(self, person: Person) -> Credential:
        made = self._make.session(person.account)
        return Credential("session", made.session_id, made.token, made.refresh_token)

    def _api_token(self, person: Person) -> Credential:
        made = self._make.api_token(person.actor)
        return Credential("api_token", made.api_token_id, made.token)
