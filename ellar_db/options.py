"""The options that commands share: one decorator for each, with names and help texts like Alembic's."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])

META = "ellar_db.options"

START = "ellar_db.start"
"""Key in the context of a command: the folder in which the program was started, if it isn't the project's."""

TRACEBACK = {"--raiseerr", "--traceback"}
"""The names of the option that shows the whole traceback of an error."""


TEXT, JSON = FORMATS = "text", "json"
"""The formats of the log."""


class GroupOptions(NamedTuple):
    """The options on the command line before the command's name.

    Args:
        directory: `-d`.
        x_arg: `-x`, as given.
        config_files: `-c`, as given.
        name: `-n`, the ini file's section.
        quiet: `-q`.
        traceback: `--traceback` or `--raiseerr`.
        log_format: `--log-format`, one of `FORMATS`; None if it isn't given.
        verbose: How often `-v` was given: once for Alembic's log, twice for SQLAlchemy's too.
    """

    directory: Path | None = None
    x_arg: tuple[str, ...] = ()
    config_files: tuple[Path, ...] = ()
    name: str = "alembic"
    quiet: bool = False
    traceback: bool = False
    verbose: int = 0
    log_format: str | None = None


def group_options() -> GroupOptions:
    """Return the options of the `db` group that runs; outside of it, the defaults."""
    ctx = click.get_current_context(silent=True)
    found = ctx.meta.get(META) if ctx else None
    return found if isinstance(found, GroupOptions) else GroupOptions()


def as_typed(path: str) -> Path:
    """Return a path from the command line that isn't declared as one, relative to where the program was started."""
    ctx = click.get_current_context(silent=True)
    start = ctx.meta.get(START) if ctx else None
    return Path(path) if start is None else Path(start) / path


def tracebacks_wanted() -> bool:
    """Return whether whole tracebacks are requested, by `--traceback` or by ELLAR_DB_TRACEBACK."""
    return group_options().traceback or os.environ.get("ELLAR_DB_TRACEBACK", "") not in ("", "0")


COMPLETED = "ellar_db.completed"
"""Key in the context of a command line that a shell completes: what knows the names."""

DATABASE, GROUP, PACKAGE, REVISION = "database", "group", "package", "revision"
RULE, TEMPLATE, TROUBLE = "rule", "template", "trouble"
"""What a word of the command line may name."""


def names_for(kind: str, ctx: click.Context, incomplete: str) -> list[CompletionItem]:  # type: ignore[type-arg,unused-ignore]
    """Return what a shell completes a word with; nothing outside of the group `db`.

    Args:
        kind: What the word names.
        ctx: The context of the command.
        incomplete: The beginning of the word.
    """
    known = ctx.meta.get(COMPLETED)
    return [] if known is None else known(kind, ctx, incomplete)


