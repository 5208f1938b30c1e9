"""Back up each database before a run that writes; list and restore backups: `ellar db backups`, `ellar db restore`."""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import click

from ellar_db import Database, DbError, Run, Setting, alembic_config, hookimpl, options, plugin_option, plugin_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("ellar_db.backup")

SETTINGS = "ellar-db-backup"
NAME = re.compile(
    r"(?P<database>\w[\w.-]*?)_(?P<taken>[0-9]{8}T[0-9]{6}\.[0-9]{3}Z)_(?P<revision>.+)\.(?:sqlite3|dump|sql)"
)
PARTIAL = ".part"
LEFT_OVER = timedelta(days=1)
"""The age from which a partial file counts as abandoned."""


PATIENCE = 60
"""Seconds to wait for a table that another program holds."""


class BackupError(Exception):
    """A backup could not be made or read; the message says why."""


_done: ContextVar[set[str] | None] = ContextVar("ellar_db_backup", default=None)
"""The databases that the command has backed up; None if no command is running."""


@hookimpl(wrapper=True)
def ellar_db_invoke() -> Iterator[Any]:
    """Make one backup per command, even if packages ship migrations and it runs several times."""
    token = _done.set(set())
    try:
        return (yield)
    finally:
        _done.reset(token)


@hookimpl
def ellar_db_command_options(command: click.Command) -> Iterator[click.Option]:
    """Add `--no-backup` to the commands that change schemas."""
    if command.name in ("upgrade", "downgrade"):
        yield click.Option(["--no-backup"], is_flag=True, help="Make no backup of the databases before the run.")


@hookimpl(trylast=True)
def ellar_db_before_run(run: Run) -> None:
    """Back up a database that is about to be changed; called last, so that no plugin refuses the run afterwards."""
    database, connection, done = run.database, run.connection, _done.get()
    # neither --sql nor a run on a scratch database changes anything that is worth a backup
    if run.purpose != "apply" or connection is None or not run.plan or plugin_option("no_backup"):
        return
    if done is not None and database.name in done:
        return
    settings = Settings.read()
    try:
        made = save(database, connection, settings)
    except (BackupError, OSError) as error:
        said = f"the database {database.name!r} could not be backed up: {cause(error)}"
        if settings.required:
            raise DbError(
                f"{said}; nothing was done. Mend it, or go on without: required = false in [tool.{SETTINGS}]"
            ) from error
        log.warning("%s; going on without, as [tool.%s] has it", " ".join(said.split()), SETTINGS)
        return
    if done is not None:
        done.add(database.name)
    if made is not None:
        log.info("Backed up %s to %s (%s)", database.name, made, size(made))


