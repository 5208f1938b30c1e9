"""The group whose commands come from the plugins."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db.cli.errors import explained, left_to_click, one_line
from ellar_db.cli.help import DbContext
from ellar_db.options import COMPLETED, JSON, META, START, TEXT, GroupOptions, group_options
from ellar_db.plugins.options import META as PLUGIN_OPTIONS
from ellar_db.plugins.options import added_options, values
from ellar_db.util.click import command_invoking
from ellar_db.util.errors import DbError
from ellar_db.util.termination import EXIT_CODE, TerminatedError, terminable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ellar_db.cli.registry import Claims, Registry
    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin

BEGUN = "ellar_db.begun"
"""Key in the context of a command that has parsed its arguments; `_invoked` names the plugin of an error after that."""

OTHERS = "Commands of plugins"
"""The heading of the commands that only plugins have."""

LONGEST = 24
"""Up to how long the name of a command may be that has its text beside it, and not below."""


DOCTOR = "doctor"
"""The command that says what is wrong with a project, whose settings may be what is broken."""

UNAIDED = ("completion", "explain")
"""Commands that a start-up file of a shell runs in any folder, or that help with an error, and need no settings."""


class DbGroup(click.Group):
    """A group whose commands come from the plugins."""

    context_class = DbContext

    @property
    def manager(self) -> PluginManager:
        """The plugins of the project in the working directory, or in the nearest folder above it that has one."""
        from ellar_db.plugins.manager import get_plugin_manager
        from ellar_db.project.folder import in_project_folder

        with in_project_folder():
            return get_plugin_manager()

    @property
    def registry(self) -> Registry:
        """The commands of the plugins, collected once for each plugin manager."""
        from ellar_db.cli.registry import collect_commands

        return self.manager.once("commands", collect_commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, including broken ones."""
        registry = self.registry
        return sorted({*registry.claims, *registry.broken})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, which runs wrapped in the plugins' `ellar_db_invoke`; `a_b` finds `a-b`."""
        from ellar_db.cli.registry import RESCUES

        if cmd_name == DOCTOR:
            return command_invoking(_built_in(DOCTOR), self._diagnosing)
        if cmd_name in UNAIDED and not self._is_usable():
            return _built_in(cmd_name)
        registry = self.registry
        command = registry.get(cmd_name) or registry.get(cmd_name.replace("_", "-"))
        if command is None or command.name in RESCUES:
            return command
        return self._wrapped(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed.

        Raises:
            click.NoSuchCommand: There is none; a similar one is suggested.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            from ellar_db.cli.habits import instead_of_command

            instead = instead_of_command(error.command_name, ctx)
            if instead:
                told = f"{error.message.rstrip('.')}; {instead}"
                raise click.NoSuchCommand(error.command_name, told, ctx=ctx) from None
            # click knows only those that were added to the group
            raise click.NoSuchCommand(error.command_name, possibilities=self.list_commands(ctx), ctx=ctx) from None

    def _wrapped(self, command: click.Command) -> click.Command:
        from ellar_db.cli.overriding import all_params

        wrapped = command_invoking(command, lambda ctx: self._invoked_in_project(ctx, command))
        if wrapped.context_class is click.Context:
            wrapped.context_class = DbContext
        wrapped.params = [*command.params, *added_options(command, all_params(self.registry, command), self.manager)]
        return wrapped

    def _invoked_in_project(self, ctx: click.Context, command: click.Command) -> Any:
        """Run a command in the project's folder."""
        from ellar_db.project.folder import in_project_folder

        with in_project_folder() as start:
            _move(ctx, start)
            return self._invoked(ctx, command)

    def _diagnosing(self, ctx: click.Context) -> Any:
        """Run the command that says what is wrong, also if that is the project's settings."""
        from ellar_db.project.folder import in_project_folder

        with ExitStack() as stack:
            with suppress(DbError):
                _move(ctx, stack.enter_context(in_project_folder()))
            return _built_in(DOCTOR).invoke(ctx)

    def _is_usable(self) -> bool:
        """Return whether the project's settings can be read, and the plugins that it requires are there."""
        try:
            self.manager.require()
            return not self.manager.settings.wrong("log-format")
        except DbError:
            return False

    def _invoked(self, ctx: click.Context, command: click.Command) -> Any:
        """Run a command through the hook that wraps it."""
        ctx.meta[BEGUN] = True
        manager = self.manager
        manager.require()
        wrong = manager.settings.wrong("log-format")
        if wrong:
            raise DbError(wrong)
        token = values.set(dict(ctx.meta.get(PLUGIN_OPTIONS, {})))
        try:
            with manager.active():
                return manager.hook.ellar_db_invoke(ctx=ctx, command=command)
        except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
            raise
        except BaseException as error:  # a plugin's command may raise anything, SystemExit too
            blamed = self._blamed(command, error)
            if blamed is None:
                raise
            raise blamed from error
        finally:
            values.reset(token)

    def _blamed(self, command: click.Command, error: BaseException) -> click.ClickException | None:
        """Return an error that names the plugin whose command raised it, or None."""
        from ellar_db.cli.overriding import raised_in_replaced
        from ellar_db.plugins.record import BUILT_IN

        owner = self.registry.owner(command)
        if owner is None or owner.kind == BUILT_IN or left_to_click(error) or raised_in_replaced(error):
            return None
        return owner.failure(f"its command {command.name}", error)

    def _log_format(self) -> str:
        """Return the format of the log that the project sets; text if its settings are broken, which commands tell."""
        try:
            settings = self.manager.settings
        except DbError:
            return TEXT
        return TEXT if settings.wrong("log-format") else settings.table.get("log-format", TEXT)

    def _called(self, ctx: click.Context) -> Plugin | None:
        """Return the plugin whose command failed before it ran, as in an option's callback, or None."""
        claims = self.registry.claims.get(ctx.invoked_subcommand or "")
        return None if claims is None or ctx.meta.get(BEGUN) else claims.plugin

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what they are for, and those that only plugins have under a heading of their own.

        One that comes from a plugin is marked with the plugin's name, wherever it stands.
        """
        from ellar_db.plugins.builtin import TASKS

        registry = self.registry
        rows = {}
        for name in self.list_commands(ctx):
            command = registry.listed(name)
            if command is None or command.hidden:
                continue
            claims = registry.claims.get(name)
            mark = claims.mark if claims and not claims.problem else ""
            rows[name] = f"{self._short_help(command, claims)} {mark}".strip()
        ours = {name for names in TASKS.values() for name in names}
        # with one width for all sections, their texts begin below each other
        width = min(max(map(len, rows), default=0), LONGEST)
        for task, names in {**TASKS, OTHERS: tuple(name for name in rows if name not in ours)}.items():
            shown = [(name.ljust(width), rows[name]) for name in names if name in rows]
            if shown:
                with formatter.section(task):
                    formatter.write_dl(shown, col_max=LONGEST)

    def _short_help(self, command: click.Command, claims: Claims | None) -> str:
        """Return a command's line in the help, which must be there even if a plugin's own class of commands fails."""
        if claims is None:
            return command.get_short_help_str(limit=100)
        try:
            return claims.plugin.guarded("its help", command.get_short_help_str, 100)
        except click.ClickException as error:
            return error.message

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the options before the command's name; refuse characters that no file name can have."""
        with one_line():
            for text in args:
                if "\0" in text or not _is_text(text):
                    raise click.UsageError(f"the argument {text!a} has characters that can't be used")
            ctx = super().make_context(info_name, args, parent, **extra)
        if ctx.resilient_parsing:
            # a shell completes the command line
            ctx.meta[META], ctx.meta[COMPLETED] = _given(ctx), _completed
        return ctx

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:  # type: ignore[type-arg,unused-ignore]
        """Return the commands with their lines in the help, without importing them, and the options."""
        from click.shell_completion import CompletionItem

        listed = ((name, self.registry.listed(name)) for name in self.list_commands(ctx) if name.startswith(incomplete))
        commands = [
            CompletionItem(name, help=command.get_short_help_str(100))
            for name, command in listed
            if command is not None and not command.hidden
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, with its messages on stderr and its errors in one line."""
        from ellar_db.cli.console import errors_as_records, messages
        from ellar_db.output.absent import all_streams
        from ellar_db.output.lossy import lossy
        from ellar_db.output.style import BAD, styled, tell

        options = _given(ctx)
        if options.quiet and options.verbose:
            raise click.UsageError("-q shows less and -v more; leave one of them out")
        ctx.meta[META] = options
        try:
            log_format = options.log_format or self._log_format()
            ctx.meta[META] = options._replace(log_format=log_format)
            as_records = errors_as_records() if log_format == JSON else nullcontext()
            explaining = explained(lambda: self.manager, lambda: self._called(ctx))
            # what a command says is never a reason to end it
            with (
                all_streams(),
                lossy(sys.stderr),
                messages(options, log_format),
                as_records,
                explaining,
                terminable(),
            ):
                try:
                    result = super().invoke(ctx)
                except click.exceptions.Exit:
                    # an answer is lost too if its exit code says something
                    sys.stdout.flush()
                    raise
                sys.stdout.flush()
                return result
        except TerminatedError:
            tell(styled("Error:", **BAD), " ended by SIGTERM")
            ctx.exit(EXIT_CODE)


def _given(ctx: click.Context) -> GroupOptions:
    """Return the group's options on the command line."""
    params = ctx.params
    return GroupOptions(
        directory=params.get("directory"),
        x_arg=tuple(params.get("x_arg") or ()),
        config_files=tuple(params.get("config") or ()),
        name=params.get("name") or "alembic",
        quiet=bool(params.get("quiet")),
        traceback=bool(params.get("raiseerr")),
        verbose=int(params.get("verbose") or 0),
        log_format=params.get("log_format"),
    )


def _completed(kind: str, ctx: click.Context, incomplete: str) -> list[CompletionItem]:  # type: ignore[type-arg,unused-ignore]
    from ellar_db.cli.shells.answers import completed

    return completed(kind, ctx, incomplete)


def _built_in(name: str) -> click.Command:
    from ellar_db.plugins.builtin import command_of

    return command_of(name)


def _move(ctx: click.Context, start: Path) -> None:
    """Say that a command runs in the project's folder; paths that were typed are relative to where it was started."""
    if Path.cwd() == start:
        return
    # --help does without it
    import logging

    from ellar_db.project.folder import from_folder

    logging.getLogger("ellar_db").info("Running in %s, which has the project's settings.", Path.cwd())
    ctx.meta[START] = start
    for param in ctx.command.params:
        if isinstance(param.type, click.Path) and param.name in ctx.params:
            ctx.params[param.name] = from_folder(start, ctx.params[param.name])
    given = group_options()
    ctx.meta[META] = given._replace(config_files=from_folder(start, given.config_files))


def _is_text(argument: str) -> bool:
    try:
        # undecodable bytes of the command line are valid, as surrogate escapes
        os.fsencode(argument)
    except UnicodeEncodeError:
        return False
    return True
