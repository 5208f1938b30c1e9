"""All rules, each with its code.

A code of ours is DB, a digit for the subject and two for the rule: 1 losses, 2 failures, 3 locks, 4 types, 5 the
release that runs meanwhile, 6 the revision itself.
"""

from __future__ import annotations

import re

from ellar_db.hooktypes import Rule
from ellar_db.lint.rules import compatibility, conversions, failures, locks, losses, revisions
from ellar_db.plugins.manager import PluginManager
from ellar_db.plugins.record import Plugin, leaving_out
from ellar_db.util.errors import DbError

HOOK = "ellar_db_lint_rules"

CODE = re.compile(r"[A-Z]+\d+")

RULES = tuple(
    sorted(
        (
            rule
            for subject in (losses, failures, locks, conversions, compatibility, revisions)
            for rule in subject.RULES
        ),
        key=lambda rule: rule.code,
    )
)
"""The rules that are built in, in the order of their codes."""

CODES = tuple(rule.code for rule in RULES)
"""Their codes."""


def rules_of(manager: PluginManager) -> tuple[Rule, ...]:
    """Return the rules that are built in and those of plugins, in the order of their codes.

    Args:
        manager: The plugins.

    Raises:
        DbError: Two rules have one code.
        PluginError: A plugin returns something else, or fails.
    """
    return manager.once(HOOK, _known)


def _known(manager: PluginManager) -> tuple[Rule, ...]:
    known: dict[str, tuple[str, Rule]] = {rule.code: ("ellar_db", rule) for rule in RULES}
    for plugin, answer in manager.answers(HOOK):
        for rule in plugin.listed(HOOK, answer):
            if not isinstance(rule, Rule) or not CODE.fullmatch(rule.code):
                what = f"it gave {rule!r}, which is no ellar_db.Rule with a code such as ACME1"
                raise plugin.failure(HOOK, TypeError(what))
            if rule.code in known:
                raise DbError(
                    f"the rule {rule.code} of {plugin.title} has the code of one of {known[rule.code][0]}; leave the "
                    f"plugin out with {leaving_out(plugin.distribution)}"
                )
            known[rule.code] = (plugin.title, _guarded(rule, plugin))
    return tuple(rule for _, (_, rule) in sorted(known.items()))


def _guarded(rule: Rule, plugin: Plugin) -> Rule:
    """Return a rule whose errors name its plugin."""
    from dataclasses import replace

    def check(*arguments: object) -> object:
        return iter(plugin.guarded(HOOK, lambda: list(rule.check(*arguments))))

    return replace(rule, check=check)  # type: ignore[arg-type]  # of the same shape
