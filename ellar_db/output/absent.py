"""Streams that a program was started without: closed by the shell, or those of a program without a console."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ellar_db.output.lossy import write_nowhere

NUMBERS = {"stdin": 0, "stdout": 1, "stderr": 2}


class Absent(io.TextIOWrapper):
    """Stands for a stream that isn't there."""


class _Refused(io.FileIO):
    """A file that refuses what is written as a full disk does, which all that handles errors knows."""

    def write(self, data: Any) -> Any:
        try:
            return super().write(data)
        except OSError as error:
            raise OSError(errno.ENOSPC, "standard output is closed") from error


@contextmanager
def all_streams() -> Iterator[None]:
    """Have something in place of each standard stream that is missing.

    Standard input is at its end, standard error takes everything, and standard output can't be written to: who asked
    for an answer must learn that it is lost.

    Their file descriptors are taken too, and stay so: a database's file that got one of them would be written to by all
    that writes to the stream by its number.

    Example:
        >>> with all_streams():
        ...     print("an answer")
        an answer
    """
    missing = [name for name in NUMBERS if getattr(sys, name) is None]
    opened = {name: _opened(name) for name in missing}
    for name, stream in opened.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in opened.items():
            # unless somebody has replaced it meanwhile
            if getattr(sys, name) is stream:
                setattr(sys, name, None)
            if name != "stdin":
                # what was kept would fail once more
                write_nowhere(stream)
            with suppress(OSError):
                stream.close()


def _opened(name: str) -> Absent:
    # of a descriptor for reading, the system itself refuses what is written
    file = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
    number = NUMBERS[name]
    if file != number and not _is_open(number):
        os.dup2(file, number)
        os.close(file)
        file = number
    if file == number:
        # programs that are started need it as much
        os.set_inheritable(file, True)
    # the descriptor outlives the stream
    raw = (io.FileIO if name == "stdin" else _Refused)(file, "r" if name == "stdin" else "w", closefd=file != number)
    buffer = io.BufferedReader(raw) if name == "stdin" else io.BufferedWriter(raw)
    return Absent(buffer, encoding="utf-8", errors="backslashreplace")


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
