"""The history of a project's migrations folder, read without Alembic where nothing asks for it."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.checks import file_template
from ellar_db.config.folder import DIRECTORY, given_files, migrations_directory
from ellar_db.history.headers import UnclearError
from ellar_db.history.shortcuts import shortcuts
from ellar_db.options import group_options
from ellar_db.plugins.manager import PluginManager, get_plugin_manager
from ellar_db.project.application import application_context
from ellar_db.project.toml import parse_toml
from ellar_db.util.files import shown
from ellar_db.util.masking import PrintableStream, say

if TYPE_CHECKING:
    from ellar_db.history.folder import History

HOOKS = ("ellar_db_configure", "ellar_db_migrations")
"""Hooks whose answers may have Alembic read other files."""

FLAGS = {"true": True, "false": False}


def answer(
    directory: Path | None,
    lines: Callable[[History], Iterable[str]],
    ask: Callable[[], None],
    *,
    package: str | None = None,
    flat: bool = False,
    document: bool = False,
) -> None:
    """Print what revision files say, without running them; ask Alembic where that isn't possible.

    Args:
        directory: `-d`.
        lines: Returns what to print.
        ask: Asks Alembic. It is called in the application's context, so that no application is made twice.
        package: `--package`.
        flat: Each text is one line.
        document: The text is for programs.
    """
    manager = get_plugin_manager()
    manager.require()
    if not shortcuts() or package is not None or any(manager.built_in_only(hook) is None for hook in HOOKS):
        ask()
        return
    with application_context(manager.settings):
        try:
            found = plain_history(manager, directory)
            texts = None if found is None else list(lines(found))
        except UnclearError:
            texts = None
        if texts is None:
            ask()
        elif document:
            click.echo("\n".join(texts))
        else:
            print_texts(texts, flat=flat)


def print_texts(texts: Sequence[str], *, flat: bool) -> None:
    """Print texts, each on lines of its own.

    Args:
        texts: The texts.
        flat: Each text is one line.
    """
    if group_options().quiet or not texts:
        return
    stream: Any = PrintableStream(sys.stdout, lines=flat)
    encoding = sys.stdout.encoding or "ascii"
    whole, breaks = "\n".join(texts), len(texts) - 1 if flat else -1
    if "".join(whole.split("\n", breaks)).isprintable():
        # nothing is to be escaped, and no text that is one line has several
        texts, stream = [whole], sys.stdout
    for text in texts:
        # what the terminal can't show becomes a question mark, as with Alembic
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.write("\n")


def plain_history(manager: PluginManager, directory: Path | None) -> History | None:
    """Return the history of the folder that `configured` would choose; None if its settings are special.

    Args:
        manager: The plugins.
        directory: `-d`.
    """
    from ellar_db.history.folder import History

    if group_options().config_files:
        return None
    ini, toml = given_files(())
    folder = migrations_directory(manager, directory)
    given = _settings(ini, toml)
    if folder is None and given is not None and "script_location" not in given:
        folder = Path(DIRECTORY)
    if folder is not None and (folder / "alembic.ini").is_file():
        given = _settings(folder / "alembic.ini", toml)
    if given is None or not _is_plain(given):
        return None
    folder = folder or Path(given["script_location"])
    if (":" in str(folder) and not folder.is_absolute()) or not (folder / "env.py").is_file():
        return None
    recursive = FLAGS[given.get("recursive_version_locations", "false")]
    return History([folder / "versions"], recursive=recursive, refused=warn_of)


def warn_of(path: str, error: SyntaxError) -> None:
    """Print that a revision file can't be compiled.

    Args:
        path: The file.
        error: What Python says of it.
    """
    what = f"{shown(Path(path))} can't be compiled: {error.msg} (line {error.lineno})"
    say(f"Warning: {what}; mend it, since no command can run it", err=True)


def _settings(ini: Path, toml: Path) -> Mapping[str, str] | None:
    """Return Alembic's settings, None if they can't be read, or aren't all in the ini file."""
    from configparser import ConfigParser, Error

    try:
        text = toml.read_text(encoding="utf-8") if toml.is_file() else ""
        if "alembic" in text and "alembic" in parse_toml(text).get("tool", {}):
            return None
        if not ini.is_file():
            return {}
        parser = ConfigParser({"here": ini.absolute().parent.as_posix()})
        parser.read_string(ini.read_text(encoding="utf-8"))
        section = group_options().name
        settings = dict(parser.items(section)) if parser.has_section(section) else None
        hooks = dict(parser.items("post_write_hooks")) if parser.has_section("post_write_hooks") else {}
    except (OSError, ValueError, Error):
        return None
    named = [name.strip() for name in hooks.get("hooks", "").split(",")]
    return settings if all(not name or f"{name}.type" in hooks for name in named) else None


def _is_plain(given: Mapping[str, Any]) -> bool:
    """Return whether all settings on which it depends what is read have values about which nothing has to be said."""
    flags = ("recursive_version_locations", "revision_environment", "sourceless")
    if "version_locations" in given or any(given.get(name, "false") not in FLAGS for name in flags):
        return False
    if FLAGS[given.get("revision_environment", "false")] or FLAGS[given.get("sourceless", "false")]:
        return False
    try:
        file_template(given.get("file_template", ""))
        codecs.lookup(given.get("output_encoding", "utf-8"))
        int(given.get("truncate_slug_length", 0))
    except (LookupError, TypeError, ValueError):
        return False
    return True