class Named(click.types.StringParamType):
    """A text that names something, with which a shell can complete it.

    Args:
        kind: `DATABASE`, `GROUP`, `PACKAGE`, `REVISION`, `RULE`, `TEMPLATE` or `TROUBLE`.

    Example:
        >>> Named(DATABASE).convert("default", None, None)
        'default'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # type: ignore[type-arg,unused-ignore]
        """Return the names."""
        return names_for(self.kind, ctx, incomplete)


class Revision(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic only in newer releases of click
    """A revision: an id, its beginning, `head`, `base`, `label@head`, or relative as in `+2` and `-1`.

    A command with such an argument takes unknown options as arguments, so that `-1` works; this type refuses the rest.
    """

    name = "revision"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if text.startswith("-") and not text[1:].isdigit():
            known = [name for each in ctx.command.params for name in each.opts] if ctx else []
            raise click.NoSuchOption(text, possibilities=[name for name in known if name.startswith("-")], ctx=ctx)
        problem = wrong_revision(text)
        if problem:
            self.fail(problem, param, ctx)
        return text

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # type: ignore[type-arg,unused-ignore]
        """Return the revisions of the folder."""
        return names_for(REVISION, ctx, incomplete)


def wrong_revision(text: str) -> str:
    """Return why a text can't name a revision; empty if it can.

    Args:
        text: What is given as a revision.

    Example:
        >>> wrong_revision("tenants@")
        "in 'tenants@' a revision must follow the '@'"
    """
    if not text.strip():
        return "a revision can't be empty"
    if text.count(":") > 1:
        return "a range is [start]:[end]"
    if any(part.endswith("@") for part in text.split(":")):
        return f"in {text!a} a revision must follow the '@'"
    return ""


class Rename(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic only in newer releases of click
    """What was renamed: `table:new`, `table.column:new` or `table.column:table.new`, each with a schema before it."""

    name = "rename"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        problem = wrong_rename(str(value))
        if problem:
            self.fail(problem, param, ctx)
        return str(value)


def wrong_rename(text: str) -> str:
    """Return why a text is no value of `--rename`; empty if it is one.

    Args:
        text: The text.

    Example:
        >>> wrong_rename("users:people")
        ''
    """
    if all(part.strip() for name in renamed(text) for part in name.split(".")):
        return ""
    return (
        f"{text!a} isn't OLD:NEW, as in users.name:full_name or users:people; a name with a colon is written "
        "in double quotes"
    )


def renamed(value: str) -> tuple[str, str]:
    """Return the old and the new name in a value of `--rename`, without quotes; empty names if it is none.

    Args:
        value: The value. A name may be in double quotes, each of which is doubled in it, as in SQL.

    Example:
        >>> renamed('users."at:":full_name')
        ('users.at:', 'full_name')
        >>> renamed("users")
        ('', '')
    """
    found = re.fullmatch(RENAMED, value)
    if found is None:
        return "", ""
    old, new = (
        re.sub(QUOTED, lambda part: part[1].replace('""', '"') if part[1] else part[0], name) for name in found.groups()
    )
    return old, new


def unambiguous(name: str) -> str:
    """Return one name as a value of `--rename` has it, in double quotes if there is a colon in it.

    Example:
        >>> unambiguous("name"), unambiguous("at:")
        ('name', '"at:"')
    """
    return '"{}"'.format(name.replace('"', '""')) if ":" in name else name


class Fill(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic only in newer releases of click
    """A value for the rows that are there: `table.column=value`, or `table.column=sql:expression`."""

    name = "fill"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        problem = wrong_fill(str(value))
        if problem:
            self.fail(problem, param, ctx)
        return str(value)


def wrong_fill(text: str) -> str:
    """Return why a text is no value of `--fill`; empty if it is one.

    Args:
        text: The text.

    Example:
        >>> wrong_fill("age=18")
        "'age=18' isn't TABLE.COLUMN=VALUE, as in users.age=18"
    """
    column, equals, _ = text.partition("=")
    parts = column.split(".")
    if equals and len(parts) > 1 and all(part.strip() for part in parts):
        return ""
    return f"{text!a} isn't TABLE.COLUMN=VALUE, as in users.age=18"


# compiled when they are first used, since few commands do
QUOTED = r'(?:(?<=\.)|^)"((?:[^"]|"")+)"(?=\.|$)|[^.]+'
"""The pattern of a part of a name, in double quotes or not."""

_PART = r'(?:"(?:[^"]|"")+"|[^:.]*)'

RENAMED = rf"({_PART}(?:\.{_PART})*):({_PART}(?:\.{_PART})*)"
"""The pattern of two names, of which each part may be in double quotes."""

RELATIVE = {"ignore_unknown_options": True}
"""Context settings of commands whose revision may be written as `-1`."""

PATH = click.Path(path_type=Path)


def _from_group(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    given = group_options()
    if param.name == "directory":
        return value if value is not None else given.directory
    return (*given.x_arg, *value)


def directory(function: F) -> F:
    """Add `-d/--directory`; the command's value overrides the group's."""
    return click.option(
        "-d",
        "--directory",
        type=PATH,
        callback=_from_group,
        help='Migration script directory (default is "migrations").',
    )(function)


def x_arg(function: F) -> F:
    """Add `-x/--x-arg`; the command's values are added to the group's."""
    return click.option(
        "-x",
        "--x-arg",
        multiple=True,
        callback=_from_group,
        help="Additional arguments consumed by custom env.py scripts, as in -x setting=value.",
    )(function)


def environment(function: F) -> F:
    """Add the options of every command: `-d` and `-x`."""
    return directory(x_arg(function))


def package(function: F) -> F:
    """Add `--package`, which makes a command use a package's migrations instead of the application's."""
    return click.option(
        "--package", type=Named(PACKAGE), metavar="NAME", help="Use the migrations of this installed package."
    )(function)


class Selection(NamedTuple):
    """The databases that a command is for: those with one of the names, and in one of the groups.

    Args:
        names: Names, or patterns with `*`, `?` and `[...]` (`--database`); none for all.
        groups: Groups, or patterns (`--group`); none for all.

    Example:
        >>> Selection(["acme*"]).listed
        '--database acme*'
        >>> bool(Selection())
        False
    """

    names: Sequence[str] = ()
    groups: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.names or self.groups)

    @property
    def listed(self) -> str:
        """The selection as options on a command line."""
        return " ".join([*(f"--database {name}" for name in self.names), *(f"--group {name}" for name in self.groups)])


class Which(NamedTuple):
    """The revisions for which a command is; without a value, those that a database doesn't have yet.

    Args:
        since: A revision: it and those before it are left out (`--since`).
        since_ref: A commit of git: those whose files were added or changed since (`--since-ref`).
        all: All of them (`--all`).
    """

    since: str | None = None
    since_ref: str | None = None
    all: bool = False


def which(function: F) -> F:
    """Add `--since`, `--since-ref` and `--all`, which the function gets as `which`, a `Which`."""

    @wraps(function)
    def choosing(*, since: str | None, since_ref: str | None, every: bool, **given: Any) -> Any:
        if sum((since is not None, since_ref is not None, every)) > 1:
            raise click.UsageError("--since, --since-ref and --all choose revisions in three ways; use one of them")
        problem = wrong_commit(since_ref)
        if problem:
            raise click.BadParameter(problem, param_hint="'--since-ref'")
        return function(which=Which(since, since_ref, every), **given)

    found: Any = choosing
    for option in (
        click.option("--all", "every", is_flag=True, help="All revisions."),
        click.option(
            "--since-ref",
            metavar="GITREF",
            help="Those whose files were added or changed since this commit or branch of git.",
        ),
        click.option("--since", type=Revision(), metavar="REV", help="Those that come after this revision."),
    ):
        found = option(found)
    return found  # type: ignore[no-any-return]  # a function with the same parameters but these


def wrong_commit(name: str | None) -> str:
    """Return why a text can't name a commit of git; empty if it can, or if there is none.

    Args:
        name: The text.

    Example:
        >>> wrong_commit("--output=x")
        "'--output=x' is no name of a commit"
    """
    if name is not None and (name.startswith("-") or not name.strip()):
        return f"{name!a} is no name of a commit"
    return ""


def databases(function: F) -> F:
    """Add `--database` and `--group`, which the function gets as `chosen`, a `Selection`."""

    @wraps(function)
    def selecting(*, database: tuple[str, ...], group: tuple[str, ...], **given: Any) -> Any:
        return function(chosen=Selection(database, group), **given)

    found: Any = selecting
    for option in (
        click.option(
            "--group",
            type=Named(GROUP),
            multiple=True,
            metavar="NAME",
            help="Only the databases of this group (may be given several times).",
        ),
        click.option(
            "--database",
            type=Named(DATABASE),
            multiple=True,
            metavar="NAME",
            help="Only this database, or those that a pattern such as 'acme*' matches (may be given several times).",
        ),
    ):
        found = option(found)
    return found  # type: ignore[no-any-return]  # a function with the same parameters but these


class Many(NamedTuple):
    """How a command goes through the databases of a group, each of which is migrated by itself.

    Args:
        jobs: How many at the same time (`--jobs`).
        keep_going: Go on with the others after one has failed (`--keep-going`).
        canary: How many are migrated before all others, which aren't begun if one of these fails (`--canary`).
        shard: The part of all that is migrated, from 0, and how many parts there are (`--shard`); None for all.
        resume: Go on with the last run that didn't end, or in which some failed (`--resume`).
        create: Make databases that aren't there (`--create`), also those of no group.
        json: Write a line for each database to standard output (`--json`).

    Example:
        >>> Many(jobs=4, keep_going=True).asked
        '--jobs 4 --keep-going'
    """

    jobs: int = 1
    keep_going: bool = False
    canary: int = 0
    shard: tuple[int, int] | None = None
    resume: bool = False
    create: bool = False
    json: bool = False

    @property
    def asked(self) -> str:
        """The options as on the command line, without those that have their defaults."""
        shard = "" if self.shard is None else f"--shard {self.shard[0]}/{self.shard[1]}"
        flags = [f"--{name.replace('_', '-')}" for name in FLAGS if getattr(self, name)]
        numbers = [f"--jobs {self.jobs}" if self.jobs != 1 else "", f"--canary {self.canary}" if self.canary else ""]
        return " ".join(filter(None, (*numbers, shard, *flags)))


FLAGS = ("keep_going", "resume", "json")
"""The options of `Many` without a value, which are for databases of a group only."""


class ShardType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic only in newer releases of click
    """A part of all: `0/4` to `3/4`."""

    name = "shard"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value[0], value[1]
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", str(value), re.ASCII)
        number, of = (int(found[1]), int(found[2])) if found else (1, 0)
        if number >= of:
            self.fail(
                f"{value!a} isn't I/N, with I from 0 to N-1: of four parts, 0/4 is the first and 3/4 the last", param
            )
        return number, of


def many(function: F) -> F:
    """Add the options for the databases of a group, which the function gets as `many`, a `Many`."""

    @wraps(function)
    def packing(**given: Any) -> Any:
        own = {name: given.pop(name) for name in Many._fields if name in given}
        return function(many=Many(**own), **given)

    found: Any = packing
    for option in (
        click.option("--json", is_flag=True, help="Of a group: write a line of JSON for each database."),
        click.option("--resume", is_flag=True, help="Of a group: go on with what the last run left undone."),
        click.option(
            "--shard",
            type=ShardType(),
            metavar="I/N",
            help="Of a group: only the part I of N, from 0 to N-1.",
        ),
        click.option(
            "--canary",
            type=click.IntRange(0),
            default=0,
            metavar="N",
            help="Of a group: N databases first, and the others only if these succeed.",
        ),
        click.option("--keep-going", is_flag=True, help="Of a group: go on with the others if one fails."),
        click.option(
            "-j",
            "--jobs",
            type=click.IntRange(1, 10_000),
            default=1,
            metavar="N",
            help="Of a group: migrate N databases at the same time.",
        ),
    ):
        found = option(found)
    return found  # type: ignore[no-any-return]  # a function with the same parameters but these


class Seconds(click.FloatRange):
    """A time in seconds, 0 or more; not "nan", with which a wait would never end."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        given: Any = value
        number: float = super().convert(given, param, ctx)
        if number != number:
            self.fail(f"{value} is no time", param, ctx)
        return number


