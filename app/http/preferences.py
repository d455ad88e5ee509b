"""`Prefer: wait=N` (RFC 7240, section 4.3): how long a client would rather wait for the settled receipt."""

import re
from collections.abc import Iterable
from datetime import timedelta

__all__ = ["preferred_wait"]


def preferred_wait(headers: Iterable[str], *, limit: timedelta) -> timedelta | None:
    """The first `wait` that makes sense, at most `limit`; None where there is none, since a preference is never an error."""
    for preference in ",".join(headers).split(","):
        match = _WAIT.fullmatch(preference.split(";", 1)[0].strip())
        if match is not None:
            return min(timedelta(seconds=int(match["seconds"])), limit)
    return None


_WAIT = re.compile(r'wait\s*=\s*"?(?P<seconds>[0-9]{1,9})"?', re.IGNORECASE)
