"""The page of promises: each one names tests that exist, so that none of them outlives what held it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))
AREAS = (
    "Sign-in", "Roles and reach", "Input", "Limits", "HTTP", "WebSocket and subscriptions", "Audit, logs and secrets",
    "Files", "A student's own record", "The operator's own duty",
)  # fmt: skip


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of the tests in a file."""
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_promise_names_a_test_that_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    assert name in names_in(path)


def test_every_promise_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 30
    assert [row for row in rows if "::test_" not in row] == []


@pytest.mark.parametrize("area", AREAS)
def test_no_area_is_left_out(area: str) -> None:
    assert f"\n## {area}\n" in PAGE


def test_guides_that_the_page_points_to_exist() -> None:
    for guide in re.findall(r"`(guides/\w+\.md)`", PAGE):
        assert (ROOT / "docs" / guide).is_file(), guide
