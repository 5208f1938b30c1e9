"""What other processes do is done once, whatever becomes of them, and whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from ellar_db import hookimpl
from ellar_db.fleet.outcome import Outcome
from ellar_db.testing import Project, TestPlugins
from tests.support.fleets import files, history

class Simple(Executor):
    """Says at once that all is done; it can't be told to cancel what isn't begun, as some of other packages can't."""

    def __init__(self) -> None:
        self.waited: list[bool] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result([Outcome(name, "migrated", (), ("r3",), 1).values for name in args[1]])
        return done

    def shutdown(self, wait: bool = True) -> None:  # type: ignore[override]
        self.waited.append(wait)


def test_an_executor_need_not_know_how_to_cancel(project: Project, plugin_manager: TestPlugins) -> None:
    made = Simple()

    class Bringing:
        @hookimpl
        def ellar_db_executor(self) -> Executor:
            return made

    files(project, 6)
    history(project, "one")
    plugin_manager.register(Bringing())

    assert "6 databases: 6 migrated" in project.db("upgrade", "--jobs", "2").stderr
    assert made.waited == [True]
