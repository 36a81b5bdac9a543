"""Who may use which field: every root field with every role that it is not for, and others' objects with every verb."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLInputObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from models import tables
from models.base.access import Entity, Role, Viewer
from models.base.ids import encode, new_id
from models.base.statements import fetch, fetch_one
from operations.engine import start_source
from operations.reads.nodes import NODES
from schema.root import SCHEMA
from tests.areas.expectations import AUDIENCES, AUDITED, MUTATION, OTHERS, QUERY
from tests.areas.expectations import NARROWED as FIELD_AUDIENCES
from tests.areas.vocabulary import ANYONE, some
from tests.support.asking import COMPILED, CORE, answer, codes_of, context_of, do, document_of
from tests.support.databases import own_database
from tests.support.dummies import dummy, written
from tests.support.two_sides import World, build, entities

ROOTS = {
    "query": SCHEMA._schema.query_type,
    "mutation": SCHEMA._schema.mutation_type,
    "subscription": SCHEMA._schema.subscription_type,
}
FIELDS = {operation: root.fields for operation, root in ROOTS.items() if root is not None}
ROOT_FIELDS = [(operation, *item) for operation, fields in FIELDS.items() for item in fields.items()]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


def audience_of(field: GraphQLField) -> Any:
    """Who a field is for, as the program says."""
    return field.extensions["strawberry-definition"].metadata.get("audience")


def call_of(name: str, field: GraphQLField) -> str:
    """A valid call of a field, with everything that it demands."""
    required = [f"{key}: {written(arg.type)}" for key, arg in field.args.items() if is_required_argument(arg)]
    call = f"{name}({', '.join(required)})" if required else name
    return call if is_leaf_type(get_named_type(field.type)) else f"{call} {{ __typename }}"


async def everything() -> list[Any]:
    """What all tables hold, each as its number of rows and one hash of them."""
    names = await fetch(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    parts = [
        f"SELECT '{row.name}' AS name, count(*) AS n, md5(string_agg(t::text, '|' ORDER BY t::text)) AS hash"
        f" FROM {row.name} t"
        for row in names
    ]
    return [tuple(row) for row in await fetch(" UNION ALL ".join(parts) + " ORDER BY name")]


@pytest.mark.parametrize("operation", FIELDS)
def test_each_root_field_has_a_line_in_the_table_of_audiences(operation: str) -> None:
    fields, lines = set(FIELDS[operation]), set(AUDIENCES[operation])
    new, gone = sorted(fields - lines), sorted(lines - fields)
    assert not new, f"write for whom {', '.join(new)} is into the area's expected.py, with the rulebook open"
    assert not gone, f"take {', '.join(gone)} out of the area's expected.py: no such field is left"


@pytest.mark.parametrize(("operation", "name", "field"), ROOT_FIELDS, ids=[f"{o}-{n}" for o, n, _ in ROOT_FIELDS])
def test_a_root_field_is_for_its_line_in_the_table_of_audiences(operation: str, name: str, field: GraphQLField) -> None:
    said, written_down = audience_of(field), AUDIENCES[operation][name]
    assert (said if said == ANYONE else set(said)) == written_down, (
        f"{name} is for others than the area's expected.py says: change its line only if that is meant"
    )


async def asked(operation: str, call: str, viewer: Viewer | None, *, plans: Any) -> ExecutionResult:
    """The bare result of one root field; of a subscription what it says to whoever begins it."""
    if operation != "subscription":
        return await answer(f"{operation} {{ {call} }}", viewer, plans=plans)
    document = document_of(f"subscription {{ {call} }}")
    begun = await start_source(SCHEMA._schema, document, context_of(viewer), None, None)
    assert isinstance(begun, ExecutionResult), f"{call} began for {viewer}"
    return begun


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_a_field_is_forbidden_to_every_role_that_it_is_not_for(
    world: World, plans: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before, cases = await everything(), 0
    for operation, name, field in ROOT_FIELDS:
        audience = AUDIENCES[operation][name]
        if audience == ANYONE:
            continue
        strangers = [(role, viewer) for role, viewer in world.a.viewers.items() if role not in audience]
        for viewer, code in [*((viewer, "FORBIDDEN") for _, viewer in strangers), (None, "UNAUTHENTICATED")]:
            result = await asked(operation, call_of(name, field), viewer, plans=plans)
            assert codes_of(result) == [code], (name, viewer)
            assert result.data == (None if operation == "subscription" else {name: None})
            cases += 1
        if operation == "mutation":
            assert await everything() == before, f"{name} changed something"
    with capsys.disabled():
        print(f"\n{cases} cases of root fields and those whom they are not for")
    assert cases > 150


async def test_a_field_that_is_read_is_open_to_every_role_that_it_is_for(world: World) -> None:
    for name, audience in QUERY.items():
        viewers = [None] if audience == ANYONE else [world.a.viewers[Role(role)] for role in audience]
        for viewer in viewers:
            result = await answer(f"query {{ {call_of(name, FIELDS['query'][name])} }}", viewer)
            assert not {"FORBIDDEN", "UNAUTHENTICATED"} & set(codes_of(result)), (name, viewer)


# What is read of students' records is audited (ID-6).

RECORDS = {NODES[model.PREFIX][1] for model in tables() if issubclass(model, Entity) and model.RECORD_OF is not None}


def reads_records(field: GraphQLField) -> bool:
    """Whether a root field answers with what belongs to students' records, to somebody else than the student."""
    shown = get_named_type(field.type).name.removesuffix("Connection")
    return shown in RECORDS and audience_of(field) != ANYONE and set(audience_of(field)) != {Role.STUDENT}


