"""What a project says about the rules, in `[tool.ellar-db.lint]`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from ellar_db.config.command_line import program
from ellar_db.hooktypes import Severity
from ellar_db.project.settings import Settings
from ellar_db.util.errors import DbError, meant

TABLE = "[tool.ellar-db.lint]"

KEYS = ("ignore", "release", "severity", "waivers")

SEVERITIES = get_args(Severity)


@dataclass(frozen=True)
class Waiver:
    """A reason to let a finding pass.

    Args:
        code: The rule's code.
        reason: Why it is no problem.
        revision: The revision; empty for all.
        table: The table; empty for all.
    """

    code: str
    reason: str
    revision: str = ""
    table: str = ""

    def covers(self, code: str, revision: str, table: str) -> bool:
        """Return whether it is for a finding."""
        return code == self.code and self.revision in ("", revision) and self.table in ("", table)


@dataclass(frozen=True)
class LintSettings:
    """What a project says about the rules.

    Args:
        ignored: The codes of rules that aren't applied.
        severities: The severities of rules that aren't what the rule says.
        waivers: Reasons to let findings pass.
        release: The commit that runs while an upgrade begins, such as "origin/main"; empty if it isn't known.
    """

    ignored: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    waivers: Sequence[Waiver] = ()
    release: str = ""


def lint_settings(settings: Settings, codes: Collection[str]) -> LintSettings:
    """Return what a project says about the rules.

    Args:
        settings: The project's settings.
        codes: The codes of all rules.

    Raises:
        DbError: It has a key, a code or a value that doesn't exist.

    Example:
        >>> lint_settings(Settings(table={"lint": {"ignore": ["DB101"]}}), ["DB101"]).ignored
        frozenset({'DB101'})
    """
    table = settings.mapping("lint")
    for key in table:
        if key not in KEYS:
            raise DbError(f"{TABLE} has no {key}; it takes {', '.join(KEYS)}{meant(key, KEYS)}")
    where = settings.remedy("lint")
    ignored = table.get("ignore", [])
    if not isinstance(ignored, list) or not all(isinstance(code, str) for code in ignored):
        raise DbError(f"{TABLE} ignore must be a list of texts; {where}")
    severities = table.get("severity", {})
    if not isinstance(severities, dict):
        raise DbError(f'{TABLE} severity must be a table such as {{ DB102 = "error" }}; {where}')
    for code, severity in severities.items():
        if severity not in SEVERITIES:
            raise DbError(
                f"{TABLE} severity gives {code} the severity {severity!r}; it is one of {', '.join(SEVERITIES)}; "
                f"{where}"
            )
    listed = table.get("waivers", [])
    if not isinstance(listed, list):
        raise DbError(f"{TABLE} waivers must be a list of tables; {where}")
    waivers = [_waiver(each, where) for each in listed]
    release = table.get("release", "")
    if not isinstance(release, str):
        raise DbError(f"{TABLE} release must be a text, such as 'origin/main'; {where}")
    named = {"ignore": ignored, "severity": severities, "waivers": [each.code for each in waivers]}
    for key, found in named.items():
        for code in found:
            if code not in codes:
                raise DbError(
                    f"{TABLE} {key} has {code!r}, which is no rule; `{program()} lint --explain all` lists them"
                    f"{meant(code.upper(), codes)}"
                )
    return LintSettings(frozenset(ignored), severities, waivers, release)


def _waiver(found: Any, where: str) -> Waiver:
    keys = ("code", "reason", "revision", "table")
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise DbError(f"{TABLE} waivers has {found!r}; each is a table of texts: {', '.join(keys)}; {where}")
    for key in found:
        if key not in keys:
            raise DbError(f"{TABLE} waivers has no {key}; each takes {', '.join(keys)}{meant(key, keys)}")
    if not found.get("code") or not found.get("reason", "").strip():
        raise DbError(f"{TABLE} waivers has {found!r}; each needs a code and a reason; {where}")
    return Waiver(**found)
