"""The keys of ellar_db's settings: what each is for, which values it takes, and how a variable's text is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from ellar_db.project.toml import parse_toml

PREFIX = "ELLAR_DB_"
"""With which the environment variables of settings begin."""

Value = Mapping[str, Any]

TEXT: Value = {"type": "string"}
TEXTS: Value = {"type": "array", "items": TEXT}
IN_TABLE = ', in JSON or TOML: {"name": "value"}'
"""How the text of a variable is written whose value is a table."""

NAMES: Value = {"type": "object", "additionalProperties": TEXT}


class Kind(NamedTuple):
    """Which values a key takes.

    Args:
        wanted: The values in words, for messages.
        schema: The same as a JSON schema.
        accepts: Returns whether a value is one of them.
        read: Makes a value of the text of a variable; raises ValueError if it can't.
        written: How such a text is written, for messages, after `wanted`.
    """

    wanted: str
    schema: Value
    accepts: Callable[[Any], bool]
    read: Callable[[str], Any]
    written: str = ""


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_table(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(of(each) for each in value.values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_or_texts(value: Any) -> bool:
    return _is_text(value) or _is_texts(value)


def _is_url(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, dict) and _is_text(value.get("url")))


def _is_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _flag(text: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.strip().lower() not in known:
        raise ValueError(text)
    return known[text.strip().lower()]


def _document(text: str) -> Any:
    """Return what a text in JSON, or a value in TOML, says."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return parse_toml(f"value = {text.strip()}")["value"]


def _listed(text: str) -> Any:
    if text.lstrip().startswith("["):
        return _document(text)
    return [each.strip() for each in text.split(",") if each.strip()]


def _text_or_more(text: str) -> Any:
    """Return a text, or the list or the table that it is in JSON or TOML; several by commas are a list."""
    if text.lstrip()[:1] in ("[", "{"):
        return _document(text)
    # a call in the name of metadata may have commas of its own
    parts = text.split(",") if "(" not in text else [text]
    return _listed(text) if len(parts) > 1 else text


A_TEXT = Kind("a text", TEXT, _is_text, str)
A_FLAG = Kind("true or false", {"type": "boolean"}, lambda value: isinstance(value, bool), _flag)
A_LIST = Kind("a list of texts", TEXTS, _is_texts, _listed, ", separated by commas")
ALWAYS = Kind('"always"', {"const": "always"}, lambda value: value == "always", str)
LOG_FORMAT = Kind('"text" or "json"', {"enum": ["text", "json"]}, lambda value: value in ("text", "json"), str)
A_TIME = Kind("a number of seconds, 0 or more", {"type": "number", "minimum": 0}, _is_seconds, float)
FILES = Kind("a path, or a list of paths", {"anyOf": [TEXT, TEXTS]}, _is_text_or_texts, _text_or_more)
MODELS = Kind(
    "a text, a list of texts, or a table of these",
    {"anyOf": [TEXT, TEXTS, {"type": "object", "additionalProperties": {"anyOf": [TEXT, TEXTS]}}]},
    lambda value: _is_text_or_texts(value) or _is_table(_is_text_or_texts)(value),
    _text_or_more,
)
URLS = Kind(
    "a table of URLs, or of tables with url",
    {
        "type": "object",
        "additionalProperties": {
            "anyOf": [TEXT, {"type": "object", "required": ["url"], "properties": {"url": TEXT}}],
        },
    },
    _is_table(_is_url),
    _document,
    ', in JSON or TOML: {"default": "sqlite:///app.db"}',
)
CHOICES = Kind("a table of texts", NAMES, _is_table(_is_text), _document, IN_TABLE)
LISTS = Kind(
    "a table of lists of texts",
    {"type": "object", "additionalProperties": TEXTS},
    _is_table(_is_texts),
    _document,
    ', in JSON or TOML: {"name": ["value"]}',
)
A_TABLE = Kind("a table", {"type": "object"}, lambda value: isinstance(value, dict), _document, IN_TABLE)
RULES = Kind(
    "a table",
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "ignore": {**TEXTS, "description": "Rules that aren't applied."},
            "severity": {
                "type": "object",
                "additionalProperties": {"enum": ["error", "warning", "note"]},
                "description": "Other severities than the rules' own, by code.",
            },
            "waivers": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["code", "reason"],
                    "properties": {"code": TEXT, "reason": TEXT, "revision": TEXT, "table": TEXT},
                },
                "description": "Findings that pass, with the reason.",
            },
            "release": {**TEXT, "description": "The commit that runs while an upgrade begins."},
        },
    },
    # what is in the table, the rules check themselves, by their codes too
    A_TABLE.accepts,
    _document,
    IN_TABLE,
)


