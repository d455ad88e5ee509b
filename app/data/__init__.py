"""SQL and nothing else, synchronous. Functions take a database session, `db`, and never commit."""
