"""Proving a password, to sign in or to change it: one way for the API and for the pages."""

from datetime import timedelta

from fastapi import Request

from app.domain.caller import Caller
from app.domain.errors import Unauthenticated
from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of, passwords_of
from app.http.identity import address_of, user_agent_of
from app.http.refusals import record_refusal_of
from app.http.revoking import Ask, asking
from app.operations.change_password import change_password
from app.operations.find_own_password import find_own_password
from app.operations.find_sign_in import find_sign_in
from app.operations.passwords import check_new_password, hash_password, verify_password
from app.operations.record_sign_in_failure import record_sign_in_failure
from app.operations.start_session import StartedSession, start_session

__all__ = ["ask_for_new_password", "sign_in"]


async def sign_in(request: Request, *, email: str, password: str, lifetime: timedelta) -> StartedSession:
    """A new session; it ends no other. Raises: Unauthenticated for what does not match, RateLimited after too many."""
    deps, address = deps_of(request), address_of(request)
    found = await deps.bridge.run(
        find_sign_in, email=email, address=address, attempts=deps.settings.sign_in_attempts
    )
    # Outside any transaction; an unknown account costs the same as a wrong password.
    if not await passwords_of(request).run(verify_password, found.password_hash, password):
        await deps.bridge.run(record_sign_in_failure, found=found, address=address)
        raise Unauthenticated
    return await deps.bridge.run(
        start_session,
        found=found,
        address=address,
        user_agent=user_agent_of(request),
        lifetime=lifetime,
        absolute_lifetime=deps.settings.session_absolute_lifetime,
    )


async def ask_for_new_password(request: Request, caller: Caller, *, current: str, new: str) -> Ask:
    """What makes the new password count, and ends everything that the account is signed in with, once it is asked.

    Raises: Invalid for a new one that will not do, Unauthenticated (`wrong_password`) for a wrong current one.
    """
    deps, threads = deps_of(request), passwords_of(request)
    check_new_password(new)
    attempts = deps.settings.sign_in_attempts
    current_hash = await deps.bridge.run(find_own_password, caller=caller, attempts=attempts)
    if not await threads.run(verify_password, current_hash, current):
        refused = Unauthenticated("wrong_password")
        await record_refusal_of(request, caller, refused, kind=RevocationKind.PASSWORD_CHANGE)
        raise refused
    new_hash = await threads.run(hash_password, new)

    return asking(request, caller, change_password, verified_hash=current_hash, new_hash=new_hash)
