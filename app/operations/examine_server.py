"""Says what the database server is like."""

from sqlalchemy import Connection

from app.data.server_facts import ServerFacts, read_server_facts

__all__ = ["examine_server"]


def examine_server(db: Connection) -> ServerFacts:
    """What it says of itself, and its clock as this is answered."""
    return read_server_facts(db)
