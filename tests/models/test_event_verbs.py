"""The list of verbs: what the program writes stands in it, and everything in it is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.schools.students import Student
from tests.support.world import AT

ROOT = Path(__file__).parents[2]
DECLARED = ROOT / "models" / "base" / "event_verbs.py"
IN_SQL = re.compile(r"\bverb\s*(?:=|IN)\s*\(?('[^)\n]*)")


def nodes(*layers: str) -> Iterator[ast.AST]:
    """Every part of every module of these layers, but of the list itself."""
    for layer in layers:
        for path in sorted((ROOT / layer).rglob("*.py")):
            if path != DECLARED:
                yield from ast.walk(ast.parse(path.read_text()))


def test_each_verb_of_the_list_is_written_by_a_model() -> None:
    named = {
        node.attr
        for node in nodes("models")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "EventVerb"
    }
    assert named == set(EventVerb.__members__)


def test_each_verb_that_sql_asks_for_is_in_the_list() -> None:
    asked = {
        verb
        for node in nodes("models", "notifications", "resolvers", "operations")
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for condition in IN_SQL.findall(node.value)
        for verb in re.findall(r"'([a-z_]+\.[a-z_]+)'", condition)
    }
    assert {"license.verified", "enrollment.activated", "office_user.revalidation_due"} <= asked <= set(EventVerb)


def test_the_name_of_a_verb_is_its_value_in_capitals() -> None:
    assert [verb.name for verb in EventVerb] == [verb.value.upper().replace(".", "_") for verb in EventVerb]


@pytest.mark.parametrize("verb", ["student.vanished", "student.entered"])
def test_an_event_takes_no_verb_that_is_only_text(verb: Any) -> None:
    with pytest.raises(TypeError, match="no EventVerb"):
        new_event(verb, Student(), by=None, at=AT)
