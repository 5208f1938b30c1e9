"""The programs that are measured, each with a project in a folder of its own, run in this process."""

from __future__ import annotations

import importlib.util
import logging
import re
import shutil
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.metadata import version
from pathlib import Path

from benchmarks.corpus import Feature
from benchmarks.measure.targets import Target

MODELS = """from benchmarks.corpus import build

metadata = build({key!r}, {side!r})
"""
MASKED = re.compile(
    r"0x[0-9a-f]+|(?:up|down)grade [0-9a-f]* ?-> ?[0-9a-f]*, \w+ failed on the database 'default': "
    r"|ellar_db_fidelity_[0-9a-f]{8}_?|[0-9a-f]{12}(?=_\w+\.py)"
    rf"|{re.escape(str(Path(__file__).parents[2]))}/"
)
"""What differs from run to run and from machine to machine, and what precedes each error of ellar_db's `upgrade`."""


SAID = re.compile(r"Warning: |\bDB\d{3}\b")
"""A line of `migrate` that tells of what is missed, or may be lost: a warning, or the code of a rule.

What it found, and that it should be reviewed, it prints for each revision.
"""


class Failed(Exception):
    """A command failed; its text is the first line of the error."""

    def __init__(self, line: str) -> None:
        super().__init__(MASKED.sub("", line))


class Side(ABC):
    """A program with its project.

    Args:
        folder: The project's folder, empty and the working directory.
        target: The database.
    """

    def __init__(self, folder: Path, target: Target) -> None:
        self.folder = folder
        self.target = target
        self.feature: Feature | None = None
        self.make()

    @abstractmethod
    def make(self) -> None:
        """Write the project, with an empty migrations folder."""

    def start(self, feature: Feature) -> None:
        """Forget the revisions of the cell before, and empty the database."""
        self.feature = feature
        for left in self.versions.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        self.target.empty()
        self.target.execute(feature.setup)

    def models(self, side: str) -> None:
        """Write the models module as it is before or after the change."""
        assert self.feature is not None
        (self.folder / "models.py").write_text(MODELS.format(key=self.feature.key, side=side), encoding="utf-8")
        sys.modules.pop("models", None)
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)
        invalidate_caches()
        self.forget()

    def forget(self) -> None:  # noqa: B027
        """Forget what the process keeps of the project."""

    @property
    def versions(self) -> Path:
        """The folder of revisions."""
        return self.folder / "migrations" / "versions"

    def revisions(self) -> set[Path]:
        """Return the revision files."""
        return set(self.versions.glob("*.py"))

    @abstractmethod
    def migrate(self, message: str, arguments: Sequence[str] = ()) -> str:
        """Write a revision of the differences.

        Returns:
            What was said that isn't routine: warnings.

        Raises:
            Failed: It was refused.
        """

    @abstractmethod
    def upgrade(self) -> None:
        """Upgrade to the newest revision; raises Failed."""

    @abstractmethod
    def downgrade(self, to: str) -> None:
        """Downgrade; raises Failed."""

    @abstractmethod
    def check(self) -> str:
        """Return the differences that are found now, an empty string if there are none."""


