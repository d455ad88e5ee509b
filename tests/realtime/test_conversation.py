"""The end of a socket that was admitted but is not open yet, and what is said when an answer fails."""

from typing import Any

import pytest

from app.config import Settings
from app.data.engine import Database
from app.realtime.answers import DatabaseAnswers
from app.realtime.connection import Connection
from app.realtime.conversation import accepted
from tests.builders import Builders
from tests.realtime.nodes import a_node, echoes, entries_of, opened, quick, seen_close


class Said:
    """What was sent, in place of a server."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        self.messages.append(message)


async def test_what_was_closed_since_it_was_admitted_is_refused_instead(settings: Settings, make: Builders):
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        connection = entry.handle
        assert isinstance(connection, Connection)
        node.node.holder.registry.close_sockets_for_session(str(entry.token_hash))
        said = Said()
        assert not await accepted(connection, said)
        assert said.messages[0]["status"] == 401
        assert (await seen_close(socket)).code == 4001


async def test_an_answer_that_fails_closes_its_own_socket_and_no_other(
    settings: Settings, make: Builders, database: Database, monkeypatch: pytest.MonkeyPatch
):
    one, other = make.session(), make.session()

    def broken(*_: Any) -> str:
        raise ValueError("a bug")

    async with (
        a_node(quick(settings)) as node,
        opened(node, one.token) as fails,
        opened(node, other.token) as stays,
    ):
        with monkeypatch.context() as patched:
            patched.setattr(DatabaseAnswers, "at_once", broken)
            await fails.send('{"type": "whoami", "id": 1}')
            assert (await seen_close(fails)).told == (1011, "internal_error", None)
        assert await echoes(stays)
