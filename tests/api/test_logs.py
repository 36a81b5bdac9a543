"""Logs: one line a request with ids and codes, and nothing of what people said or are."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from settings import Settings
from telemetry import logs
from tests.support.api import Api, api_on
from tests.support.log_capture import planted_in
from tests.support.processes import ROOT


@pytest_asyncio.fixture(loop_scope="session")
async def api(committed: Settings) -> AsyncIterator[Api]:
    """A client of a fresh program with the demo data."""
    async with api_on(committed) as client:
        yield client


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What the program's own loggers write, as it would be written."""
    written: list[Any] = []
    before = structlog.get_config()["processors"]

    def keep(_: Any, __: str, line: Any) -> Any:
        written.append(json.loads(logs.as_line(line)))
        raise structlog.DropEvent

    structlog.configure(processors=[*logs.PROCESSORS, keep])
    yield written
    structlog.configure(processors=before)


def requests_in(lines: list[Any]) -> list[Any]:
    """The lines of requests."""
    return [line for line in lines if line["event"] == "request"]


async def test_a_request_is_one_line(api: Api, lines: list[Any]) -> None:
    await api.token("SCHOOL")
    lines.clear()
    query = "query Find($search: String) { students(first: 3, filter: {search: $search}) { nodes { name email } } }"
    answer = await api.send(query, role="SCHOOL", variables={"search": "Ana Reyes"})
    (line,) = requests_in(lines)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert {name: line[name] for name in ("kind", "operation", "type", "role", "status", "codes", "level")} == {
        "kind": "http",
        "operation": "Find",
        "type": "query",
        "role": "SCHOOL",
        "status": 200,
        "codes": [],
        "level": "info",
    }
    assert line["cost"] > 0
    assert line["ms"] > 0
    assert planted_in(json.dumps(lines)) == []


@pytest.mark.parametrize(
    ("query", "role", "status", "codes"),
    [
        ("{ wallet { available } }", None, 200, ["UNAUTHENTICATED"]),
        ("{ wallet { available } }", "SCHOOL", 200, ["FORBIDDEN"]),
        ("{ nonsense }", "SCHOOL", 200, ["VALIDATION_FAILED"]),
        ("{", None, 200, ["PARSE_FAILED"]),
    ],
)
async def test_a_refused_request_is_told_by_its_code(
    api: Api, lines: list[Any], query: str, role: str | None, status: int, codes: list[str]
) -> None:
    if role:
        await api.token(role)
    lines.clear()
    answer = await api.send(query, role=role)
    (line,) = requests_in(lines)
    assert (line["status"], line["codes"], line["role"]) == (answer.status_code, codes, role)


async def test_a_failure_of_ours_tells_where_and_not_what(
    api: Api, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.token("SCHOOL")

    async def broken(*_: Any) -> Any:
        raise RuntimeError("Ana Reyes, student@demo.test, ANXIETY")

    monkeypatch.setattr("operations.audit_trail.write_entries", broken)
    assert (await api.send("{ students(first: 1) { nodes { name } } }", role="SCHOOL")).status_code == 500
    unexpected, request = lines[-2:]
    assert (unexpected["error"], request["codes"]) == ("RuntimeError", ["INTERNAL"])
    assert planted_in(json.dumps(lines)) == []


@pytest.mark.parametrize(
    "value",
    [
        "fc_access_abcdefghijklmnopqrstuvwxyz",
        "sent to student@demo.test",
        ["a", {"b": ("student@demo.test",)}],
        {"token": "fc_refresh_abcdefghijklmnopqrstuvwxyz"},
        ValueError("student@demo.test"),
    ],
)
def test_what_looks_private_is_taken_out_whoever_wrote_it(lines: list[Any], value: Any) -> None:
    structlog.get_logger().warning("something", value=value)
    assert planted_in(json.dumps(lines)) == []
    assert logs.REMOVED in json.dumps(lines)


def test_numbers_and_ids_stay(lines: list[Any]) -> None:
    structlog.get_logger().info("done", count=3, ids=["stu_1"], share=0.5, nothing=None, true=True)
    assert lines[0] | {"timestamp": ""} == {
        "event": "done", "count": 3, "ids": ["stu_1"], "share": 0.5, "nothing": None, "true": True, "level": "info",
        "timestamp": "",
    }  # fmt: skip


def formatted(error: Exception | None, message: str, *values: Any) -> Any:
    """A line of a library."""
    record = logging.LogRecord("asyncio", logging.ERROR, "", 0, message, values, None)
    if error is not None:
        try:
            raise error
        except type(error):
            record.exc_info = sys.exc_info()
    return json.loads(logs.LibraryFormatter().format(record))


def test_a_library_may_not_quote_an_exception() -> None:
    line = formatted(KeyError("Ana Reyes"), "Task failed\nfuture: <Task exception=KeyError('Ana Reyes')>")
    assert (line["event"], line["error"], line["level"]) == ("Task failed", "KeyError", "error")
    assert planted_in(json.dumps(line)) == []


def test_a_malformed_line_of_a_library_is_told_all_the_same() -> None:
    assert formatted(None, "%d of them", "many")["event"] == "%d of them"


def test_the_loggers_that_tell_what_was_asked_are_silent() -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    logging.getLogger("strawberry.execution").error("Ana Reyes")
    logging.getLogger().removeHandler(handler)
    assert heard.getvalue() == ""


CONFIGURED = """
import logging, structlog; from telemetry import logs
from transport import Report
logs.configure("info")
logs.log_request(Report("http", "a-request-id"))
structlog.get_logger().error("failed", exc_info=ValueError("Ana Reyes"))
logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=ValueError("Ana Reyes"))
logging.getLogger("uvicorn.error").info("Started")
"""


def test_a_configured_process_writes_json_to_standard_error() -> None:
    done = subprocess.run([sys.executable, "-c", CONFIGURED], cwd=ROOT, capture_output=True, text=True, check=True)
    written = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in written] == ["request", "failed", "Exception in ASGI application"]
    assert [line.get("error") for line in written] == [None, "ValueError", "ValueError"]
    assert done.stdout == ""
    assert planted_in(done.stderr) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("for Ana Reyes", ["Ana Reyes"]),
        ("student@demo.test", ["student@demo.test"]),
        ('{"token": "fc_access_abcdefghijklmnop1234"}', ["fc_access_abcdefghijklmnop1234"]),
        ("clm_1 ANXIETY", ["ANXIETY"]),
        ("demo-password-2026", ["demo-password-2026"]),
        ('{"event": "request", "role": "STUDENT"}', []),
    ],
)
def test_the_search_through_the_suites_logs_finds_what_was_planted(text: str, found: list[str]) -> None:
    assert planted_in(text) == found


LEAK = """
import pytest, structlog
from tests.support.log_capture import LogCapture

def pytest_configure(config):
    config.pluginmanager.register(LogCapture(config))
"""
LEAKING = """
import structlog

def test_that_passes_and_tells_a_name():
    structlog.get_logger().info("met", who={name!r})
"""


@pytest.mark.parametrize(("name", "code"), [("Ana Reyes", 1), ("somebody", 0)])
def test_a_run_whose_logs_hold_a_name_fails(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text(LEAK)
    (tmp_path / "test_leak.py").write_text(LEAKING.format(name=name))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
        "-c",
        "/dev/null",
    ]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == code, done.stdout
    assert ("logs hold what they must not" in done.stdout) is bool(code)
