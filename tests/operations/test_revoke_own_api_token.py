"""Revoking one of one's own API tokens."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.domain.errors import NotFound
from app.domain.ids import ApiTokenId
from app.domain.revocation_request import Requested
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token
from tests.builders import Builders
from tests.operations.revocation_rows import revocations


def test_revoking_a_token_again_or_somebody_elses_is_like_ending_a_session(
    make: Builders, db: Connection
) -> None:
    session = make.session()
    token, foreign = make.api_token(session), make.api_token()
    first = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    assert first.is_new
    again = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    assert again == replace(first, is_new=False, receipt=None)
    for api_token_id in (foreign.api_token_id, ApiTokenId(uuid7())):
        with pytest.raises(NotFound):
            revoke_own_api_token(db, caller=session.caller, api_token_id=api_token_id)
    assert revocations(db) == 1


def test_a_token_that_a_stamp_has_revoked_has_the_receipt_of_the_stamp(
    make: Builders, db: Connection
) -> None:
    session = make.session()
    token = make.api_token(session)
    all_of_them = revoke_all_own_api_tokens(db, caller=session.caller)
    again = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    assert again == Requested(revocation_id=all_of_them.revocation_id, is_new=False)