@click.command(short_help="List the backups.")
def backups() -> None:
    """List the backups, the newest first."""
    folder = Settings.read().directory
    found = kept(folder)
    if not found:
        click.echo(f"There is no backup in {folder}.")
        return
    rows = [("database", "taken (UTC)", "revision", "size", "file")]
    rows += [
        (each.database, f"{each.taken:%Y-%m-%d %H:%M:%S}", each.revision, size(each.path), str(each.path))
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@click.command(short_help="Restore a database from a backup.")
@options.environment
@click.option("--from", "source", type=options.PATH, metavar="FILE", help="The backup (default is the newest).")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.argument("name", required=False)
def restore(directory: Path | None, x_arg: tuple[str, ...], source: Path | None, yes: bool, name: str | None) -> None:
    """Restore a database from a backup: its whole content is replaced, newer tables are dropped.

    NAME is the database; it may be omitted if there is only one.
    """
    from ellar_db import migration_lock

    with alembic_config(directory, x_arg=x_arg) as config:
        database = chosen(config.attributes["databases"], name)
        try:
            keeper = keeper_of(database)
        except BackupError as error:
            raise DbError(f"{database.name!r} can't be restored: {error}") from error
        backup = source or newest(Settings.read().directory, database.name, keeper.ending)
        if not backup.is_file():
            raise DbError(f"there is no file {backup}")
        try:
            keeper.check(backup)
            if not yes:
                click.echo(
                    f"{database.name} ({database.url}) will be replaced by {backup}; what it has now is lost.", err=True
                )
                confirm()
            with migration_lock(database):
                keeper.restore(backup)
        except (BackupError, OSError) as error:
            raise DbError(f"{database.name!r} can't be restored from {backup}: {cause(error)}") from error
        click.echo(f"Restored {database.name} from {backup}; it is at {database.transaction(revision_of(database))}.")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Register the commands."""
    yield backups
    yield restore


@dataclass(frozen=True)
class Settings:
    """`[tool.ellar-db-backup]`.

    Args:
        directory: The folder of the backups.
        keep: The number of backups kept of each database.
        required: Whether a run without a backup is refused.
    """

    directory: Annotated[Path, Setting("a text")] = Path("backups")
    keep: Annotated[int, Setting("a number from 1 on", lambda number: number >= 1)] = 10
    required: bool = True

    @classmethod
    def read(cls) -> Settings:
        """Read the settings.

        Raises:
            DbError: One of them can't be used.
        """
        return plugin_settings(SETTINGS, cls)


@dataclass(frozen=True)
class Backup:
    """A stored backup.

    Args:
        path: Its file.
        database: The database's name.
        taken: The time, in UTC.
        revision: The revision of the database.
    """

    path: Path
    database: str
    taken: datetime
    revision: str


def kept(folder: Path, database: str | None = None) -> list[Backup]:
    """Return the backups of a folder, the newest first.

    Args:
        folder: The folder.
        database: The name of the database whose backups to return, or None for all.
    """
    found = []
    for path in folder.iterdir() if folder.is_dir() else []:
        match = NAME.fullmatch(path.name)
        if match and database in (None, match["database"]):
            taken = datetime.strptime(match["taken"], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=timezone.utc)
            found.append(Backup(path, match["database"], taken, match["revision"]))
    return sorted(found, key=lambda each: (each.taken, each.database), reverse=True)


def newest(folder: Path, database: str, ending: str) -> Path:
    """Return a database's newest backup of its kind; the name may once have meant another kind of database.

    Raises:
        DbError: There is none.
    """
    found = [each.path for each in kept(folder, database) if each.path.suffix == ending]
    if not found:
        raise DbError(f"there is no backup of {database!r} ({ending}) in {folder}; name a file with --from")
    return found[0]


def save(database: Database, connection: Connection, settings: Settings) -> Path | None:
    """Back up a database, and delete the backups that exceed the limit.

    Returns:
        The file, or None if the database is in memory.

    Raises:
        BackupError: It failed; no file is left behind.
    """
    keeper = keeper_of(database)
    if keeper.in_memory:
        return None
    folder = make_folder(settings.directory)
    now = datetime.now(timezone.utc)
    taken = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z"
    path = folder / f"{database.name}_{taken}_{revision_of(database)(connection)}{keeper.ending}"
    # readable only by its owner: it contains everything in the database
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=folder)
    partial = Path(name)
    try:
        with os.fdopen(handle, "r+b") as file:
            keeper.save(partial, file)
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    old = [each.path for each in kept(folder, database.name)[settings.keep :]]
    since = (now - LEFT_OVER).timestamp()
    old += [each for each in folder.glob(f".*{PARTIAL}") if each.stat().st_mtime < since]
    for each in old:
        each.unlink(missing_ok=True)
    return path


def make_folder(folder: Path) -> Path:
    """Create the folder of the backups, ignored by the project's repository."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def revision_of(database: Database) -> Any:
    """Return a function that returns the revision of a connection's database, "base" if it has none."""

    def revision(connection: Connection) -> str:
        from alembic.runtime.migration import MigrationContext

        heads = MigrationContext.configure(connection, opts=dict(database.options)).get_current_heads()
        name = re.sub(r"[^\w.+]", "-", "+".join(sorted(heads)))[:100] or "base"
        # a package's version table doesn't contain the application's revision
        return f"{database.package}-{name}" if database.package else name

    return revision


def chosen(databases: Mapping[str, Database], name: str | None) -> Database:
    """Return the selected database.

    Raises:
        DbError: There is no database of that name.
        click.UsageError: There are several, and no name was given.
    """
    if name is None and len(databases) > 1:
        raise click.UsageError(f"there are several databases; name one of {', '.join(databases)}")
    if name is None and databases:
        return next(iter(databases.values()))
    if name not in databases:
        raise DbError(f"there is no database {name!r}; there are {', '.join(databases) or 'none'}")
    return databases[name]


def confirm() -> None:
    """Ask for confirmation.

    Raises:
        DbError: The answer is no, or there is no terminal.
    """
    try:
        if click.confirm("Go on?", err=True):
            return
    except click.Abort:
        click.echo(err=True)
        raise DbError("nothing was restored; without a terminal to ask on, say --yes") from None
    raise DbError("nothing was restored")


def cause(error: BackupError | OSError) -> str:
    """Return the cause; for errors of the operating system, with the file."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    return str(error)


def size(path: Path) -> str:
    """Return a file's size in a readable unit."""
    number, unit = float(path.stat().st_size), "bytes"
    for larger in ("kB", "MB", "GB"):
        if number >= 1000:
            number, unit = number / 1000, larger
    return f"{number:.1f} {unit}" if unit != "bytes" and number < 10 else f"{number:.0f} {unit}"


class SQLite:
    """SQLite, by its backup API: a consistent copy, even if other programs read or write meanwhile."""

    ending = ".sqlite3"

    def __init__(self, database: Database) -> None:
        from ellar_db import sqlite_file

        self.file = sqlite_file(database)
        self.in_memory = self.file is None

    def save(self, path: Path, _: IO[bytes]) -> None:
        """Copy the database to a file."""
        assert self.file is not None
        self._copy(self.file, path)

    def check(self, backup: Path) -> None:
        """Refuse a file that isn't a complete SQLite database."""
        import sqlite3

        if self.file is None:
            raise BackupError("the database is in memory")
        try:
            with closing(sqlite3.connect(_read_only(backup), uri=True)) as connection:
                ((said,), *_) = connection.execute("PRAGMA quick_check(1)")
        except sqlite3.Error as error:
            raise BackupError(str(error)) from error
        if said != "ok":
            raise BackupError(f"the backup is damaged: {said}")

    def restore(self, backup: Path) -> None:
        """Copy a backup over the database, in one transaction."""
        assert self.file is not None
        self._copy(backup, self.file)

    def _copy(self, source: Path, target: Path) -> None:
        import sqlite3

        def stop_where_locked(status: int, *_: int) -> None:
            # SQLITE_BUSY, SQLITE_LOCKED: Python would retry forever
            if status in (5, 6):
                raise sqlite3.OperationalError("the database is locked by another program")

        try:
            with (
                closing(sqlite3.connect(_read_only(source), uri=True)) as reading,
                closing(sqlite3.connect(target)) as writing,
            ):
                reading.backup(writing, progress=stop_where_locked)
        except sqlite3.Error as error:
            raise BackupError(str(error)) from error


def _read_only(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


class PostgreSQL:
    """PostgreSQL, by `pg_dump`, `pg_restore` and `psql`, which get the URL's parts in environment variables."""

    ending = ".dump"
    in_memory = False
    names: Mapping[str, str] = {
        "database": "PGDATABASE",
        "dbname": "PGDATABASE",
        "ssl": "PGSSLMODE",
        "connect_timeout": "PGCONNECT_TIMEOUT",
    }
    alike = (
        *("host", "hostaddr", "port", "user", "password", "passfile", "service", "options", "channel_binding"),
        *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "gssencmode", "target_session_attrs"),
    )

    def __init__(self, database: Database) -> None:
        dialect, url = database.sync_engine.dialect, database.sync_engine.url
        given: dict[str, Any] = dialect.create_connect_args(url)[1]
        names = {**{key: f"PG{key.replace('_', '').upper()}" for key in self.alike}, **self.names}
        self.environment = dict(os.environ)
        for key, value in given.items():
            if key in names and value is not None:
                several = isinstance(value, (list, tuple))
                self.environment[names[key]] = ",".join(map(str, value)) if several else str(value)

    def save(self, _: Path, file: IO[bytes]) -> None:
        """Dump the database to a file, in `pg_dump`'s custom format."""
        # the server's own limit on waiting for a lock doesn't apply to pg_dump
        run(
            ["pg_dump", "--format=custom", "--no-password", f"--lock-wait-timeout={PATIENCE}s"],
            self.environment,
            output=file,
        )

    def check(self, backup: Path) -> None:
        """Refuse a file that isn't an archive of `pg_dump`."""
        run(["pg_restore", "--list", os.fspath(backup)], self.environment)

    def restore(self, backup: Path) -> None:
        """Replace the content of the database, in one transaction."""
        import subprocess

        command = [program("psql"), "--no-psqlrc", "--no-password", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
        with talking(command, self.environment) as said:
            # otherwise an application that reads a table would block this forever
            said.write(f"BEGIN;\nSET LOCAL lock_timeout = '{PATIENCE}s';\n{DROP_ALL}\n".encode())
            with tempfile.TemporaryFile() as errors:
                reading = [program("pg_restore"), "--file=-", os.fspath(backup)]
                with subprocess.Popen(
                    reading, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
                ) as dump:
                    assert dump.stdout is not None
                    shutil.copyfileobj(dump.stdout, said)
                if dump.returncode:
                    # without a COMMIT the server rolls back
                    raise BackupError(complaint(errors))
            said.write(b"\nCOMMIT;\n")


DROP_ALL = """
DO $drop$
DECLARE command text;
BEGIN
  FOREACH command IN ARRAY (
    WITH of_extensions AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
    spaces AS (
      SELECT oid, nspname FROM pg_namespace
      WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        AND (('pg_namespace'::regclass)::oid, oid) NOT IN (SELECT * FROM of_extensions)
    ),
    drops (rank, command) AS (
      SELECT 1, format('DROP %s IF EXISTS %I.%I CASCADE',
        CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
          WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, nspname, relname)
      FROM pg_class JOIN spaces ON spaces.oid = relnamespace
      WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        AND ('pg_class'::regclass::oid, pg_class.oid) NOT IN (SELECT * FROM of_extensions)
        AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend WHERE deptype IN ('a', 'i')
          AND classid = 'pg_class'::regclass AND objid = pg_class.oid))
      UNION ALL
      SELECT 2, format('DROP ROUTINE IF EXISTS %I.%I(%s) CASCADE',
        nspname, proname, pg_get_function_identity_arguments(pg_proc.oid))
      FROM pg_proc JOIN spaces ON spaces.oid = pronamespace
      WHERE ('pg_proc'::regclass::oid, pg_proc.oid) NOT IN (SELECT * FROM of_extensions)
      UNION ALL
      SELECT 3, format('DROP TYPE IF EXISTS %I.%I CASCADE', nspname, typname)
      FROM pg_type JOIN spaces ON spaces.oid = typnamespace LEFT JOIN pg_class ON pg_class.oid = typrelid
      WHERE (typtype IN ('e', 'd', 'r') OR (typtype = 'c' AND relkind = 'c'))
        AND ('pg_type'::regclass::oid, pg_type.oid) NOT IN (SELECT * FROM of_extensions)
      UNION ALL
      SELECT 4, format('DROP SCHEMA IF EXISTS %I CASCADE', nspname) FROM spaces
      WHERE nspname <> 'public' AND NOT EXISTS (SELECT FROM pg_extension WHERE extnamespace = spaces.oid)
      UNION ALL
      SELECT 5, format('SELECT lo_unlink(%s)', oid) FROM pg_largeobject_metadata
    )
    SELECT coalesce(array_agg(drops.command ORDER BY rank), '{}') FROM drops
  ) LOOP
    EXECUTE command;
  END LOOP;
END
$drop$;
"""
"""Drops everything in the database except what extensions created: a dump doesn't know the tables created after it."""


class MySQL:
    """MySQL and MariaDB, by their dump and client programs, which get the URL's parts in a private file."""

    ending = ".sql"
    in_memory = False

    def __init__(self, database: Database) -> None:
        self.database = database
        dialect = database.sync_engine.dialect
        given: dict[str, Any] = dialect.create_connect_args(database.sync_engine.url)[1]
        tls = given.get("ssl") if isinstance(given.get("ssl"), dict) else {}
        # the encoding in which the driver sends a password
        self.encoding = "latin-1" if dialect.driver in ("pymysql", "aiomysql", "asyncmy") else "utf-8"
        self.name = str(given.get("database") or given.get("db") or "")
        self.options = {
            "host": given.get("host"),
            "port": given.get("port"),
            "user": given.get("user"),
            "password": given.get("password") or given.get("passwd"),
            "socket": given.get("unix_socket"),
            # pure Python drivers treat localhost as an address, the programs treat it as a socket
            "protocol": "socket" if given.get("unix_socket") else "tcp",
            "ssl-ca": tls.get("ca"),
            "ssl-cert": tls.get("cert"),
            "ssl-key": tls.get("key"),
            # the programs of MariaDB 11.4 verify the certificate, which the driver doesn't even request
            "loose-ssl-verify-server-cert": None if tls else "0",
            "default-character-set": "utf8mb4",
        }

    def save(self, _: Path, file: IO[bytes]) -> None:
        """Dump the database to a file, as a consistent snapshot."""
        with self._option_file() as options:
            run(
                [
                    *self._programs("mariadb-dump", "mysqldump", options),
                    *("--single-transaction", "--quick", "--routines", "--events", "--triggers", "--hex-blob"),
                    *("--no-tablespaces", "--", self.name),
                ],
                output=file,
            )

    def check(self, backup: Path) -> None:
        """Refuse a file that isn't a complete dump, before any table is dropped."""
        with backup.open("rb") as file:
            file.seek(max(0, backup.stat().st_size - 200))
            if b"\n-- Dump completed" not in file.read():
                raise BackupError("it is no dump, or not all of one")

    def restore(self, backup: Path) -> None:
        """Replace the content of the database; the server commits each statement."""
        drops = self.database.transaction(self._drops)
        with self._option_file() as options, backup.open("rb") as dump:
            try:
                with talking([*self._programs("mariadb", "mysql", options), "--batch", "--", self.name]) as said:
                    said.write("".join(f"{drop};\n" for drop in drops).encode())
                    shutil.copyfileobj(dump, said)
            except BackupError as error:
                raise BackupError(f"{error}; the database isn't whole now, so mend that and restore again") from error

    def _drops(self, connection: Connection) -> list[str]:
        from sqlalchemy import text

        found = connection.execute(
            text(
                "SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END, "
                "table_name FROM information_schema.tables WHERE table_schema = DATABASE() UNION ALL "
                "SELECT routine_type, routine_name FROM information_schema.routines "
                "WHERE routine_schema = DATABASE() UNION ALL "
                "SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = DATABASE()"
            )
        ).all()
        # tables that use a sequence are dropped before it
        rows = sorted((tuple(map(str, row)) for row in found), key=lambda row: (row[0] == "SEQUENCE", row))
        quote = connection.dialect.identifier_preparer.quote_identifier
        before = [f"SET lock_wait_timeout = {PATIENCE}", "SET foreign_key_checks = 0"]
        return [*before, *(f"DROP {kind} IF EXISTS {quote(name)}" for kind, name in rows)]

    def _programs(self, of_mariadb: str, of_mysql: str, options: Path) -> list[str]:
        mariadb = getattr(self.database.sync_engine.dialect, "is_mariadb", False)
        names = (of_mariadb, of_mysql) if mariadb else (of_mysql, of_mariadb)
        return [program(*names), f"--defaults-file={options}"]

    @contextmanager
    def _option_file(self) -> Iterator[Path]:
        """Write the options to a file that only its owner can read, deleted when the context ends."""
        lines = ["[client]", *(f"{key} = {_quoted(value)}" for key, value in self.options.items() if value is not None)]
        # MySQL's own program would add statements that other servers reject
        lines += ["[mysqldump]", "loose-set-gtid-purged = OFF", "loose-column-statistics = 0"]
        handle, name = tempfile.mkstemp(prefix="ellar-db-backup-", suffix=".cnf")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write("\n".join([*lines, ""]).encode(self.encoding))
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


def _quoted(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{escaped}"'


def keeper_of(database: Database) -> SQLite | PostgreSQL | MySQL:
    """Return the backup tool for a database.

    Raises:
        BackupError: Its kind isn't supported.
    """
    kind = database.sync_engine.dialect.name
    keepers: dict[str, type[SQLite] | type[PostgreSQL] | type[MySQL]] = {
        "sqlite": SQLite,
        "postgresql": PostgreSQL,
        "mysql": MySQL,
        "mariadb": MySQL,
    }
    if kind not in keepers:
        raise BackupError(f"ellar-db-backup knows no backup for {kind}")
    return keepers[kind](database)


def program(*names: str) -> str:
    """Return the path of the first of these programs that is installed.

    Raises:
        BackupError: None of them is.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise BackupError(f"the program {' or '.join(names)} isn't installed, or isn't on the PATH")
    return found


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, output: IO[bytes] | None = None) -> None:
    """Run a program to its end.

    Raises:
        BackupError: It failed.
    """
    import subprocess

    with tempfile.TemporaryFile() as errors:
        done = subprocess.run(
            [program(command[0]), *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=errors,
            check=False,
        )
        if done.returncode:
            raise BackupError(complaint(errors) or f"{command[0]} ended with {done.returncode}")


@contextmanager
def talking(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
    """Run a program that reads its input from standard input, which the context yields.

    Raises:
        BackupError: It failed.
    """
    import subprocess

    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        )
        assert process.stdin is not None
        heard = False
        try:
            # a program that exits before it has read everything reports the reason on standard error
            with suppress(BrokenPipeError):
                yield process.stdin
                process.stdin.close()
                heard = True
        except BaseException:
            process.kill()
            raise
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
        if process.returncode or not heard:
            raise BackupError(complaint(errors) or f"{Path(command[0]).name} ended with {process.returncode}")


def complaint(errors: IO[bytes]) -> str:
    """Return a program's error message: the first line with "error" or "fatal", or else the first line."""
    errors.seek(0)
    lines = [line.strip() for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    return next((line for line in lines if re.search("error|fatal", line, re.IGNORECASE)), lines[0] if lines else "")
