"""`/livez`, `/readyz`, `/healthz`: whether the process answers, and whether it should be sent sockets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from starlette.requests import Request

from app.http.deps import NodeState, deps_of

__all__ = ["routes"]

routes = APIRouter(tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: str = "alive"


class Readiness(BaseModel):
    """`status` is the first that applies of shutting_down, database_lost, held, refusing, doorbell_lost, current."""

    status: str
    is_ready: bool
    is_current: bool
    policy: str
    is_subscribed: bool
    is_database_reachable: bool
    is_shutting_down: bool
    why: list[str]


async def _readiness(request: Request) -> Readiness:
    node = deps_of(request).node
    return Readiness(
        status=_status(node),
        is_ready=node.takes_sockets and not node.is_shutting_down,
        is_current=node.is_current,
        policy=node.policy,
        is_subscribed=node.is_subscribed,
        is_database_reachable=node.is_database_reachable,
        is_shutting_down=node.is_shutting_down,
        why=list(node.why),
    )


Ready = Annotated[Readiness, Depends(_readiness)]


@routes.get("/livez")
async def livez() -> Live:
    """200 as long as the process can answer."""
    return Live()


@routes.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready, and why."}})
async def readyz(ready: Ready, response: Response) -> Readiness:
    """200 if the node takes sockets, else 503. A lost doorbell alone refuses nobody."""
    response.status_code = 200 if ready.is_ready else 503
    return ready


@routes.get("/healthz")
async def healthz(ready: Ready) -> Readiness:
    """What `/readyz` says, with 200 as long as the process can answer."""
    return ready


def _status(node: NodeState) -> str:
    if node.is_shutting_down:
        return "shutting_down"
    if not node.is_current:
        return "held" if node.is_database_reachable else "database_lost"
    if not node.is_database_reachable:
        return "database_lost"
    if not node.takes_sockets:
        return "refusing"
    return "current" if node.is_subscribed else "doorbell_lost"
