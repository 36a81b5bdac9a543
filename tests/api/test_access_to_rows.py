"""The access matrix: every type with an id, every role, one's own rows and others', by each way there is to a row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from graphql import (
    get_named_type,
    is_required_argument,
)

from models.base.access import Entity, Role, Viewer
from models.base.ids import encode, split
from models.base.statements import fetch
from models.tasks.tasks import STARTS_WITH, known_by
from operations.reads.nodes import NODES, NODES_MAX
from schema.root import SCHEMA
from tests.areas.expectations import BEFORE_SECOND_FACTOR, SEEN
from tests.areas.vocabulary import ALL
from tests.support.asking import COMPILED, CORE, answer, ask, codes_of
from tests.support.databases import own_database
from tests.support.dummies import dummy, literal
from tests.support.selections import below
from tests.support.two_sides import Side, World, build, entities

NODE = "query ($id: ID!) { node(id: $id) { id } }"
MANY = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
Rows = dict[str, list[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rows(world: World) -> Rows:
    """Every row of every type, by prefix."""
    return {model.PREFIX: await model.all() for model in entities()}


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Say something on the terminal, whatever becomes of the test's own words."""

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return say


def label_of(row: Entity, world: World, side: Side) -> str:
    """Whose a row is for a viewer of this side, and what else matters of it."""
    owners = world.owners
    match row.PREFIX:
        case "acc" | "sch" | "stu" | "prv" | "prc":
            label = owners[row.id]
        case "inv":
            staff = owners.get(of_whom(row), "nobody")
            label = f"{staff} {row.role}"  # type: ignore[attr-defined]
        case "lic":
            label = owners[row.provider_id] + ("" if row.verified_at else " unverified")  # type: ignore[attr-defined]
        case "apt" | "clm":
            left = owners[row.provider_id] == "left"  # type: ignore[attr-defined]
            label = owners[row.student_id] + (" with left" if left else "")  # type: ignore[attr-defined]
        case "key":
            label = owners[of_whom(row)] + (" practice" if row.practice_id else "")  # type: ignore[attr-defined]
        case "fil":
            label = owners[of_whom(row)] + (" evidence" if row.used_at else "")  # type: ignore[attr-defined]
        case "evt":
            label = label_of_event(row, owners)
        case "job":
            label = owners[row.membership_id]  # type: ignore[attr-defined]
        case _:
            label = owners[of_whom(row)] if of_whom(row) else "nobody"
    mine, theirs = ("a", "b") if side is world.a else ("b", "a")
    first, _, rest = label.partition(" ")
    whose = {mine: "own", theirs: "other"}.get(first, first)
    return f"{whose} {rest}".strip()


def of_whom(row: Any) -> Any:
    """The account, student, provider, school or person that a row names."""
    names = ("account_id", "student_id", "provider_id", "school_id", "practice_id", "person_id")
    return next((id for name in names if (id := getattr(row, name, None)) is not None), None)


def label_of_event(row: Any, owners: dict[UUID, str]) -> str:
    """Whose an event is, and what it is about."""
    if row.appointment_id is not None:
        return f"{owners[row.student_id]} session" + (" with left" if owners[row.provider_id] == "left" else "")
    for kind in ("student", "provider", "school"):
        id = getattr(row, f"{kind}_id")
        if id is not None:
            return f"{owners[id]} {kind}"
    return "nobody"


def expected(prefix: str, role: Role, rows: Rows, world: World, side: Side) -> set[UUID]:
    """The rows that the table lets this role of this side see."""
    labels = SEEN[prefix][role]
    return {row.id for row in rows[prefix] if labels == ALL or label_of(row, world, side) in labels}


def sides(world: World) -> Iterator[tuple[Side, Role, Viewer]]:
    """Each viewer of each side."""
    for side in (world.a, world.b):
        for role, viewer in side.viewers.items():
            yield side, role, viewer


async def test_each_type_has_a_line_in_the_table_and_rows_to_try_it_on(rows: Rows) -> None:
    assert set(SEEN) == set(rows), "a type without a line, or a line without its type"
    assert set(NODES) <= set(rows)
    assert [prefix for prefix, found in rows.items() if len(found) < 2] == []
    assert all(set(line) == set(Role) for line in SEEN.values())


async def test_a_label_of_the_table_is_a_row_of_the_world(world: World, rows: Rows) -> None:
    for prefix, line in SEEN.items():
        labels = {label_of(row, world, world.a) for row in rows[prefix]}
        for role, seen in line.items():
            assert seen == ALL or seen <= labels, (prefix, role, labels)


async def test_the_rows_that_exist_for_a_viewer_are_those_of_the_table(
    world: World, rows: Rows, tell: Callable[[str], None]
) -> None:
    cases = 0
    for side, role, viewer in sides(world):
        for model in entities():
            allowed = expected(model.PREFIX, role, rows, world, side)
            by_id = {row.id for row in rows[model.PREFIX] if await model.visible(viewer, row.id) is not None}
            condition, ids = model.reach_of(viewer)
            by_sql = {row.id for row in await fetch(f"SELECT id FROM {model._meta.db_table} WHERE {condition}", *ids)}
            assert by_id == allowed, (model.__name__, role)
            assert by_sql == allowed, (model.__name__, role)
            cases += 2 * len(rows[model.PREFIX])
    tell(f"{cases} cases of rows and viewers, by id and as a list")
    assert cases > 5_000


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_an_object_is_read_by_its_id_if_the_table_says_so(
    world: World, rows: Rows, plans: Any, tell: Callable[[str], None]
) -> None:
    cases = 0
    for side, role, viewer in sides(world):
        for prefix, (_, type_name) in NODES.items():
            allowed = expected(prefix, role, rows, world, side)
            for chunk in chunks([row.id for row in rows[prefix]]):
                data = await ask(MANY, viewer, plans=plans, ids=[encode(prefix, id) for id in chunk])
                answered = [
                    {"id": encode(prefix, id), "__typename": type_name} if id in allowed else None for id in chunk
                ]
                assert data["nodes"] == answered, (prefix, role)
                cases += len(chunk)
    tell(f"{cases} cases through nodes(ids:)")


