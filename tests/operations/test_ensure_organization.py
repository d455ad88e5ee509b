"""Programs that set up an installation may run twice."""

import pytest
from sqlalchemy import Connection

from app.data.rows import all_rows
from app.domain.errors import Conflict
from app.operations.ensure_organization import ensure_organization


def test_an_organization_is_made_once(db: Connection):
    first = ensure_organization(db, slug="acme", name="Acme")
    assert ensure_organization(db, slug="acme", name="Other") == first
    assert [row["name"] for row in all_rows(db, "SELECT name FROM organization")] == ["Acme"]


def test_one_that_vanishes_in_between_is_a_conflict(db: Connection, monkeypatch: pytest.MonkeyPatch):
    ensure_organization(db, slug="acme", name="Acme")
    monkeypatch.setattr("app.operations.ensure_organization.find_organization", lambda _db, _slug: None)
    with pytest.raises(Conflict):
        ensure_organization(db, slug="acme", name="Acme")
