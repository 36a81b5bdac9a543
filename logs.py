"""The log of a process that serves: what of it is told, the line of each request, and the lines of libraries.

How a line is written, and what none may hold, is in `telling`.
"""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from telling import as_line, log, shown
from transport import Report

FRAMES_MAX = 30

SILENT = ("strawberry.execution", "uvicorn.access")
"""Loggers of libraries that would tell what was asked: what they have to say is logged by us, without it."""


def configure(level: str = "info") -> None:
    """Set up all logging of this process; called once, by the command that serves. Of libraries, warnings are told."""
    log.least = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LibraryFormatter())
    logging.basicConfig(handlers=[handler], level=max(log.least, logging.WARNING), force=True)
    quiet_libraries()


def quiet_libraries() -> None:
    """Keep the libraries' own words on requests out of every log."""
    for name in SILENT:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.disabled = True


def log_request(report: Report) -> None:
    """The one line of a request."""
    log.info(
        "request",
        kind=report.kind,
        request_id=report.request_id,
        operation=report.operation,
        type=report.operation_kind,
        role=report.role,
        status=report.status,
        codes=report.codes,
        cost=report.cost,
        ms=round(report.seconds * 1000, 2),
    )


class LibraryFormatter(logging.Formatter):
    """Lines of libraries in the same form: the first line of their message, and of an exception its kind and place."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        line: dict[str, Any] = {
            "event": first_line(record),
            "level": record.levelname.lower(),
            "timestamp": shown(datetime.fromtimestamp(record.created, UTC)),
            "logger": record.name,
        }
        if record.exc_info and (error := record.exc_info[1]) is not None:
            line["error"], line["frames"] = error, frames_of(error)
        return as_line(line)


def frames_of(error: BaseException) -> list[str]:
    """Where an exception came from."""
    frames = [
        f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-FRAMES_MAX:]


def first_line(record: logging.LogRecord) -> str:
    """What a library says, without the lines below, which quote objects and exceptions."""
    try:
        return record.getMessage().split("\n", 1)[0]
    except (TypeError, ValueError):
        return str(record.msg)