class EllarDb(Side):
    """ellar_db, with the defaults of `init`."""

    def make(self) -> None:
        """Write the project."""
        from ellar_db.testing.project import Project

        self.project = Project(self.folder)
        self.project.configure(url=self.target.url)
        text = (self.folder / "pyproject.toml").read_text(encoding="utf-8")
        (self.folder / "pyproject.toml").write_text(text.replace("models:Base", "models:metadata"), encoding="utf-8")
        self._run("init")

    def forget(self) -> None:
        """Forget the plugin manager, which has the databases."""
        from ellar_db.plugins.manager import get_plugin_manager

        get_plugin_manager.cache_clear()

    def _run(self, *arguments: str, accepted: Sequence[int] = (0,)) -> tuple[int, str]:
        result = self.project.db(*arguments, exit_code=None)
        if result.exit_code not in accepted:
            errors = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
            raise Failed((errors or result.stderr.strip().splitlines() or ["?"])[-1])
        return result.exit_code, result.stderr

    def migrate(self, message: str, arguments: Sequence[str] = ()) -> str:
        """Run `migrate`."""
        said = self._run("migrate", "-m", message, *arguments)[1]
        return "\n".join(line for line in said.splitlines() if SAID.search(line))

    def upgrade(self) -> None:
        """Run `upgrade`."""
        self._run("upgrade")

    def downgrade(self, to: str) -> None:
        """Run `downgrade`."""
        self._run("downgrade", to)

    def check(self) -> str:
        """Run `check`."""
        code, said = self._run("check", accepted=(0, 1))
        return said.strip().splitlines()[-1] if code else ""


class Alembic(Side):
    """Bare Alembic, with the env.py of `alembic init` and the options of a peer in it."""

    imports: str = ""
    extra: str = ""
    options: str = ""

    def make(self) -> None:
        """Write the project with `alembic init`, as its tutorial has it."""
        from alembic import command
        from alembic.config import Config

        self.config = Config(str(self.folder / "alembic.ini"), stdout=_Nothing())
        command.init(self.config, str(self.folder / "migrations"))
        ini = self.folder / "alembic.ini"
        text = ini.read_text(encoding="utf-8").replace("driver://user:pass@localhost/dbname", self.target.url)
        ini.write_text(text, encoding="utf-8")
        env = self.folder / "migrations" / "env.py"
        text = env.read_text(encoding="utf-8")
        # logging of the process stays as it is
        text = re.sub(r"if config.config_file_name.*\n.*fileConfig.*\n", "", text)
        text = text.replace(
            "target_metadata = None", f"from models import metadata as target_metadata\n{self.extra}{self.imports}"
        )
        text, count = re.subn(
            r"connection=connection, target_metadata=target_metadata",
            rf"\g<0>, {self.options}".rstrip(", "),
            text,
        )
        assert count == 1
        env.write_text(text, encoding="utf-8")

    def _run(self, function: Callable[[], object]) -> None:
        from alembic.config import Config

        self.config = Config(str(self.folder / "alembic.ini"), stdout=_Nothing())
        try:
            function()
        except Exception as error:
            # whatever a program of Alembic's raises is what its user sees
            raise Failed(first_line(error)) from error

    def migrate(self, message: str, arguments: Sequence[str] = ()) -> str:
        """Run `alembic revision --autogenerate`; its empty revisions count as none."""
        from alembic import command

        said = _Said()
        before = self.revisions()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            logging.getLogger("alembic").addHandler(said)
            try:
                self._run(lambda: command.revision(self.config, message, autogenerate=True))
            finally:
                logging.getLogger("alembic").removeHandler(said)
        for file in self.revisions() - before:
            if file.read_text(encoding="utf-8").count("    pass\n") == 2:
                file.unlink()
        return "\n".join(said.lines + [str(warning.message) for warning in caught])

    def upgrade(self) -> None:
        """Run `alembic upgrade head`."""
        from alembic import command

        self._run(lambda: command.upgrade(self.config, "head"))

    def downgrade(self, to: str) -> None:
        """Run `alembic downgrade`."""
        from alembic import command

        self._run(lambda: command.downgrade(self.config, to))

    def check(self) -> str:
        """Run `alembic check`."""
        from alembic import command
        from alembic.util import AutogenerateDiffsDetected

        try:
            self._run(lambda: command.check(self.config))
        except Failed as error:
            if isinstance(error.__cause__, AutogenerateDiffsDetected):
                return str(error)
            raise
        return ""


INCLUDE_NAME = """

def include_name(name, type_, parent_names):
    return type_ != "schema" or name in {None, *(table.schema for table in target_metadata.tables.values())}


"""