SECONDS = Seconds()


def create(function: F) -> F:
    """Add `--create`, one of `many`; `--provision` is its former name."""
    return click.option("--create", "--provision", "create", is_flag=True, help="Make databases that aren't there.")(
        function
    )


def yes(function: F) -> F:
    """Add `-y/--yes`."""
    return click.option("-y", "--yes", is_flag=True, help="Do not ask.")(function)


def connect_wait(function: F) -> F:
    """Add `--connect-wait`, one of `limits`."""
    return click.option(
        "--connect-wait",
        type=SECONDS,
        metavar="SECONDS",
        help="How long to keep trying to reach a database that is still starting.",
    )(function)


def probe_duplicates(function: F) -> F:
    """Add `--probe-duplicates`."""
    return click.option(
        "--probe-duplicates",
        is_flag=True,
        help="Look for duplicates in what becomes unique; this reads whole tables.",
    )(function)


def scratch_url(function: F) -> F:
    """Add `--scratch-url`, which the function gets as `scratch_urls`."""
    return click.option(
        "--scratch-url",
        "scratch_urls",
        metavar="[NAME=]URL",
        multiple=True,
        help="The server on which a scratch database is made; by default that of the application's database.",
    )(function)


def json(function: F) -> F:
    """Add `--json`, which makes a command write one document for programs."""
    return click.option("--json", is_flag=True, help="Write one JSON document to standard output.")(function)


