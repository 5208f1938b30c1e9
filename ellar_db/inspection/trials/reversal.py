"""Read from a revision's file whether it can be undone."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.lint.waivers import reason_in

if TYPE_CHECKING:
    from alembic.script import Script


NAME = "irreversible"
"""The variable with which a revision says why it has no downgrade."""

RULE = "DB601"
"""The rule about it, whose comment says why a downgrade has nothing to do."""


@dataclass(frozen=True)
class Reversal:
    """What a revision file says about its downgrade.

    Args:
        problem: What is wrong with it, or an empty string.
        reason: Why the revision can't be undone, if the file says so.
    """

    problem: str = ""
    reason: str = ""

    @property
    def possible(self) -> bool:
        """Whether there is a downgrade to try."""
        return not self.problem and not self.reason


def reversal_of(script: Script, database: str = "") -> Reversal:
    """Return what a revision's file says about its downgrade.

    It says why it has no downgrade with `irreversible = "reason"`, or with a downgrade that raises
    `NotImplementedError("reason")`. A downgrade that has nothing to do says so with a comment,
    `# ellar-db: DB601 reason`.

    Args:
        script: The revision.
        database: The database in the names of its functions, in a folder for several; empty for all.
    """
    said = getattr(script.module, NAME, None)
    if said is not None:
        if isinstance(said, str) and said.strip():
            return Reversal(reason=said)
        return Reversal(f"{NAME} is {said!r}; it must be a text that says why")
    file = Path(script.path)
    if file.suffix != ".py":
        # compiled: what the functions do can't be seen
        return Reversal() if hasattr(script.module, "downgrade") else Reversal("it has no downgrade()")
    source = file.read_bytes()
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    # for several databases, upgrade(engine_name) calls upgrade_<engine_name>()
    several = "upgrade" in functions and bool(functions["upgrade"].args.args)
    reasons = []
    for name, upgrade in functions.items():
        of = name.removeprefix("upgrade_") if several and name.startswith("upgrade_") else ""
        if name != "upgrade" and (not of or database not in ("", of)):
            continue
        counterpart = name.replace("up", "down", 1)
        downgrade = functions.get(counterpart)
        if downgrade is None:
            # it may also be imported or assigned
            if not hasattr(script.module, counterpart) and not _is_empty(upgrade):
                return Reversal(f"{name}() has no {counterpart}()")
            continue
        raised = _raised(downgrade)
        if raised is None:
            if _is_empty(downgrade) and not _is_empty(upgrade) and not _is_meant(downgrade, source):
                return Reversal(f"{counterpart}() does nothing")
        elif not raised:
            return Reversal(f"{counterpart}() raises NotImplementedError and doesn't say why")
        else:
            reasons.append(raised)
    return Reversal(reason="; ".join(reasons))


def _is_empty(function: ast.FunctionDef) -> bool:
    """Return whether a function does nothing: docstrings, `pass`, `...`, an empty return."""
    return all(
        isinstance(node, ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Return) and (node.value is None or isinstance(node.value, ast.Constant)))
        for node in function.body
    )


def _is_meant(function: ast.FunctionDef, source: bytes) -> bool:
    """Return whether a comment above a function, or in it, says why it does nothing."""
    lines = source.decode("utf-8", "replace").splitlines()[max(function.lineno - 2, 0) : function.end_lineno]
    return any(reason_in(line, RULE) for line in lines)


def _raised(function: ast.FunctionDef) -> str | None:
    """Return the message with which a function raises NotImplementedError, "" if without one, None if it doesn't."""
    for node in function.body:
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        call = node.exc if isinstance(node.exc, ast.Call) else None
        name = call.func if call else node.exc
        if isinstance(name, ast.Name) and name.id == "NotImplementedError":
            first = call.args[0] if call and call.args else None
            if first is None:
                return ""
            return str(first.value).strip() if isinstance(first, ast.Constant) else ast.unparse(first)
    return None
