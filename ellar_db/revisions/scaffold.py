"""New migrations folders: find the templates, and create a folder from one atomically."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.databases.database import NAME
from ellar_db.options import as_typed
from ellar_db.plugins.record import leaving_out
from ellar_db.project.formatter import use_ruff
from ellar_db.util.errors import DbError, meant
from ellar_db.util.files import made_folder, move_whole

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin


CALL = re.compile(r"^run\((?:multiple=(?:True|False))?\)[ \t]*$", re.MULTILINE)
"""How env.py calls `ellar_db.env.run`, as our templates write it."""

NEEDED = ("env.py", "script.py.mako", "alembic.ini.mako")


def templates(manager: PluginManager) -> dict[str, Path]:
    """Return all templates by name: the plugins', our own, Alembic's. For a duplicate name the first of these wins.

    Raises:
        DbError: A plugin names a folder that doesn't exist.
    """
    return {name: template for name, (template, _) in _found(manager).items()}


def _found(manager: PluginManager) -> dict[str, tuple[Path, list[Plugin]]]:
    """Return all templates by name, each with the plugins that bring it; the first of them counts."""
    found: dict[str, tuple[Path, list[Plugin]]] = {}
    for plugin, answer in manager.answers("ellar_db_templates"):
        for folder in plugin.guarded("ellar_db_templates", _folders, plugin.listed("ellar_db_templates", answer)):
            if not folder.is_dir():
                raise DbError(f"the plugin {plugin.title} names {folder} as a folder of templates, and it isn't there")
            for template in sorted(folder.iterdir()):
                if (template / "script.py.mako").is_file():
                    found.setdefault(template.name, (template, []))[1].append(plugin)
    return found


def synopsis(template: Path) -> str:
    """Return the first line of a template's README."""
    readme = template / "README"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else []
    return lines[0].strip() if lines else ""


def find_template(name: str, manager: PluginManager) -> Path:
    """Return the folder of a template by its name or its path.

    Raises:
        DbError: The template doesn't exist, lacks a file, or is brought by two installed plugins.
    """
    known = _found(manager)
    template, plugins = known.get(name, (as_typed(name), []))
    rival = next((plugin for plugin in plugins if plugin.rivals(plugins[0])), None)
    if rival is not None:
        raise DbError(
            f"the template {name} is brought by {plugins[0].title} and by {rival.title}; give the path of one, or "
            f"leave one out ({leaving_out(rival.distribution)})"
        )
    if name not in known and not template.is_dir():
        there = ", ".join(known)
        raise DbError(
            f"there is no template {name!r}; there are {there}, or give the path of a folder{meant(name, known)}"
        )
    missing = [file for file in NEEDED if not (template / file).is_file()]
    if missing:
        raise DbError(f"the template {template} lacks {', '.join(missing)}")
    return template


def for_group(env_py: str, group: str) -> str | None:
    """Return the text of an env.py of ours for the databases of a group; None if it doesn't call `run` as we write it.

    Args:
        env_py: The text for one database, or for several.
        group: The group's name.

    Raises:
        DbError: No group can have this name.

    Example:
        >>> for_group("run()", "tenants")
        'run(group="tenants")'
    """
    if not NAME.fullmatch(group):
        raise DbError(f"a group can't be named {group!r}: use letters, digits, '_', '.' and '-'")
    text, number = CALL.subn(f'run(group="{group}")', env_py)
    return text if number == 1 else None


def make_folder(directory: Path, template: Path, *, package: bool = False, group: str | None = None) -> None:
    """Create a migrations folder from a template.

    It is built elsewhere and moved into place at the end. A template that also writes to the project's
    pyproject.toml (Alembic's own two) is built in place.

    Args:
        directory: The folder; it must be empty or not exist.
        template: The template's folder.
        package: Also write empty `__init__.py` files.
        group: The group of databases that env.py names, which it must do as our templates for one database.

    Raises:
        DbError: The folder isn't empty, or can't be created, or its env.py can't be for a group.
    """
    from alembic import command
    from alembic.config import Config

    class TemplateConfig(Config):
        def get_template_directory(self) -> str:
            return str(template.parent)

    if directory.exists() and not directory.is_dir():
        raise DbError(f"{directory} already exists and isn't a folder; name another one with -d")
    if directory.exists() and any(directory.iterdir()):
        raise DbError(f"{directory} already exists and isn't empty; name another folder with -d, or remove it first")

    env_py = None if group is None else _env_py(template, group)

    def make(folder: Path) -> None:
        ini = Path("alembic.ini") if (template / "pyproject.toml.mako").is_file() else folder / "alembic.ini"
        config = TemplateConfig(str(ini), "pyproject.toml")
        # Alembic's advice ("please edit ... before proceeding") doesn't apply here
        with redirect_stdout(io.StringIO()):
            command.init(config, str(folder), template=template.name, package=package)
        if env_py is not None:
            (folder / "env.py").write_text(env_py, encoding="utf-8")

    try:
        if (template / "pyproject.toml.mako").is_file():
            make(directory)
            return
        with tempfile.TemporaryDirectory(prefix="ellar-db-") as scratch:
            # a subfolder, since only its owner may access the temporary folder
            made = Path(scratch) / directory.name
            make(made)
            _point_to_itself(made / "alembic.ini", made)
            use_ruff(made / "alembic.ini")
            shutil.rmtree(made / "__pycache__", ignore_errors=True)
            with made_folder(directory.parent):
                move_whole(made, directory)
    except OSError as error:
        raise DbError(f"the folder {directory} can't be made: {error.strerror or error}") from error


def unset_ini(directory: Path) -> Path | None:
    """Return the ini file of a folder in which a template of Alembic's has left the URL to be set; None without one.

    Args:
        directory: The migrations folder.
    """
    for ini in (directory / "alembic.ini", Path("alembic.ini")):
        if ini.is_file() and "sqlalchemy.url = driver://" in ini.read_text(encoding="utf-8", errors="replace"):
            return ini
    return None


def _env_py(template: Path, group: str) -> str:
    """Return the env.py of a template for the databases of a group."""
    text = (template / "env.py").read_text(encoding="utf-8")
    found = None if "multiple=True" in text else for_group(text, group)
    if found is None:
        raise DbError(
            f"the template {template.name} can't be for a group: its env.py doesn't call run() of ellar_db.env for one "
            "database, in a line of its own"
        )
    return found


def _point_to_itself(ini: Path, folder: Path) -> None:
    """Let the ini file of a template, in which Alembic has written where a folder is made, follow it where it moves."""
    if ini.is_file():
        made = "|".join(re.escape(text) for text in (folder.as_posix(), str(folder)))
        text = ini.read_text(encoding="utf-8")
        named = re.sub(rf"^(script_location\s*=\s*)(?:{made})[ \t]*$", r"\1%(here)s", text, flags=re.MULTILINE)
        ini.write_text(named, encoding="utf-8")


def _folders(answer: list[Any]) -> list[Path]:
    return [Path(one) for one in answer]
