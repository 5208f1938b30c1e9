"""Replacing a command and still calling it."""

from __future__ import annotations

from typing import Any

import click

from ellar_db.cli import group_of


class OverridingCommand(click.Command):
    """A command that takes the place of another of its name, and the other's options with it.

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

    def replaced(self, ctx: click.Context) -> click.Command | None:
        """Give the command that this one replaced, or None where there was none."""
        group = group_of(ctx)
        return group.registry.replaced_by(self) if group else None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Give this command's parameters and those of the command that it replaced."""
        own = super().get_params(ctx)
        replaced = self.replaced(ctx)
        if replaced is None:
            return own
        taken = {param.name for param in own}
        inherited = [param for param in replaced.get_params(ctx) if param.name not in taken]
        # arguments keep their place before the help option
        return [*inherited, *own]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Make the context as the replaced command would, so that `downgrade -1` still is a revision."""
        replaced = group_of(parent).registry.replaced_by(self) if parent and group_of(parent) else None  # type: ignore[union-attr]
        for key, value in (replaced.context_settings if replaced else {}).items():
            extra.setdefault(key, value)
        return super().make_context(info_name, args, parent, **extra)

    def call_replaced(self, ctx: click.Context) -> Any:
        """Run the command that this one replaced, with what was given on the command line.

        Raises:
            click.UsageError: No command of this name was there to be replaced.
        """
        replaced = self.replaced(ctx)
        if replaced is None:
            raise click.UsageError(f"{self.name} replaced no command", ctx)
        known = {param.name for param in replaced.get_params(ctx)}
        return ctx.invoke(replaced, **{name: value for name, value in ctx.params.items() if name in known})
