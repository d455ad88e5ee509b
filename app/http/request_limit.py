"""No request body is read beyond a limit, whatever its headers promise."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.problems import problem

__all__ = ["RequestLimit"]


class RequestLimit:
    """Answers 413 to a body of more than `limit` bytes: by its declared length, else as soon as it is too long."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request has been answered, by the application or with 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _declared_length(scope) > self._limit:
            answer = problem(
                "too_large", 413, title="The request is too large.", headers={"Connection": "close"}
            )
            await answer(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        return counting


def _declared_length(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0
