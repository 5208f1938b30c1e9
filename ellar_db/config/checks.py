"""Check Alembic's own settings before Alembic uses them."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from ellar_db.project.importing import imported_module
from ellar_db.project.urls import CUT, is_cut_host
from ellar_db.util.errors import DbError, summary
from ellar_db.util.masking import remember

if TYPE_CHECKING:
    from configparser import Error as IniError
    from configparser import ParsingError

    from alembic.config import Config


NUMBERS = ("epoch", "year", "month", "day", "hour", "minute", "second")
"""Tokens of `file_template` whose values are numbers."""


def check_settings(config: Config) -> None:
    """Refuse values on which Alembic would raise a Python exception.

    Args:
        config: Alembic's configuration.

    Raises:
        DbError: A value of alembic.ini or `[tool.alembic]` is invalid.
        UnavailableError: It names a package that can't be imported.
    """
    from sqlalchemy.util import asbool

    readers: dict[str, Callable[[Any], object]] = {
        "script_location": partial(_location, name="script_location"),
        "timezone": _text,
        "file_template": file_template,
        "truncate_slug_length": int,
        "output_encoding": codecs.lookup,
        "revision_environment": asbool,
        "recursive_version_locations": asbool,
        "sourceless": asbool,
    }
    for name, read in readers.items():
        value = setting(config, name)
        try:
            if value is not None:
                read(value)
        except (ImportError, LookupError, TypeError, ValueError) as error:
            raise DbError(f"Alembic's setting {name} is {value!r}, which it can't use: {summary(error)}") from error
    _refuse_cut(setting(config, "sqlalchemy.url"))
    try:
        locations = config.get_version_locations_list()
        _texts(locations, "version_locations")
        _texts(config.get_prepend_sys_paths_list(), "prepend_sys_path")
        for location in locations or ():
            _versions(location)
    except (AttributeError, ImportError, LookupError, TypeError, ValueError) as error:
        raise DbError(f"Alembic's settings of paths can't be used: {summary(error)}") from error
    try:
        _hooks(config.get_hooks_list())
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DbError(
            f"Alembic's setting post_write_hooks can't be used: {summary(error)}; write a table with a name and a type "
            "for each hook"
        ) from error


def _refuse_cut(url: object) -> None:
    """Refuse a URL of which a driver would take, and show, the end of the password for the host.

    Raises:
        DbError: So it is.
    """
    from sqlalchemy import exc, make_url

    try:
        parsed = make_url(url) if isinstance(url, str) else None
    except (exc.ArgumentError, ValueError):
        # only env.py knows whether it uses it
        return
    if parsed is not None and is_cut_host(parsed.host):
        remember(parsed)
        raise DbError(f"Alembic's setting sqlalchemy.url can't be understood: {CUT}")


def ini_problem(error: IniError) -> str:
    """Return what is wrong with an ini file, without quoting its lines, which may contain a password.

    Args:
        error: The standard library's error.

    Example:
        >>> from configparser import DuplicateSectionError
        >>> ini_problem(DuplicateSectionError("alembic"))
        "the ini file can't be read: Section 'alembic' already exists"
    """
    from configparser import InterpolationError, ParsingError

    if isinstance(error, InterpolationError):
        return (
            f"the ini file can't be read: {error.option} of [{error.section}] has a '%' that stands for nothing; "
            "write it as '%%'"
        )
    if isinstance(error, ParsingError):
        lines = ", ".join(str(line) for line in dict.fromkeys(_lines(error)))
        return f"the ini file {error.source} can't be read: line {lines} is neither a [section] nor a key = value"
    return f"the ini file can't be read: {error}"


def _lines(error: ParsingError) -> list[int]:
    # the error of a file without sections has a single line number
    return [error.lineno] if hasattr(error, "lineno") else [line for line, _ in error.errors]


def setting(config: Config, name: str) -> Any:
    """Return one of Alembic's settings, or None.

    Raises:
        DbError: It contains an invalid `%`, or its value has a type that Alembic doesn't accept.
    """
    try:
        return config.get_alembic_option(name)
    except (LookupError, TypeError, ValueError) as error:
        raise DbError(
            f"Alembic's setting {name} can't be read: {summary(error)} (a '%' must be written as '%%')"
        ) from error


def file_template(value: Any) -> None:
    path = value % {"rev": "r", "slug": "s", **dict.fromkeys(NUMBERS, 1)}
    if PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute() or ".." in PureWindowsPath(path).parts:
        raise ValueError("it leads out of the versions folder")


def _text(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError("it must be a text")


def _location(value: Any, name: str) -> Path:
    """Return the folder that a setting names, perhaps as `package:folder`."""
    from alembic.util import coerce_resource_to_filename

    _text(value)
    package, colon, _ = value.partition(":")
    if colon and not Path(value).is_absolute():
        imported_module(package, f"Alembic's setting {name} is {value!r}")
    return Path(coerce_resource_to_filename(value))


def _versions(value: str) -> None:
    if (_location(value, "version_locations") / "env.py").is_file():
        raise ValueError(f"version_locations has {value}, where env.py is; name the folder of the revisions")


def _hooks(hooks: Any) -> None:
    for hook in hooks:
        for key, value in hook.items():
            if not isinstance(value, str):
                raise TypeError(f"{key.lstrip('_')} is {value!r}, where a text belongs")


def _texts(value: Any, name: str) -> None:
    if value is not None and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise TypeError(f"{name} must be a list of texts")
