"""Databases that are migrated in other processes, some at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ellar_db.config.command_line import program, quoted
from ellar_db.fleet.executors import executor, starting_processes
from ellar_db.fleet.outcome import Outcome
from ellar_db.fleet.worker import Task, work_on
from ellar_db.options import Many
from ellar_db.plugins.manager import PluginManager
from ellar_db.util.errors import summary

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future


LARGEST = 50
"""The most databases of one task: those that are looked at again if its process dies."""

TASKS = 8
"""How many tasks each process gets at least, if there are that many databases, so that all end at about one time."""


class Parallel:
    """Databases that are migrated in other processes.

    Args:
        task: The command.
        manager: The plugins, of which one may bring what runs it.
        many: The options of the command line.
        add: Called with what became of each database.
    """

    def __init__(self, task: Task, manager: PluginManager, many: Many, add: Callable[[Outcome], None]) -> None:
        self._task = task
        self._manager = manager
        self._many = many
        self._add = add
        self._failed = False
        self._suspects: list[str] = []

    def run(self, names: Sequence[str]) -> None:
        """Migrate databases.

        Where a process dies, it isn't known over which database, nor what it did. All that it may have been at are then
        run again, one at a time: nothing is done twice, since each knows where it is.

        Args:
            names: The databases.
        """
        size = max(1, min(LARGEST, len(names) // (self._many.jobs * TASKS)))
        left = [list(names[at : at + size]) for at in range(0, len(names), size)]
        while left and not self._stops:
            with executor(self._manager, self._many.jobs) as (pool, stop):
                left = self._submit(pool, stop, left)
            while self._suspects and not self._stops:
                with executor(self._manager, 1) as (pool, _):
                    self._alone(pool)

    @property
    def _stops(self) -> bool:
        return self._failed and not self._many.keep_going

    def _submit(self, pool: Executor, stop: Callable[[], object], chunks: Sequence[list[str]]) -> list[list[str]]:
        """Let a pool work on databases, and return those that it didn't begin, since it is broken or one failed."""
        from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

        waiting: dict[Future[Any], list[str]] = {}
        rest = list(reversed(chunks))
        broken = False
        while waiting or (rest and not broken and not self._stops):
            # not all at once: after a failure, no more are begun
            while rest and not broken and not self._stops and len(waiting) < 2 * self._many.jobs:
                chunk = rest.pop()
                try:
                    with starting_processes():
                        waiting[pool.submit(work_on, self._task.for_some(chunk), chunk)] = chunk
                except BrokenExecutor:
                    rest.append(chunk)
                    broken = True
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                chunk = waiting.pop(future)
                try:
                    self._take(future.result())
                except Exception as error:  # an executor has errors of its own for a process that died
                    self._suspects += chunk
                    broken = broken or isinstance(error, BrokenExecutor)
            if self._stops:
                stop()
                for future in [future for future in waiting if future.cancel()]:
                    del waiting[future]
        return list(reversed(rest))

    def _alone(self, pool: Executor) -> None:
        """Run databases one at a time, up to one over which the process dies."""
        while self._suspects and not self._stops:
            name = self._suspects.pop(0)
            try:
                with starting_processes():
                    future = pool.submit(work_on, self._task.for_some([name]), [name])
                self._take(future.result())
            except Exception as error:  # as above
                where = f"`{program()} current --database {quoted(name)}` says where it is"
                told = f"its process died before it told what it did ({summary(error)}); {where}"
                self._take([Outcome(name, "failed", error=told).values])
                return

    def _take(self, found: Sequence[dict[str, Any]]) -> None:
        for values in found:
            outcome = Outcome.of(values)
            if outcome.state == "not begun":
                continue
            self._failed = self._failed or outcome.state == "failed"
            self._add(outcome)
