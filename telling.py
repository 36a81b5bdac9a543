"""How every part of the program tells what happened: an event and its fields, one JSON object a line.

Lines carry ids and codes, and nothing that people said or are. Of an exception they tell its kind: its text may quote a
row or a variable. What still looks like a secret or an address is taken out at the last step, whoever wrote it.

These few functions stand in the place of a library: the one that was here loads what draws tables and colours, which
took 60 ms of each start.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

REMOVED = "[removed]"
PRIVATE = re.compile(r"fc_[a-z]+_[A-Za-z0-9_-]{16,}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""Tokens by their prefix, and e-mail addresses."""


def to_standard_error(line: str) -> None:
    """Where lines go."""
    sys.stderr.write(line + "\n")


class Log:
    """What lines are written with: `log.warning("broker.connection_lost", error=…)`."""

    def __init__(self) -> None:
        self.least = logging.WARNING
        """The least level that is told; `logs` sets it."""
        self.writers: list[Callable[[str], None]] = [to_standard_error]

    def info(self, event: str, /, **fields: Any) -> None:
        """What is as it should be."""
        if self.least <= logging.INFO:
            self._tell(event, "info", fields)

    def warning(self, event: str, /, **fields: Any) -> None:
        """What mends itself, or is to be looked at some time."""
        if self.least <= logging.WARNING:
            self._tell(event, "warning", fields)

    def error(self, event: str, /, **fields: Any) -> None:
        """What failed."""
        if self.least <= logging.ERROR:
            self._tell(event, "error", fields)

    def _tell(self, event: str, level: str, fields: dict[str, Any]) -> None:
        line = as_line({"event": event, "level": level, "timestamp": shown(datetime.now(UTC)), **fields})
        for write in self.writers:
            write(line)


log = Log()
"""The log of this process."""


def shown(at: datetime) -> str:
    """An instant in UTC as a line tells it."""
    return at.isoformat().replace("+00:00", "Z")


def as_line(line: dict[str, Any]) -> str:
    """One JSON object, without what is private."""
    return orjson.dumps(without_private(line), default=str).decode()


def without_private(line: dict[str, Any]) -> dict[str, Any]:
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
    if isinstance(value, BaseException):
        return type(value).__qualname__
    return value if value is None or isinstance(value, int | float) else PRIVATE.sub(REMOVED, str(value))