class Key(NamedTuple):
    """A key of the settings.

    Args:
        kind: Which values it takes.
        text: What it is for, in a sentence.
        default: The value without it; None if there is none.
    """

    kind: Kind
    text: str
    default: Any = None


KEYS: Mapping[str, Key] = {
    "allowed-plugins": Key(A_LIST, "The only distributions whose plugins are imported, if it is set."),
    "application": Key(A_TEXT, 'The Ellar application as "module:attribute", if [tool.ellar] names none.'),
    "commands": Key(CHOICES, "The plugin whose command is used if several provide one, by the command's name.", {}),
    "confirm": Key(ALWAYS, 'With "always", downgrade requires --yes, or an answer on the terminal, everywhere.'),
    "connect-wait": Key(A_TIME, "How long to keep trying to reach a database that is starting, in seconds.", 0),
    "context-configure": Key(A_TABLE, "Keyword arguments of Alembic's context.configure.", {}),
    "database": Key(A_TEXT, "The URL of the only database; ${NAME} is replaced from the environment."),
    "databases": Key(URLS, "The databases by name: a URL, or a table of engine options with url.", {}),
    "db-lock-timeout": Key(A_TIME, "How long a statement may wait for one of the server's own locks, in seconds."),
    "directory": Key(A_TEXT, "The migrations folder.", "migrations"),
    "env-file": Key(FILES, "Files of environment variables, such as .env; those that are set stay.", []),
    "head-file": Key(A_FLAG, "Keep a file heads.txt beside the revisions with their heads.", False),
    "hooks": Key(CHOICES, "The plugin whose answer counts if several give one, by the hook's name.", {}),
    "lint": Key(RULES, "What the project says about the rules of lint.", {}),
    "lint-measure": Key(A_FLAG, "Let lint run the revisions on a scratch database each time.", False),
    "lock": Key(A_FLAG, "Allow one run at a time on a database.", True),
    "lock-timeout": Key(A_TIME, "How long to wait for another run on the database, in seconds; 0 doesn't wait.", 300),
    "log-format": Key(LOG_FORMAT, 'With "json", the log is JSON, one object a line.', "text"),
    "metadata": Key(MODELS, 'The models\' MetaData as "module:attribute", a list of these, or a table by database.'),
    "packages": Key(LISTS, "The databases on which a package's migrations run, by package.", {}),
    "plugins": Key(A_LIST, "The project's own plugin modules.", []),
    "reference": Key(A_TEXT, "The database with which the models are compared, of many with the same tables."),
    "required-plugins": Key(A_LIST, "Requirements of plugins without which commands are refused.", []),
    "statement-timeout": Key(A_TIME, "How long a statement may run, in seconds (PostgreSQL, MariaDB)."),
    "use-two-phase": Key(A_FLAG, "Use two-phase commit.", False),
}
"""The keys of `[tool.ellar-db]`, of ellar-db.toml and, as variables, of the environment."""


@cache
def variable(key: str) -> str:
    """Return the environment variable of a key.

    Example:
        >>> variable("lock-timeout")
        'ELLAR_DB_LOCK_TIMEOUT'
    """
    return PREFIX + key.upper().replace("-", "_")


def schema() -> dict[str, Any]:
    """Return the JSON schema of the settings, by which editors check and complete them."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of ellar-db",
        "description": "The keys of ellar-db.toml, and of [tool.ellar-db] in pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {
                "description": key.text,
                **key.kind.schema,
                **({} if key.default in (None, {}, []) else {"default": key.default}),
            }
            for name, key in KEYS.items()
        },
    }
