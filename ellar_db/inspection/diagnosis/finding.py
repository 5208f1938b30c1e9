"""What is found out about one part of what a command needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Literal

import click

from ellar_db.config.reports.refusals import reported
from ellar_db.plugins.alembic import alembic_broken
from ellar_db.util.errors import cause_of, in_one_line
from ellar_db.util.masking import masked

State = Literal["ok", "look", "broken"]


@dataclass(frozen=True)
class Finding:
    """What is found out about one part.

    Args:
        state: "ok", "look" at it, or "broken".
        subject: The part.
        message: What is found out, in one line.
        fix: The next step, if it isn't part of the message: a command to be typed, or what to change.
    """

    state: State
    subject: str
    message: str
    fix: str = ""

    def document(self) -> dict[str, Any]:
        """Return the finding for programs."""
        return {key: masked(value) if value else None for key, value in asdict(self).items()}


def guarded(subject: str, check: Callable[[], Iterable[Finding]], *, plain: bool = False) -> Iterator[Finding]:
    """Yield what a check finds; an error of it is a finding too.

    Args:
        subject: The part that is checked.
        check: The check.
        plain: It has nothing to do with Alembic, which can be what is broken.
    """
    try:
        with nullcontext() if plain else reported():
            yield from check()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except click.ClickException as error:
        yield Finding("broken", subject, masked(in_one_line(error.message)))
    except BaseException as error:  # an application, a plugin or an env.py may raise anything
        known = alembic_broken(error)
        said = cause_of(error) if known is None else known.message
        yield Finding("broken", subject, masked(in_one_line(said)))
