"""Logs as JSON lines: what happened, not what people wrote. No texts, no names, no tokens, no query strings.

Of an error its kind and place are written, never its message: databases put the values of a row into it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, TextIO

import orjson

from service.store.base import now

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
"""What every record has; the rest was added by `extra`."""
_FRAMES = 12


class Lines(logging.Formatter):
    """Write a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info and record.exc_info[0]:
            told |= error_of(record.exc_info[0], record.exc_info[2])
        return orjson.dumps(told, default=str).decode()


def error_of(kind: type[BaseException], where: TracebackType | None) -> dict[str, Any]:
    """Return an error's kind and where it came from, the innermost last."""
    frames = traceback.extract_tb(where)[-_FRAMES:]
    return {"error": kind.__name__, "where": [f"{each.filename}:{each.lineno} {each.name}" for each in frames]}


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Let this process log to standard error (or a stream), and nowhere else."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"  # it would write query strings
    for name in ("alembic", "httpx", "httpx2"):  # of no use, or with addresses
        logging.getLogger(name).setLevel(logging.WARNING)
