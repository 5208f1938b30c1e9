"""The page of the JSON documents, made from their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.generators.docstrings import cell

SCHEMAS = Path(__file__).parent.parent / "reference" / "schemas"

ORDER = ("status", "plan", "current", "revisions", "run", "check", "lint", "verify", "doctor", "settings-listed")
"""The documents that come first; the others follow by name."""


def documents_page() -> str:
    """Return the page."""
    names = sorted((file.stem for file in SCHEMAS.glob("*.json")), key=lambda name: (*position(name), name))
    schemas = {name: json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")) for name in names}
    rows = [
        f"| [{cell(schema['title'])}](#{anchor(schema['title'])}) | [{name}.json](schemas/{name}.json) | "
        f"{cell(schema['description'])} |"
        for name, schema in schemas.items()
    ]
    parts = [
        "# JSON documents",
        "What commands write with `--json`, and the schema of each. Made from `docs/reference/schemas/` by `make "
        "docs`; the tests hold each command to its schema.",
        "\n".join(["| document | schema | |", "|---|---|---|", *rows]),
    ]
    for name, schema in schemas.items():
        parts += [f"## {schema['title']}", schema["description"], table(schema), f"[Schema](schemas/{name}.json)."]
    return "\n\n".join(parts) + "\n"


def position(name: str) -> tuple[int]:
    """Return where a document stands."""
    return (ORDER.index(name) if name in ORDER else len(ORDER),)


def anchor(title: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_").replace(" ", "-")


def table(schema: Mapping[str, Any]) -> str:
    """Return the fields of a schema as a table."""
    rows = [f"| `{name}` | {cell(kind)} | {cell(text)} |" for name, kind, text in fields(schema, schema)]
    return "\n".join(["| field | type | |", "|---|---|---|", *rows])


def fields(schema: Mapping[str, Any], whole: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the fields of an object and of those in it: name, type, and what it is.

    Args:
        schema: The object's schema.
        whole: The document's schema, which has the definitions.
        within: The name of the object, as in `databases[].`.
    """
    needed = schema.get("required", schema.get("properties", ()))
    for name, about in schema.get("properties", {}).items():
        found = resolved(about, whole)
        text = found.get("description", "")
        yield f"{within}{name}", kind(found) + ("" if name in needed else ", optional"), text
        for inner, mark in parts(found, whole):
            yield from fields(inner, whole, f"{within}{name}{mark}.")


def resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema, or the definition to which it refers, with what is said at the reference."""
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    return {**whole["$defs"][reference.rpartition("/")[2]], **{key: schema[key] for key in schema if key != "$ref"}}


def parts(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the objects of a field, each with the mark that stands behind the field's name."""
    for choice in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if "items" in choice:
            for inner, mark in parts(resolved(choice["items"], whole), whole):
                yield inner, f"[]{mark}"
        if isinstance(choice.get("additionalProperties"), dict):
            for inner, mark in parts(resolved(choice["additionalProperties"], whole), whole):
                yield inner, f".*{mark}"
        if "properties" in choice:
            yield choice, ""


def kind(schema: Mapping[str, Any]) -> str:
    """Return the type of a field in words.

    Example:
        >>> kind({"type": ["string", "null"]}), kind({"enum": ["a", "b"]})
        ('string or null', '"a", "b"')
    """
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return ", ".join(map(json.dumps, schema["enum"]))
    for choices in ("anyOf", "oneOf"):
        if choices in schema:
            return " or ".join(dict.fromkeys(map(kind, schema[choices])))
    given = schema.get("type", "any value")
    named = " or ".join([given] if isinstance(given, str) else given)
    if "items" in schema and "array" in named:
        inner = schema["items"].get("type", "")
        return named.replace("array", f"array of {inner}" if isinstance(inner, str) and inner else "array")
    return named
