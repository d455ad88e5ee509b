"""`Idempotency-Key`: the same key with the same request is the same revocation, however often it comes."""

import json
import re
from typing import Any

import blake3

from app.domain.errors import Invalid
from app.domain.ids import AccountId
from app.domain.revocation_request import Idempotency

__all__ = ["idempotency_of"]


def idempotency_of(
    key: str | None, *, method: str, path: str, body: Any, account_id: AccountId, secret: str | None = None
) -> Idempotency | None:
    """The key with the digest of the request that it came with; None without a key. Raises: Invalid for no good key.

    Where the body holds a password, `secret` (a token that is not stored) keys the digest, so that the stored
    digest is nothing to guess passwords against.
    """
    if key is None:
        return None
    if _KEY.fullmatch(key) is None:
        raise Invalid("Idempotency-Key", "not_1_to_255_visible_ascii_characters")
    canonical = json.dumps([method, path, str(account_id), body], sort_keys=True, separators=(",", ":"))
    return Idempotency(key=key, request_digest=_digest(canonical.encode(), secret))


def _digest(canonical: bytes, secret: str | None) -> str:
    if secret is None:
        return blake3.blake3(canonical).hexdigest()
    key = blake3.blake3(secret.encode(), derive_key_context=_KEY_CONTEXT).digest()
    return blake3.blake3(canonical, key=key).hexdigest()


_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEY_CONTEXT = "cutoff 2026-11 digest of a request that holds a password"
