"""Replace a command and still call it."""

from __future__ import annotations

import traceback
from typing import Any

import click

from ellar_db.cli.registry import Registry, registry_of
from ellar_db.plugins.options import OVERRIDING


class OverridingCommand(click.Command):
    """A command that replaces another one with the same name, and keeps its options.

    Its function gets its own parameters and, as keywords, those of the command that it replaced.

    Example:
        @click.command("downgrade", cls=OverridingCommand)
        @click.option("--unprotect", multiple=True)
        @click.pass_context
        def downgrade(ctx, unprotect, **_):
            if protected() and not unprotect:
                raise click.ClickException("refused")
            ctx.command.call_replaced(ctx)
    """

    def replaced(self, ctx: click.Context | None) -> click.Command | None:
        """Return the command that this one replaced, or None."""
        return registry_of(ctx).replaced_by(self)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return this command's parameters and those of the command that it replaced."""
        own = super().get_params(ctx)
        replaced = self.replaced(ctx)
        if replaced is None:
            return own
        taken = {param.name for param in own}
        inherited = [param for param in replaced.get_params(ctx) if param.name not in taken]
        # click shows the options in this order, with --help as the last
        return [*inherited, *own]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Make the context as the replaced command would, so that -1 is still a revision in `downgrade -1`."""
        return super().make_context(info_name, args, parent, **{**self.inherited_settings(parent), **extra})

    def inherited_settings(self, ctx: click.Context | None) -> dict[str, object]:
        """Return this command's context settings, which override those of the command that it replaced."""
        replaced = self.replaced(ctx)
        if replaced is None:
            return dict(self.context_settings)
        theirs = replaced.inherited_settings(ctx) if isinstance(replaced, OverridingCommand) else {}
        return {**theirs, **replaced.context_settings, **self.context_settings}

    def call_replaced(self, ctx: click.Context) -> object:
        """Run the command that this one replaced, with the arguments from the command line.

        Args:
            ctx: This command's context; a parameter changed in `ctx.params` is passed on changed.

        Raises:
            click.UsageError: There was no command with this name to replace.
        """
        replaced = self.replaced(ctx)
        if replaced is None:
            raise click.UsageError(f"{self.name} replaced no command", ctx)
        known = {param.name for param in replaced.get_params(ctx)}
        # a sibling of this context, not a child: messages take the program's name from the parent
        with click.Context(replaced, info_name=ctx.info_name, parent=ctx.parent) as inner:
            # which the two have in common
            inner.meta[OVERRIDING] = {**inner.meta.get(OVERRIDING, {}), **ctx.params}
            inner.params.update({name: value for name, value in ctx.params.items() if name in known})
            return replaced.invoke(inner)


def all_params(registry: Registry, command: click.Command) -> list[click.Parameter]:
    """Return a command's parameters, including those of the command that it replaced.

    Args:
        registry: The commands.
        command: One of them.
    """
    params = list(command.params)
    replaced = registry.replaced_by(command) if isinstance(command, OverridingCommand) else None
    return params if replaced is None else [*params, *all_params(registry, replaced)]


def raised_in_replaced(error: BaseException) -> bool:
    """Return whether an error was raised by a command that a plugin's command replaced and called."""
    return any(
        frame.f_code is OverridingCommand.call_replaced.__code__ for frame, _ in traceback.walk_tb(error.__traceback__)
    )