def message(function: F) -> F:
    """Add `-m/--message`."""
    return click.option("-m", "--message", help="Message of the revision.")(function)


def sql(function: F) -> F:
    """Add `--sql` and, for what it writes, `-o/--output`."""
    output = click.option(
        "-o",
        "--output",
        # a Path would lose the trailing slash
        type=click.Path(),
        help="With --sql: a file, or a folder (with a trailing slash) that gets a file for each database.",
    )
    flag = click.option(
        "--sql", is_flag=True, help="Don't emit SQL to the database: write it to standard output or --output instead."
    )
    return flag(output(function))


def sql_output(sql: bool, output: str | None) -> str | None:
    """Return `--output`, which requires `--sql`.

    Raises:
        click.UsageError: `--output` was given without `--sql`, or is empty.
    """
    if output == "":
        raise click.BadParameter("a file can't have an empty name", param_hint="'-o' / '--output'")
    if output is not None and not sql:
        raise click.UsageError("-o/--output says where SQL goes, and needs --sql")
    return output


def limits(function: F) -> F:
    """Add the time limits of a run that writes, which the function gets as its keyword arguments `limits`."""
    for option in (
        click.option(
            "--statement-timeout", type=SECONDS, metavar="SECONDS", help="How long a statement may run (0: no limit)."
        ),
        click.option(
            "--db-lock-timeout",
            type=SECONDS,
            metavar="SECONDS",
            help="How long a statement may wait for a lock in the database (0: as short as possible).",
        ),
        connect_wait,
        click.option("--no-lock", "lock", flag_value=False, default=None, help="Run without the lock."),
        click.option(
            "--lock-timeout",
            type=SECONDS,
            metavar="SECONDS",
            help="How long to wait for another run that migrates the database (default 300; 0: don't wait).",
        ),
    ):
        function = option(function)
    return function


