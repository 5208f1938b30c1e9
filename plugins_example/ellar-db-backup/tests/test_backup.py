"""ellar-db-backup."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import create_engine, make_url, pool, text

from ellar_db import alembic_config
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.databases import guarded, scratch_databases
from ellar_db.testing import Distributions, Project
from tests.support.servers import ASYNC_DRIVERS, OwnPostgres, server, sync_engine

ODD = "p%40:/w#rd@'\"\\%s%%ü$Ö?&+ x"
PROGRAMS = {"sqlite": [], "postgresql": ["pg_dump", "pg_restore", "psql"], "mysql": ["mariadb-dump", "mariadb"]}
NAME = r"default_[0-9]{8}T[0-9]{6}\.[0-9]{3}Z_"

FIRST = """
    op.create_table(
        "users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(100))
    )
    op.execute("CREATE VIEW names AS SELECT name FROM users")
"""
SECOND = """
    op.create_table(
        "notes", sa.Column("user", sa.Integer, sa.ForeignKey("users.id"), primary_key=True), sa.Column("text", sa.Text)
    )
    op.execute("DELETE FROM users WHERE name IS NULL")
    op.execute("CREATE VIEW of_notes AS SELECT text FROM notes")
"""
ROWS = [(1, "Größe 100 %"), (2, 'it\'s \\ "quoted"\n;--'), (3, None)]


def needs(url: str) -> None:
    """Skip if the programs that this kind of database needs aren't installed."""
    missing = [name for name in PROGRAMS[make_url(url).get_backend_name()] if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} isn't installed")


def revision(project: Project, rev_id: str, body: str) -> None:
    """Write a revision with something to do."""
    project.db("revision", "--rev-id", rev_id)
    (file,) = (file for file in project.revisions() if file.name.startswith(rev_id))
    file.write_text(file.read_text().replace("    pass\n", body.lstrip("\n"), 1))


def saved(project: Project, folder: str = "backups") -> list[str]:
    """Return the names of the backups, the oldest first, without the time."""
    names = sorted(path.name for path in (project.path / folder).glob("[!.]*"))
    return [re.sub(r"_[0-9]{8}T[0-9]{6}\.[0-9]{3}Z_", " ", name) for name in names]


def rows(url: str = "sqlite:///app.db") -> list[Any]:
    engine = sync_engine(url)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT id, name FROM users ORDER BY id"))]


def fill(url: str = "sqlite:///app.db") -> None:
    engine = sync_engine(url)
    with engine.begin() as connection:
        for number, name in ROWS:
            connection.execute(text("INSERT INTO users VALUES (:number, :name)"), {"number": number, "name": name})


def started(project: Project, use: Callable[..., None], url: str = "sqlite:///app.db", extra: str = "") -> Project:
    """Return a project with the package and two revisions, the first applied and its table filled."""
    needs(url)
    use("ellar-db-backup")
    project.configure(url=url, extra=extra)
    project.db("init")
    revision(project, "r1", FIRST)
    revision(project, "r2", SECOND)
    project.db("upgrade", "r1")
    return project


@pytest.fixture
def shop(plain: Project, use: Callable[..., None]) -> Project:
    """A project with the package on SQLite, at the first of two revisions."""
    started(plain, use)
    fill()
    return plain


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_there_and_back_on_each_kind_of_database(
    plain: Project, use: Callable[..., None], any_database: str, driver: str
) -> None:
    url = any_database
    if driver == "async":
        parsed = make_url(any_database)
        kind = {"mysql": "mariadb"}.get(parsed.get_backend_name(), parsed.get_backend_name())
        url = parsed.set(drivername=ASYNC_DRIVERS[kind]).render_as_string(hide_password=False)
    started(plain, use, url)
    fill(any_database)
    before = plain.tables(any_database)

    plain.db("upgrade")
    assert rows(any_database) == ROWS[:2]
    restored = plain.db("restore", "--yes")

    assert re.fullmatch(rf"Restored default from backups/{NAME}r1\.\w+; it is at r1\.\n", restored.stdout)
    assert rows(any_database) == ROWS
    assert plain.tables(any_database) == before
    assert plain.db("current").stdout == "r1\n"
    plain.db("upgrade")
    assert plain.tables(any_database) == {*before, "notes"}


