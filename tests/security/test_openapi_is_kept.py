"""Schemathesis: whatever a signed-in caller sends that the API's description allows, the answer is as described."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.builders import MadeOrganization, MadeSession
from tests.faults.processes import HOST, NodeProcess
from tests.faults.world import World

EXAMPLES_OF_AN_OPERATION = 12
TIMEOUT_S = 30.0
ENDS_THE_CALLER = ("/v1/auth/logout", "/v1/sessions/terminate-all", "/v1/auth/password")
CHECKS: list[CheckFunction] = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


class Callers:
    """Global Admins, one of whom is admin of an organization: there is hardly anything that they may not do."""

    def __init__(self, world: World) -> None:
        self._make = world.make
        self.organization: MadeOrganization = world.make.organization()
        self._lasting = _bearer(world.make.session(world.make.account("caller", is_global_admin=True)))
        self._account = world.make.account("passing", is_global_admin=True)

    def headers(self, path: str) -> dict[str, str]:
        """What ends the caller's session is asked for by somebody else, who signs in each time."""
        return _bearer(self._make.session(self._account)) if path in ENDS_THE_CALLER else self._lasting


def _bearer(session: MadeSession) -> dict[str, str]:
    return {"Authorization": f"Bearer {session.token}"}


def _play(node: NodeProcess, callers: Callers) -> tuple[int, set[int]]:
    schema = schemathesis.openapi.from_url(f"http://{HOST}:{node.port}/openapi.json")
    count, statuses = 0, set[int]()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES_OF_AN_OPERATION,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_ours=st.booleans())
        def try_it(case: Any, is_ours: bool) -> None:
            if is_ours and "org" in case.path_parameters:
                case.path_parameters["org"] = callers.organization.slug
            answer = case.call(headers=callers.headers(case.path), timeout=TIMEOUT_S)
            statuses.add(answer.status_code)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            case.validate_response(answer, checks=CHECKS)

        try_it()
        count += 1
    return count, statuses


@pytest.mark.timeout(180)
def test_every_operation_answers_as_it_is_described(world: World) -> None:
    async def played() -> tuple[int, set[int]]:
        node_settings = {"CUTOFF_SIGN_IN_ATTEMPTS": "100000", "CUTOFF_WAIT_LIMIT": "1"}
        async with world.another_node("node-4", node_settings) as node:
            callers = await asyncio.to_thread(Callers, world)
            return await asyncio.to_thread(_play, node, callers)

    operations, statuses = world.run(played())
    assert operations > 25
    assert {200, 201, 202, 404, 422} <= statuses
