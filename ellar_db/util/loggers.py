"""Loggers that other code switches off."""

from __future__ import annotations

import logging


class EnabledLoggers:
    """The loggers that are switched on now.

    `logging.config.fileConfig`, which env.py files call, switches off all loggers that it isn't told of.
    """

    def __init__(self) -> None:
        known = logging.root.manager.loggerDict.values()
        self._loggers = [each for each in known if isinstance(each, logging.Logger) and not each.disabled]

    def restore(self) -> None:
        """Switch on again those that were switched off meanwhile."""
        for logger in self._loggers:
            logger.disabled = False
