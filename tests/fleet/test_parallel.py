"""What other processes do is done once, whatever becomes of them, and whoever runs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from ellar_db import hookimpl
from ellar_db.fleet.outcome import Outcome
from ellar_db.testing import Project, TestPlugins
from tests.support.fleets import LEAVE, VISIT, files, folder, history, program, provide, visits
from tests.support.revisions import write_revision

NUMBER = 48
"""So many databases that two processes get tasks of three."""

DIE_ONCE = (
    "import os; op.get_bind().engine.url.database.endswith('t5.db') and not os.path.exists('died') and "
    "(open('died', 'w').close(), os.kill(os.getpid(), 9)); "
)
"""What ends the process the first time that it runs on the database t5, as the system does where memory runs out."""


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


class Slow(Executor):
    """Says of the first that it failed, and of the others nothing, until they are cancelled."""

    def __init__(self) -> None:
        self.given: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        if not self.given:
            done.set_result([Outcome(name, "failed", error="no room").values for name in args[1]])
        self.given.append(done)
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


def test_an_executor_cancels_what_is_not_begun_after_a_failure(project: Project, plugin_manager: TestPlugins) -> None:
    made = Slow()

    class Bringing:
        @hookimpl
        def ellar_db_executor(self) -> Executor:
            return made

    files(project, 6)
    history(project, "one")
    plugin_manager.register(Bringing())

    said = project.db("upgrade", "--jobs", "2", exit_code=1).stderr

    assert "6 databases: 1 failed, 5 not begun; " in said
    assert [each.cancelled() for each in made.given] == [False, *[True] * (len(made.given) - 1)]


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_relative_targets_are_reached_once_although_a_process_dies(project: Project) -> None:
    names = files(project, NUMBER)
    history(project, "one", "two", "three")
    program(project, "upgrade", "one")
    write_revision(folder(project), "two", "one", DIE_ONCE + VISIT.format("two"), DIE_ONCE + LEAVE.format("two"))

    program(project, "upgrade", "+1", "--jobs", "2")

    assert [visits(project, name) for name in names] == [["one", "two"]] * NUMBER
    (project.path / "died").unlink()
    program(project, "downgrade", "--jobs", "2", "--yes", "--", "-1")

    assert (project.path / "died").exists()
    assert [visits(project, name) for name in names] == [["one", "two", "-two"]] * NUMBER


IN_COMMIT = (
    "import os; own = op.get_bind().engine; own.url.database.endswith('t1.db') and not os.path.exists('told') and "
    "(open('told', 'w').close(), setattr(own.dialect, 'do_commit', lambda _: os.kill(os.getpid(), {}))); "
)
"""A signal while the first run on the database t1 is committed, after which closing the connection fails too."""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_process_that_is_ended_while_it_commits_does_not_go_on(project: Project) -> None:
    names = files(project, 20)
    history(project, "one")
    write_revision(folder(project), "two", "one", IN_COMMIT.format("15") + VISIT.format("two"))

    program(project, "upgrade", "--jobs", "2")

    assert (project.path / "told").exists()
    assert [visits(project, name) for name in names] == [["one", "two"]] * 20


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("signal", "exit_code"), [("2", 1), ("15", 143)])
def test_a_run_that_is_ended_while_it_commits_does_not_go_on(project: Project, signal: str, exit_code: int) -> None:
    names = files(project, 4)
    history(project, "one")
    write_revision(folder(project), "two", "one", IN_COMMIT.format(signal) + VISIT.format("two"))

    assert "1 migrated, 3 not done" in program(project, "upgrade", "--keep-going", exit_code=exit_code).stderr

    program(project, "upgrade", "--resume")
    assert [visits(project, name) for name in names] == [["one", "two"]] * 4


def test_relative_targets_need_databases_that_are_reached(project: Project) -> None:
    provide(project, {name: (f"postgresql+psycopg://127.0.0.1:1/{name}", {"group": "tenants"}) for name in ("a", "b")})
    history(project, "one")

    said = program(project, "upgrade", "+1", "--jobs", "2", "--keep-going", exit_code=1).stderr

    assert "a: failed: it can't be reached from here, and +1 depends on where it is; name a revision instead\n" in said


@pytest.mark.long
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_relative_targets_that_lead_nowhere_are_not_reached(project: Project, jobs: str) -> None:
    files(project, 2)
    history(project, "one")

    for more, told in {(): "2 databases: 2 failed", ("--resume",): "there is no run to go on with"}.items():
        said = program(project, "upgrade", "+5", "--jobs", jobs, "--keep-going", *more, exit_code=1).stderr
        assert told in said
