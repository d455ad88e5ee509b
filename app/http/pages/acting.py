"""What a page's button does: the same durable request as the API's, and then the receipt."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.domain.closing import Reason
from app.domain.revocation_request import RevocationKind
from app.http.cookies import clear_cookie
from app.http.deps import deps_of
from app.http.idempotency import idempotency_of
from app.http.identity import presented_by
from app.http.pages.forms import FORM_KEY
from app.http.pages.rendering import PAGE_HEADERS
from app.http.revoking import Ask, make_durable
from app.operations.read_visitor import Visitor

__all__ = ["act", "see_other"]


async def act(
    request: Request,
    visitor: Visitor,
    ask: Ask,
    *,
    kind: RevocationKind,
    fields: Mapping[str, str],
    attempted_id: UUID | None = None,
    digest_secret: str | None = None,
    signs_out: Reason | None = None,
) -> Response:
    """What `ask` asks for is durable and on its way; the browser goes on to its receipt.

    `fields` are the form's, of which the hidden key makes a second press the same request. `signs_out`: it ends
    the session that the page was shown to, so the browser goes to the sign-in page, which says that reason.
    Raises: what `ask` does; the refusal is on record as `kind` with the `attempted_id`.
    """
    said = {name: value for name, value in fields.items() if name != FORM_KEY}
    idempotency = idempotency_of(
        fields.get(FORM_KEY),
        method=request.method,
        path=request.url.path,
        body=said,
        account_id=visitor.caller.account_id,
        secret=digest_secret,
    )
    requested = await make_durable(
        request, visitor.caller, ask, kind=kind, idempotency=idempotency, attempted_id=attempted_id
    )
    if signs_out is None:
        return see_other(f"/receipts/{requested.revocation_id}")
    response = see_other(f"/sign-in?reason={signs_out.value}")
    cookie = presented_by(request).cookie
    if cookie is not None:
        clear_cookie(response, cookie, settings=deps_of(request).settings)
    return response


def see_other(path: str) -> Response:
    """The browser goes there with a GET, so that reloading repeats nothing."""
    return RedirectResponse(path, 303, headers=PAGE_HEADERS)
