"""The shape of a preview."""

from app.http.shapes import View

__all__ = ["PreviewView"]


class PreviewView(View):
    """What would end if it were asked for now. Of `sessions`, `support_sessions` are under a grant, and `dormant_sessions`
    have expired, but a refresh would revive them.

    `closes` sockets would end with their credential (4001), `reconnects` be asked to come back (4005), on `nodes` nodes,
    as told within about a second. What `silent_nodes` hold, which are not heard of, nobody can say.
    """

    sessions: int
    support_sessions: int
    dormant_sessions: int
    api_tokens: int
    grants: int
    closes: int
    reconnects: int
    nodes: int
    silent_nodes: int
