"""A project in its own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.testing.terminal import Invoking, invoked
from ellar_db.util.errors import needing_ellar

if TYPE_CHECKING:
    import click
    from click.testing import Result
    from typing_extensions import Unpack


MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
"""

TIMEOUT = 120
"""Seconds that a program may take."""


@dataclass
class Project:
    """A project in its own folder.

    Args:
        path: The folder, which is the working directory.
    """

    path: Path

    def write(self, name: str, content: str) -> Path:
        """Write a file, with its text dedented.

        Args:
            name: Its path within the project.
            content: The text.
        """
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(content).lstrip("\n"), encoding="utf-8")
        return file

    def configure(self, *, url: str = "sqlite:///app.db", models: str = MODELS, extra: str = "") -> None:
        """Write models.py, and a pyproject.toml with one database.

        Args:
            url: The database's URL.
            models: The source of models.py; its metadata is that of `Base`.
            extra: More lines of pyproject.toml, which continue `[tool.ellar-db]`.
        """
        self.write("models.py", models)
        self.write(
            "pyproject.toml",
            f"[tool.ellar-db]\ndatabase = '{url}'\nmetadata = 'models:Base'\n{textwrap.dedent(extra)}",
        )
        self.forget("models")

    def change_models(self, addition: str) -> None:
        """Append to models.py; the next command sees it.

        Args:
            addition: Source, dedented.
        """
        file = self.path / "models.py"
        file.write_text(file.read_text(encoding="utf-8") + textwrap.dedent(addition), encoding="utf-8")
        self.forget("models")

    def forget(self, *names: str) -> None:
        """Forget modules and settings, so that they are read again, as in a new process.

        Args:
            names: Top-level modules and packages.
        """
        from importlib import invalidate_caches

        from ellar_db.plugins.manager import get_plugin_manager

        for name in list(sys.modules):
            if name.partition(".")[0] in names:
                del sys.modules[name]
        for folder in self.path.rglob("__pycache__"):
            shutil.rmtree(folder, ignore_errors=True)
        invalidate_caches()
        get_plugin_manager.cache_clear()

    def db(self, *arguments: str, exit_code: int | None = 0, **options: Unpack[Invoking]) -> Result:
        """Run `ellar-db ...` in this process, and check the exit code.

        Args:
            arguments: The command line.
            exit_code: The expected exit code; None accepts any.
            options: Options of click's `CliRunner.invoke`, such as `input`.

        Returns:
            The result: `exit_code`, `stdout`, `stderr`, and both in `output`.
        """
        from ellar_db.cli import db

        return _invoked(db, "ellar-db", arguments, exit_code, options)

    def ellar(self, *arguments: str, exit_code: int | None = 0, **options: Unpack[Invoking]) -> Result:
        """Run `ellar ...` in this process, and check the exit code.

        Args:
            arguments: The command line, as in `ellar("db", "upgrade")`.
            exit_code: The expected exit code; None accepts any.
            options: Options of click's `CliRunner.invoke`.
        """
        with warnings.catch_warnings():
            # on import, ellar uses deprecated parts of pydantic and click
            warnings.simplefilter("ignore")
            with needing_ellar("the program `ellar`"):
                from ellar_cli.main import create_ellar_cli

        return _invoked(create_ellar_cli(), "ellar", arguments, exit_code, options)

    def run(
        self, *command: str, exit_code: int | None = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of this Python's environment in a new process, and check the exit code.

        Args:
            command: The program and its arguments.
            exit_code: The expected exit code; None accepts any.
            env: Environment variables in addition to those of the test.
        """
        program = Path(sys.executable).with_name(command[0])
        found = str(program) if program.exists() else shutil.which(command[0]) or command[0]
        done = subprocess.run(
            [found, *command[1:]],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": "", **(env or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if exit_code not in (None, done.returncode):
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def revisions(self, folder: str = "migrations") -> list[Path]:
        """Return the revision files."""
        return sorted((self.path / folder / "versions").glob("*.py"))

    def tables(self, url: str = "sqlite:///app.db") -> set[str]:
        """Return the names of a database's tables."""
        return tables(url)


def tables(url: str) -> set[str]:
    """Return the names of a database's tables, with any driver in its URL."""
    from sqlalchemy import inspect

    from ellar_db.databases.factory import make_databases

    database = make_databases(url, pooled=False)["default"]
    return database.transaction(lambda connection: set(inspect(connection).get_table_names()))


def _invoked(
    program: click.Command, name: str, arguments: tuple[str, ...], exit_code: int | None, options: Invoking
) -> Result:
    result = invoked(program, name, arguments, options)
    if exit_code not in (None, result.exit_code):
        raise AssertionError(f"{name} {' '.join(arguments)}: exit {result.exit_code}\n{result.output}")
    return result
