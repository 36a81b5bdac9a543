"""No statement for each row: a list of one and a list of fifty take the same number of statements, on both paths."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from graphql import get_named_type

from execution import Plans
from models.base.access import Role, Viewer
from models.base.ids import encode
from models.base.statements import write
from models.credits import credit_requests
from models.credits.credit_requests import CreditRequestReason
from models.directory.providers import Provider
from models.keys import partner_keys
from models.practices.practices import Practice
from models.records.audit import write_entries
from operations.reads.nodes import NODES
from schema.root import SCHEMA
from tests.support.asking import COMPILED, CORE, ask, statements_counted
from tests.support.databases import own_database, undone
from tests.support.import_rows import preview_of
from tests.support.selections import below
from tests.support.two_sides import SOMEBODY, campus_of, conflict_of, consent_of, job_of, paid_to, read_by, viewer_of
from tests.support.world import (
    AT,
    MORNINGS,
    Pair,
    as_provider,
    as_staff,
    as_student,
    attested,
    confirmed,
    openings_of,
    pair_of,
    provider_of,
    requested,
    student_of,
)
from web.examples import examples

MANY = 50
TWO_DAYS_ON, THE_WEEKEND = AT + timedelta(days=2), AT + timedelta(days=5)
KINDS = {"mem": 2, "inv": 2}
"""How many rows it takes to meet every kind of a type: students have no practice, office users have one."""

QUERIES = [example for example in examples() if example.query.lstrip().startswith("query")]
SCREENS = [example for example in QUERIES if "ID!" not in example.query]
PATHS = {"compiled": COMPILED, "core": CORE}


@dataclass(frozen=True)
class Measured:
    """How many statements an answer took, and how long it was."""

    statements: int
    length: int


async def measured(text: str, viewer: Viewer, plans: Plans, at: datetime = THE_WEEKEND, **variables: Any) -> Measured:
    """Ask once to learn the document, then again with every statement counted, in one transaction."""
    async with undone():
        await ask(text, viewer, plans=plans, at=at, **variables)
        async with statements_counted() as sent:
            data = await ask(text, viewer, plans=plans, at=at, **variables)
    return Measured(len(sent), len(json.dumps(data, default=str)))


@dataclass(frozen=True)
class Crowd:
    """A pair that has met, to be followed by many more."""

    pair: Pair

    def viewer(self, role: Role) -> Viewer:
        """Somebody of this role who sees the crowd."""
        match role:
            case Role.STUDENT:
                return as_student(self.pair.student)
            case Role.PROVIDER:
                return as_provider(self.pair.provider)
        return as_staff(role, school=self.pair.school)

    async def begin(self) -> None:
        """One of each: a completed intake with its claim, a session to attest, and a request."""
        student, openings = self.pair.student, self.pair.openings
        await write(paid_to(self.pair.provider), campus_of(self.pair.school))
        await attested(await confirmed(student, openings[0]))
        await confirmed(student, openings[12], at=TWO_DAYS_ON)
        await requested(student, openings[20], at=TWO_DAYS_ON)
        await self.add_accounts()

    async def grow(self) -> None:
        """Many more of each: requests of the same student, other students with claims, other providers."""
        pair = self.pair
        for turn in range(MANY):
            await requested(pair.student, pair.openings[30 + turn], at=TWO_DAYS_ON)
            other, opening = await student_of(pair.school, credits=3), pair.openings[30 + MANY + turn]
            await attested(await confirmed(other, opening))
            await requested(other, opening, at=TWO_DAYS_ON)
            away = await provider_of(week=MORNINGS[:1])
            await requested(other, (await openings_of(away))[8], at=TWO_DAYS_ON)
            await self.add_accounts(away)

    async def add_accounts(self, provider: Provider | None = None) -> None:
        """An account with all that belongs to one, a practice with its office, a key, and a school of its own."""
        pair = self.pair
        own = await student_of(pair.school) if provider else pair.student
        student = await viewer_of(Role.STUDENT, student_id=own.id, school_id=pair.school.id)
        await consent_of(student)
        await write(conflict_of(own))
        await write_entries([read_by(student, pair.student)])
        await write(job_of(student.membership_id, about=own.id))
        await credit_requests.request(own.id, 3, reason=CreditRequestReason.CREDITS_USED, by=student, at=AT)
        await preview_of(await viewer_of(Role.FINANCE))
        practice = await Practice.open(name=f"Practice {(provider or pair.provider).name}", by=None, at=AT)
        await (provider or pair.provider).set_practice(practice.id, by=SOMEBODY, at=AT)
        await viewer_of(Role.OFFICE, practice_id=practice.id)
        await partner_keys.create(pair.school.id, name="Portal", days=30, by=None, at=AT)
        other_school = await pair_of() if provider else None
        if provider and other_school:
            await write(paid_to(provider), campus_of(other_school.school))
            await attested(await confirmed(other_school.student, other_school.openings[0]))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowd(postgres: str) -> AsyncIterator[tuple[Crowd, dict[tuple[str, str], Measured]]]:
    """The crowd, and what each screen took while it was one pair."""
    async with own_database(postgres):
        crowd = Crowd(await pair_of(credits=100))
        await crowd.begin()
        early = {
            (example.name, path): await measured(
                example.query, crowd.viewer(Role(example.role)), plans, **variables_of(example)
            )
            for example in SCREENS
            for path, plans in PATHS.items()
        }
        await crowd.grow()
        yield crowd, early


def variables_of(example: Any) -> dict[str, Any]:
    """The variables that an example names; its search finds everybody here."""
    variables: dict[str, Any] = json.loads(example.variables)
    return variables | ({"search": "Student"} if "search" in variables else {})


Known = tuple[Crowd, dict[tuple[str, str], Measured]]


def is_followed(type_name: str) -> bool:
    """Whether a type has a relation to rows, directly or as a list."""
    kind: Any = SCHEMA._schema.type_map[type_name]
    inner = [get_named_type(field.type).name for field in kind.fields.values()]
    shown = {name for _, name in NODES.values()}
    return any(name in shown or name.endswith("Connection") for name in inner)


LEADING_ON = [prefix for prefix, (_, name) in NODES.items() if is_followed(name)]
"""The types with a relation to rows of another."""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("example", SCREENS, ids=lambda example: example.name)
async def test_a_screen_takes_as_many_statements_for_a_crowd_as_for_one(crowd: Known, example: Any, path: str) -> None:
    people, early = crowd
    now = await measured(example.query, people.viewer(Role(example.role)), PATHS[path], **variables_of(example))
    assert now.statements == early[example.name, path].statements
    assert now.statements > 0


def test_the_screens_are_the_clients_own() -> None:
    assert {"mobile-home", "directory-page", "providers-day", "partner-dashboard", "staff-search"} <= {
        example.name for example in SCREENS
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prefix", LEADING_ON, ids=lambda prefix: NODES[prefix][1])
async def test_everything_below_fifty_rows_takes_as_many_statements_as_below_one(
    crowd: Known, prefix: str, path: str
) -> None:
    model, type_name = NODES[prefix]
    rows = await model.all().order_by("id").limit(MANY)
    assert len(rows) >= MANY, "too few rows to tell"
    fields = below(SCHEMA._schema.type_map[type_name], Role.OPS, 1, first=3)
    text = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_name} {{ {fields} }} }} }}"
    ids = [encode(prefix, row.id) for row in rows]
    viewer = as_staff(Role.OPS)
    one = await measured(text, viewer, PATHS[path], ids=ids[: KINDS.get(prefix, 1)])
    fifty = await measured(text, viewer, PATHS[path], ids=ids)
    assert fifty.length > one.length
    assert fifty.statements == one.statements, "a statement for each row"


async def test_rows_are_counted_only_if_that_is_asked(crowd: Known) -> None:
    viewer = as_staff(Role.OPS)
    for plans in PATHS.values():
        for asked, counted in (("", 0), ("totalCount", 1)):
            text = f"{{ appointments(first: 3) {{ {asked} nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"
            async with undone(), statements_counted() as sent:
                await ask(text, viewer, plans=plans)
            assert len([statement for statement in sent if "count(" in statement]) == counted


async def test_the_same_list_asked_for_twice_below_many_rows_is_counted_at_once(crowd: Known) -> None:
    text = "{ students(first: 50) { nodes { appointments(first: 2) { totalCount nodes { id } } } } }"
    for plans in PATHS.values():
        async with undone(), statements_counted() as sent:
            await ask(text, as_staff(Role.OPS), plans=plans)
        assert len([statement for statement in sent if "count(" in statement]) == 1


async def test_only_the_columns_that_were_asked_for_are_read(crowd: Known) -> None:
    async with undone(), statements_counted() as sent:
        await ask("{ claims(first: 3) { nodes { status } } }", as_staff(Role.OPS))
    assert len(sent) == 1
    assert "presenting_concern" not in sent[0]
    assert "claims.status" in sent[0]