def test_a_scratch_database_is_not_worth_a_backup(shop: Project) -> None:
    before = saved(shop)

    with (
        alembic_config() as config,
        scratch_databases(config.attributes["databases"], {}, shop.path, get_plugin_manager()) as made,
        guarded(),
    ):
        config.attributes["databases"] = made
        command.upgrade(config, "head")
        command.downgrade(config, "base")

    assert saved(shop) == before


def test_a_backup_is_made_before_each_run_that_changes_something(shop: Project) -> None:
    said = shop.db("upgrade").stderr
    shop.db("downgrade", "r1", "--yes")
    shop.db("stamp", "r2")

    assert re.search(rf"^Backed up default to backups/{NAME}r1\.sqlite3 \([0-9]+ kB\)$", said, re.MULTILINE)
    assert saved(shop) == [f"default {at}.sqlite3" for at in ("base", "r1", "r2", "r1")]


@pytest.mark.parametrize(
    "arguments",
    [["upgrade", "r1"], ["upgrade", "--sql"], ["ensure-version"], ["current"], ["check"], ["history"], ["heads"]],
)
def test_none_is_made_where_nothing_will_be_changed(shop: Project, arguments: list[str]) -> None:
    shop.write("models.py", "from sqlalchemy import MetaData\nBase = MetaData()\n")
    shop.db(*arguments, exit_code=1 if arguments == ["check"] else 0)

    assert saved(shop) == ["default base.sqlite3"]


def test_none_is_made_where_another_plugin_refuses(shop: Project, install_distribution: Distributions) -> None:
    install_distribution(
        "aardvark",
        """
        import click
        from ellar_db import hookimpl

        @hookimpl
        def ellar_db_before_run():
            raise click.ClickException("no")
        """,
    )

    assert shop.db("upgrade", exit_code=1).output == "Error: no\n"
    assert saved(shop) == ["default base.sqlite3"]


def test_one_does_for_a_command_that_runs_packages_too(shop: Project, install_distribution: Distributions) -> None:
    install_distribution.from_folder(Path(__file__).parents[2] / "ellar-db-audit")

    shop.db("upgrade")

    assert saved(shop) == ["default base.sqlite3", "default audit-base.sqlite3"]
    shop.db("restore", "--yes")
    assert shop.tables() == {"alembic_version", "users"}


def test_none_is_made_where_the_command_line_says_so(shop: Project) -> None:
    shop.db("upgrade", "--no-backup")
    shop.db("downgrade", "r1", "--yes", "--no-backup")

    assert saved(shop) == ["default base.sqlite3"]
    assert "--no-backup" not in shop.db("stamp", "--help").stdout


def test_a_backup_is_for_its_owner_alone_and_not_for_the_repository(shop: Project) -> None:
    (backup,) = (shop.path / "backups").glob("*.sqlite3")

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700
    assert (backup.parent / ".gitignore").read_text() == "*\n"


def test_the_newest_are_kept_of_each_database(shop: Project) -> None:
    others = ["default_notes.sqlite3", "defaults_20200101T000000.000Z_x.sqlite3", "readme.txt"]
    for name in [*others, "default_20200101T000000.000Z_old.sqlite3", "default_20990101T000000.000Z_new.sqlite3"]:
        (shop.path / "backups" / name).touch()
    shop.configure(extra="[tool.ellar-db-backup]\nkeep = 2")

    shop.db("upgrade")

    assert saved(shop) == [
        "default r1.sqlite3",
        "default new.sqlite3",
        *sorted(["default_notes.sqlite3"]),
        "defaults x.sqlite3",
        "readme.txt",
    ]


def test_partial_files_of_runs_that_were_killed_go_when_they_are_old(shop: Project) -> None:
    old, new = (shop.path / "backups" / f".default_{age}.part" for age in ("old", "new"))
    for file in (old, new):
        file.touch()
    os.utime(old, (0, 0))

    shop.db("upgrade")

    assert not old.exists()
    assert new.exists()


