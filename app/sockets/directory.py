"""Where each socket is found, by what it depends on."""

from collections.abc import Collection

from app.domain.credentials import CredentialType
from app.domain.targets import Target, TargetKind
from app.sockets.entry import Entry
from app.sockets.index import Index

__all__ = ["Directory"]


class Directory:
    """Four indexes. A session's socket is found by its token's hash from the beginning, by the rest once it is known."""

    def __init__(self) -> None:
        self._by_session: Index[str] = Index()
        self._by_token: Index[str] = Index()
        self._by_account: Index[str] = Index()
        self._by_grant: Index[str] = Index()
        self._of_kind = {
            TargetKind.SESSION: self._by_session,
            TargetKind.TOKEN: self._by_token,
            TargetKind.ACCOUNT: self._by_account,
            TargetKind.GRANT: self._by_grant,
        }

    def add(self, entry: Entry) -> None:
        """The entry is found by all that is known of it."""
        if entry.credential_type is CredentialType.SESSION and entry.token_hash is not None:
            self._by_session.add(entry.token_hash, entry)
        if entry.api_token_id is not None:
            self._by_token.add(str(entry.api_token_id), entry)
        if entry.account_id is not None:
            entry.account_key = entry.account_key or str(entry.account_id)
            self._by_account.add(entry.account_key, entry)
        if entry.grant_id is not None:
            self._by_grant.add(str(entry.grant_id), entry)

    def discard(self, entry: Entry) -> None:
        """The entry is found no more; what it is known to depend on must be what it was when it was added."""
        if entry.token_hash is not None:
            self._by_session.discard(entry.token_hash, entry)
        if entry.api_token_id is not None:
            self._by_token.discard(str(entry.api_token_id), entry)
        if entry.account_key is not None:
            self._by_account.discard(entry.account_key, entry)
        if entry.grant_id is not None:
            self._by_grant.discard(str(entry.grant_id), entry)

    def under(self, target: Target) -> tuple[Entry, ...]:
        """The entries that depend on the target; none for an empty key, and none for a table."""
        index = self._of_kind.get(target.kind)
        return () if index is None else index.under(target.key)

    def known(self, kind: TargetKind, keys: Collection[str]) -> Collection[str]:
        """Those of the keys of targets of that kind on which entries depend; of tables, all."""
        index = self._of_kind.get(kind)
        return keys if index is None else index.known(keys)

    def __len__(self) -> int:
        return len(self._by_session) + len(self._by_token) + len(self._by_account) + len(self._by_grant)
