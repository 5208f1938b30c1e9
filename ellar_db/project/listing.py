"""All settings with their values, for people and for programs; secrets are masked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ellar_db.project.keys import KEYS
from ellar_db.project.settings import Settings, Source
from ellar_db.util.masking import MASK, SECRET, masked, remember_text


@dataclass(frozen=True)
class Listed:
    """A setting with its value.

    Args:
        key: Its key.
        value: Its value as written, with secrets masked; None if it has none.
        source: Where the value comes from.
        problem: What is wrong with it; empty if nothing is.
    """

    key: str
    value: Any
    source: Source
    problem: str = ""

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
        }


def listed_settings(settings: Settings) -> Iterator[Listed]:
    """Yield all settings that there are.

    Args:
        settings: The project's settings.
    """
    for name, key in KEYS.items():
        value = settings.table.get(name, key.default)
        yield Listed(name, without_secrets(value), settings.source(name), settings.wrong(name))


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
