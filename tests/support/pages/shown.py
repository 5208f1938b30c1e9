"""What a page shows of a program's output, and whether that is what it prints."""

from __future__ import annotations

import difflib
import re

ANYTHING = "..."
"""A line of the page that stands for any lines; within a line, for any text."""

ANSWERED = re.compile(r"(?P<question>.*(?:\[y/N\]|Choose \([^)]*\)|Value \([^)]*\)): )(?P<answer>\S.*)\n")
FAILED = re.compile(r"^(?:Error|FAILED): ", re.MULTILINE)

VARYING = {
    "revision": r"(?<![0-9A-Za-z])(?=[0-9a-f]*\d)[0-9a-f]{12}(?![0-9A-Za-z])",
    "time": r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\+\d\d:\d\d|Z)?",
    "stamp": r"(?<![0-9A-Za-z])\d{8}T\d{6}(?:\.\d+)?Z?",
    "clock": r"\b\d\d:\d\d:\d\d\b",
    "number": r"\b\d+(?:\.\d+)+",
    "size": r"\b[\d.]+ kB",
    "process": r"\bprocess \d+ on [\w.-]+",
    "session": r"\bsession \d+",
    "user": r"\b[a-z]+@[a-z-]+(?= in )",
    "slowest": r"(?<=the slowest was )[\w-]+",
    "gap": r"(?<=\S) {2,}",
    "line": r"(?<=\.py):\d+(?=:)|\bline \d+",
    "any": r"\.\.\.",
}
"""What differs from run to run, by the name of its group."""

PATTERNS = {
    **VARYING,
    "revision": "[0-9a-f]{12}",
    "user": r"\S+@\S+",
    "gap": " {2,}",
    "any": ".*",
    "process": r"process \d+ on \S+",
    "line": r"(?::|line )\d+",
}
"""What is printed there."""

TOKENS = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in VARYING.items()))


class Shown:
    """The revisions of a page, each with the id that it has in the run.

    Args:
        names: What is printed by what the page shows in its place, such as an address.
    """

    def __init__(self, names: dict[str, str] | None = None) -> None:
        self.names = names or {}
        self.ids: dict[str, str] = {}

    def typed(self, text: str) -> str:
        """Return a command of the page with the ids of this run."""
        for there, here in {**self.ids, **self.names}.items():
            text = text.replace(there, here)
        return text

    def differences(self, page: str, printed: str) -> str:
        """Return nothing if this was printed, or how it differs; learn ids from it.

        Args:
            page: What the page shows.
            printed: What the program wrote.
        """
        for there, here in sorted(self.names.items(), key=lambda pair: -len(pair[1])):
            printed = printed.replace(here, there)
        printed = re.sub(" +$", "", printed, flags=re.MULTILINE).rstrip("\n") + "\n"
        groups: dict[str, str] = {}
        match = re.fullmatch(self._pattern(page, groups), printed)
        if match:
            self.ids.update({there: match[group] for there, group in groups.items()})
            return ""
        return "\n".join(difflib.unified_diff(page.splitlines(), printed.splitlines(), "page", "printed", lineterm=""))

    def _pattern(self, page: str, groups: dict[str, str]) -> str:
        lines = []
        for line in page.splitlines():
            if line.strip() == ANYTHING:
                lines.append(r"(?:.*\n)*?")
                continue
            lines.append(self._line(line.rstrip(" "), groups) + r"\n")
        return "".join(lines)

    def _line(self, line: str, groups: dict[str, str]) -> str:
        pattern, end = "", 0
        for token in TOKENS.finditer(line):
            pattern += re.escape(line[end : token.start()])
            end = token.end()
            kind = str(token.lastgroup)
            if kind != "revision":
                pattern += PATTERNS[kind]
            elif token[0] in self.ids:
                pattern += self.ids[token[0]]
            elif token[0] in groups:
                pattern += f"(?P={groups[token[0]]})"
            else:
                groups[token[0]] = f"id{len(groups)}"
                pattern += f"(?P<{groups[token[0]]}>{PATTERNS[kind]})"
        return pattern + re.escape(line[end:])


def answers(shown: str) -> tuple[str, str]:
    """Return what a program prints if nothing that is typed is shown, and what is typed."""
    typed = "".join(f"{match['answer']}\n" for match in ANSWERED.finditer(shown))
    return ANSWERED.sub(lambda match: match["question"], shown), typed
