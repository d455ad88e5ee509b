"""B250: no log line, column, message, metric, audit event or error holds a token, a password or the bus key."""

from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import pytest

from app.domain.credentials import TokenKind
from tests.builders import PASSWORD
from tests.faults.processes import HOST, beat_process
from tests.faults.world import World
from tests.security.full_run import FullRun
from tests.security.secrets_used import SecretsUsed
from tests.security.written import logs_in, metrics_of, recorded, rows_of


async def _run(world: World, used: SecretsUsed) -> tuple[FullRun, bytes]:
    daemon_token = used.token(TokenKind.DAEMON)
    daemon = world.make.account("daemon")
    async with AsyncExitStack() as stack:
        variables = {"CUTOFF_DAEMON_TOKEN": daemon_token, "CUTOFF_DAEMON_ACCOUNT": str(daemon.account_id)}
        variables["CUTOFF_SIGN_IN_ATTEMPTS"] = "1000"
        node = await stack.enter_async_context(world.another_node("node-3", variables))
        beat = beat_process("beat", world.environment(), world.folder)
        beat.start()
        stack.callback(beat.kill)
        run = FullRun(world, node, used)
        await run(daemon_token=daemon_token)
        # It has sent its first tasks.
        await world.until(lambda: "Sending due task" in beat.log, "beat does nothing")
        return run, metrics_of(f"http://{HOST}:{node.port}")


@pytest.mark.timeout(180)
def test_after_a_full_run_no_secret_is_written_down_anywhere(world: World) -> None:
    used = SecretsUsed()
    assert world.settings.bus_key is not None
    used.note("the bus key", world.settings.bus_key.get_secret_value())
    used.note("the password", PASSWORD)
    for url in (world.postgres.url, world.redis.url):
        used.note("a server's password", str(urlsplit(url).password))
    with recorded(world.redis.url) as messages:
        run, metrics = world.run(_run(world, used))
    written = {
        **logs_in(world.folder),
        **rows_of(world.postgres.url),
        "messages": bytes(messages),
        "metrics": metrics,
        "answers": b"\n".join(run.said),
    }
    assert {401, 403, 404, 422, 500} <= run.statuses
    assert b"request_failed" in written["log node-3.log"]
    assert b'"publish" "cutoff:close"' in written["messages"].lower()
    assert b"worker.tasks" in written["log worker.log"]
    assert b"reuse" in written["table audit_event"]
    assert used.count > 15
    assert {name: found for name, text in written.items() if (found := used.found_in(text))} == {}


def test_a_secret_that_is_written_down_is_found_in_any_spelling() -> None:
    used = SecretsUsed()
    token = used.token(TokenKind.API)
    password = used.password("mine")
    for spelling in (token, token.encode().hex(), token.removeprefix(TokenKind.API), password.encode().hex()):
        assert used.found_in(f"\n...{spelling}...".encode())
    assert not used.found_in(b"nothing here")
