"""The end of a session as one writes it with SQLAlchemy's ORM: rows are loaded, changed, and flushed in one transaction.

The session, its refresh tokens, the audit event, and the outbox row: on our tables, so the triggers do their part too.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, Engine, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

__all__ = ["end_by_orm"]


class Base(DeclarativeBase):
    """Instants carry their zone."""

    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, int]: JSONB}  # noqa: RUF012 - as it is read


class SessionRow(Base):
    """One sign-in."""

    __tablename__ = "session"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    terminated_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    refresh_tokens: Mapped[list["RefreshToken"]] = relationship()


class RefreshToken(Base):
    """One of its chain."""

    __tablename__ = "refresh_token"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"))
    invalidated_at: Mapped[datetime | None]


class Revocation(Base):
    """The durable request."""

    __tablename__ = "revocation"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    account_id: Mapped[UUID]
    target_id: Mapped[UUID]
    performed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    audited_at: Mapped[datetime | None]
    sessions_ended: Mapped[int]


class Outbox(Base):
    """Which transaction carried it out; what is to be said hangs on it."""

    __tablename__ = "revocation_transaction"
    revocation_id: Mapped[UUID] = mapped_column(primary_key=True)
    system_identifier: Mapped[int] = mapped_column(BigInteger)


class AuditEvent(Base):
    """What happened."""

    __tablename__ = "audit_event"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    outcome: Mapped[str]
    account_id: Mapped[str]
    session_id: Mapped[str]
    revocation_id: Mapped[UUID]
    reason: Mapped[str]
    event_metadata: Mapped[dict[str, int]] = mapped_column("metadata")


def end_by_orm(engine: Engine, revocation_id: UUID, system_identifier: int) -> None:
    """The revocation's session has ended, with its chain, and the trail has its event."""
    with Session(engine) as db, db.begin():
        revocation = db.get_one(Revocation, revocation_id, with_for_update=True)
        db.add(Outbox(revocation_id=revocation_id, system_identifier=system_identifier))
        db.flush()
        session, now = db.get_one(SessionRow, revocation.target_id), datetime.now(UTC)
        session.terminated_at, session.end_reason = now, revocation.reason
        for token in session.refresh_tokens:
            token.invalidated_at = now
        revocation.performed_at = revocation.published_at = revocation.audited_at = now
        revocation.sessions_ended = 1
        db.add(_event(revocation))


def _event(revocation: Revocation) -> AuditEvent:
    return AuditEvent(
        id=uuid4(),
        type=revocation.kind,
        outcome="success",
        account_id=str(revocation.account_id),
        session_id=str(revocation.target_id),
        revocation_id=revocation.id,
        reason=revocation.reason,
        event_metadata={"sessions_ended": 1},
    )
