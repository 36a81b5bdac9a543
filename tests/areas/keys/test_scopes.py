"""Scopes: a key reads and does what it is for, within its school or practice, and is told what it lacks (ID-5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from models import tables
from models.base.access import Entity, Role, Viewer
from models.base.scopes import NEEDS, OF_PRACTICE, OF_SCHOOL, OPEN, Scope
from models.base.statements import fetch
from models.keys.partner_keys import scopes_of
from operations.fields import must_have_scope
from tests.api.test_access_to_fields import ROOT_FIELDS, asked, audience_of, call_of
from tests.support.asking import COMPILED, CORE, answer, codes_of, do
from tests.support.databases import own_database
from tests.support.two_sides import Side, World, build

OF_ROOT_FIELDS: dict[str, Scope | str] = {
    "node": OPEN,
    "nodes": OPEN,
    "viewer": OPEN,
    "school": OPEN,
    "vocabularies": OPEN,
    "student": Scope.STUDENTS_READ,
    "students": Scope.STUDENTS_READ,
    "provider": Scope.DIRECTORY_READ,
    "providers": Scope.DIRECTORY_READ,
    "opening": Scope.SCHEDULE_READ,
    "appointment": Scope.APPOINTMENTS_READ,
    "appointments": Scope.APPOINTMENTS_READ,
    "appointmentChanged": Scope.APPOINTMENTS_READ,
    "claim": Scope.CLAIMS_READ,
    "claims": Scope.CLAIMS_READ,
    "claimChanged": Scope.CLAIMS_READ,
    "walletChanged": Scope.CREDITS_READ,
    "setWeeklyHours": Scope.SCHEDULE_WRITE,
    "confirmAppointment": Scope.APPOINTMENTS_WRITE,
    "declineAppointment": Scope.APPOINTMENTS_WRITE,
    "cancelAppointment": Scope.APPOINTMENTS_WRITE,
}
"""Each root field that a key may ask for, written by hand; all others are for people."""

OF_TABLES: dict[str, Scope | str] = {
    "sch": OPEN,
    "prc": OPEN,
    "pol": OPEN,
    "trm": OPEN,
    "stu": Scope.STUDENTS_READ,
    "prv": Scope.DIRECTORY_READ,
    "lic": Scope.DIRECTORY_READ,
    "opn": Scope.SCHEDULE_READ,
    "avr": Scope.SCHEDULE_READ,
    "apt": Scope.APPOINTMENTS_READ,
    "clm": Scope.CLAIMS_READ,
    "wal": Scope.CREDITS_READ,
    "grt": Scope.CREDITS_READ,
    "ltx": Scope.CREDITS_READ,
}
"""Each type whose rows a key may reach; all others are for people."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


def for_this(viewer: Viewer, *scopes: Scope) -> Viewer:
    """The same machine with a key for less."""
    return replace(viewer, scopes=frozenset(scopes))


def told(result: Any) -> list[tuple[str, str | None]]:
    """The codes of an answer's errors, and the scopes that they name."""
    return [(error.extensions["code"], error.extensions.get("scope")) for error in result.errors or ()]


def test_each_root_field_asks_a_key_for_the_scope_of_the_table() -> None:
    said = {name: field.extensions["strawberry-definition"].metadata["scope"] for _, name, field in ROOT_FIELDS}
    assert {name: scope for name, scope in said.items() if scope is not None} == OF_ROOT_FIELDS


def test_each_type_asks_a_key_for_the_scope_of_the_table() -> None:
    said = {model.PREFIX: model.SCOPE for model in tables() if issubclass(model, Entity) and model.SCOPE is not None}
    assert said == OF_TABLES


def test_what_is_for_partners_says_its_scope_or_the_program_does_not_start() -> None:
    with pytest.raises(TypeError, match="say with scope="):
        must_have_scope("wallets", [Role.SCHOOL, Role.PARTNER], None)
    must_have_scope("officeUsers", [Role.OFFICE], None)
    partners = [model for model in tables() if issubclass(model, Entity) and Role.PARTNER in model.REACH]
    assert [model.PREFIX for model in partners if model.SCOPE is None] == []


def test_every_scope_belongs_to_somebodys_keys_and_is_asked_for() -> None:
    assert set(Scope) == OF_SCHOOL | OF_PRACTICE
    asked_for = set(OF_ROOT_FIELDS.values()) | set(OF_TABLES.values()) | {Scope.FIGURES_READ}
    assert set(Scope) <= asked_for
    assert all(Scope(needed) in OF_PRACTICE | OF_SCHOOL for needed in NEEDS.values())


def test_a_scope_of_a_later_version_is_none_to_this_one() -> None:
    assert scopes_of(["FIGURES_READ", "ROSTER_WRITE"]) == {Scope.FIGURES_READ}


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_a_key_of_either_kind_without_scopes_gets_in_nowhere_but_where_it_is_open(
    world: World, plans: Any
) -> None:
    cases = 0
    for machine in (for_this(world.a.viewers[Role.PARTNER]), for_this(world.a.machine)):
        for operation, name, field in ROOT_FIELDS:
            audience, scope = audience_of(field), OF_ROOT_FIELDS.get(name)
            if scope is OPEN or audience == "anyone" or machine.role not in audience:
                continue
            result = await asked(operation, call_of(name, field), machine, plans=plans)
            assert told(result) == [("INSUFFICIENT_SCOPE", scope)], name
            cases += 1
    assert cases > 25


