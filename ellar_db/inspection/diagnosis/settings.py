"""The settings: which file has them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ellar_db.config.command_line import program
from ellar_db.inspection.diagnosis.finding import Finding
from ellar_db.project.folder import project_folder, working_directory
from ellar_db.project.keys import KEYS
from ellar_db.project.listing import variables_of
from ellar_db.project.settings import FILE, Settings, read_settings
from ellar_db.util.files import shown

SUBJECT = "settings"


def read() -> Settings:
    """Return the settings.

    Raises:
        DbError: They, or those of a folder above, can't be read.
    """
    # a file above that can't be read hides the project's folder
    project_folder(working_directory())
    return read_settings()


def check_settings(settings: Settings, start: Path) -> Iterator[Finding]:
    """Yield what is found out about settings that can be read.

    Args:
        settings: The settings.
        start: The folder in which the program was started.
    """
    yield _file(settings, start)
    if settings.misspelt:
        yield Finding(
            "broken",
            SUBJECT,
            f"{settings.pyproject} has [{settings.misspelt}], which nothing reads",
            "rename it to [tool.ellar-db]",
        )
    for key in settings.unknown_keys():
        yield Finding("look", SUBJECT, f"{settings.title} has {key}, which nothing reads", f"`{program()} settings`")
    for name in settings.unknown_variables():
        yield Finding("look", SUBJECT, f"nothing reads the environment variable {name}")
    for problem in filter(None, map(settings.wrong, KEYS)):
        yield Finding("broken", SUBJECT, problem)
    for file in settings.env_files:
        names = variables_of(settings, file)
        said = f"gives {', '.join(names) or 'no variable'}" if file.exists() else "isn't there"
        yield Finding("ok", SUBJECT, f"the file of variables {shown(file)} {said}")


def _file(settings: Settings, start: Path) -> Finding:
    place = "" if start == Path.cwd() else f", found above {start}, where this was started"
    given = f"; from the environment: {', '.join(settings.given)}" if settings.given else ""
    if settings.path is None or not (settings.table or settings.path.name == FILE or settings.ellar):
        none = f"none: no [tool.ellar-db] in a pyproject.toml, and no {FILE}, in {Path.cwd()} or above"
        return Finding("ok", SUBJECT, f"{none}{given or '; the defaults count'}")
    only = "[tool.ellar], and no [tool.ellar-db]" if not settings.table and settings.ellar else "[tool.ellar-db]"
    table = "" if settings.path.name == FILE else f" with {only}"
    return Finding("ok", SUBJECT, f"{settings.path}{table}{place}{given}")
