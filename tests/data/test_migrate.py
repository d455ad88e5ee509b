"""Up, down, up: what is left is what a fresh database has."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url

from app.data.migrate import SCRIPTS, downgrade, upgrade
from app.data.revisions import missing_revision
from tests.databases import TestDatabases


def shape(connection: Connection) -> list[tuple[object, ...]]:
    sql = """
    SELECT 'column', table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'function', proname, pg_get_function_identity_arguments(oid), md5(prosrc) FROM pg_proc
               WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'type', typname, '', '' FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'c'
    ORDER BY 1, 2, 3, 4
    """
    return [tuple(row) for row in connection.exec_driver_sql(sql)]


def test_upgrade_downgrade_upgrade_leaves_what_an_upgrade_leaves(databases: TestDatabases) -> None:
    with databases.empty() as url:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            upgrade(connection)
        with engine.begin() as connection:
            fresh = shape(connection)
            assert missing_revision(connection) is None
            downgrade(connection, "base")
        with engine.begin() as connection:
            assert {row[1] for row in shape(connection)} == {"alembic_version", "alembic_version_pkc"} & {
                row[1] for row in shape(connection)
            } | {"alembic_version"}
            assert missing_revision(connection) == "0010"
            upgrade(connection)
            upgrade(connection)
        with engine.begin() as connection:
            assert shape(connection) == fresh
        engine.dispose()


def test_a_database_that_is_newer_than_the_code_lacks_nothing(databases: TestDatabases) -> None:
    """B247: whoever upgrades migrates first, and nodes of the version before go on, and start."""
    with databases.clone() as url:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            assert missing_revision(connection) is None
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
            assert missing_revision(connection) is not None
        engine.dispose()


def test_files_of_revisions_begin_with_their_number_and_follow_each_other() -> None:
    """What a database lacks is told by the files' names alone."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    revisions = list(ScriptDirectory.from_config(config).walk_revisions())
    names = [Path(revision.path).name.partition("_")[0] for revision in revisions]
    assert names == [revision.revision for revision in revisions]
    assert names == sorted(names, reverse=True)
