"""Refresh tokens rotate; presenting one twice is either a lost response or a theft. Decided purely, here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.closing import Reason
from app.domain.ids import RefreshTokenId

__all__ = ["RefreshTokenRecord", "Refuse", "Replay", "ReuseDetected", "Rotate", "redeem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRecord:
    """A presented refresh token as it stands, read under its session's lock.

    `consumed_at` is when it was exchanged; `successor_consumed` whether the token it was exchanged for has
    been exchanged as well, so that it is no longer the immediate predecessor of the current one.
    """

    refresh_token_id: RefreshTokenId
    consumed_at: datetime | None
    successor_consumed: bool
    invalidated_at: datetime | None
    session_dead: Reason | None
    """Why the session cannot be refreshed; None also for one that has expired within its absolute end."""


@dataclass(frozen=True, slots=True)
class Rotate:
    """The token is current: it is consumed and gets a successor."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The response was lost, shortly ago: the same successor is handed out again."""


@dataclass(frozen=True, slots=True)
class ReuseDetected:
    """A consumed token came back: the family and its session end (RFC 9700, section 4.14.2)."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The family or its session is over already; nothing changes."""

    reason: Reason


def redeem(
    token: RefreshTokenRecord, *, now: datetime, leeway: timedelta
) -> Rotate | Replay | ReuseDetected | Refuse:
    """What presenting that refresh token leads to; only the immediate predecessor has a leeway, and a short one."""
    if token.session_dead is not None:
        return Refuse(token.session_dead)
    if token.invalidated_at is not None:
        return Refuse(Reason.SESSION_REVOKED)
    if token.consumed_at is None:
        return Rotate()
    if not token.successor_consumed and now - token.consumed_at <= leeway:
        return Replay()
    return ReuseDetected()
