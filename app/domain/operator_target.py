"""What an operator ends at the command line."""

from enum import StrEnum

__all__ = ["OperatorTarget"]


class OperatorTarget(StrEnum):
    """What the id is, and what ends: one session, token or grant; an account's sessions, its tokens, or all it has."""

    SESSION = "session"
    TOKEN = "token"
    GRANT = "grant"
    ACCOUNT_SESSIONS = "account-sessions"
    ACCOUNT_TOKENS = "account-tokens"
    SUSPEND = "suspend"
    DELETE = "delete"