def test_the_copy_is_consistent_while_others_write(shop: Project) -> None:
    with closing(sqlite3.connect("app.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN")
        other.execute("SELECT * FROM users").fetchall()
        shop.db("upgrade")
        other.execute("COMMIT")

    (backup,) = (shop.path / "backups").glob("*_r1.sqlite3")
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT id, name FROM users").fetchall() == ROWS
        assert copy.execute("SELECT * FROM alembic_version").fetchall() == [("r1",)]


def test_a_database_in_memory_needs_none(plain: Project, use: Callable[..., None]) -> None:
    started(plain, use, "sqlite://")

    assert saved(plain) == []
    plain.write("x.sqlite3", "")
    assert plain.db("restore", "--from", "x.sqlite3", exit_code=1).stderr == (
        "Error: 'default' can't be restored from x.sqlite3: the database is in memory\n"
    )


def test_a_backup_that_fails_stops_the_run(shop: Project) -> None:
    shop.write("full", "")
    shop.configure(extra="[tool.ellar-db-backup]\ndirectory = 'full'")

    result = shop.db("upgrade", exit_code=1)

    assert result.output == (
        "Error: the database 'default' could not be backed up: File exists: full; nothing was done. "
        "Mend it, or go on without: required = false in [tool.ellar-db-backup]\n"
    )
    assert shop.db("current").stdout == "r1\n"


def test_a_backup_that_fails_is_a_warning_where_none_is_required(shop: Project) -> None:
    shop.write("full", "")
    shop.configure(extra="[tool.ellar-db-backup]\ndirectory = 'full'\nrequired = false")

    assert shop.db("upgrade").stderr.splitlines()[0] == (
        "Warning: the database 'default' could not be backed up: File exists: full; going on without, as "
        "[tool.ellar-db-backup] has it"
    )
    assert shop.db("current").stdout == "r2 (head)\n"


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_missing_program_is_named_and_leaves_no_file(
    plain: Project,
    use: Callable[..., None],
    new_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    started(plain, use, new_database(kind))
    before = saved(plain)
    monkeypatch.setenv("PATH", str(plain.path))

    result = plain.db("upgrade", exit_code=1)

    named = {"postgresql": "pg_dump", "mariadb": "mariadb-dump or mysqldump"}[kind]
    assert result.output == (
        f"Error: the database 'default' could not be backed up: the program {named} isn't installed, or isn't on the "
        "PATH; nothing was done. Mend it, or go on without: required = false in [tool.ellar-db-backup]\n"
    )
    assert saved(plain) == before
    assert list((plain.path / "backups").glob(".*.part")) == []


def test_a_program_that_fails_is_quoted_in_one_line(
    plain: Project, use: Callable[..., None], new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started(plain, use, new_database("postgresql"))
    fake = plain.write(
        "bin/pg_dump",
        "#!/bin/sh\necho half\necho 'pg_dump: note: x' >&2\necho 'pg_dump: error: disk full' >&2\nexit 1\n",
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")

    assert (
        "could not be backed up: pg_dump: error: disk full; nothing was done" in plain.db("upgrade", exit_code=1).output
    )
    assert len(list((plain.path / "backups").glob("*.dump"))) == 1
    assert plain.db("current").stdout == "r1\n"


def test_backups_are_listed_the_newest_first(shop: Project) -> None:
    shop.db("upgrade")

    header, *lines = shop.db("backups").stdout.splitlines()

    assert header.split() == ["database", "taken", "(UTC)", "revision", "size", "file"]
    files = [next((shop.path / "backups").glob(f"*_{at}.sqlite3")) for at in ("r1", "base")]
    for line, file, at in zip(lines, files, ("r1", "base"), strict=True):
        taken = datetime.strptime(file.name, f"default_%Y%m%dT%H%M%S.%fZ_{at}.sqlite3")
        number = file.stat().st_size / 1000
        kilobytes = f"{number:.1f} kB" if number < 10 else f"{number:.0f} kB"
        assert re.split("  +", line) == ["default", f"{taken:%F %T}", at, kilobytes, f"backups/{file.name}"]
    assert {line.index("backups/") for line in lines} == {header.index("file")}


def test_where_there_is_no_backup_that_is_said(plain: Project, use: Callable[..., None]) -> None:
    use("ellar-db-backup")
    plain.db("init")

    assert plain.db("backups").output == "There is no backup in backups.\n"
    assert plain.db("restore", exit_code=1).output == (
        "Error: there is no backup of 'default' (.sqlite3) in backups; name a file with --from\n"
    )


def test_restore_asks(shop: Project) -> None:
    shop.db("upgrade")
    (backup,) = (path.relative_to(shop.path) for path in (shop.path / "backups").glob("*_r1.sqlite3"))
    question = f"default (sqlite:///app.db) will be replaced by {backup}; what it has now is lost.\nGo on? [y/N]: "

    assert shop.db("restore", input="n\n", exit_code=1).stderr == f"{question}n\nError: nothing was restored\n"
    assert shop.db("restore", input="", exit_code=1).stderr == (
        f"{question}\nError: nothing was restored; without a terminal to ask on, say --yes\n"
    )
    assert shop.db("current").stdout == "r2 (head)\n"
    assert shop.db("restore", input="y\n").stdout == f"Restored default from {backup}; it is at r1.\n"
    assert shop.db("current").stdout == "r1\n"


def test_restore_takes_the_backup_that_is_named(shop: Project) -> None:
    shop.db("upgrade")
    (backup,) = (shop.path / "backups").glob("*_base.sqlite3")

    shop.db("restore", "default", "--from", str(backup), "--yes")

    assert shop.db("current").stdout == ""
    assert "users" not in shop.tables()


def test_restore_leaves_out_backups_of_another_kind_of_database(shop: Project) -> None:
    shop.db("upgrade")
    (shop.path / "backups" / "default_29991231T235959.000000Z_base.sql").write_text("CREATE TABLE x (id integer);")

    assert ".sqlite3; it is at " in shop.db("restore", "--yes").stdout


def test_restore_wants_a_name_where_there_are_several(plain: Project, use: Callable[..., None]) -> None:
    use("ellar-db-backup")
    plain.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        metadata = {default = "models:Base"}
        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite:///reports.db"
        """,
    )
    plain.db("init", "--multi")
    plain.db("revision", "--rev-id", "r1")
    plain.db("upgrade")
    plain.db("downgrade", "base")

    assert saved(plain) == [
        f"{name} {at}.sqlite3"
        for name, at in (("default", "base"), ("default", "r1"), ("reports", "base"), ("reports", "r1"))
    ]
    assert plain.db("restore", exit_code=2).stderr.splitlines()[-1] == (
        "Error: there are several databases; name one of default, reports"
    )
    assert plain.db("restore", "raports", exit_code=1).output == (
        "Error: there is no database 'raports'; there are default, reports\n"
    )
    plain.db("restore", "reports", "--yes")
    assert plain.db("current").stdout == "default:\nreports:\nr1 (head)\n"


def cut(path: Path) -> Path:
    """Create a truncated backup."""
    made = path.with_name(f"cut{path.suffix}")
    made.write_bytes(path.read_bytes()[:-60])
    return made


def test_a_backup_without_its_end_is_refused_and_the_database_stays_as_it_is(
    plain: Project, use: Callable[..., None], any_database: str
) -> None:
    started(plain, use, any_database)
    fill(any_database)
    plain.db("upgrade")
    (backup,) = (plain.path / "backups").glob("*_r1.*")
    tables = plain.tables(any_database)

    for source in (cut(backup), plain.write("text.dump", "what is this?\n" * 100)):
        refused = plain.db("restore", "--from", str(source), "--yes", exit_code=1)
        assert refused.output.startswith(f"Error: 'default' can't be restored from {source}: ")
        assert len(refused.output.splitlines()) == 1

    assert plain.tables(any_database) == tables
    assert plain.db("current").stdout == "r2 (head)\n"


def test_a_restore_that_ends_too_early_changes_nothing_on_postgresql(
    plain: Project, use: Callable[..., None], new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database("postgresql")
    started(plain, use, url)
    fake = plain.write(
        "bin/pg_restore",
        """
        #!/bin/sh
        test "$1" = --list && exit
        echo 'CREATE TABLE half (id integer);'
        echo 'pg_restore: error: no more' >&2
        exit 1
        """,
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")

    refused = plain.db("restore", "--yes", exit_code=1)

    assert refused.output.endswith("base.dump: pg_restore: error: no more\n")
    assert plain.tables(url) == {"alembic_version", "users"}


def test_a_restore_that_the_server_refuses_changes_nothing_on_postgresql(
    plain: Project, use: Callable[..., None], new_database: Callable[[str], str]
) -> None:
    url = new_database("postgresql")
    started(plain, use, url)
    role = f"gone_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server("postgresql").url.set(database=make_url(url).database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role}"))
        connection.execute(text(f"ALTER TABLE users OWNER TO {role}"))
        plain.db("upgrade")
        connection.execute(text("ALTER TABLE users OWNER TO CURRENT_USER"))
        connection.execute(text(f"DROP ROLE {role}"))
    engine.dispose()

    refused = plain.db("restore", "--yes", exit_code=1)

    assert f'role "{role}" does not exist' in refused.output
    assert len(refused.output.splitlines()) == 1
    assert plain.tables(url) == {"alembic_version", "notes", "users"}


def test_all_that_came_later_is_dropped_on_postgresql(
    plain: Project, use: Callable[..., None], new_database: Callable[[str], str]
) -> None:
    url = new_database("postgresql")
    started(plain, use, url)
    revision(
        plain,
        "r3",
        """
    op.execute("CREATE SCHEMA other")
    op.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
    op.execute("CREATE DOMAIN short AS varchar(5)")
    op.execute("CREATE TABLE other.moods (id serial PRIMARY KEY, mood mood, short short)")
    op.execute("CREATE MATERIALIZED VIEW moody AS SELECT mood FROM other.moods")
    op.execute("CREATE SEQUENCE numbers")
    op.execute("CREATE FUNCTION one(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    op.execute("CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer)")
    op.execute("SELECT lo_create(0)")
""",
    )
    plain.db("upgrade")
    left = """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'
        UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
        UNION SELECT nspname FROM pg_namespace WHERE nspname = 'other'
        UNION SELECT 'large object' FROM pg_largeobject_metadata
    """
    first = {"alembic_version", "users", "users_id_seq", "names"}
    later = {"notes", "of_notes", "mood", "short", "moody", "numbers", "one", "total", "other", "large object"}
    engine = sync_engine(url)
    with engine.connect() as connection:
        assert set(connection.scalars(text(left))) == first | later

    plain.db("restore", "--yes")

    with engine.connect() as connection:
        assert set(connection.scalars(text(left))) == first
    plain.db("upgrade")
    with engine.connect() as connection:
        assert set(connection.scalars(text(left))) == first | later


def test_all_that_came_later_is_dropped_on_mariadb(
    plain: Project, use: Callable[..., None], new_database: Callable[[str], str]
) -> None:
    url = new_database("mariadb")
    started(plain, use, url)
    revision(
        plain,
        "r3",
        """
    op.execute("CREATE SEQUENCE numbers")
    op.execute("CREATE TABLE `odd ``name` (id INT DEFAULT NEXTVAL(numbers))")
    op.execute("CREATE FUNCTION one() RETURNS INT RETURN 1")
    op.execute("CREATE PROCEDURE two() SELECT 2")
    op.execute("CREATE EVENT later ON SCHEDULE EVERY 1 DAY DO SELECT 1")
""",
    )
    plain.db("upgrade")
    left = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() UNION SELECT routine_name "
        "FROM information_schema.routines WHERE routine_schema = DATABASE() UNION SELECT event_name FROM "
        "information_schema.events WHERE event_schema = DATABASE()"
    )
    engine = sync_engine(url)
    later = {"notes", "of_notes", "numbers", "odd `name", "one", "two", "later", "ellar_db_journal"}
    first = {"alembic_version", "names", "users", "ellar_db_journal"}
    with engine.connect() as connection:
        assert set(connection.scalars(text(left))) == first | later

    plain.db("restore", "--yes")

    with engine.connect() as connection:
        assert set(connection.scalars(text(left))) == first
    plain.db("upgrade")
    with engine.connect() as connection:
        assert set(connection.scalars(text(left))) == first | later


def test_a_failure_half_way_says_that_the_database_is_not_whole_on_mariadb(
    plain: Project, use: Callable[..., None], new_database: Callable[[str], str]
) -> None:
    url = new_database("mariadb")
    started(plain, use, url)
    broken = plain.write("broken.sql", "CREATE TABLE a (id INT);\nCREATE NONSENSE;\n\n-- Dump completed\n")

    refused = plain.db("restore", "--from", "broken.sql", "--yes", exit_code=1)

    assert broken.exists()
    assert re.fullmatch(
        r"Error: 'default' can't be restored from broken\.sql: ERROR 1064 .*; the database isn't whole now, so mend "
        r"that and restore again\n",
        refused.output,
    )
    assert plain.db("restore", "--yes").stdout.endswith("it is at base.\n")


def test_a_restore_waits_for_nobody_who_holds_the_database(shop: Project) -> None:
    shop.db("upgrade")
    with closing(sqlite3.connect("app.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = shop.db("restore", "--yes", exit_code=1)

    assert refused.output.endswith(": the database is locked by another program\n")
    assert shop.db("current").stdout == "r2 (head)\n"


def test_a_restore_waits_for_the_lock_of_a_run(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from ellar_db.util.file_lock import FileLock

    shop.configure(extra="lock-timeout = 0")
    lock = FileLock(shop.path / "app.db")
    assert lock.acquire()
    try:
        refused = shop.db("restore", "--yes", exit_code=1)
    finally:
        lock.release()

    assert refused.output.startswith("Error: the database 'default' is being migrated by process ")


@pytest.fixture(params=["postgresql", "mariadb"])
def odd_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[str]:
    """The URL of a database on a server that requires a password, the owner's with special characters."""
    if request.param == "postgresql":
        own = OwnPostgres()
        hba = own.folder / "hba.conf"
        hba.write_text("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        hba.chmod(0o644)
        own.options["hba_file"] = hba
        with own:
            engine = create_engine(own.url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
            with engine.connect() as connection:
                cursor = connection.connection.cursor()
                cursor.execute(sql.SQL("CREATE ROLE odd LOGIN PASSWORD {}").format(sql.Literal(ODD)))
                cursor.execute("CREATE DATABASE odd OWNER odd")
            yield make_url(own.url).set(username="odd", password=ODD, database="odd").render_as_string(False)
        return
    url = make_url(new_database("mariadb"))
    name = f"odd_{uuid.uuid4().hex[:12]}"
    # PyMySQL sends passwords as Latin-1
    engine = create_engine(
        server("mariadb").url.update_query_dict({"charset": "latin1"}),
        isolation_level="AUTOCOMMIT",
        poolclass=pool.NullPool,
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE USER {name} IDENTIFIED BY :password"), {"password": ODD})
        connection.execute(text(f"GRANT ALL ON {url.database}.* TO {name}"))
        yield url.set(username=name, password=ODD).render_as_string(hide_password=False)
        connection.execute(text(f"DROP USER {name}"))


SPY = """#!/bin/sh
{{ echo "$0 $@"; for file in "$@"; do case "$file" in --defaults-file=*) ls -l "${{file#*=}}"; esac; done; }} >> {log}
exec {program} "$@"
"""


def test_passwords_reach_the_programs_and_nothing_else(
    plain: Project, use: Callable[..., None], odd_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(odd_url)
    log = plain.path / "log"
    names = PROGRAMS[make_url(odd_url).get_backend_name()]
    for name in names:
        plain.write(f"bin/{name}", SPY.format(log=log, program=shutil.which(name))).chmod(0o755)
    monkeypatch.setenv("PATH", f"{plain.path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(plain.path))
    monkeypatch.setenv("SHOP_URL", odd_url)
    monkeypatch.setenv("ELLAR_DB_TRACE_PLUGINS", "1")
    started(plain, use, odd_url)
    plain.configure(url="${SHOP_URL}")

    output = plain.db("upgrade").output + plain.db("restore", "--yes").output + plain.db("backups").output

    assert plain.db("current").stdout == "r1\n"
    called = log.read_text()
    assert {Path(line.split()[0]).name for line in called.splitlines() if line.startswith("/")} >= set(names)
    if "mysql" in odd_url:
        assert set(re.findall(r"^[-rwx]{10}", called, re.MULTILINE)) == {"-rw-------"}
    for file in plain.path.rglob("*"):
        assert not file.is_file() or b"w#rd" not in file.read_bytes()
        assert file.suffix != ".cnf"
    assert "w#rd" not in output


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("directory = 5", "directory must be a text, not 5"),
        ("directory = ''", "directory must be a text, not ''"),
        ("keep = 0", "keep must be a number from 1 on, not 0"),
        ("keep = true", "keep must be a number from 1 on, not True"),
        ("required = 'no'", "required must be true or false, not 'no'"),
        ("folder = 'x'", "has no folder; it takes directory, keep, required"),
    ],
)
def test_settings_that_cant_be_used_are_refused(shop: Project, settings: str, message: str) -> None:
    shop.configure(extra=f"[tool.ellar-db-backup]\n{settings}")

    for name in ("upgrade", "backups"):
        assert shop.db(name, exit_code=1).output == f"Error: [tool.ellar-db-backup] {message}\n"
    assert shop.db("current").stdout == "r1\n"
