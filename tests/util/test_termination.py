"""SIGTERM that comes more than once, as to all processes of a service."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.processes import TIMEOUT

PROGRAM = """
import os, signal, threading
from ellar_db.util import termination

class Event(threading.Event):
    def set(self):
        with self._cond:
            # the second, while the first has the event's lock
            os.kill(os.getpid(), signal.SIGTERM)
        super().set()

termination._state.reached = Event()
try:
    with termination.terminable():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
except termination.TerminatedError:
    print("ended")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_second_signal_within_the_first_one_ends_the_program_too() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=TIMEOUT, check=False)

    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


LOST = """
import os, signal
from ellar_db.util import termination

class Freed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        # Python drops what the handler raises here
        list(range(10))

try:
    with termination.terminable():
        Freed()
except termination.TerminatedError:
    print("ended")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_while_python_frees_an_object_ends_the_program_too() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, timeout=TIMEOUT, check=False)

    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
