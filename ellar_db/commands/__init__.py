"""The built-in commands, one module each, registered through the hook that every plugin uses."""

BUILTINS = [
    "ellar_db.providers.pyproject",
    "ellar_db.providers.ellar_sql",
    "ellar_db.providers.module",
    "ellar_db.providers.locks",
    "ellar_db.providers.objects",
    "ellar_db.invoking",
    "ellar_db.commands.branches",
    "ellar_db.commands.check",
    "ellar_db.commands.current",
    "ellar_db.commands.downgrade",
    "ellar_db.commands.edit",
    "ellar_db.commands.ensure_version",
    "ellar_db.commands.heads",
    "ellar_db.commands.history",
    "ellar_db.commands.init",
    "ellar_db.commands.list_templates",
    "ellar_db.commands.merge",
    "ellar_db.commands.migrate",
    "ellar_db.commands.plugins",
    "ellar_db.commands.repair",
    "ellar_db.commands.revision",
    "ellar_db.commands.show",
    "ellar_db.commands.stamp",
    "ellar_db.commands.upgrade",
]
"""The built-in plugins in the order of registration; of the providers the last is asked first."""
