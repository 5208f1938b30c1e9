"""What is found out about a user and a session."""

from __future__ import annotations

from typing import NamedTuple


class MissingRight(NamedTuple):
    """A right that a run needs and a user doesn't have.

    Args:
        what: What the user can't do, after "the user can't".
        remedy: What gives it the right: a statement or a command to be typed, or what to change.
    """

    what: str
    remedy: str


class ServerSessionFacts(NamedTuple):
    """A session of a server.

    Args:
        number: The server's number of it.
        age: How long it has been there, in seconds.
    """

    number: int
    age: float
