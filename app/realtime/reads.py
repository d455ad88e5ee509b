"""Reads the credentials of sockets, many in one statement, and says what each of the sockets is to be judged by."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from app.data.verifying_read import VERIFY, Verification, verification_from, verify_parameters
from app.domain.credential_state import CredentialRecord
from app.domain.credentials import CredentialType
from app.domain.errors import Unavailable
from app.domain.ids import TokenHash
from app.realtime.read_connection import ReadConnection
from app.sockets.admission import Reading
from app.sockets.entry import Entry

__all__ = ["read_credentials"]


async def read_credentials(
    connection: ReadConnection,
    entries: Sequence[Entry],
    *,
    epoch: int,
    clock: Callable[[], float],
    within_s: float,
) -> list[tuple[Entry, Reading]]:
    """Each entry with its reading, all by one snapshot; the clock is read before the statement is sent (R10).

    Raises: Unavailable when there was no answer in time, and when the server is a replica: it may lag behind the truth.
    """
    sent_at = clock()
    rows = await connection.fetch(VERIFY, _parameters(entries), within_s=within_s)
    verification = verification_from(rows)
    if verification.in_recovery:
        raise Unavailable("database")
    found = _by_credential(verification)
    return [
        (
            entry,
            Reading(
                sent_at=sent_at,
                epoch=epoch,
                snapshot=verification.snapshot,
                record=found.get((entry.credential_type, _key(entry))),
            ),
        )
        for entry in entries
    ]


def _parameters(entries: Iterable[Entry]) -> Mapping[str, object]:
    hashes: dict[CredentialType, set[TokenHash]] = {kind: set() for kind in CredentialType}
    accounts = set()
    for entry in entries:
        if entry.token_hash is not None:
            hashes[entry.credential_type].add(entry.token_hash)
        elif entry.account_id is not None:
            accounts.add(entry.account_id)
    return verify_parameters(
        sessions=hashes[CredentialType.SESSION],
        api_tokens=hashes[CredentialType.API_TOKEN],
        daemon_accounts=accounts,
    )


def _by_credential(verification: Verification) -> dict[tuple[CredentialType, str], CredentialRecord]:
    return {
        (record.credential_type, record.token_hash or str(record.account_id)): record
        for record in verification.records
    }


def _key(entry: Entry) -> str:
    return entry.token_hash or str(entry.account_id)
