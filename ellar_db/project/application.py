"""The Ellar application in which a command runs: one that runs already, or the one that the project names."""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ellar_db.project.importing import imported
from ellar_db.project.settings import Settings
from ellar_db.project.urls import advised_cause
from ellar_db.util.errors import DbError, UnavailableError, needing_ellar, where_hint

if TYPE_CHECKING:
    from ellar.app import App
    from ellar.di import EllarInjector


def open_injector() -> EllarInjector | None:
    """Return the injector of the open application context, or None.

    Example:
        >>> open_injector() is None
        True
    """
    # if nothing has imported ellar.core, no application can be open; importing it would slow down every command
    if "ellar.core.execution_context.injector" not in sys.modules:
        return None
    from ellar.core import current_injector
    from ellar.di import EllarInjector

    try:
        # current_injector is a proxy, resolved to the open context on each use; this is the injector behind it
        return current_injector.get(EllarInjector)
    except (RuntimeError, LookupError):  # ellar's errors if no context is open: the second in a new thread
        return None


def service(interface: Any) -> Any:
    """Return a service of the open application, or None if it has none of that type.

    Args:
        interface: The service's type.
    """
    injector = open_injector()
    if injector is None:
        return None
    from injector import UnsatisfiedRequirement

    try:
        return injector.get(interface)
    except UnsatisfiedRequirement:
        return None


@contextmanager
def application_context(settings: Settings, app: App | None = None) -> Iterator[bool]:
    """Open an application's context, unless one is open.

    The application is, in this order: the one given; the one that `ellar` or manage.py runs; the one of
    `[tool.ellar-db] application`; the one of `[tool.ellar]`. Without any, nothing is opened.

    Args:
        settings: The project's settings.
        app: The application, if the caller has it.

    Yields:
        Whether the application was made for this block, so that nobody else uses its engines.

    Raises:
        DbError: `app` is something else.
        UnavailableError: The application can't be imported.
    """
    if app is None and open_injector() is not None:
        yield False
        return
    made = False
    if app is None:
        app, made = _find(settings)
    else:
        _check(app)
    if app is None:
        yield False
        return
    with injector_opened(app.injector):
        yield made


def _check(app: object) -> None:
    # who has an application has imported its module
    kind = getattr(sys.modules.get("ellar.app"), "App", None)
    if kind is None or not isinstance(app, kind):
        raise DbError(f"app must be an ellar.app.App, not {app!r}; import the application, and give that")


@contextmanager
def injector_opened(injector: EllarInjector) -> Iterator[None]:
    """Open the context of an application's injector, unless it is the one that is open.

    Args:
        injector: The application's injector.
    """
    if open_injector() is injector:
        yield
        return
    from ellar.core import injector_context

    context = injector_context(injector)
    _run(context.__aenter__())
    try:
        yield
    finally:
        # without the error: ellar doesn't close a context that ends with one
        _run(context.__aexit__(None, None, None))


def _run(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that never waits, without an event loop: one may already run in this thread."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("ellar's injector_context waits for something, which ellar_db doesn't know of")


def _find(settings: Settings) -> tuple[App | None, bool]:
    """Return the application that the project names, if any, and whether a function of the project made it just now."""
    ctx = click.get_current_context(silent=True)
    meta = ctx.meta.get("ELLAR_META") if ctx else None
    is_own = meta is None
    named = settings.text("application")
    if (meta is None or not meta.has_meta) and named:
        # before the application itself, which would fail to import it with an error of its own
        with needing_ellar(f"[tool.ellar-db] application = {named!r}"):
            import ellar.app  # noqa: F401
        found = imported(named, "[tool.ellar-db] application")
        return _built(found, named)
    if meta is None and settings.ellar:
        # bare alembic, or ellar-db, in an Ellar project; the folder must be importable as it is for `ellar`
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())
        with needing_ellar("the application of [tool.ellar] in pyproject.toml"):
            from ellar_cli.service import EllarCLIService
        try:
            meta = EllarCLIService.import_project_meta()
        except ValueError as error:  # of pydantic or tomlkit
            raise DbError(f"[tool.ellar] of pyproject.toml can't be used: {_in_words(error)}") from error
    if meta is None or not meta.has_meta:
        return None, False
    try:
        # the one that `ellar` runs is made once, for all that it does
        return meta.import_application(), is_own and meta.is_app_callable()
    except (click.ClickException, KeyboardInterrupt):
        raise
    except BaseException as error:  # the user's own application: whatever it raises, it can't be started
        raise _unavailable(meta.project_meta.application, error) from error


def _built(found: Any, named: str) -> tuple[App, bool]:
    from ellar.app import App

    is_made = callable(found) and not isinstance(found, App)
    if is_made:
        try:
            found = found()
        except (click.ClickException, KeyboardInterrupt):
            raise
        except BaseException as error:  # the user's own application: whatever it raises, it can't be started
            raise _unavailable(named, error) from error
    if not isinstance(found, App):
        raise DbError(f"[tool.ellar-db] application is {named!r}, and that gives no ellar.app.App")
    return found, is_made


def _unavailable(named: str, error: BaseException) -> UnavailableError:
    return UnavailableError(f"the application {named} can't be started: {advised_cause(error)}{where_hint()}")


def _in_words(error: ValueError) -> str:
    """Return all of pydantic's message except its links, which begin a line of their own."""
    return "; ".join(line.strip() for line in str(error).splitlines() if "https://" not in line)


def application_name() -> str:
    """Return which application `ellar` or manage.py runs, as a text from which another process finds it.

    Returns:
        `project:` and the name of a project in `[tool.ellar]`, `import:` and what manage.py names, or an empty string.
    """
    ctx = click.get_current_context(silent=True)
    meta = ctx.meta.get("ELLAR_META") if ctx else None
    if meta is None or not meta.has_meta:
        return ""
    # manage.py has no project
    return f"import:{meta.project_meta.application}" if meta.py_project_path == "null" else f"project:{meta.app}"


def naming_application(ctx: click.Context, name: str) -> None:
    """Let a context's commands find the application that another process runs.

    Args:
        ctx: The context.
        name: What `application_name` returned there.
    """
    kind, _, named = name.partition(":")
    if not kind:
        return
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    from ellar_cli.service import EllarCLIService, EllarCLIServiceWithPyProject

    found = (
        EllarCLIServiceWithPyProject(app_import_string=named)
        if kind == "import"
        else EllarCLIService.import_project_meta(named)
    )
    ctx.meta["ELLAR_META"] = found