def test_each_field_that_reads_students_records_is_expected_to_be_audited() -> None:
    needed = {name for name, field in FIELDS["query"].items() if reads_records(field)}
    assert needed <= set(AUDITED)
    assert set(AUDITED) <= set(QUERY)
    assert len(needed) >= 6


def literal(value: Any) -> str:
    """A value as GraphQL writes it: as JSON does, but for the names in an object."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
@pytest.mark.parametrize("name", AUDITED)
async def test_reading_students_records_is_noted_for_the_audit_trail(world: World, plans: Any, name: str) -> None:
    side, field = world.a, FIELDS["query"][name]
    arguments = ", ".join(f"{key}: {literal(given)}" for key, given in AUDITED[name](side).items())
    below = "{ nodes { id } }" if get_named_type(field.type).name.endswith("Connection") else "{ __typename }"
    for role in {Role(one) for one in QUERY[name]} - {Role.STUDENT}:
        context = context_of(side.viewers[role])
        result = await plans.execute(document_of(f"{{ {name}({arguments}) {below} }}"), context=context)
        assert codes_of(result) == [], (role, result)
        assert side.student.id in context.touched, role


# Verbs of an allowed role on what is the other side's.

REACH_ALL = {Role.OPS, Role.FINANCE}


def takes_an_id(field: GraphQLField) -> bool:
    """Whether a mutation is told an object by its id."""
    inputs = [get_named_type(argument.type) for argument in field.args.values()]
    return any(
        get_named_type(inner.type).name == "ID"
        for kind in inputs
        if isinstance(kind, GraphQLInputObjectType)
        for inner in kind.fields.values()
    )


def test_each_verb_that_takes_an_id_has_a_case_of_somebody_elses() -> None:
    needed = {
        (name, role)
        for name, field in FIELDS["mutation"].items()
        if takes_an_id(field) and MUTATION[name] != ANYONE
        for role in {Role(one) for one in MUTATION[name]} - REACH_ALL
    }
    assert needed == set(OTHERS)


@pytest.mark.parametrize(("verb", "role"), OTHERS, ids=[f"{verb}-{role}" for verb, role in OTHERS])
async def test_what_is_somebody_elses_does_not_exist(world: World, verb: str, role: Role) -> None:
    before = await everything()
    for side in (world.a, world.b):
        payload = await do(verb, side.viewers[role], "__typename", **OTHERS[verb, role](world.other(side)))
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"], payload
    assert await everything() == before


async def test_what_is_somebody_elses_and_what_is_not_there_get_the_very_same_answer(world: World) -> None:
    viewer = world.a.viewers[Role.PROVIDER]
    there, nowhere = world.b.requested.type_id, encode("apt", new_id())
    answers = [await do("confirmAppointment", viewer, "__typename", appointmentId=id) for id in (there, nowhere)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("role", [Role.OFFICE, Role.OPS])
async def test_nobody_acts_as_somebody_else_although_they_see_them(world: World, role: Role) -> None:
    before = await everything()
    colleague = encode("mem", some(world.a.colleague.membership_id))
    payload = await do("actAs", world.a.viewers[role], "accessToken", membershipId=colleague)
    assert payload["accessToken"] is None
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    assert await everything() == before


async def test_an_id_of_another_kind_is_a_fault_of_form(world: World) -> None:
    before = await everything()
    viewer = world.a.viewers[Role.PROVIDER]
    for id in (world.a.provider.type_id, "apt_", "", "apt_" + "z" * 26):
        payload = await do("confirmAppointment", viewer, "__typename", appointmentId=id)
        assert [(e["code"], e["field"]) for e in payload["userErrors"]] == [("INVALID", ["input", "appointmentId"])]
    assert await everything() == before


# Fields below a row that some roles may not read, though they see the row.

NARROWED = [
    (NODES_ITEM[0], NODES_ITEM[1][1], name, field)
    for NODES_ITEM in NODES.items()
    for name, field in SCHEMA._schema.type_map[NODES_ITEM[1][1]].fields.items()  # type: ignore[attr-defined]
    if audience_of(field) is not None
]


def test_each_narrowed_field_has_a_line_in_the_table() -> None:
    assert {f"{kind}.{name}" for _, kind, name, _ in NARROWED} == set(FIELD_AUDIENCES)


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
@pytest.mark.parametrize(("prefix", "kind", "name", "field"), NARROWED, ids=[f"{k}.{n}" for _, k, n, _ in NARROWED])
async def test_a_field_of_a_row_that_is_seen_is_for_its_audience_alone(
    world: World, plans: Any, prefix: str, kind: str, name: str, field: GraphQLField
) -> None:
    model: type[Entity] = next(model for model in entities() if prefix == model.PREFIX)
    tried = set()
    for role, viewer in world.a.viewers.items():
        condition, own = model.reach_of(viewer)
        row = await fetch_one(f"SELECT id FROM {model._meta.db_table} WHERE {condition} LIMIT 1", *own)
        if row is None:
            continue
        text = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {call_of(name, field)} }} }} }}"
        result = await answer(text, viewer, plans=plans, id=encode(model.PREFIX, row.id))
        allowed = role in FIELD_AUDIENCES[f"{kind}.{name}"]
        assert codes_of(result) == ([] if allowed else ["FORBIDDEN"]), (role, result)
        if allowed:
            assert result.data is not None
            assert result.data["node"] is not None
        tried.add(allowed)
    assert tried == {True, False}


async def test_what_a_session_was_about_is_in_no_answer_to_a_school(world: World) -> None:
    concern = world.a.claim.presenting_concern
    for role in (Role.SCHOOL, Role.PARTNER, Role.STUDENT):
        found = await answer(
            "query ($id: ID!) { node(id: $id) { ... on Claim { id status presentingConcern appointment"
            " { history(first: 50) { nodes { verb } } claim { id reasons { text } } } } } }",
            world.a.viewers[role],
            id=world.a.claim.type_id,
        )
        assert concern not in str(found.data)
        assert concern not in str(found.errors)


def test_a_dummy_fits_every_type_that_a_field_may_demand() -> None:
    for _, _, field in ROOT_FIELDS:
        for argument in field.args.values():
            assert dummy(argument.type) is not None
