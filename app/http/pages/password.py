"""Changing one's password, which ends everything that the account is signed in with."""

from fastapi import Request, Response

from app.domain.closing import Reason
from app.domain.errors import CutoffError, Invalid, RateLimited, Unauthenticated
from app.domain.permissions import require_own_session
from app.domain.revocation_request import RevocationKind
from app.http.identity import presented_by
from app.http.pages.acting import act
from app.http.pages.forms import fields_of, filled
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.pages.wording import sentence_for
from app.http.schemas_auth import PasswordBody
from app.http.signing_in import ask_for_new_password

__all__ = ["routes"]

routes = page_router()


@routes.get("/password")
async def password_page(request: Request, visitor: PageVisitor) -> Response:
    """The form."""
    require_own_session(visitor.caller)
    return render(request, "password.html", problem="")


@routes.post("/password")
async def change_password(request: Request, visitor: PageVisitor) -> Response:
    """The new password counts, and the browser goes to the sign-in page; or the form again, with what was wrong."""
    require_own_session(visitor.caller)
    fields = await fields_of(request)
    try:
        body = filled(PasswordBody, fields)
        ask = await ask_for_new_password(
            request, visitor.caller, current=body.current_password, new=body.new_password
        )
    except (Invalid, RateLimited) as refused:
        return _refused(request, refused, status=422 if isinstance(refused, Invalid) else 429)
    except Unauthenticated as refused:
        if refused.reason != "wrong_password":
            raise
        return _refused(request, refused, status=422)
    return await act(
        request,
        visitor,
        ask,
        kind=RevocationKind.PASSWORD_CHANGE,
        fields=fields,
        digest_secret=presented_by(request).token,
        signs_out=Reason.PASSWORD_CHANGED,
    )


def _refused(request: Request, refused: CutoffError, *, status: int) -> Response:
    return render(request, "password.html", status=status, problem=sentence_for(refused))
