"""The log as JSON, one object a line, for servers."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone
from typing import Any

import click

from ellar_db.output.line_starts import begin_line
from ellar_db.output.steps import Step
from ellar_db.util.masking import masked_statement


class JsonLines(logging.Handler):
    """Writes each record of the log to standard error as one JSON object, whatever the application does with it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # masked before it is encoded, so that a password that is a word of the document spoils nothing
            "message": masked_statement(record.getMessage()),
        }
        step = getattr(record, "step", None)
        if isinstance(step, Step):
            document |= {"database": step.database, "revision": step.revision, "seconds": round(step.seconds, 3)}
        begin_line(sys.stderr)
        click.echo(json.dumps(document), file=sys.stderr)

    def warn(self, text: str) -> None:
        """Write a warning of Python's."""
        self.handle(logging.makeLogRecord({"name": "py.warnings", "levelname": "WARNING", "msg": text}))
