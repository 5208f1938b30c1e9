"""Calls inside of runs and of other calls, in threads and in forked processes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from ellar_db import DbError, library
from ellar_db.library import current, heads, upgrade
from ellar_db.testing import Project
from tests.support.revisions import write_revision

WITHIN = r"status\(\) can't be called while a run is under way, as from a hook or a revision; heads"

REFUSED = {
    "status": "status()",
    "current": "current()",
    "check": "check()",
    "plan": "plan()",
    "wait": "wait('head', timeout=0)",
    "upgrade": "upgrade()",
    "downgrade": "downgrade()",
    "migrate": "migrate('x')",
    "verify": "verify(all=True)",
    "drift": "drift()",
    "lint": "lint(all=True)",
    "history": "history('current:')",
}

HOOKS = {
    "ellar_db_before_run": "@hookimpl\ndef ellar_db_before_run(run):\n    call(run)\n",
    "ellar_db_run": "@hookimpl(wrapper=True)\ndef ellar_db_run(run):\n    call(run)\n    return (yield)\n",
    "ellar_db_step": "@hookimpl(wrapper=True)\ndef ellar_db_step(run, step):\n    call(run)\n    return (yield)\n",
    "ellar_db_committed": "@hookimpl\ndef ellar_db_committed(run):\n    call(run)\n",
}

CALL = """
from ellar_db import DbError, hookimpl, library


def call(run):
    try:
        library.{call}
    except DbError as error:
        told = error.message
    else:
        told = "no error"
    with open("told", "a") as file:
        file.write(told + "\\n")


"""


def told(project: Project) -> list[str]:
    return (project.path / "told").read_text().splitlines()


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("outer", ["library", "command"])
def test_a_hook_that_goes_on(linear: Project, install: Callable[..., object], hook: str, outer: str) -> None:
    install("ellar-db-seen", CALL.format(call="status()") + HOOKS[hook])

    if outer == "library":
        assert [each.after for each in upgrade()] == [("third",)]
    else:
        linear.db("upgrade")

    assert set(told(linear)) == {
        "status() can't be called while a run is under way, as from a hook or a revision; heads() and history() can"
    }
    assert [each.at_head for each in current()] == [True]


@pytest.mark.parametrize("function", REFUSED)
def test_each_function_that_runs_env(linear: Project, install: Callable[..., object], function: str) -> None:
    install("ellar-db-seen", CALL.format(call=REFUSED[function]) + HOOKS["ellar_db_committed"])

    assert [each.after for each in upgrade()] == [("third",)]

    assert [line.partition(" while")[0] for line in told(linear)] == [f"{function}() can't be called"]


def test_functions_that_read_files(linear: Project, install: Callable[..., object]) -> None:
    calls = "history() + library.heads() and (_ for _ in ()).throw(DbError(str(len(library.history()))))"
    install("ellar-db-seen", CALL.format(call=calls) + HOOKS["ellar_db_before_run"])

    assert [each.after for each in upgrade()] == [("third",)]

    assert told(linear) == ["3"]


def test_a_hook_that_fails(linear: Project, install: Callable[..., object]) -> None:
    install(
        "ellar-db-seen",
        """
        from ellar_db import hookimpl, library

        @hookimpl
        def ellar_db_before_run(run):
            library.status()
        """,
    )

    with pytest.raises(DbError, match=f"^{WITHIN}"):
        upgrade()

    assert linear.tables() <= {"alembic_version"}


def test_a_revision_that_fails(linear: Project) -> None:
    up = "__import__('ellar_db.library').library.status()"
    write_revision(linear.path / "migrations/versions", "second", "first", up)

    with pytest.raises(DbError, match=WITHIN):
        upgrade()

    assert [each.revisions for each in current()] == [()]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ellar_db.library.turns.SHORTEST", 0.2)


@pytest.mark.usefixtures("impatient")
def test_a_hook_that_waits_for_a_thread(linear: Project, install: Callable[..., object]) -> None:
    install(
        "ellar-db-seen",
        CALL.format(call="upgrade(lock_timeout=0)")
        + "import threading\n\n\n@hookimpl\ndef ellar_db_before_run(run):\n"
        + "    thread = threading.Thread(target=call, args=[run])\n    thread.start()\n    thread.join()\n",
    )

    assert [each.after for each in upgrade()] == [("third",)]

    assert told(linear) == [
        "upgrade() has waited 0.2 s for upgrade(), which runs in another thread of this process; if that thread waits "
        "for this one, as a hook may that starts threads, call it when the run has ended"
    ]


@pytest.fixture
def paused(linear: Project, install: Callable[..., object]) -> Iterator[threading.Event]:
    """A thread that is inside of an upgrade, until the event is set."""
    install(
        "ellar-db-seen",
        """
        import threading

        from ellar_db import hookimpl

        begun, go = threading.Event(), threading.Event()

        @hookimpl
        def ellar_db_before_run(run):
            begun.set()
            assert go.wait(60)
        """,
    )
    heads()
    (module,) = [each for name, each in sys.modules.items() if name.startswith("ellar_db_seen")]
    thread = threading.Thread(target=upgrade)
    thread.start()
    assert module.begun.wait(30)
    yield module.go
    module.go.set()
    thread.join()


def test_another_thread_waits(linear: Project, paused: threading.Event) -> None:
    threading.Timer(0.3, paused.set).start()

    assert [each.state for each in library.status()] == ["at head"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_begins_anew(linear: Project, paused: threading.Event) -> None:
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if [each.state for each in library.status()] == ["behind"] else 2
        finally:
            os._exit(code)
    threading.Timer(20, paused.set).start()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
