from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.ids import NodeId
from app.domain.node_report import NodeReport
from app.operations.report_node import report_node
from tests.http.world import World


def report(**changed: object) -> NodeReport:
    usual: dict[str, object] = {
        "node_id": NodeId(uuid7()),
        "name": "n1",
        "number": 1,
        "policy": "hold",
        "lease": timedelta(seconds=3),
        "system_identifier": None,
        "timeline": None,
        "snapshot": None,
        "is_current": True,
        "is_subscribed": False,
        "tail_age": timedelta(seconds=0.5),
        "doorbell_age": None,
        "sockets": 3,
        "pending": 0,
        "outcomes": (),
    }
    return NodeReport(**{**usual, **changed})  # type: ignore[arg-type]


async def test_global_admins_see_the_nodes_and_which_of_them_is_deaf(world: World):
    """B264."""
    with world.database.session() as db:
        report_node(db, report(), perform_within=timedelta(seconds=2))
    root = await world.sign_in("root")
    (shown,) = (await root.get("/v1/nodes")).json()["items"]
    assert (shown["name"], shown["sockets"], shown["lease"]) == ("n1", 3, 3.0)
    assert (shown["is_current"], shown["is_subscribed"], shown["doorbell_age"]) == (True, False, None)


async def test_nobody_else_sees_the_nodes(world: World):
    olga = await world.sign_in("olga")
    assert (await olga.get("/v1/nodes")).status_code == 403