async def test_a_practices_key_with_all_scopes_reaches_what_its_office_reaches_and_no_more(world: World) -> None:
    for model in (model for model in tables() if issubclass(model, Entity)):
        if model.SCOPE is None and Role.OFFICE in model.REACH:
            with pytest.raises(Exception, match="for people"):
                model.reach_of(world.a.machine)
            continue
        if model.SCOPE not in (None, OPEN) and model.SCOPE not in OF_PRACTICE:
            assert Role.OFFICE not in model.REACH
            continue
        seen = [await rows_of(model, viewer) for viewer in (world.a.machine, world.a.colleague)]
        assert seen[0] == seen[1], model


async def rows_of(model: type[Entity], viewer: Viewer) -> set[Any]:
    """The ids of the rows that exist for a viewer."""
    condition, own = model.reach_of(viewer)
    return {row.id for row in await fetch(f"SELECT id FROM {model._meta.db_table} WHERE {condition}", *own)}


RELATIONS = [
    (
        "{ students(first: 1) { nodes { appointments(first: 1) { nodes { id } } } } }",
        "STUDENTS_READ",
        "APPOINTMENTS_READ",
    ),
    ("{ appointments(first: 1) { nodes { student { id } } } }", "APPOINTMENTS_READ", "STUDENTS_READ"),
    ("{ appointments(first: 1) { nodes { provider { name } } } }", "APPOINTMENTS_READ", "DIRECTORY_READ"),
    ("{ appointments(first: 1) { nodes { claim { id } } } }", "APPOINTMENTS_READ", "CLAIMS_READ"),
    ("{ students(first: 1) { nodes { wallet { available } } } }", "STUDENTS_READ", "CREDITS_READ"),
    ("{ viewer { school { monthly(year: 2026) { month } } } }", "STUDENTS_READ", "FIGURES_READ"),
    ("{ appointments(first: 1) { totalCount nodes { school { name } } } }", "STUDENTS_READ", "APPOINTMENTS_READ"),
]


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
@pytest.mark.parametrize(("query", "has", "lacks"), RELATIONS, ids=[f"{has}-{lacks}" for _, has, lacks in RELATIONS])
async def test_what_a_relation_leads_to_is_asked_for_too(
    world: World, plans: Any, query: str, has: str, lacks: str
) -> None:
    partner = world.a.viewers[Role.PARTNER]
    refused = await answer(query, for_this(partner, Scope(has)), plans=plans)
    assert set(told(refused)) == {("INSUFFICIENT_SCOPE", lacks)}
    assert codes_of(await answer(query, for_this(partner, Scope(has), Scope(lacks)), plans=plans)) == []


async def test_node_asks_for_the_scope_of_what_it_is_asked_for(world: World) -> None:
    partner = for_this(world.a.viewers[Role.PARTNER], Scope.STUDENTS_READ)
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert codes_of(await answer(query, partner, id=world.a.student.type_id)) == []
    for id, scope in ((world.a.claim.type_id, "CLAIMS_READ"), (world.b.confirmed.type_id, "APPOINTMENTS_READ")):
        assert told(await answer(query, partner, id=id)) == [("INSUFFICIENT_SCOPE", scope)]


async def test_a_practices_key_schedules_and_stands_for_itself_in_history(world: World) -> None:
    machine = world.b.machine
    confirmed = await do(
        "confirmAppointment", machine, "appointment { status }", appointmentId=world.b.requested.type_id
    )
    assert confirmed == {"appointment": {"status": "CONFIRMED"}, "userErrors": []}
    noted = await fetch(
        "SELECT actor_id, actor_role FROM events WHERE appointment_id = $1 ORDER BY id DESC LIMIT 1",
        world.b.requested.id,
    )
    assert [(row.actor_id, row.actor_role) for row in noted] == [(machine.account_id, "OFFICE")]
    await put_back(world.b)


async def put_back(side: Side) -> None:
    """Cancel what was confirmed, as the machine may too."""
    cancelled = await do(
        "cancelAppointment", side.machine, "appointment { status }", appointmentId=side.requested.type_id
    )
    assert cancelled["appointment"] == {"status": "CANCELLED"}


async def test_what_is_anothers_does_not_exist_for_a_practices_key(world: World) -> None:
    payload = await do("declineAppointment", world.a.machine, "__typename", appointmentId=world.b.confirmed.type_id)
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]


async def test_no_key_manages_people_or_keys(world: World) -> None:
    for query in (
        "{ signInSessions(first: 1) { nodes { id } } }",
        "{ secondFactor { enrolledAt: __typename } }",
        "{ partnerKeys(first: 1) { nodes { id } } }",
        "{ viewer { practice { officeUsers { id } } } }",
    ):
        assert told(await answer(query, world.a.machine)) == [("INSUFFICIENT_SCOPE", None)], query
    for verb, fields in (
        ("revokePartnerKey", {"partnerKeyId": world.a.practice_key.type_id}),
        ("changePassword", {"currentPassword": "x", "password": "y"}),
    ):
        payload = f"mutation ($input: {verb[0].upper()}{verb[1:]}Input!) {{ {verb}(input: $input) {{ __typename }} }}"
        assert told(await answer(payload, world.a.machine, input=fields)) == [("INSUFFICIENT_SCOPE", None)], verb


async def test_the_database_has_given_keys_of_before_what_they_did(world: World) -> None:
    rows = await fetch("SELECT column_default AS said FROM information_schema.columns"
                       " WHERE table_name = 'partner_keys' AND column_name = 'scopes'")  # fmt: skip
    assert all(f"'{scope}'" in rows[0].said for scope in OF_SCHOOL)
    assert rows[0].said.count("_READ") == len(OF_SCHOOL)
