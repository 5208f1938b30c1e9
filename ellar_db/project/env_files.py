"""Files of environment variables, such as .env, and which of them are part of the environment now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ellar_db.util.errors import DbError, NotInstalledError
from ellar_db.util.masking import SECRET, remember_secret, remember_text


class Variable(NamedTuple):
    """A variable in a file.

    Args:
        value: Its value, as written: nothing in it is replaced.
        file: The file.
        line: The line.
    """

    value: str
    file: Path
    line: int


_wanted: dict[str, str] = {}
_set: dict[str, str] = {}


def read_env_files(files: Iterable[Path]) -> dict[str, Variable]:
    """Return the variables of some files; of one that stands in several, that of the last.

    A file that isn't there has none: where an application is deployed, its environment is set by other means.

    Args:
        files: The files.

    Raises:
        DbError: A file can't be read, or isn't one of variables.
        NotInstalledError: python-dotenv isn't installed, and a file is there.
    """
    return {name: found for file in files if file.exists() for name, found in _read(file).items()}


def _read(file: Path) -> dict[str, Variable]:
    try:
        from dotenv.parser import parse_stream
    except ModuleNotFoundError:
        raise NotInstalledError(
            f'env-file names {file}, and python-dotenv reads it; install it with pip install "ellar-db[dotenv]"'
        ) from None
    try:
        with file.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except (ValueError, OSError) as error:
        raise DbError(f"{file}, which env-file names, can't be read: {error}") from error
    found = {}
    for binding in bindings:
        # the parser counts the blank lines and comments before a line to it
        text = binding.original.string
        line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
        if binding.error or "\0" in text:
            # the line may have a password
            raise DbError(f"{file}, line {line} isn't NAME=value; mend it")
        if binding.key is not None and binding.value is not None:
            found[binding.key] = Variable(binding.value, file, line)
            remember_text(binding.value)
            if SECRET.search(binding.key):
                remember_secret(binding.value)
    return found


def use(variables: Mapping[str, Variable]) -> None:
    """Make the variables of files part of the environment; those of another project's files leave it.

    Args:
        variables: The variables. One that is set already isn't overridden.
    """
    wanted = {name: found.value for name, found in variables.items()}
    if wanted == _wanted:
        return
    kept = environment()
    for name in os.environ.keys() - kept.keys():
        del os.environ[name]
    _set.clear()
    _set.update({name: value for name, value in wanted.items() if name not in kept})
    os.environ.update(_set)
    _wanted.clear()
    _wanted.update(wanted)


def set_before(name: str) -> str | None:
    """Return the value of a variable unless it comes from a file; None if it has none.

    Args:
        name: The variable.
    """
    value = os.environ.get(name)
    return None if value == _set.get(name) else value


def environment() -> dict[str, str]:
    """Return the environment without the variables that come from files.

    Example:
        >>> environment() == dict(os.environ)
        True
    """
    return {name: value for name, value in os.environ.items() if _set.get(name) != value}
