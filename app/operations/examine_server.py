"""Says what the database server is like."""

from sqlalchemy.orm import Session

from app.data.server_facts import ServerFacts, read_server_facts

__all__ = ["examine_server"]


def examine_server(db: Session) -> ServerFacts:
    """What it says of itself, and its clock as this is answered."""
    return read_server_facts(db)
