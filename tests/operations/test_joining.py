"""A related row that is read with its parents is the one that would be read by itself, for every role and relation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from models.appointments.appointments import Appointment
from models.base.access import NOTHING, Role, Viewer
from models.base.ids import encode
from models.base.statements import NestedRow, nested_row_class
from models.directory.providers import Provider
from models.schools.schools import School
from operations.reads.joins import JOINS, Join, columns_and_joins, join
from operations.reads.nodes import NODES, NODES_MAX
from operations.reads.rows import statement_for
from schema.root import SCHEMA
from tests.support.asking import COMPILED, CORE, ask, context_of, document_of, statements_counted
from tests.support.databases import own_database, undone
from tests.support.selections import below
from tests.support.two_sides import World, build

PATHS = {"compiled": COMPILED, "core": CORE}
HOME = """
{ appointments(first: 5, filter: { upcoming: true }) {
    nodes { id startsAt provider { id name title } student { name school { name } } school { name } claim { status } }
    edges { node { provider { bio } } }
} }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


@contextmanager
def nothing_joined(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every relation reads by itself."""
    with monkeypatch.context() as patched:
        patched.setattr(Join, "parts", lambda *_: None)
        yield


async def answered(text: str, viewer: Viewer, path: str, **variables: Any) -> tuple[Any, set[Any]]:
    """What an operation answers, and whose records that was about."""
    context = context_of(viewer)
    result = await PATHS[path].execute(document_of(text), variables=variables, context=context)
    return (result.data, [error.message for error in result.errors or []]), context.touched


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("role", Role)
async def test_a_joined_row_is_the_one_that_would_be_read_by_itself(
    world: World, role: Role, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, compared = world.a.viewers[role], 0
    for prefix, (model, name) in NODES.items():
        ids = [encode(prefix, row.id) for row in await model.all().order_by("id").limit(NODES_MAX)]
        fields = below(SCHEMA._schema.type_map[name], role, 2, first=3)
        text = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {name} {{ {fields} }} }} }}"
        found = await answered(text, viewer, path, ids=ids)
        with nothing_joined(monkeypatch):
            assert await answered(text, viewer, path, ids=ids) == found, name
        compared += len(ids)
    assert compared > 50


@pytest.mark.parametrize("path", PATHS)
async def test_a_list_and_its_relations_to_one_take_one_statement_for_each_level_below(world: World, path: str) -> None:
    viewer = world.a.viewers[Role.STUDENT]
    async with undone():
        await ask(HOME, viewer, plans=PATHS[path])
        async with statements_counted() as sent:
            data = await ask(HOME, viewer, plans=PATHS[path])
    assert len(data["appointments"]["nodes"]) > 1
    assert len(sent) == 2, "the appointments with all that is one step away, and the school of the student"


@pytest.mark.parametrize("path", PATHS)
async def test_a_related_row_out_of_reach_is_null_although_its_parent_is_seen(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "query ($id: ID!) { appointment(id: $id) { status provider { name } student { name } } }"
    viewer, id = world.a.viewers[Role.STUDENT], world.a.requested.type_id
    with monkeypatch.context() as patched:
        patched.setattr(Provider, "REACH", {**Provider.REACH, Role.STUDENT: NOTHING})
        statement_for.cache_clear()
        seen = (await ask(text, viewer, plans=PATHS[path], id=id))["appointment"]
    statement_for.cache_clear()
    assert seen == {"status": "REQUESTED", "provider": None, "student": {"name": world.a.student.name}}


async def test_the_reach_of_a_related_row_stands_in_its_join(world: World) -> None:
    student = world.a.viewers[Role.STUDENT]
    clause = JOINS["provider_id:providers"].clause("appointments", student.role, False)
    assert clause.startswith(
        " LEFT JOIN providers ON providers.id = appointments.provider_id AND (providers.searchable"
    )
    assert "{student}" in clause


def test_a_table_is_never_joined_to_itself_or_twice() -> None:
    needs = ("provider_id", "provider_id:providers.name", "id:providers.name")
    columns, joins = columns_and_joins(Provider, ("name", "provider_id:providers.name"))
    assert ([column.source for column in columns], joins) == (["providers.id", "providers.name"], ())
    other = join(Provider, "id", "providers.id = {parent}.id")
    try:
        _, joins = columns_and_joins(Appointment, needs)
        assert [one.name for one in joins] == ["provider_id:providers"]
    finally:
        del JOINS[other.name]


def test_two_relations_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two relations"):
        join(School, "school_id", "schools.id = {parent}.other_id")


def test_a_part_reads_like_the_model_it_came_from() -> None:
    part = nested_row_class(Provider)({"id": 1, "name": "Ada"})
    assert isinstance(part, NestedRow)
    assert (part.name, part["id"]) == ("Ada", 1)
    with pytest.raises(AttributeError):
        _ = part.bio