def tag(function: F) -> F:
    """Add `--tag`."""
    return click.option("--tag", help="Arbitrary 'tag' name, which custom env.py scripts can use.")(function)


def head(function: F) -> F:
    """Add `--head`."""
    return click.option(
        "--head",
        type=Revision(),
        default="head",
        show_default=True,
        help="Head revision or <branchname>@head to base the new revision on.",
    )(function)


def splice(function: F) -> F:
    """Add `--splice`."""
    return click.option("--splice", is_flag=True, help="Allow a non-head revision as the 'head' to splice onto.")(
        function
    )


def branch_label(function: F) -> F:
    """Add `--branch-label`."""
    return click.option("--branch-label", help="A branch label to apply to the new revision.")(function)


def version_path(function: F) -> F:
    """Add `--version-path`."""
    return click.option("--version-path", type=PATH, help="The folder for the version file, one of those configured.")(
        function
    )


def rev_id(function: F) -> F:
    """Add `--rev-id`."""
    return click.option("--rev-id", help="A hardcoded revision id instead of a generated one.")(function)


def depends_on(function: F) -> F:
    """Add `--depends-on`."""
    return click.option(
        "--depends-on",
        type=Revision(),
        multiple=True,
        help="A revision on which this one should depend (may be given several times).",
    )(function)


def verbose(function: F) -> F:
    """Add `-v/--verbose`."""
    return click.option("-v", "--verbose", is_flag=True, help="Use more verbose output.")(function)


def answers(function: F) -> F:
    """Add `--rename`, `--fill` and `--no-input`, which answer the questions of a comparison."""
    for option in (
        click.option("--no-input", is_flag=True, help="Don't ask, even on a terminal."),
        click.option(
            "--fill",
            type=Fill(),
            multiple=True,
            metavar="TABLE.COLUMN=VALUE",
            help="A value for the rows that are there, in a column that becomes NOT NULL; sql:EXPRESSION for an SQL "
            "expression (may be given several times).",
        ),
        click.option(
            "--rename",
            type=Rename(),
            multiple=True,
            metavar="OLD:NEW",
            help="What was renamed rather than dropped and added: table.column:new or table:new; a name with a colon "
            "is written in double quotes (may be given several times).",
        ),
    ):
        function = option(function)
    return function


def new_revision(function: F) -> F:
    """Add the options that `revision` and `migrate` share."""
    for option in (rev_id, depends_on, version_path, branch_label, splice, head, message):
        function = option(function)
    return function
