"""Kinds of tasks: what areas register is true of the schema, of the roles and of the areas' order (NO-5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from models import AREAS
from models.base.access import NOTHING, Role
from models.base.statements import fetch
from models.tasks import kinds as models
from models.tasks.kinds import TaskKind, TaskName, kinds, kinds_of, waits_for
from schema.root import SCHEMA

KINDS = list(kinds().values())


def test_each_name_has_its_kind() -> None:
    assert set(kinds()) == set(TaskName)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_mutation_of_a_kind_exists_and_is_for_its_roles(kind: TaskKind) -> None:
    root = SCHEMA._schema.mutation_type
    assert root is not None
    allowed = {
        name: set(root.fields[name].extensions["strawberry-definition"].metadata["audience"]) for name in kind.mutations
    }
    for role in kind.whose:
        assert all(role in audience for audience in allowed.values()), f"{kind.name} is told to {role} in vain"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_told_in_a_few_words_and_its_roles_reach_its_subject(kind: TaskKind) -> None:
    assert kind.title[0].isupper()
    assert len(kind.title) <= 40
    assert all(kind.subject.REACH.get(role, NOTHING) != NOTHING for role in kind.whose)
    assert kind in kinds_of(next(iter(kind.whose)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_about_an_area_that_knows_of_tasks_or_is_before_them(kind: TaskKind) -> None:
    assert kind.subject.__module__.split(".")[1] in AREAS


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_the_database_knows_a_decision_of_each_queue_by_its_name(kind: TaskKind) -> None:
    ends = await fetch(
        "SELECT p.prosrc AS source FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE t.tgrelid = $1::text::regclass AND NOT t.tgisinternal",
        kind.table,
    )
    held = any(f"ends_work_claim('{kind.name}'" in row.source for row in ends)
    assert held is kind.is_queue, "the decision of a queue asks `ends_work_claim`, in a trigger of its table"


def test_a_kind_is_registered_once_and_a_queue_says_all_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "REGISTERED", dict(models.REGISTERED))
    license = kinds()[TaskName.VERIFY_LICENSE]
    with pytest.raises(TypeError, match="twice"):
        waits_for(license)
    for half in ({"target": None}, {"concerns": None}, {"whose": {Role.OPS: None, Role.PROVIDER: "provider_id"}}):
        with pytest.raises(TypeError, match="queue"):
            replace(license, **half)
    with pytest.raises(TypeError, match="queue"):
        replace(kinds()[TaskName.ANSWER_REQUEST], target=timedelta(hours=1))
