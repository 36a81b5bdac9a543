"""Logs: one JSON object a line, on standard error. They carry ids and codes, and nothing that people said or are.

No line holds the text of an exception: it may quote a row or a variable. What still looks like a secret or an address
is taken out at the last step, whoever wrote it.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
import structlog

from transport import Report

FRAMES_MAX = 30
REMOVED = "[removed]"
PRIVATE = re.compile(r"fc_[a-z]+_[A-Za-z0-9_-]{16,}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""Tokens by their prefix, and e-mail addresses."""

SILENT = ("strawberry.execution", "uvicorn.access")
"""Loggers of libraries that would tell what was asked: what they have to say is logged by us, without it."""

requests = structlog.get_logger("requests")


def configure(level: str = "info") -> None:
    """Set up all logging of this process; called once, by the command that serves."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*PROCESSORS, structlog.processors.JSONRenderer(serializer=as_line)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LibraryFormatter())
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    quiet_libraries()


def quiet_libraries() -> None:
    """Keep the libraries' own words on requests out of every log."""
    for name in SILENT:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.disabled = True


def log_request(report: Report) -> None:
    """The one line of a request."""
    requests.info(
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


def without_exception_text(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where and what kind, in the place of an exception's own words."""
    given = line.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        line["error"] = type(error).__qualname__
        line["frames"] = frames_of(error)
    return line


def without_private(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last step: nothing that looks like a token or an address leaves."""
    for name, value in line.items():
        if isinstance(value, str):
            if "@" in value or "fc_" in value:
                line[name] = PRIVATE.sub(REMOVED, value)
        elif value is not None and not isinstance(value, int | float):
            line[name] = cleaned(value)
    return line


def cleaned(value: Any) -> Any:
    """A value without what is private, however deep it stands."""
    if isinstance(value, str):
        return PRIVATE.sub(REMOVED, value)
    if isinstance(value, Mapping):
        return {str(name): cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [cleaned(item) for item in value]
    return value if value is None or isinstance(value, int | float) else PRIVATE.sub(REMOVED, str(value))


def frames_of(error: BaseException) -> list[str]:
    """Where an exception came from."""
    frames = [
        f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-FRAMES_MAX:]


def as_line(line: Mapping[str, Any], **_: Any) -> bytes:
    """One JSON object."""
    return orjson.dumps(line, default=str)


PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    without_exception_text,
    without_private,
]
"""What every line of ours passes before it is written."""


class LibraryFormatter(logging.Formatter):
    """Lines of libraries in the same form: the first line of their message, and of an exception its kind and place."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        line: dict[str, Any] = {
            "event": first_line(record),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exc_info"] = record.exc_info[1]
        return as_line(without_private(None, "", without_exception_text(None, "", line))).decode()


def first_line(record: logging.LogRecord) -> str:
    """What a library says, without the lines below, which quote objects and exceptions."""
    try:
        return record.getMessage().split("\n", 1)[0]
    except (TypeError, ValueError):
        return str(record.msg)
