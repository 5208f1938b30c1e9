"""Reasons to let findings pass, in the revision and in the project's settings."""

from __future__ import annotations

import re
from pathlib import Path

from ellar_db.lint.findings import Finding
from ellar_db.lint.settings import LintSettings

COMMENT = re.compile(r"#\s*ellar-db:\s*(?P<codes>[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)\b[ \t:,-]*(?P<reason>.*)")
"""A comment that says why a finding is no problem, as in `# ellar-db: DB102 nothing reads it since 2.3`."""


def is_waived(finding: Finding, revision: str, file: Path, line: int, settings: LintSettings) -> bool:
    """Return whether a finding may pass.

    Args:
        finding: The finding.
        revision: The revision.
        file: Its file.
        line: The line of the finding; it, or the comment above it, may give the reason.
        settings: What the project says about rules.
    """
    if any(each.covers(finding.code, revision, finding.table) for each in settings.waivers):
        return True
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for number in (line, line - 1):
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        if number != line and not text.lstrip().startswith("#"):
            continue
        if reason_in(text, finding.code):
            return True
    return False


def reason_in(line: str, code: str) -> str:
    """Return the reason that a comment in a line gives for a rule, or an empty string.

    Args:
        line: The line.
        code: The rule's code.

    Example:
        >>> reason_in("    pass  # ellar-db: DB601 the rows may stay", "DB601")
        'the rows may stay'
    """
    comment = COMMENT.search(line)
    known = comment is not None and code in re.split(r"\s*,\s*", comment["codes"])
    return comment["reason"].strip() if comment is not None and known else ""
