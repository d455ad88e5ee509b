"""Settings that are allowed, and weaken something."""

from collections.abc import Iterator

from app.config import Environment, Settings, StalePolicy
from app.domain.findings import Finding, Verdict

__all__ = ["judge_settings"]


def judge_settings(settings: Settings) -> Iterator[Finding]:
    """What a start lets pass; what it does not has stopped this command already."""
    yield Finding(check="settings", verdict=Verdict.OK, means="Every setting can be read.")
    if settings.bus_key is None:
        yield Finding(
            check="bus_key",
            verdict=Verdict.WARNING,
            means="CUTOFF_BUS_KEY is not set: no message closes anything by itself, it only makes nodes read the log.",
            do="Set the same CUTOFF_BUS_KEY for all nodes and workers.",
        )
    else:
        yield Finding(check="bus_key", verdict=Verdict.OK, means="Close requests are signed.")
    if settings.stale_policy is StalePolicy.SERVE:
        yield Finding(
            check="stale_policy",
            verdict=Verdict.WARNING,
            means="CUTOFF_STALE_POLICY is serve: a node that is cut off from PostgreSQL goes on serving the revoked.",
            do="Set it to hold, unless you have chosen this on purpose.",
        )
    if settings.env is Environment.PRODUCTION and not settings.cookie_secure:
        yield Finding(
            check="cookie_secure",
            verdict=Verdict.WARNING,
            means="CUTOFF_COOKIE_SECURE is false in production: session cookies go over plain HTTP as well.",
            do="Serve over HTTPS, and leave it out.",
        )