async def test_one_object_of_each_kind_is_read_by_node(world: World, rows: Rows) -> None:
    for side, role, viewer in sides(world):
        for prefix in NODES:
            allowed = expected(prefix, role, rows, world, side)
            for id in samples(rows[prefix], allowed):
                found = (await ask(NODE, viewer, id=encode(prefix, id)))["node"]
                assert found == ({"id": encode(prefix, id)} if id in allowed else None), (prefix, role)


def samples(found: list[Any], allowed: set[UUID]) -> list[UUID]:
    """One row that may be seen and one that may not, where there are such."""
    ids = [row.id for row in found]
    return [
        next(iter(part)) for part in ([i for i in ids if i in allowed], [i for i in ids if i not in allowed]) if part
    ]


async def test_staff_without_a_second_factor_see_their_own_account_and_nothing_else(world: World, rows: Rows) -> None:
    for role in (Role.OPS, Role.FINANCE):
        viewer = replace(world.a.viewers[role], needs_second_factor=True)
        for model in entities():
            seen = {row.id for row in rows[model.PREFIX] if await model.visible(viewer, row.id) is not None}
            own = {row.id for row in rows[model.PREFIX] if label_of(row, world, world.a) == f"own {role}"}
            assert seen == (own if model.PREFIX in BEFORE_SECOND_FACTOR else set()), model.__name__


async def test_nobody_reads_anything_without_signing_in(rows: Rows) -> None:
    for prefix in NODES:
        result = await answer(NODE, None, id=encode(prefix, rows[prefix][0].id))
        assert codes_of(result) == ["UNAUTHENTICATED"]
        assert result.data == {"node": None}


async def test_an_id_of_no_kind_is_nobody(world: World) -> None:
    viewer = world.a.viewers[Role.OPS]
    for id in ("", "apt", "apt_", "apt_x", "zzz_01h00000000000000000000000", "apt_zzzzzzzzzzzzzzzzzzzzzzzzzz", "ünï_1"):
        assert (await ask(NODE, viewer, id=id)) == {"node": None}


def chunks(ids: list[UUID]) -> Iterator[list[UUID]]:
    """As many ids as one question may name."""
    for start in range(0, len(ids), NODES_MAX):
        yield ids[start : start + NODES_MAX]


# What is reached by following every relation from every row that is seen.

DEPTH = 3


def ids_in(value: Any) -> Iterator[str]:
    """Every TypeID anywhere in an answer that is the id of an object."""
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for inner in value.values():
            yield from ids_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from ids_in(inner)


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_no_relation_leads_to_a_row_that_is_not_seen(
    world: World, rows: Rows, plans: Any, tell: Callable[[str], None]
) -> None:
    followed = 0
    side = world.a
    for role, viewer in side.viewers.items():
        allowed = {prefix: expected(prefix, role, rows, world, side) for prefix in rows}
        for prefix, (_, type_name) in NODES.items():
            mine = [id for row in rows[prefix] if (id := row.id) in allowed[prefix]][:20]
            if not mine:
                continue
            fields = below(SCHEMA._schema.type_map[type_name], role, DEPTH if plans is COMPILED else 2)
            text = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_name} {{ {fields} }} }} }}"
            data = await ask(text, viewer, plans=plans, ids=[encode(prefix, id) for id in mine])
            for found in ids_in(data):
                kind, id = split(found)
                assert id in allowed[kind], (role, type_name, found)
                followed += 1
    tell(f"{followed} rows reached through relations")
    assert followed > 1_000


async def test_lists_hold_what_is_seen_and_nothing_else(world: World, rows: Rows) -> None:
    query_type = SCHEMA._schema.query_type
    assert query_type is not None
    lists = 0
    for name, field in query_type.fields.items():
        kind = get_named_type(field.type)
        if not kind.name.endswith("Connection"):
            continue
        audience = field.extensions["strawberry-definition"].metadata["audience"]
        for side, role, viewer in sides(world):
            if role not in audience:
                continue
            required = [f"{key}: {told(arg, side)}" for key, arg in field.args.items() if is_required_argument(arg)]
            required += NEEDED[name](side) if name in NEEDED else []
            call = f"{name}({', '.join([*required, 'first: 100'])})"
            page = (await ask(f"{{ {call} {{ totalCount nodes {{ id }} }} }}", viewer))[name]
            shown = [of_what(node["id"]) for node in page["nodes"]]
            assert page["totalCount"] == len(shown)
            assert all(id in expected(prefix, role, rows, world, side) for prefix, id in shown), (name, role)
            lists += 1
    assert lists > 10


NEEDED: dict[str, Callable[[Side], list[str]]] = {
    "auditTrail": lambda side: [f'filter: {{studentId: "{side.student.type_id}"}}'],
}
"""What a list asks for although the schema lets it out: one of several conditions."""


def of_what(id: str) -> tuple[str, UUID]:
    """The prefix and the id of a row that a list shows: of a task, of what it is about."""
    prefix, row_id = split(id)
    return (known_by(id)[0].subject.PREFIX if prefix.startswith(STARTS_WITH) else prefix), row_id


def told(argument: Any, side: Side) -> str:
    """A value for an argument of a list: this side's student where a filter asks for one."""
    value = dummy(argument.type)
    if isinstance(value, dict) and "studentId" in value:
        value["studentId"] = side.student.type_id
    return literal(value)
