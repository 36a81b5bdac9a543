"""The product's own schema for generated operations: rows of every kind, people of every role, values that fit."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type

import demo
from models.accounts import sessions
from models.accounts.accounts import Membership
from models.base.access import Entity, Role, Viewer
from models.base.ids import encode, new_id
from models.base.scopes import OF_SCHOOL
from models.directory.providers import Provider
from models.schools.students import Student
from operations.fields import ANYONE
from operations.reads.nodes import NODES
from schema.root import SCHEMA
from tests.execution.operations import Operation, operation
from tests.support import world

IDS_OF_A_KIND = 3
FORBIDDEN_CHANCE = 0.2
BUSY = frozenset({Role.STUDENT, Role.PROVIDER, Role.SCHOOL, Role.OPS})
PAGING = frozenset({"after", "last", "before"})
"""Arguments that are refused together with others, or without a cursor of just this list: given now and then."""


@dataclass
class Product:
    """A filled database: who may ask, and values for its scalars."""

    viewers: list[Viewer | None]
    scalars: dict[str, list[Any]] = field(default_factory=dict)

    def operation(
        self, seed: int, root: str, viewer: Viewer | None, *, without: frozenset[str] = frozenset()
    ) -> Operation:
        """An operation on the product's schema with this database's ids in it, mostly of fields for this viewer."""
        dice = random.Random(seed)
        skipped = SLOW | {f"Mutation.{name}" for name in without}
        if dice.random() > FORBIDDEN_CHANCE:
            skipped |= not_for(viewer.role if viewer else None)
        return operation(SCHEMA._schema, dice, scalars=self.scalars, roots=[root], skipped=skipped, rare=PAGING)


async def fill() -> Product:
    """Fill this database with the demo's people, two of them at work, and others of other schools beside them."""
    await demo.load()
    members = await Membership.all().order_by("id")
    student = await Student.get(id=next(member.student_id for member in members if member.role is Role.STUDENT))
    provider = await Provider.get(id=next(member.provider_id for member in members if member.role is Role.PROVIDER))
    openings = await world.openings_of(provider)
    appointment = await world.confirmed(student, openings[0])
    await world.attested(appointment)
    await world.requested(student, openings[-1], at=appointment.ends_at + timedelta(hours=2))
    others = await world.pair_of()
    await world.requested(others.student, others.openings[0])
    often = [await signed_in(member) for member in members if member.role in BUSY]
    seldom = [await signed_in(member) for member in members if member.role not in BUSY]
    partner = Viewer(account_id=new_id(), role=Role.PARTNER, school_id=student.school_id, scopes=OF_SCHOOL)
    return Product([*often, *often, *seldom, partner, None], await scalars())


async def signed_in(member: Membership) -> Viewer:
    """Somebody, acting in a session of theirs."""
    opened = await sessions.open_session(member, device="generated", at=world.AT)
    return member.viewer(session_id=opened.session.id)


async def scalars() -> dict[str, list[Any]]:
    """Values by scalar: the ids of rows that exist and of some that do not, times around the world's own."""
    ids = [encode(prefix, new_id()) for prefix in sorted(NODES)] + ["", "apt_", "nonsense", 7]
    named: dict[str, list[Any]] = {}
    for prefix, (model, type_name) in sorted(NODES.items()):
        name = f"{type_name[0].lower()}{type_name[1:]}Id"
        named[name] = [encode(prefix, row.id) for row in await rows_of(model)]
        ids += named[name]
    days = [world.AT + timedelta(days=days) for days in (-30, 0, 1, 9, 40)]
    return {name: known for name, known in named.items() if known} | {
        "ID": ids,
        "Int": [1, 1, 2, 3, 5, 7, 20, 100, 0, -1, 2026, 2**31 - 1],
        "String": ["", " ", "a", "Provider", "Anxiety", "09:00", "12:30", "ünïcode", "%_\\", "line\nline", "x" * 300],
        "DateTime": [day.isoformat() for day in days] + ["1900-01-01T00:00:00Z", "2999-12-31T23:59:59.999999Z"],
        "Date": [str(day.date()) for day in days] + ["1900-01-01", "2999-12-31"],
        "PresentingConcern": ["ANXIETY", "GRIEF", "NOBODYS_CODE"],
        "StateCode": ["MA", "MA", "NY", "PR"],
        "TimeZone": ["America/New_York", "Asia/Kathmandu", "UTC"],
        "EmailAddress": ["somebody@example.test", "provider1@example.test"],
        "PhoneNumber": ["+16175550123"],
        "URL": ["https://telehealth.example.test/room"],
    }


async def rows_of(model: type[Entity]) -> list[Any]:
    """The first rows of a model."""
    return list(await model.all().order_by("id").limit(IDS_OF_A_KIND))


def slow() -> frozenset[str]:
    """Mutations with a password in them: to hash one takes as long as a hundred other operations."""
    names = set()
    for name, definition in SCHEMA._schema.mutation_type.fields.items():  # type: ignore[union-attr]
        inputs = [get_named_type(argument.type) for argument in definition.args.values()]
        fields = [one for of in inputs if isinstance(of, GraphQLInputObjectType) for one in of.fields]
        if any("password" in one.lower() for one in fields):
            names.add(f"Mutation.{name}")
    return frozenset(names)


@cache
def not_for(role: Role | None) -> frozenset[str]:
    """Root fields that are not for this role."""
    names = set()
    for root in (SCHEMA._schema.query_type, SCHEMA._schema.mutation_type):
        for name, definition in root.fields.items() if root else ():
            audience = definition.extensions["strawberry-definition"].metadata["audience"]
            if audience != ANYONE and role not in audience:
                names.add(f"{root}.{name}")
    return frozenset(names)


SLOW = slow()
