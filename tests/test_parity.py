"""Every command and option of Alembic, Flask-Migrate and ellar-sql exists here, so that a new one fails a test."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterable

import click
import pytest
from alembic.config import CommandLine

from ellar_db.cli import db

with warnings.catch_warnings():
    # both use deprecated parts of their own dependencies at import; theirs to mend
    warnings.simplefilter("ignore")
    import ellar_sql.cli.commands
    import flask_migrate.cli

PARSER = CommandLine().parser
SUBCOMMANDS: dict[str, argparse.ArgumentParser] = next(
    action.choices
    for action in PARSER._actions
    if isinstance(action, argparse._SubParsersAction)  # type: ignore[misc]
)
PEERS: dict[str, click.Group] = {"flask-migrate": flask_migrate.cli.db, "ellar-sql": ellar_sql.cli.commands.db}
PEER_COMMANDS = [(peer, name) for peer, group in PEERS.items() for name in group.commands]
GROUP = click.Context(db, info_name="ellar-db", **db.context_settings)


def spellings(command: click.Command) -> set[str]:
    """Give the options of one of our commands, each as it can be typed, with that for help."""
    context = click.Context(command, parent=GROUP)
    return {spelling for param in command.get_params(context) for spelling in (*param.opts, *param.secondary_opts)}


def ours(name: str) -> click.Command:
    command = db.get_command(GROUP, name)
    assert command is not None, f"there is no command {name}"
    return command


def options(actions: Iterable[argparse.Action]) -> set[str]:
    return {spelling for action in actions for spelling in action.option_strings}


def test_the_walk_sees_what_alembic_has() -> None:
    """The parser's attributes are not public: were they renamed, the tests below would check nothing."""
    assert {"upgrade", "list_templates", "ensure_version"} <= set(SUBCOMMANDS)
    assert {"--sql", "--tag"} <= options(SUBCOMMANDS["upgrade"]._actions)
    assert {"-c", "--config", "-x"} <= options(PARSER._actions)
    assert len(PEER_COMMANDS) > 25


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_command_of_alembic_has_all_its_options_here(name: str) -> None:
    assert options(SUBCOMMANDS[name]._actions) - spellings(ours(name)) == set()


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_command_of_alembic_takes_its_positional_arguments_here(name: str) -> None:
    theirs = [action for action in SUBCOMMANDS[name]._actions if not action.option_strings]
    arguments = [param for param in ours(name).params if isinstance(param, click.Argument)]

    assert len(arguments) == len(theirs)
    for argument, action in zip(arguments, theirs, strict=True):
        assert (argument.nargs == -1) == (action.nargs in ("+", "*"))


def test_alembics_own_options_stand_on_the_group() -> None:
    assert options(PARSER._actions) - spellings(db) == set()


@pytest.mark.parametrize(("peer", "name"), PEER_COMMANDS)
def test_a_command_of_a_peer_has_all_its_options_here(peer: str, name: str) -> None:
    theirs = {
        spelling
        for param in PEERS[peer].commands[name].params
        if isinstance(param, click.Option)
        for spelling in (*param.opts, *param.secondary_opts)
    }

    assert theirs - spellings(ours(name)) == set()


def test_every_command_takes_a_directory_and_x_arguments() -> None:
    wanted = {"-d", "--directory", "-x", "--x-arg"}
    # what has nothing to do with a folder
    names = set(db.list_commands(GROUP)) - {"completion", "explain", "settings"}

    assert {name: wanted - spellings(ours(name)) for name in names} == {name: set() for name in names}
