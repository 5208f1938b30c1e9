"""Docstrings as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

DIRECTIVE = re.compile(r"(?:\n\.\.\.)?  *# doctest: .*")
SECTION = re.compile(r"^(Args|Returns|Raises|Example):$")


def as_markdown(docstring: str) -> Iterator[str]:
    """Yield the paragraphs of a docstring as Markdown."""
    for title, text in sections(docstring):
        yield section_as_markdown(title, text)


def section_as_markdown(title: str, text: str) -> str:
    """Return one section of a docstring as Markdown.

    Args:
        title: "Args", "Returns", "Raises", "Example", or "" for what comes first.
        text: What is below it.
    """
    if title == "Example" and text.startswith(">>>"):
        return f"Example:\n\n```pycon\n{DIRECTIVE.sub('', text)}\n```"
    if title == "Example":
        return f"Example:\n\n```python\n{text}\n```"
    if title in ("Args", "Raises"):
        word = "Arguments" if title == "Args" else "Raises"
        return f"{word}:\n\n" + "\n".join(re.sub(r"^([\w.]+): ", r"- `\1`: ", item) for item in items(text))
    return f"{title}: {flowed(text)}" if title else flowed(text)


def sections(docstring: str) -> Iterator[tuple[str, str]]:
    """Split a docstring at `Args:`, `Returns:`, `Raises:` and `Example:`."""
    title, lines = "", [""]
    for line in docstring.splitlines():
        match = SECTION.match(line)
        if match:
            yield title, inspect.cleandoc("\n".join(lines))
            title, lines = match[1], [""]
        else:
            lines.append(line)
    yield title, inspect.cleandoc("\n".join(lines))


def items(text: str) -> list[str]:
    """Return the entries of `Args:`, each on one line."""
    return flowed(re.sub(r"\n(?=\S)", "\n\n", text)).split("\n\n")


def flowed(text: str) -> str:
    """Join the lines of each paragraph."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def argument_texts(docstring: str) -> dict[str, str]:
    """Return what `Args:` says of each argument.

    Example:
        >>> argument_texts("A run.\\n\\nArgs:\\n    name: The name,\\n        as given.")
        {'name': 'The name, as given.'}
    """
    texts = {}
    for title, text in sections(docstring):
        if title == "Args":
            for item in items(text):
                name, _, said = item.partition(": ")
                texts[name] = said
    return texts


def first_sentence(docstring: str) -> str:
    """Return the first line of a docstring, which says what a thing is or does."""
    return flowed(docstring.partition("\n\n")[0])


def cell(text: str) -> str:
    """Return a text for a cell of a table, in which nothing but `code` is marked.

    Example:
        >>> cell("`int | None`, or <name>")
        '`int \\\\| None`, or \\\\<name>'
    """
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    return "`".join(part if place % 2 else part.replace("<", "\\<") for place, part in enumerate(parts))
