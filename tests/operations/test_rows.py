"""Reads that travel together find what each would find by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from execution.deferral import Gathering
from models.appointments.appointments import Appointment
from models.base.access import NOTHING, Role
from models.base.statements import NestedRow, row_class
from models.claims.claims import Claim
from models.credits.ledger import Wallet
from models.directory.licenses import License
from models.records.audit import AuditEntry
from models.schools.students import Student
from operations.context import Context
from operations.reads.rows import SESSION_CHECK, combined, rows_where, template_of
from tests.support.asking import COMPILED, CORE, ask, context_of, statements_counted
from tests.support.databases import own_database, undone
from tests.support.two_sides import World, build

SCREEN = """
{ wallet { available held }
  live: appointments(first: 20, filter: { upcoming: true }) { nodes { id provider { name } } }
  all: appointments(first: 3, orderBy: REQUESTED_AT_DESC) { nodes { id status claim { status } student { name } }
                                                            pageInfo { hasNextPage endCursor } }
  providers(filter: {state: "MA"}, first: 2) { nodes { id name licenses { state } } totalCount }
  viewer { role student { name email } } }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


def read(context: Context, model: Any, needs: tuple[str, ...], where: str, *values: Any, most: float = 1) -> Any:
    """The coroutine of a read."""
    return rows_where(context, model, needs, where, *values, tail=f"ORDER BY {model._meta.db_table}.id", most=most)


async def test_a_screen_shows_the_same_whether_its_reads_travel_together_or_not(world: World) -> None:
    viewer = world.a.viewers[Role.STUDENT]
    async with undone():
        async with statements_counted() as together:
            shown = await ask(SCREEN, viewer, plans=COMPILED)
        async with statements_counted() as apart:
            assert await ask(SCREEN, viewer, plans=CORE) == shown
    assert len(together) == len(apart) - 4, "five reads of the first level in one"
    assert len(shown["all"]["nodes"]) == 3


@pytest.mark.parametrize("role", [Role.STUDENT, Role.PROVIDER, Role.SCHOOL, Role.OPS])
async def test_each_read_keeps_its_own_reach_columns_and_order(world: World, role: Role) -> None:
    viewer = world.a.viewers[role]
    asked: list[tuple[Any, tuple[str, ...], str, tuple[Any, ...], float]] = [
        (Appointment, ("starts_at", "provider_id:providers.name"), "appointments.status <> $1", ("DECLINED",), 50),
        (Wallet, ("available",), "true", (), 5),
        (Appointment, ("status",), "appointments.starts_at < $1 OR $2", (world.a.requested.starts_at, True), 50),
        (Student, ("name", "email"), "students.name <> $1", ("nobody",), 5),
        (Claim, ("status",), "true", (), 5),
    ]
    apart, together = context_of(viewer), context_of(viewer)
    alone = [await read(apart, model, needs, where, *values) for model, needs, where, values, _ in asked]
    found = await Gathering([read(together, model, needs, where, *values, most=most)
                             for model, needs, where, values, most in asked])  # fmt: skip
    assert sum(map(len, alone)) > 3
    for (_, needs, *_), own, same in zip(asked, alone, found, strict=True):
        names = ("id", *needs)
        assert [[row[name] for name in names] for row in same] == [[row[name] for name in names] for row in own]
    assert together.touched == apart.touched


async def test_rows_say_what_they_are_although_they_travelled_with_others(world: World) -> None:
    context = context_of(world.a.viewers[Role.STUDENT])
    appointments, wallets = await Gathering(
        [read(context, Appointment, ("status",), "true", most=20), read(context, Wallet, ("held",), "true")]
    )
    assert all(isinstance(row, row_class(Appointment)) for row in appointments)
    assert [isinstance(row, NestedRow) and row.held for row in wallets] == [wallets[0]["held"]]
    with pytest.raises(AttributeError):
        _ = wallets[0].status


async def test_what_is_out_of_reach_stays_so_in_company(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(world.a.viewers[Role.STUDENT])
    monkeypatch.setattr(Wallet, "REACH", {**Wallet.REACH, Role.STUDENT: NOTHING})
    appointments, wallets = await Gathering(
        [read(context, Appointment, ("status",), "true", most=20), read(context, Wallet, ("held",), "true")]
    )
    assert appointments
    assert wallets == []


async def test_a_value_that_fits_no_column_is_the_fault_of_its_own_read(world: World) -> None:
    context = context_of(world.a.viewers[Role.STUDENT])
    good, bad = await Gathering(
        [
            read(context, Appointment, ("status",), "true"),
            read(context, Appointment, ("status",), "appointments.id = $1", "no id"),
        ]
    )
    assert good
    assert isinstance(bad, asyncpg.DataError)


async def test_columns_of_one_name_and_different_kinds_do_not_travel_together(world: World) -> None:
    viewer = world.a.viewers[Role.OPS]
    shapes = [
        template_of(viewer, model, needs, "true", "", 0)
        for model, needs in ((AuditEntry, ("number",)), (License, ("number",)), (License, ("state",)))
    ]
    assert combined((shapes[0], shapes[1]), checking_session=False) is None, "one is a number, the other a text"
    assert combined((shapes[0], shapes[2]), checking_session=False) is not None
    context = context_of(viewer)
    entries, licenses = await Gathering(
        [read(context, AuditEntry, ("number",), "true"), read(context, License, ("number",), "true")]
    )
    assert {type(row["number"]) for row in entries} == {int}
    assert {type(row["number"]) for row in licenses} == {str}


def test_a_session_check_has_a_row_of_its_own_and_its_values_come_last(world: World) -> None:
    viewer = world.a.viewers[Role.STUDENT]
    shapes = (
        template_of(viewer, Wallet, ("held",), "wallets.id = $1", "", 1),
        template_of(viewer, Appointment, ("status",), "appointments.starts_at > $1", "LIMIT 3", 1),
    )
    one = combined(shapes, checking_session=True)
    assert one is not None
    assert f"SELECT {SESSION_CHECK} AS part" in one.text
    assert "session_stamp($5) = $6" in one.text
    assert "appointments.starts_at > $3" in one.text
    assert one.names == (("student_id",), ("student_id",))
