"""Every line that is logged while the suite runs, kept and searched at the end for what no log may hold."""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

import demo
from telemetry import logs
from tests.support.concerns import CONCERNS

FOLDER = "FC_TESTS_LOGS"  # told to pytest-xdist's workers, and to nobody else
SHOWN_MAX = 20
EVERYDAY_WORDS = {"OTHER", "ACADEMIC", "FAMILY", "IDENTITY", "ATTENTION", "ADJUSTMENT", "RELATIONSHIPS", "STRESS"}
"""Concerns whose names are words that a log may hold for other reasons."""

CONCERN_CODES = sorted(set(CONCERNS) - EVERYDAY_WORDS)
PLANTED = (
    [re.escape(name) for name in demo.STUDENTS]
    + [re.escape(account.email) for account in demo.ACCOUNTS if getattr(account, "email", "")]
    + [re.escape(demo.PASSWORD), r"fc_[a-z]+_[A-Za-z0-9_-]{16,}", r"[\w.+-]+@(?:demo|example)\.test"]
    + [rf"\b{concern}\b" for concern in CONCERN_CODES]
)
FORBIDDEN = re.compile("|".join(PLANTED))


def planted_in(text: str) -> list[str]:
    """What a text holds that no log may hold."""
    return [found.group() for found in FORBIDDEN.finditer(text)]


class LogCapture:
    """A plugin: one file a process, all of them searched once, by the process that started the run."""

    def __init__(self, config: pytest.Config) -> None:
        """Listen to everything from now on."""
        given = getattr(config, "workerinput", {}).get(FOLDER)
        self.is_worker = given is not None
        self.folder = Path(given or tempfile.mkdtemp(prefix="fc-tests-logs-"))
        self.found: list[str] = []
        self.lines = 0
        self.file = (self.folder / f"{os.getpid()}.log").open("a", encoding="utf-8")
        logs.quiet_libraries()
        self.handler = logging.StreamHandler(self.file)
        self.handler.setFormatter(logs.LibraryFormatter())
        logging.getLogger().addHandler(self.handler)
        shown = structlog.get_config()["processors"][-1]
        structlog.configure(processors=[*logs.PROCESSORS, self.keep, shown])

    def keep(self, _: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Write down a line as the program would."""
        self.file.write(logs.as_line(line).decode() + "\n")
        return line

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to put its file."""
        node.workerinput[FOLDER] = str(self.folder)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search, once everything is over; what is found fails the run."""
        logging.getLogger().removeHandler(self.handler)
        self.file.flush()
        if self.is_worker:
            return
        for path in sorted(self.folder.glob("*.log")):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                self.lines += 1
                if words := planted_in(line):
                    self.found.append(f"{words[0]} in: {line}")
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was found."""
        if self.is_worker:
            return
        if self.found:
            terminalreporter.section("logs hold what they must not", red=True)
            for line in self.found[:SHOWN_MAX]:
                terminalreporter.line(line)
        shutil.rmtree(self.folder, ignore_errors=True)


def keep_lines_of_process(text: str) -> None:
    """Have the log of a process that a test started searched too."""
    for handler in logging.getLogger().handlers:
        stream = getattr(handler, "stream", None)
        if stream is not None and "fc-tests-logs-" in getattr(stream, "name", ""):
            stream.write(text)
