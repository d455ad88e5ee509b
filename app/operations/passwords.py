"""Passwords, hashed with argon2id. Slow on purpose: call these outside any transaction, and off the event loop."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.domain.errors import Invalid

__all__ = ["LONGEST_PASSWORD", "SHORTEST_PASSWORD", "check_new_password", "hash_password", "verify_password"]

SHORTEST_PASSWORD = 8
"""Characters (NIST SP 800-63B, section 5.1.1.2)."""
LONGEST_PASSWORD = 1024


def check_new_password(password: str, *, field: str = "new_password") -> None:
    """Returns for a password that an account may have. Raises: Invalid."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(field, f"shorter_than_{SHORTEST_PASSWORD}_characters")
    if len(password) > LONGEST_PASSWORD:
        raise Invalid(field, f"longer_than_{LONGEST_PASSWORD}_characters")


def hash_password(password: str) -> str:
    """The hash to store, with its parameters and a salt of its own."""
    return _HASHER.hash(_bytes(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether it is the password. Without a hash (an unknown e-mail address) it is not, after the same work."""
    try:
        _HASHER.verify(password_hash or _HASH_OF_NOBODY, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _bytes(password: str) -> bytes:
    return password[: LONGEST_PASSWORD + 1].encode("utf-8", "surrogatepass")


# OWASP's second choice: 19 MiB and one lane, since a node has other things to do.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASH_OF_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$aN0KV5/NYIrs6qipJevmYw$gHG6fFqY/UXJAh9oVboGMRZKwuMUe2cSC4WfXdB6YE0"
)
