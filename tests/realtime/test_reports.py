"""What a node tells the database: its row, what it closed, and the revocations that nobody else performs."""

import asyncio

from app.domain.errors import Unavailable
from app.domain.node_report import NodeReport
from app.operations.end_own_session import end_own_session
from app.operations.suspend_account import suspend_account
from tests.realtime.conditions import eventually
from tests.realtime.nodes import a_node, by_the_log_alone, echoes, opened, quick, seen_close
from tests.realtime.raw_peer import connected_peer


async def test_a_receipt_is_confirmed_with_what_each_node_closed(settings, make, hands):
    """B76, B82: bus, tail and audit guard all name the socket; it is counted once."""
    session = make.session()
    async with a_node(quick(settings, node_name="n1")) as node, opened(node, session.token) as socket:
        revocation_id = await hands.revoke(
            end_own_session, caller=session.caller, session_id=session.session_id
        )
        assert (await seen_close(socket)).code == 4001
        receipt = await hands.receipt(revocation_id, lambda receipt: receipt.is_confirmed and receipt.closed)
        (of_node,) = receipt.nodes
        assert (of_node.name, of_node.clean, of_node.closing) == ("n1", 1, 0)
        assert of_node.slowest_ms is not None
        generation = node.node.holder.currency.generation
        await eventually(lambda: node.node.holder.currency.generation > generation + 4)
        assert (await hands.receipt(revocation_id)).closed == 1


async def test_the_end_of_a_session_without_sockets_is_confirmed_with_none_closed(settings, make, hands):
    """B6: others are open on the node, and stay."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings)) as node, opened(node, bystander.token) as other:
        revocation_id = await hands.revoke(
            end_own_session, caller=session.caller, session_id=session.session_id
        )
        receipt = await hands.receipt(revocation_id, lambda receipt: receipt.is_confirmed)
        assert (receipt.sessions_ended, receipt.closed, receipt.closing) == (1, 0, 0)
        assert await echoes(other)


async def test_a_receipt_tells_what_is_still_closing_from_what_is_closed(settings, make, hands):
    """B87: one peer says goodbye, the other one never answers."""
    session = make.session()
    async with a_node(quick(settings, close_grace=2)) as node, opened(node, session.token) as willing:
        async with connected_peer(node, token=session.token) as stubborn:
            await stubborn.read_response()
            assert "ready" in (await stubborn.read()).text
            revocation_id = await hands.revoke(
                end_own_session, caller=session.caller, session_id=session.session_id
            )
            assert (await seen_close(willing)).code == 4001
            under_way = await hands.receipt(revocation_id, lambda receipt: receipt.closed == 1)
            assert under_way.closing == 1
            await stubborn.read_to_end()
        over = await hands.receipt(revocation_id, lambda receipt: receipt.closed == 2)
        (of_node,) = over.nodes
        assert (of_node.closing, of_node.clean, of_node.aborted) == (0, 1, 1)


async def test_what_could_not_be_stored_is_owed_and_told_later(settings, make, hands):
    """A report that fails loses nothing and doubles nothing."""
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        with hands.connection() as somebody:
            somebody.execute("LOCK TABLE receipt_node")
            revocation_id = await hands.revoke(
                end_own_session, caller=session.caller, session_id=session.session_id
            )
            assert (await seen_close(socket)).code == 4001
            failed = asyncio.Event()
            report = node.node.reports.report

            async def watched():
                overdue = await report()
                if node.node.reports._unstored:
                    failed.set()
                return overdue

            node.node.reports.report = watched  # type: ignore[method-assign]
            await asyncio.wait_for(failed.wait(), 5)
        receipt = await hands.receipt(revocation_id, lambda receipt: receipt.closed > 0)
        assert receipt.closed == 1
        assert node.node.holder.books.take() == ()


async def test_outcomes_that_go_again_do_not_say_that_what_came_since_is_settled(settings, make, hands):
    """B76: two revocations, the second one while the first one's outcomes could not be stored."""
    first, second = make.session(), make.session()
    async with (
        a_node(quick(settings)) as node,
        opened(node, first.token) as one,
        opened(node, second.token) as two,
    ):
        reports, given = node.node.reports, list[NodeReport]()
        reports._bridge = _Watched(reports._bridge, given)  # type: ignore[assignment]
        with hands.connection() as somebody:
            somebody.execute("LOCK TABLE receipt_node")
            await hands.revoke(end_own_session, caller=first.caller, session_id=first.session_id)
            assert (await seen_close(one)).code == 4001
            await eventually(lambda: reports._unstored is not None)
            unstored = reports._unstored
            assert unstored is not None
            await hands.revoke(end_own_session, caller=second.caller, session_id=second.session_id)
            assert (await seen_close(two)).code == 4001
            await eventually(lambda: _again(given, unstored) > 1)
        await eventually(lambda: reports._unstored is None)
        await eventually(lambda: given[-1].snapshot != unstored.snapshot)
        assert {report.snapshot for report in given if report.number == unstored.number} == {
            unstored.snapshot
        }


