"""Alembic with revisions from headers, beside Alembic that runs all files: the same answers, errors and warnings."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from ellar_db.config.revision_files import checked_revisions
from ellar_db.history.shortcuts import SLOWLY
from tests.support.random_folders import EXAMPLES, IDS, LABELS, Stream, folders, fuzzed, in_order, made

pytestmark = [
    pytest.mark.usefixtures("in_the_order_of_the_files"),
    # of hypothesis 6.100, about its own
    pytest.mark.filterwarnings("ignore:It looks like `register_random`"),
]

SYMBOLS = ["base", "head", "heads", *IDS[:6], *LABELS[:2], "shop@head", "a1b", "d4e5", "blog@base", "nothing"]


def questions() -> Iterator[tuple[str, Callable[[Config, ScriptDirectory], Any]]]:
    """Yield what is asked of a folder, each with a name."""
    yield "heads", lambda config, script: command.heads(config)
    yield "heads -v", lambda config, script: command.heads(config, verbose=True)
    yield "heads --resolve", lambda config, script: command.heads(config, resolve_dependencies=True)
    yield "branches -v", lambda config, script: command.branches(config, verbose=True)
    yield "history -v", lambda config, script: command.history(config, verbose=True)
    yield "bases", lambda config, script: (script.get_bases(), script.get_heads(), script.get_heads(True))
    for one, other in itertools.product(SYMBOLS[:8], SYMBOLS[1:9]):
        yield (
            f"history -r {one}:{other}",
            lambda config, script, one=one, other=other: command.history(config, f"{one}:{other}"),
        )
    for first in SYMBOLS[:8]:
        yield (
            f"run {first}",
            lambda config, script, first=first: ran(
                script, [first, "+1", "heads", "-1", "-1", "heads", "base", "heads"]
            ),
        )
    for symbol in SYMBOLS:
        yield f"show {symbol}", lambda config, script, symbol=symbol: command.show(config, symbol)
        yield (
            f"current {symbol}",
            lambda config, script, symbol=symbol: sorted(each.revision for each in script.get_all_current((symbol,))),
        )
        yield f"upgrade {symbol}", lambda config, script, symbol=symbol: planned(script._upgrade_revs(symbol, ()))
        yield (
            f"upgrade +2 {symbol}",
            lambda config, script, symbol=symbol: planned(script._upgrade_revs("+2", (symbol,))),
        )
        yield (
            f"downgrade {symbol}",
            lambda config, script, symbol=symbol: planned(
                script._downgrade_revs(symbol, tuple(script.get_heads(True)))
            ),
        )
        yield (
            f"downgrade -1 {symbol}",
            lambda config, script, symbol=symbol: planned(script._downgrade_revs("-1", (symbol,))),
        )


def ran(script: ScriptDirectory, targets: Sequence[str]) -> list[Any]:
    """Return the heads after each step of runs on a database, up and down."""
    found: list[Any] = []
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        for target in targets:

            def plan(heads: Any, _: Any, target: str = target) -> list[Any]:
                steps = script._downgrade_revs if target in ("base", "-1") else script._upgrade_revs
                return steps(target, heads)

            def note(*, heads: set[str], step: Any, **_: Any) -> None:
                found.append((step.up_revision_id, step.is_upgrade, sorted(heads)))

            context = MigrationContext.configure(connection, opts={"fn": plan, "on_version_apply": (note,)})
            try:
                with context.begin_transaction():
                    context.run_migrations()
            except KeyError:
                found.append("KeyError")
            except Exception as error:
                found.append((type(error).__name__, str(error)))
    return found


def planned(steps: list[Any]) -> list[str]:
    """Return the steps of a run."""
    return [str(step) for step in steps]


QUESTIONS = dict(questions())

some = st.lists(st.sampled_from(sorted(QUESTIONS)), min_size=16, max_size=16, unique=True).map(
    lambda names: [*names, *(name for name in QUESTIONS if name.startswith("run "))]
)
"""A few of the questions."""


def answers(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """Return what Alembic says to questions, with its warnings."""
    found: dict[str, Any] = {}
    for name in names:
        ask = QUESTIONS[name]
        stream = Stream()
        config = Config(stdout=stream)
        config.set_main_option("script_location", str(folder))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = ask(config, ScriptDirectory.from_config(config))
            except AssertionError:
                # pytest gives those in our own modules a text
                result = "AssertionError"
            except KeyError:
                # the first of a set that isn't there
                result = "KeyError"
            except BaseException as error:
                result = type(error).__name__, str(error)
        text = in_order(stream.getvalue())
        found[name] = result, sorted(text) if "branches" in name else text, [str(each.message) for each in caught]
    return found


@contextmanager
def by_headers() -> Iterator[None]:
    """Let Alembic read headers."""
    with checked_revisions():
        yield


def compare(files: dict[str, bytes], names: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the answers to questions."""
    with made(files) as folder:
        with by_headers():
            found = answers(folder, names)
        monkeypatch.setenv(SLOWLY, "1")
        with by_headers():
            expected = answers(folder, names)
        monkeypatch.delenv(SLOWLY)
    if any(b"raise ValueError" in source for source in files.values()):
        # only what is run fails
        return
    for name in found:
        assert found[name] == expected[name], name


@pytest.mark.long
@settings(fuzzed, max_examples=EXAMPLES // 2)
@given(folders(hostile=False), some)
def test_a_folder_in_order(files: dict[str, bytes], names: list[str]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        compare(files, names, monkeypatch)


@pytest.mark.long
@settings(fuzzed, max_examples=EXAMPLES // 2)
@given(folders(hostile=True), some)
def test_a_hostile_folder(files: dict[str, bytes], names: list[str]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        compare(files, names, monkeypatch)
