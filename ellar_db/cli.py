"""The group `db`: the same under `ellar` and as the console script `ellar-db`."""

from __future__ import annotations

import atexit
import copy
import errno
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db.errors import FULL, DbError, in_one_line, stack_trace
from ellar_db.options import META, PATH, GroupOptions, tracebacks_wanted
from ellar_db.plugin_options import META as PLUGIN_OPTIONS
from ellar_db.plugin_options import added_options, values
from ellar_db.secrets import masked

if TYPE_CHECKING:
    from ellar_db.plugins import PluginManager
    from ellar_db.registry import Registry


RESCUE = "plugins"
"""The command that shows what is the matter: plugins wrap nothing round it and add nothing to it."""


class DbGroup(click.Group):
    """A group whose commands come from the plugins."""

    @property
    def manager(self) -> PluginManager:
        """The plugins of this process."""
        from ellar_db.plugins import get_plugin_manager

        return get_plugin_manager()

    @property
    def registry(self) -> Registry:
        """The commands that the plugins gave, collected once for each plugin manager."""
        manager = self.manager
        if self._collected is None or self._collected[0] is not manager:
            from ellar_db.registry import collect_commands

            self._collected = manager, collect_commands(manager)
        return self._collected[1]

    _collected: tuple[PluginManager, Registry] | None = None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all commands, broken ones too."""
        registry = self.registry
        return sorted({*registry.claims, *registry.broken})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command, which runs wrapped in the plugins' `ellar_db_invoke`; `a_b` finds `a-b`."""
        registry = self.registry
        command = registry.get(cmd_name) or registry.get(cmd_name.replace("_", "-"))
        if command is None or (command.name == RESCUE and registry.is_built_in(command)):
            return command
        return self._wrapped(command)

    def _wrapped(self, command: click.Command) -> click.Command:
        wrapped = copy.copy(command)
        wrapped.params = [*command.params, *added_options(command, self.registry.params(command), self.manager)]

        def invoke(ctx: click.Context) -> Any:
            from ellar_db.records import BUILT_IN

            manager = self.manager
            manager.require()
            token = values.set(dict(ctx.meta.get(PLUGIN_OPTIONS, {})))
            try:
                return manager.hook.ellar_db_invoke(ctx=ctx, command=command)
            except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
                raise
            except BaseException as error:  # a plugin's wrapper may raise anything, SystemExit too
                plugin = manager.culprit("ellar_db_invoke", error)
                # what the command itself raised came through the built-in that runs it
                if plugin is not None and plugin.kind != BUILT_IN:
                    raise plugin.failure("ellar_db_invoke", error) from error
                owner = self.registry.owner(command)
                if owner is None or owner.kind == BUILT_IN or _left_to_click(error) or _in_replaced(error):
                    raise
                raise owner.failure(f"its command {command.name}", error) from error
            finally:
                values.reset(token)

        vars(wrapped)["invoke"] = invoke
        return wrapped

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; those of plugins are marked with the plugin's name."""
        registry = self.registry
        rows = []
        for name in self.list_commands(ctx):
            command = registry.get(name)
            if command is None or command.hidden:
                continue
            claims = registry.claims.get(name)
            mark = claims.mark if claims and not claims.problem else ""
            rows.append((name, f"{command.get_short_help_str(limit=100)} {mark}".strip()))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse what stands before the command's name; refuse what no program can be given, and no file be named."""
        with one_line():
            for text in args:
                if "\0" in text or not _is_text(text):
                    raise click.UsageError(f"the argument {text!a} has characters that can't be used")
            return super().make_context(info_name, args, parent, **extra)

    def _blamed(self, error: Exception) -> click.ClickException | None:
        """Name the plugin whose code raised what nothing else has caught, as an option's callback may."""
        if isinstance(error, (click.ClickException, click.exceptions.Exit, click.Abort)):
            return None
        plugin = self.manager.author(error)
        return None if plugin is None else plugin.failure("its code", error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, with its messages on stderr and its errors in one line."""
        from ellar_db.console import messages

        params = ctx.params
        options = GroupOptions(
            directory=params.get("directory"),
            x_arg=tuple(params.get("x_arg") or ()),
            config_files=tuple(params.get("config") or ()),
            name=params.get("name") or "alembic",
            quiet=bool(params.get("quiet")),
            traceback=bool(params.get("raiseerr")),
        )
        ctx.meta[META] = options
        try:
            with one_line(), messages(options.quiet):
                result = super().invoke(ctx)
                sys.stdout.flush()
                return result
        except (Exception, SystemExit) as error:
            from ellar_db.alembic_plugins import alembic_broken

            # one of Alembic's own plugins, which may raise anything, may have broken `import alembic`
            broken: click.ClickException | None = alembic_broken(error)
            if isinstance(error, OSError) and error.errno in FULL:
                broken = DbError(f"the output can't be written: {error.strerror}")
                # Python itself would try once more at its end, and complain
                sys.stdout = Path(os.devnull).open("w", encoding="utf-8")
            if broken is None and isinstance(error, Exception) and not _left_to_click(error):
                broken = self._blamed(error)
            shown = broken or error
            cause = error if broken else error.__cause__
            if cause is not None and isinstance(shown, click.ClickException) and tracebacks_wanted():
                click.echo(stack_trace(cause), err=True, nl=False)
            if broken is None:
                raise
            raise broken from error


@contextmanager
def one_line() -> Iterator[None]:
    """Let an error's message be one line, whatever of the command line it quotes."""
    try:
        yield
    except click.ClickException as error:
        # final to click's own types
        vars(error)["message"] = masked(in_one_line(error.message))
        raise


def _left_to_click(error: BaseException) -> bool:
    """Tell whether a program may end so: by `sys.exit`, at the end of its input, or where nobody reads its output."""
    return isinstance(error, (SystemExit, EOFError)) or getattr(error, "errno", None) == errno.EPIPE


def _in_replaced(error: BaseException) -> bool:
    """Tell whether it came out of the command that a plugin's own one replaced and called."""
    from ellar_db.overriding import OverridingCommand

    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not OverridingCommand.call_replaced.__code__:
        trace = trace.tb_next
    return trace is not None


def _is_text(argument: str) -> bool:
    try:
        # undecodable bytes of the command line stand for themselves
        os.fsencode(argument)
    except UnicodeEncodeError:
        return False
    return True


def group_of(ctx: click.Context | None) -> DbGroup | None:
    """Find the `db` group to which a command's context belongs."""
    while ctx is not None:
        if isinstance(ctx.command, DbGroup):
            return ctx.command
        ctx = ctx.parent
    return None


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    from ellar_db.version import __version__

    click.echo(f"ellar-db {__version__} (alembic {version('alembic')}, sqlalchemy {version('sqlalchemy')})")
    ctx.exit()


@click.group(
    "db",
    cls=DbGroup,
    short_help="Database migrations, by Alembic.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("-d", "--directory", type=PATH, help='Migration script directory (default is "migrations").')
@click.option(
    "-x",
    "--x-arg",
    multiple=True,
    help="Additional arguments consumed by custom env.py scripts, as in -x setting=value.",
)
@click.option(
    "-c",
    "--config",
    type=PATH,
    multiple=True,
    help="An Alembic ini file or pyproject.toml: run that Alembic project as it is. May be given twice, once for each.",
)
@click.option(
    "-n", "--name", default="alembic", show_default=True, help="Section of the ini file for Alembic's settings."
)
@click.option("-q", "--quiet", is_flag=True, help="Do not log to standard output and error.")
@click.option("--raiseerr", "--traceback", is_flag=True, help="On an error, show the whole stack trace too.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the versions and exit.",
)
def db(**_: Any) -> None:
    """Database migrations: every Alembic command, for Ellar applications and plain SQLAlchemy."""


def _lighten() -> None:
    """Leave out what costs a short program time and gives it nothing; the process is this program's own."""
    # nearly all that it makes lives to its end, and would be searched for garbage again and again
    gc.set_threshold(100_000, 50, 100)
    # at its end Python would look through all of it once more, to throw it away piece by piece
    atexit.register(gc.freeze)
    # Mako, which Alembic needs, would import Pygments for colours in error pages of HTML
    sys.modules.setdefault("mako.ext.pygmentplugin", None)  # type: ignore[arg-type]


def main() -> None:
    """Run the console script `ellar-db`."""
    _lighten()
    # models are imported from the working directory, as by `ellar` and `alembic`
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    db.main(prog_name="ellar-db")
