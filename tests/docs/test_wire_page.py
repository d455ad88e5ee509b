"""The frames that `docs/wire.md` shows are frames that the code takes, and makes."""

import json

from app.realtime.messages import Echo, Logout, OrgAction, Whoami, error_frame, parse_request
from tests.docs.blocks import ROOT, blocks_of

READY, REQUESTS, ERROR = (
    json.loads(block.text) for block in blocks_of("docs/wire.md") if block.language == "json"
)
PAGE = (ROOT / "docs" / "wire.md").read_text()


def test_each_request_is_taken_and_none_is_missing():
    kinds = [type(parse_request(json.dumps(request))) for request in REQUESTS]
    assert kinds == [Whoami, Echo, OrgAction, Logout]


def test_each_member_of_a_request_is_shown():
    shown = {request["type"]: set(request) for request in REQUESTS}
    for kind in (Whoami, Echo, OrgAction, Logout):
        (name,) = kind.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
        assert shown[name] == set(kind.model_fields)


def test_the_problem_is_one_that_is_made():
    assert json.loads(error_frame(ERROR["problem"], ERROR["id"])) == ERROR


def test_what_is_said_first_is_what_a_node_says():
    """The quick start's own test reads such a frame from a real node."""
    assert list(READY) == ["type", "connection_id", "node", "credential"]
