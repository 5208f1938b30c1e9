"""What to do about a database's URL that SQLAlchemy can't use, in the project's own code too."""

from __future__ import annotations

import traceback

from ellar_db.util.errors import cause_of, innermost

DIALECTS = {
    **dict.fromkeys(("postgres", "pgsql", "psql", "pg", "postgre"), "postgresql"),
    **dict.fromkeys(("sqlite3",), "sqlite"),
    **dict.fromkeys(("mysql2", "my"), "mysql"),
    **dict.fromkeys(("sqlserver", "mssqlserver"), "mssql"),
}
"""What other programs call a dialect, and its name in SQLAlchemy."""

DRIVERS = {
    "MySQLdb": ("mysqlclient", "mysql+pymysql", "mysql"),
    "psycopg2": ("psycopg2-binary", "postgresql+psycopg", "postgresql"),
    "psycopg": ("", "", "postgresql"),
    "pymysql": ("", "", "mysql"),
    "asyncpg": ("", "", "async"),
    "aiomysql": ("", "", "async"),
    "aiosqlite": ("", "", "async"),
}
"""By a driver's module: its package, unless an extra brings it; the driver that an extra brings; the extra."""

FORM = "dialect+driver://user:password@host/name"
"""How a URL is written."""

CUT = "its password has a character that must be escaped: write @ as %40 (percent-encode odd characters)"
"""What is wrong with a URL whose password was cut at an `@` in it."""

SLASHES = "a file of SQLite is behind three slashes, as in sqlite:///shop.db, and behind four if its path is absolute"
"""What is wrong with a URL of SQLite whose file was taken for a host."""

PLACEHOLDER = "driver"
"""The dialect of the URL in the ini files that Alembic's templates make."""

LOADERS = ("import_dbapi", "dbapi")
"""The functions of SQLAlchemy's dialects that import a driver."""


def named_file(error: Exception) -> str:
    """Return how the file of a database is named, if SQLAlchemy took it for a host; else an empty string.

    Args:
        error: Its exception about the URL.
    """
    return SLASHES if str(error).startswith("Invalid SQLite URL") else ""


def installing(module: str) -> str:
    """Return how to install a driver, or which other one ellar-db brings.

    Args:
        module: The driver's module.

    Example:
        >>> installing("asyncpg")
        'pip install "ellar-db[async]" brings it'
    """
    if module not in DRIVERS:
        return "install it with pip"
    package, other, extra = DRIVERS[module]
    ours = f'pip install "ellar-db[{extra}]"'
    return f"{ours} brings it" if not package else f"pip install {package}, or write {other}:// and {ours}"


def corrected(drivername: str) -> str:
    """Return what to do about a dialect that SQLAlchemy doesn't know: it may have another name in other programs.

    Example:
        >>> corrected("postgres+psycopg")
        'write postgresql+psycopg://'
    """
    name, plus, driver = drivername.partition("+")
    right = DIALECTS.get(name.lower())
    if right is None:
        return "correct the URL, or install the package that brings its dialect"
    return f"write {right}{plus}{driver}://"


def is_cut_host(host: object) -> bool:
    """Return whether the end of a password was taken for the beginning of a host, which no `@` can be in.

    Args:
        host: The host of a URL, or what a driver was given.

    Example:
        >>> is_cut_host("word@db"), is_cut_host("db"), is_cut_host(None)
        (True, False, False)
    """
    return isinstance(host, str) and "@" in host


def url_advice(error: BaseException, setting: str = "sqlalchemy.url") -> str:
    """Return what to do about an error of SQLAlchemy's at the URL in somebody else's code; or an empty string.

    Args:
        error: What `create_engine` or `engine_from_config` raised.
        setting: Where the URL is set.

    Example:
        >>> url_advice(KeyError("url"))
        'set sqlalchemy.url'
    """
    from sqlalchemy import exc

    text = str(error)
    if isinstance(error, exc.NoSuchModuleError):
        name = text.rpartition(":")[2].replace(".", "+")
        if name == PLACEHOLDER:
            return f"set {setting}, which still has the placeholder of Alembic's template"
        return corrected(name)
    if isinstance(error, exc.ArgumentError) and "parse SQLAlchemy URL" in text:
        return f"set {setting}, or correct it; write it as {FORM}"
    if isinstance(error, KeyError) and error.args == ("url",):
        return f"set {setting}"
    if isinstance(error, ModuleNotFoundError) and (error.name in DRIVERS or _loads_driver(error)):
        return installing(str(error.name))
    return ""


def _loads_driver(error: BaseException) -> bool:
    return any(frame.f_code.co_name in LOADERS for frame, _ in traceback.walk_tb(error.__traceback__))


def advised_cause(error: BaseException) -> str:
    """Return the innermost cause of an error of an application, and what to do if that is the URL of a database.

    Args:
        error: What the project's code raised, or a framework that ran it.

    Example:
        >>> advised_cause(ValueError("elsewhere"))
        'ValueError: elsewhere'
    """
    cause = innermost(error)
    # an application's own code may miss any key
    advice = "" if isinstance(cause, KeyError) else url_advice(cause, "the database's URL")
    return f"{cause_of(error)}; {advice}" if advice else cause_of(error)
