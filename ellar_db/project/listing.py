"""All settings with their values, for people and for programs; secrets are masked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ellar_db.project.keys import KEYS
from ellar_db.project.settings import Settings, Source, expanded
from ellar_db.util.errors import DbError
from ellar_db.util.masking import MASK, SECRET, masked, remember_text


@dataclass(frozen=True)
class Listed:
    """A setting with its value.

    Args:
        key: Its key.
        value: Its value as written, with secrets masked; None if it has none.
        source: Where the value comes from.
        problem: What is wrong with it; empty if nothing is.
        urls: The URLs in it that name environment variables, with these in their place and secrets masked, by database;
            None where one isn't set.
        unset: A sentence about each that isn't.
    """

    key: str
    value: Any
    source: Source
    problem: str = ""
    urls: Mapping[str, str | None] = field(default_factory=dict)
    unset: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The value for people."""
        if self.value is None:
            return "-"
        return self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False)

    def document(self) -> dict[str, Any]:
        """Return the setting for programs."""
        source = self.source
        return {
            "key": self.key,
            "value": self.value,
            "source": source.kind,
            "file": None if source.file is None else str(source.file),
            "line": source.line,
            "variable": source.variable,
            "problem": self.problem or None,
            "urls": dict(self.urls),
        }


def listed_settings(settings: Settings) -> Iterator[Listed]:
    """Yield all settings that there are.

    Args:
        settings: The project's settings.
    """
    for name, key in KEYS.items():
        value = settings.table.get(name, key.default)
        problem = settings.wrong(name)
        urls, unset = ({}, []) if problem else _urls(name, value)
        yield Listed(name, without_secrets(value), settings.source(name), problem, urls, unset)


def _urls(name: str, value: Any) -> tuple[dict[str, str | None], list[str]]:
    """Return what becomes of the URLs in which `${NAME}` is replaced, by database, and what is wrong with them."""
    urls, unset = dict[str, str | None](), list[str]()
    # the only database has this name
    specs = {"default": value} if name == "database" else value if name == "databases" else {}
    for database, spec in specs.items():
        url = spec.get("url") if isinstance(spec, dict) else spec
        if not isinstance(url, str) or "${" not in url:
            continue
        try:
            urls[database] = without_secrets(expanded(url, f"the URL of the database {database!r}"))
        except DbError as error:
            urls[database] = None
            unset.append(error.message)
    return urls, unset


def without_secrets(value: Any) -> Any:
    """Return a value of TOML or JSON with the secrets in it masked; what JSON doesn't have becomes text.

    Example:
        >>> without_secrets({"url": "postgresql://ann:pa55word@db/shop", "password": "pa55word"})
        {'url': 'postgresql://ann:***@db/shop', 'password': '***'}
    """
    if isinstance(value, dict):
        return {
            masked(key): MASK if SECRET.search(key) and not isinstance(each, dict) else without_secrets(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = str(value)
    remember_text(text)
    return masked(text)


def variables_of(settings: Settings, file: Path) -> list[str]:
    """Return the names of the variables that a file gives the environment.

    Args:
        settings: The project's settings.
        file: One of its files of variables.
    """
    return [name for name, found in settings.variables.items() if found.file == file]