def _again(given: list[NodeReport], report: NodeReport) -> int:
    return sum(each.number == report.number for each in given)


class _Watched:
    """In place of a node's bridge: it notes the reports that are handed to it."""

    def __init__(self, bridge, given) -> None:
        self._bridge, self._given = bridge, given

    async def run(self, operation, *args, **kwargs):
        self._given += [each for each in args if isinstance(each, NodeReport)]
        return await self._bridge.run(operation, *args, **kwargs)


async def test_a_revocation_that_nobody_performs_is_performed_by_a_node_once(settings, make, hands):
    """B75: two nodes see it; no worker is alive, and Redis is absent."""
    session, bystander = make.session(), make.session()
    slow = by_the_log_alone(settings, perform_within=0.5)
    async with a_node(slow) as one, a_node(slow) as two:
        async with opened(one, session.token) as socket, opened(two, bystander.token) as other:
            revocation_id = await hands.ask(
                end_own_session, caller=session.caller, session_id=session.session_id
            )
            assert await echoes(socket)
            assert (await seen_close(socket)).told == (4001, "session_revoked", "after_sign_in")
            assert await echoes(other)
            receipt = await hands.receipt(
                revocation_id, lambda receipt: receipt.audited_at is not None and receipt.closed
            )
            assert (receipt.sessions_ended, receipt.closed) == (1, 1)
            events = await hands.sql(
                "SELECT 1 FROM audit_event WHERE outcome = 'success' AND type = 'session_revoke'"
            )
            assert len(events) == 1


async def test_reports_go_on_while_an_overdue_revocation_waits_for_somebodys_lock(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings, perform_within=0.2, lock_timeout=20)) as node:
        with hands.connection() as somebody:
            somebody.execute("SELECT 1 FROM session FOR UPDATE")
            await hands.ask(end_own_session, caller=session.caller, session_id=session.session_id)
            begun = asyncio.Event()
            perform = node.node.reports._perform

            async def watched(revocation_id):
                begun.set()
                await perform(revocation_id)

            node.node.reports._perform = watched
            await asyncio.wait_for(begun.wait(), 5)
            (before,) = await hands.sql("SELECT seen_at FROM node")
            async with asyncio.timeout(5):
                while (await hands.sql("SELECT seen_at FROM node"))[0] == before:
                    await asyncio.sleep(0.05)


async def test_an_account_that_is_dead_by_its_stamp_is_counted_though_a_read_saw_it_before_the_log(
    settings, make, hands
):
    """The slow timer reads the credential between the commit and the next poll: the receipt counts the socket all the same."""
    account = make.account()
    session, admin = make.session(account), make.session(make.account(is_global_admin=True))
    slow = by_the_log_alone(settings, tail_interval=60, lease=180, reconcile_interval=1)
    async with a_node(slow) as node, opened(node, session.token) as socket:
        revocation_id = await hands.revoke(
            suspend_account, caller=admin.caller, account_id=account.account_id
        )
        assert (await seen_close(socket, within_s=5)).told == (4001, "account_suspended", "after_sign_in")
        receipt = await hands.receipt(revocation_id, lambda receipt: receipt.closed > 0)
        assert receipt.closed == 1


async def test_a_node_that_cannot_report_at_its_end_leaves_in_bounded_time(settings):
    async with a_node(quick(settings)) as node:

        async def unavailable(*_args, **_more):
            raise Unavailable("database")

        node.node.reports._bridge.run = unavailable  # type: ignore[method-assign]
        async with asyncio.timeout(5):
            await node.node.stop()
        del node.node.reports._bridge.run
