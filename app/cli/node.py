"""`cutoff node`: the application under uvicorn, with the protocol that has the gate."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

import typer
import uvicorn

from app.cli.exit_status import ExitStatus
from app.cli.lean_imports import import_node
from app.cli.systemd import notify
from app.config import Settings, load_settings

__all__ = ["serve"]

BACKLOG = 4096
SHUTDOWN_MARGIN_S = 5
"""Beyond the close grace, for what is not a socket: requests in flight, transactions that finish."""
TICKS_PER_SECOND = 10
THREADS_GIVE_WAY_AFTER_S = 0.0005
"""So long at most the event loop waits for a thread of ours that computes: Python's 5 ms would be most of a late close."""
HTTP_PROTOCOL = "app.realtime.http_protocol:CutoffHttpProtocol"
PROTOCOL = "app.realtime.uvicorn_protocol:CutoffProtocol"


def serve(*, host: str, port: int, uds: Path | None, application: str) -> None:
    """Serves until SIGTERM or SIGINT, then closes every socket with 1012, and ends in bounded time."""
    settings = load_settings()
    import_node()
    # A module of one's own lies where the command was typed.
    sys.path.insert(0, "")
    _raise_open_files()
    server = _Server(_uvicorn_config(settings, host=host, port=port, uds=uds, application=application))
    sys.setswitchinterval(THREADS_GIVE_WAY_AFTER_S)
    with suppress(SystemExit):  # uvicorn's word for a start that failed, with a status of its own
        server.run()
    if not server.started:
        raise typer.Exit(ExitStatus.CANNOT)


class _Server(uvicorn.Server):
    """Tells systemd from the event loop itself that it turns: `WatchdogSec=` then kills one that is stuck."""

    async def on_tick(self, counter: int) -> bool:
        if counter == 0:
            notify("READY=1")
        if counter % TICKS_PER_SECOND == 0:
            notify("WATCHDOG=1")
        return await super().on_tick(counter)


def _uvicorn_config(
    settings: Settings, *, host: str, port: int, uds: Path | None, application: str
) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        uds=str(uds) if uds else None,
        loop="uvloop",
        http=HTTP_PROTOCOL,
        ws=PROTOCOL,
        ws_max_size=settings.frame_limit,
        # Heartbeats are ours: a server's ping would go on while a node holds.
        ws_ping_interval=None,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        # Whom to believe about addresses is ours to decide: CUTOFF_TRUSTED_PROXIES.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        lifespan="on",
        log_level="warning",
        backlog=BACKLOG,
        timeout_graceful_shutdown=int(settings.close_grace.total_seconds()) + SHUTDOWN_MARGIN_S,
    )


def _raise_open_files() -> None:
    """A socket is a file descriptor, and the usual soft limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
