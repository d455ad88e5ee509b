"""Databases for tests: migrated once into a template, cloned from it, and emptied between tests."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import create_engine, make_url

from app.data.migrate import upgrade

_numbers = itertools.count()


class TestDatabases:
    """A template with this version's tables, and clones of it, in one PostgreSQL: ours or a stock one.

    A clone is used again: emptying it takes a millisecond, making one takes a hundred times that on a busy machine.
    One whose tables, triggers or rights a test has changed is dropped instead.
    """

    __test__ = False

    def __init__(self, any_url: str, *, worker: str) -> None:
        self._any_url = any_url
        self._prefix = f"cutoff_test_{worker}_{os.getpid()}"
        self._maintenance = psycopg.connect(self.url_of("postgres"), autocommit=True)
        self._template = f"{self._prefix}_template"
        self._unused: list[str] = []
        self._shapes: dict[str, str] = {}
        self._maintenance.execute(SQL("CREATE DATABASE {}").format(Identifier(self._template)))
        engine = create_engine(make_url(self.url_of(self._template)).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            upgrade(connection)
        engine.dispose()

    def url_of(self, database: str) -> str:
        return make_url(self._any_url).set(database=database).render_as_string(hide_password=False)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The address of a database without tables."""
        name = self._made("template1")
        try:
            yield self.url_of(name)
        finally:
            self._drop(name)

    @contextmanager
    def clone(self) -> Iterator[str]:
        """The address of a database with this version's tables, empty."""
        name = self._unused.pop() if self._unused else self._cloned()
        try:
            yield self.url_of(name)
        finally:
            if self._is_emptied(name):
                self._unused.append(name)
            else:
                self._drop(name)

    def close(self) -> None:
        for name in (*self._unused, self._template):
            self._drop(name)
        self._maintenance.close()

    def _cloned(self) -> str:
        name = self._made(self._template)
        with psycopg.connect(self.url_of(name)) as connection:
            self._shapes[name] = _shape(connection)
        return name

    def _made(self, template: str) -> str:
        name = f"{self._prefix}_{next(_numbers)}"
        # From PG 15 on, copying through the log needs no checkpoint.
        strategy = "STRATEGY wal_log" if self._maintenance.info.server_version >= 150000 else ""
        self._maintenance.execute(
            SQL("CREATE DATABASE {} TEMPLATE {} " + strategy).format(Identifier(name), Identifier(template))
        )
        return name

    def _is_emptied(self, name: str) -> bool:
        self._end_other_work(name)
        with psycopg.connect(self.url_of(name), options="-c lock_timeout=1s") as connection:
            if _shape(connection) != self._shapes[name]:
                return False
            connection.execute(_EMPTY)
        return True

    def _end_other_work(self, name: str) -> None:
        """Whoever is still connected is cut off, and what is prepared is rolled back: both hold locks."""
        self._maintenance.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
        prepared = self._maintenance.execute(
            "SELECT gid FROM pg_prepared_xacts WHERE database = %s", [name]
        ).fetchall()
        if prepared:
            with psycopg.connect(self.url_of(name), autocommit=True) as connection:
                for (gid,) in prepared:
                    connection.execute(SQL("ROLLBACK PREPARED {}").format(Literal(gid)))

    def _drop(self, name: str) -> None:
        self._end_other_work(name)
        self._maintenance.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _shape(connection: psycopg.Connection) -> str:
    """A digest that changes with any change to a table, index, trigger, function, constraint, right or revision."""
    row = connection.execute(
        """
        SELECT md5(string_agg(what, ',' ORDER BY what))
          FROM (SELECT 'c' || oid || ':' || xmin AS what FROM pg_class WHERE relnamespace = 'public'::regnamespace
                UNION ALL SELECT 't' || oid || ':' || xmin FROM pg_trigger
                UNION ALL SELECT 'p' || oid || ':' || xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                UNION ALL SELECT 'k' || oid || ':' || xmin FROM pg_constraint
                UNION ALL SELECT 's' || setdatabase || ':' || setrole || ':' || xmin FROM pg_db_role_setting
                UNION ALL SELECT 'v' || version_num FROM alembic_version
               ) AS parts
        """
    ).fetchone()
    assert row is not None
    return str(row[0])


_EMPTY = """
DELETE FROM receipt_node; DELETE FROM node; DELETE FROM audit_event;
DELETE FROM refresh_token; DELETE FROM session; DELETE FROM api_token; DELETE FROM support_access_grant;
DELETE FROM role_grant; DELETE FROM organization; DELETE FROM account;
DELETE FROM webhook_delivery; DELETE FROM notice; DELETE FROM support_use;
DELETE FROM revocation_transaction; DELETE FROM revocation; DELETE FROM closure; DELETE FROM mass_revocation;
UPDATE canary SET answered_at = NULL;
UPDATE closure_horizon SET pruned_through = '0' WHERE pruned_through <> '0'::xid8;
"""
