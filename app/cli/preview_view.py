"""A preview, for people and for programs."""

import json
from dataclasses import asdict

from app.domain.previews import Preview

__all__ = ["preview_as_json", "preview_in_words"]


def preview_in_words(preview: Preview) -> str:
    """Such as: 3 sessions (1 of them support access), 2 API tokens; 5 sockets closed (4001) on 2 nodes."""
    credentials = [
        _of_sessions(preview),
        _so_many(preview.api_tokens, "API token"),
        _so_many(preview.grants, "support grant"),
    ]
    sockets = [_so_many(preview.closes, "socket") + " closed (4001)" if preview.closes else ""]
    if preview.reconnects:
        sockets.append(f"{_so_many(preview.reconnects, 'socket')} asked to reconnect (4005)")
    ended = ", ".join(each for each in credentials if each) or "no credential"
    closed = " and ".join(each for each in sockets if each)
    where = f"; {closed} on {_so_many(preview.nodes, 'node')}" if closed else "; no socket"
    return f"{ended}{where}.{_unheard(preview)}"


def preview_as_json(preview: Preview) -> str:
    """The members that the HTTP API shows."""
    return json.dumps(asdict(preview))


def _of_sessions(preview: Preview) -> str:
    notes = [
        f"{count} of them {what}"
        for count, what in (
            (preview.support_sessions, "support access"),
            (preview.dormant_sessions, "expired, but renewable"),
        )
        if count
    ]
    sessions = _so_many(preview.sessions, "session")
    return f"{sessions} ({', '.join(notes)})" if sessions and notes else sessions


def _so_many(count: int, what: str) -> str:
    """Nothing for none."""
    return f"{count} {what}{'' if count == 1 else 's'}" if count else ""


def _unheard(preview: Preview) -> str:
    silent = _so_many(preview.silent_nodes, "node")
    return f" {silent} not heard of may hold more." if silent else ""
