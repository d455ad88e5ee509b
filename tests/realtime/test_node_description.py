"""What a node's report says, asked of a running node."""

from datetime import timedelta

import pytest

from app.domain.closing import Reason
from app.domain.ids import TransactionId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.realtime.node_description import NodeDescription
from app.sockets.registry import Via
from tests.realtime.conditions import always, eventually
from tests.realtime.nodes import RunningNode, a_node, entries_of, opened, quick

NO_READ_OF_TODAY_SEES_IT = TransactionId(10**12)


@pytest.fixture
async def node(settings):
    async with a_node(quick(settings)) as node:
        yield node


def described(node: RunningNode) -> NodeDescription:
    return NodeDescription(node.node, node_id=node.node.node_id, name="it", lease=timedelta(seconds=3))


async def test_it_says_how_the_node_stands_and_what_it_holds(node, make):
    async with opened(node, make.session().token):
        report = described(node).report(7, ())
    assert (report.number, report.name, report.node_id) == (7, "it", node.node.node_id)
    assert (report.sockets, report.pending, report.is_current) == (1, 0, True)
    assert report.snapshot is not None


async def test_while_a_read_is_owed_the_position_before_it_is_reported(node, make):
    """B81: a receipt is not complete before what a recheck may close is closed."""
    session = make.session()
    describe, registry = described(node), node.node.holder.registry
    async with opened(node, session.token):
        (entry,) = entries_of(node)
        before = describe.report(1, ()).snapshot
        recheck = Closure(
            action=Action.RECHECK,
            target=Target(TargetKind.SESSION, session.token_hash),
            cause=Cause(reason=Reason.REVOKED, invalidates=frozenset(), transaction=NO_READ_OF_TODAY_SEES_IT),
        )
        registry.apply(recheck, via=Via.TAIL, generation=0)
        make.session()  # so that the next snapshot is another one
        await always(lambda: describe.report(2, ()).snapshot == before, for_s=0.6)
        registry.read_is_done(entry)
        await eventually(lambda: describe.report(3, ()).snapshot != before)
