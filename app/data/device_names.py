"""A name that a person recognizes a device by, taken from its user agent when a session is written."""

from ua_parser import parse

__all__ = ["LONGEST_USER_AGENT", "device_name", "stored_user_agent"]

LONGEST_USER_AGENT = 512


def device_name(user_agent: str) -> str:
    """Browser and system, as in "Firefox on Ubuntu"; empty for what nobody could name. Takes about 1 ms."""
    known = parse(stored_user_agent(user_agent))
    browser = known.user_agent.family if known.user_agent else ""
    system = known.os.family if known.os else ""
    return " on ".join(name for name in (browser, system) if name)


def stored_user_agent(user_agent: str) -> str:
    """What is kept of a user agent: printable and not too long."""
    return "".join(character for character in user_agent if character.isprintable())[:LONGEST_USER_AGENT]
