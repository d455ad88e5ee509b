"""What an organization is told, as its pages say it."""

from datetime import datetime

from app.data.notices import Notice

__all__ = ["headline_of", "until_of"]


def headline_of(notice: Notice) -> str:
    """What happened, in a few words; the word itself where it is a newer version's."""
    if notice.type == "support_access.ended":
        return _ENDED.get(str(notice.facts.get("how")), "Support access ended")
    return _HEADLINES.get(notice.type, notice.type)


def until_of(notice: Notice) -> datetime | None:
    """Until when support is let in, or was, or asks to be; None where that is not what it is about."""
    written = notice.facts.get("ended_at") or notice.facts.get("until")
    return None if written is None else datetime.fromisoformat(written)


_HEADLINES = {
    "support_access.requested": "Support asked to be let in",
    "support_access.given": "Support was let in",
    "support_access.first_used": "Support came in for the first time",
    "support_access.extended": "Support access ends later",
    "support_access.shortened": "Support access ends sooner",
}
_ENDED = {
    "revoked": "Support access was ended by hand",
    "expired": "Support access was over",
    "deleted": "Support access was deleted",
}