class AlembicOptions(Alembic):
    """Alembic with all the options that make it see more."""

    extra = INCLUDE_NAME
    plugins: Sequence[str] = ("alembic.autogenerate.*", "alembic.ext.checkconstraint_byname")

    def make(self) -> None:
        """Write the project."""
        batch = self.target.kind == "sqlite"
        self.options = (
            "compare_type=True, compare_server_default=True, "
            f"render_as_batch={batch}, autogenerate_plugins={list(self.plugins)!r}, "
            # as its documentation has it for models with schemas
            "include_schemas=any(table.schema for table in target_metadata.tables.values()), include_name=include_name"
        )
        super().make()


class PostgresqlEnum(AlembicOptions):
    """The same with alembic-postgresql-enum."""

    imports = "import alembic_postgresql_enum\n"


class PgAutogen(PostgresqlEnum):
    """The same with alembic-pg-autogen too."""

    imports = "import alembic_postgresql_enum\nimport alembic_pg_autogen\n"
    plugins = (*AlembicOptions.plugins, "alembic_pg_autogen.*")


class DeclarativeExtensions(AlembicOptions):
    """Alembic with all options, with the schemas declared to sqlalchemy-declarative-extensions."""

    imports = """
from sqlalchemy_declarative_extensions import Schemas, declare_database, register_alembic_events
others = ("databases", "views", "roles", "grants", "functions", "procedures", "triggers", "rows")
register_alembic_events(**dict.fromkeys(others, False))
declare_database(
    target_metadata,
    schemas=Schemas(ignore_unspecified=True).are(
        *sorted({table.schema for table in target_metadata.tables.values() if table.schema} - {"public"})
    ),
)
"""


@dataclass(frozen=True)
class Program:
    """A program that is measured.

    Args:
        name: Its name.
        side: How it is run.
        module: The module of the package that it needs beyond Alembic; empty if none.
        distribution: That package.
        databases: The kinds of databases for which it says it is made.
        claimed: Only features whose `claimed` names it are measured.
    """

    name: str
    side: type[Side]
    module: str = ""
    distribution: str = ""
    databases: Sequence[str] = ("sqlite", "postgresql", "mariadb")
    claimed: str = ""

    @property
    def missing(self) -> bool:
        """Whether a package that it needs isn't installed."""
        return bool(self.module) and importlib.util.find_spec(self.module) is None

    @property
    def version(self) -> str:
        """The version of the package that it needs, and of Alembic."""
        own = self.distribution or "alembic"
        return f"{own} {version(own)}"

    def takes(self, feature: Feature, kind: str) -> bool:
        """Return whether a feature is measured."""
        if kind not in self.databases or kind not in feature.databases:
            return False
        return not self.claimed or self.claimed in feature.claimed


PROGRAMS = [
    Program("ellar_db", EllarDb, distribution="ellar-db"),
    Program("Alembic", Alembic),
    Program("Alembic with all options", AlembicOptions),
    Program(
        "+ alembic-postgresql-enum",
        PostgresqlEnum,
        "alembic_postgresql_enum",
        "alembic-postgresql-enum",
        ("postgresql",),
    ),
    Program("+ alembic-pg-autogen", PgAutogen, "alembic_pg_autogen", "alembic-pg-autogen", ("postgresql",)),
    Program(
        "+ sqlalchemy-declarative-extensions",
        DeclarativeExtensions,
        "sqlalchemy_declarative_extensions",
        "sqlalchemy-declarative-extensions",
        ("postgresql",),
        "sqlalchemy-declarative-extensions",
    ),
]


def first_line(error: BaseException) -> str:
    """Return an exception in one line, without what differs from run to run."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


class _Nothing:
    """A stream that keeps nothing."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        """Return the length, as a stream does."""
        return len(text)

    def flush(self) -> None:
        """Do nothing."""


class _Said(logging.Handler):
    """Keeps warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())
