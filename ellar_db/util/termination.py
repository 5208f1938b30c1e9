"""SIGTERM: it ends the statement that runs, and then the command, as Ctrl-C does; also for process 1 of a container."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

EXIT_CODE = 143
"""Exit code of a program that SIGTERM ended, by the convention of shells."""

GRACE = 0.3
"""Seconds after which a program that doesn't react is taken to wait for a statement, in a driver that Python can't
interrupt."""

AGAIN = 2.0
"""Seconds after which what still runs is cancelled again."""

PATIENCE = 10.0
"""Seconds to wait for a thread that is cancelling a statement."""


DRIVING = ("asyncio.", "selectors", "asyncpg", "aiomysql", "asyncmy", "aiosqlite", "uvloop", "sqlalchemy.util.")
"""Beginnings of the names of modules that run while an async driver works or is waited for."""


class TerminatedError(KeyboardInterrupt):
    """The program was asked to end by SIGTERM. As with Ctrl-C, only what cleans up may catch it."""


class _Termination:
    """What is known about a SIGTERM that may come."""

    def __init__(self) -> None:
        self.installed = False
        self.reached = threading.Event()
        self._told = False
        self._cancels: list[Callable[[], Any]] = []
        self._watcher: tuple[threading.Thread, socket.socket, socket.socket, int] | None = None

    def install(self) -> None:
        """Wait for a signal from now on."""
        self._told = False
        self.reached.clear()
        self.installed = True
        signal.signal(signal.SIGTERM, self.handle)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Raise the error in the main thread, once; a second signal must not interrupt the cleaning up."""
        # first, and without a lock: the next signal may come while the event has its own
        if not self._told:
            self._told = True
            self.reached.set()
            if not _cancelled_tasks(frame):
                raise TerminatedError

    def add(self, cancel: Callable[[], Any]) -> None:
        """Add what is to be cancelled; with the first a thread begins to wait for the signal."""
        self._cancels.append(cancel)
        if self._watcher is None:
            # only runs need it, and --help must stay fast
            import socket

            written, read = socket.socketpair()
            written.setblocking(False)
            # Python's own handler runs when the main thread does; this is written even if it is inside of a driver
            before = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
            thread = threading.Thread(target=self._watch, args=(read,), name="ellar_db SIGTERM", daemon=True)
            self._watcher = thread, written, read, before
            thread.start()

    def remove(self, cancel: Callable[[], Any]) -> None:
        """Remove it; after the last the thread ends."""
        self._cancels.remove(cancel)
        if self._cancels or self._watcher is None:
            return
        (thread, written, read, before), self._watcher = self._watcher, None
        signal.set_wakeup_fd(before)
        written.close()
        thread.join(PATIENCE)
        read.close()

    def _watch(self, read: socket.socket) -> None:
        while received := self._received(read):
            if received[0] == signal.SIGTERM:
                if not self.reached.wait(GRACE):
                    self._cancel()
                # a statement may begin just after the signal, and be waited for while the run is ended
                read.settimeout(AGAIN)

    def _received(self, read: socket.socket) -> bytes:
        while True:
            try:
                return read.recv(1)
            except TimeoutError:
                self._cancel()

    def _cancel(self) -> None:
        for cancel in list(self._cancels):
            # the program ends whether or not this works
            with suppress(Exception):
                cancel()


def _cancelled_tasks(frame: FrameType | None) -> bool:
    """Cancel the tasks of the event loop if an async driver works or is waited for, as asyncio does at Ctrl-C.

    An error that is raised in the middle of a driver leaves it in a state in which it may crash: asyncpg does.

    Args:
        frame: What the signal has interrupted.

    Returns:
        Whether a task will end, and the command with it.
    """
    module = str(frame.f_globals.get("__name__", "")) if frame is not None else ""
    if not module.startswith(DRIVING):
        return False
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # no loop runs in this thread
        return False
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    # let a loop that waits for its sockets look
    loop.call_soon_threadsafe(str)
    return bool(tasks)


_state = _Termination()


def is_interruption(error: BaseException) -> bool:
    """Return whether an error ends a program from outside, as Ctrl-C and SIGTERM do, or by `sys.exit`.

    With an async driver, both arrive as the cancellation of a task. Code may also raise that error by itself.

    Example:
        >>> is_interruption(KeyboardInterrupt()), is_interruption(ValueError())
        (True, False)
    """
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return True
    import asyncio

    if not isinstance(error, asyncio.CancelledError):
        return False
    with suppress(RuntimeError):  # no loop runs in this thread
        # before Python 3.11, a task doesn't tell, and Ctrl-C doesn't cancel it
        cancelling = getattr(asyncio.current_task(), "cancelling", int)
        return _state.reached.is_set() or bool(cancelling())
    return False


def interruption_behind(error: BaseException | None) -> BaseException | None:
    """Return what ended a program from outside, if that is why something failed: cleaning up may raise another error.

    Args:
        error: With what it failed.
    """
    if _state.installed and _state.reached.is_set():
        return TerminatedError()
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error


@contextmanager
def terminable() -> Iterator[None]:
    """Raise `TerminatedError` in the main thread when SIGTERM comes, unless the program handles that signal itself.

    Raises:
        TerminatedError: SIGTERM came.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or _state.installed or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    _state.install()
    try:
        yield
        end_if_terminated()
    except BaseException as error:
        if _state.reached.is_set() and not isinstance(error, TerminatedError):
            # of a driver whose statement was cancelled, or of cleaning up
            raise TerminatedError from error
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _state.installed = False


def end_if_terminated() -> None:
    """Raise what SIGTERM raises, if it came and was lost: Python drops what is raised while it frees an object.

    Raises:
        TerminatedError: SIGTERM came.
    """
    if _state.installed and _state.reached.is_set():
        raise TerminatedError


@contextmanager
def cancelled_by(cancel: Callable[[], Any]) -> Iterator[None]:
    """Call a function when SIGTERM comes while the main thread waits for a driver that Python can't interrupt.

    Args:
        cancel: The function, called in another thread. Its errors are ignored.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not _state.installed or not in_main or not hasattr(signal, "set_wakeup_fd"):
        yield
        return
    _state.add(cancel)
    try:
        yield
    finally:
        _state.remove(cancel)
