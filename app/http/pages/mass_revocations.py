"""Revoking by the thousand: the form, the plan in words, the button behind it, and the job's progress."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from app.domain.caller import Caller
from app.domain.errors import Conflict, CutoffError, GrownSincePlan, Invalid, NotFound
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import DEFAULT_PACE, MassState
from app.domain.mass_wording import aim_in_words, count_in_words, number_of
from app.domain.revocation_request import Idempotency
from app.http import mass_revoking
from app.http.deps import deps_of
from app.http.idempotency import idempotency_of
from app.http.pages.acting import see_other
from app.http.pages.forms import FORM_KEY, fields_of, filled, instant_from
from app.http.pages.queries import more_address, page_asked
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.pages.wording import sentence_for
from app.http.path_ids import MassRevocationPath
from app.http.schemas_mass_revocations import MassRevocationBody
from app.operations.list_mass_revocations import list_mass_revocations
from app.operations.read_mass_revocation import read_mass_revocation
from app.operations.read_visitor import Visitor

__all__ = ["routes"]

routes = page_router()

STEPS = {"pause": mass_revoking.pause, "resume": mass_revoking.resume, "cancel": mass_revoking.cancel}


@routes.get("/mass-revocations")
async def jobs(request: Request, visitor: PageVisitor) -> Response:
    """The jobs in the visitor's scope, and the form for another."""
    return await _list(request, visitor, said={}, problem="", status=200)


@routes.post("/mass-revocations")
async def plan(request: Request, visitor: PageVisitor) -> Response:
    """The plan's page; or the form again, with what was wrong. Nothing ends."""
    fields = await fields_of(request)
    try:
        body = _body(fields)
        said = _idempotency(request, visitor.caller, fields)
        job = await mass_revoking.plan(request, visitor.caller, body.ask(), idempotency=said)
    except (Invalid, NotFound, Conflict) as refused:
        status = 409 if isinstance(refused, Conflict) else 422
        problem = _sentence(refused)
        return await _list(request, visitor, said=fields, problem=problem, status=status)
    return see_other(f"/mass-revocations/{job.mass_revocation_id}")


@routes.get("/mass-revocations/{mass_revocation_id}")
async def job(request: Request, visitor: PageVisitor, mass_revocation_id: MassRevocationPath) -> Response:
    """The plan and its button; then how far it is."""
    return await _one(request, visitor, mass_revocation_id, "mass_revocation.html")


@routes.get("/mass-revocations/{mass_revocation_id}/live")
async def live(request: Request, visitor: PageVisitor, mass_revocation_id: MassRevocationPath) -> Response:
    """The same without the page around it."""
    return await _one(request, visitor, mass_revocation_id, "_mass_revocation.html")


@routes.post("/mass-revocations/{mass_revocation_id}/start")
async def start(request: Request, visitor: PageVisitor, mass_revocation_id: MassRevocationPath) -> Response:
    """It runs; or the page again, with the number that it has grown to, which the next press accepts."""
    fields = await fields_of(request)
    try:
        await mass_revoking.start(
            request,
            visitor.caller,
            mass_revocation_id,
            accepted=_accepted(fields),
            idempotency=_idempotency(request, visitor.caller, fields),
        )
    except GrownSincePlan as grown:
        return await _one(
            request, visitor, mass_revocation_id, "mass_revocation.html", grown_to=grown.now, status=409
        )
    return see_other(f"/mass-revocations/{mass_revocation_id}")


@routes.post("/mass-revocations/{mass_revocation_id}/{step}")
async def move(
    request: Request, visitor: PageVisitor, mass_revocation_id: MassRevocationPath, step: str
) -> Response:
    """It stands still, goes on, or is given up; the page says which, also where somebody else was first."""
    if step not in STEPS:
        raise NotFound("page")
    try:
        await STEPS[step](request, visitor.caller, mass_revocation_id)
    except Conflict as refused:
        problem = _sentence(refused)
        return await _one(
            request, visitor, mass_revocation_id, "mass_revocation.html", problem=problem, status=409
        )
    return see_other(f"/mass-revocations/{mass_revocation_id}")


async def _list(
    request: Request, visitor: Visitor, *, said: Mapping[str, str], problem: str, status: int
) -> Response:
    found = await deps_of(request).bridge.run(
        list_mass_revocations, by=visitor.caller, page=page_asked(request)
    )
    return render(
        request,
        "mass_revocations.html",
        status=status,
        found=found,
        more=more_address(request),
        said={"pace": str(DEFAULT_PACE), **said},
        problem=problem,
        admin_of=[each for each in visitor.account.organizations if each.role == "admin"],
        aim_in_words=aim_in_words,
    )


async def _one(
    request: Request,
    visitor: Visitor,
    job_id: MassRevocationId,
    template: str,
    *,
    grown_to: int | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    found = await deps_of(request).bridge.run(
        read_mass_revocation, by=visitor.caller, mass_revocation_id=job_id
    )
    return render(
        request,
        template,
        status=status,
        job=found,
        is_planned=found.state is MassState.PLANNED,
        grown_to=grown_to,
        problem=problem,
        aim=aim_in_words(found),
        counted=count_in_words(found.planned),
        number_of=number_of,
    )


def _body(fields: Mapping[str, str]) -> MassRevocationBody:
    """What was left empty was not asked for; both boxes are both kinds, and none is none. Raises: Invalid."""
    said = {name: text for name, text in fields.items() if text.strip() and name not in _NO_TEXT}
    ready: dict[str, Any] = {
        "what": _what(fields),
        "everyone": "everyone" in fields,
        "with_own": "with_own" in fields,
        "issued_before": instant_from(fields, "issued_before"),
        "pace": _number("pace", fields.get("pace", "")),
    }
    return filled(MassRevocationBody, said, **ready)


def _what(fields: Mapping[str, str]) -> str:
    chosen = [kind for kind in ("sessions", "tokens") if kind in fields]
    if not chosen:
        raise Invalid("what", "choose sessions, API tokens or both")
    return "both" if len(chosen) > 1 else chosen[0]


def _accepted(fields: Mapping[str, str]) -> int | None:
    return _number("accepted", fields["accepted"]) if "accepted" in fields else None


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise Invalid(name, "not a whole number")
    return int(text)


def _idempotency(request: Request, caller: Caller, fields: Mapping[str, str]) -> Idempotency | None:
    said = {name: value for name, value in fields.items() if name != FORM_KEY}
    return idempotency_of(
        fields.get(FORM_KEY),
        method=request.method,
        path=request.url.path,
        body=said,
        account_id=caller.account_id,
    )


def _sentence(refused: CutoffError) -> str:
    if isinstance(refused, Invalid) and refused.rule in _RULES:
        return _RULES[refused.rule]
    if isinstance(refused, Conflict) and refused.rule.startswith("mass_revocation_is_"):
        return f"It is {refused.rule.removeprefix('mass_revocation_is_')} already."
    return sentence_for(refused)


LONGEST_NUMBER = 9
_NO_TEXT = frozenset({"everyone", "with_own", "issued_before", "pace", "what"})
_RULES = {
    "empty": "Say whom it is about: at least one criterion, or everyone.",
    "everyone_stands_alone": "Everyone is everyone: leave the other criteria empty.",
    "api_tokens_have_no_address_and_no_device": "API tokens have no address and no device: choose sessions only.",
    "not_an_address_or_range": "The address is none: write it like 10.1.2.3 or 10.0.0.0/8.",
}
