"""What a verb has locked, and in which order it is locked: wallet, then appointment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from database import credentials, url_of
from models.appointments import booking
from models.appointments.appointments import Appointment, AppointmentStatus
from models.availability.openings import set_weekly_hours
from models.base.amounts import Credits
from models.base.errors import Code, Refusal
from models.base.statements import fetch, transaction
from models.credits import grants as credits
from models.directory.providers import Service
from operations.reads.rows import find_locked
from settings import Settings
from tests.support.asking import context_of
from tests.support.databases import own_database
from tests.support.world import AT, Pair, as_provider, as_student, pair_of, requested


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own, with real commits."""
    async with own_database(postgres) as own:
        yield own


@pytest_asyncio.fixture(loop_scope="session")
async def is_locked(settings: Settings) -> AsyncIterator[Callable[[str, UUID], Awaitable[bool]]]:
    """Ask, as somebody else, whether a row is locked against changes."""
    other = await asyncpg.connect(**credentials(url_of(settings)))

    async def ask(table: str, id: UUID) -> bool:
        try:
            await other.execute(f"SELECT 1 FROM {table} WHERE id = $1 FOR NO KEY UPDATE NOWAIT", id)
        except asyncpg.LockNotAvailableError:
            return True
        return False

    yield ask
    await other.close()


async def grant(pair: Pair) -> None:
    """Grant credits, without what the ledger's own trigger locks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credits, "write", nothing)
        await credits.grant(pair.student, Credits(3), expires_at=None, note="", by=None, at=AT)


async def request(pair: Pair) -> None:
    """Request a session, without what the ledger's own trigger locks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(booking, "write", nothing)
        await booking.request(
            student_id=pair.student.id, opening_id=pair.openings[5].id, service=Service.THERAPY, state="MA",
            accepts_policy=True, by=as_student(pair.student), at=AT,
        )  # fmt: skip


async def nothing(*_: Any) -> None:
    """Write nothing."""


@pytest.mark.parametrize("verb", [grant, request], ids=["grant", "request"])
async def test_a_verb_that_counts_credits_has_locked_the_wallet(
    is_locked: Any, verb: Callable[[Pair], Awaitable[None]]
) -> None:
    pair = await pair_of()
    assert not await is_locked("wallets", pair.student.id)
    async with transaction():
        await verb(pair)
        assert await is_locked("wallets", pair.student.id)
    assert not await is_locked("wallets", pair.student.id)


async def test_an_appointment_that_is_to_change_is_locked_behind_its_wallet(is_locked: Any) -> None:
    pair = await pair_of()
    session = await requested(pair.student, pair.openings[0])
    async with transaction():
        await Appointment.locked(session.id)
        assert await is_locked("wallets", pair.student.id)
        assert await is_locked("appointments", session.id)


async def lock_as_client(pair: Pair, session: Appointment) -> None:
    """Find the appointment as its provider and lock it, in a transaction of its own."""
    async with transaction():
        await find_locked(context_of(as_provider(pair.provider)), Appointment, session.id, path="appointmentId")


async def lock_as_worker(pair: Pair, session: Appointment) -> None:
    """Lock the appointment for the program itself, in a transaction of its own."""
    async with transaction():
        await Appointment.locked(session.id)


LOCKING = pytest.mark.parametrize("lock", [lock_as_client, lock_as_worker], ids=["client", "worker"])
Lock = Callable[[Pair, Appointment], Coroutine[Any, Any, None]]


async def waiting(doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """The task that does this, once it waits for a lock."""
    task = asyncio.create_task(doing)
    for _ in range(500):
        if await fetch(WAITING):
            return task
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@LOCKING
async def test_who_waits_for_the_wallet_has_not_locked_the_appointment(
    is_locked: Any, settings: Settings, lock: Lock
) -> None:
    pair = await pair_of()
    session = await requested(pair.student, pair.openings[0])
    async with held("wallets", pair.student.id, settings):
        task = await waiting(lock(pair, session))
        assert not await is_locked("appointments", session.id)
    await task


@LOCKING
async def test_who_waits_for_the_appointment_has_locked_the_wallet(
    is_locked: Any, settings: Settings, lock: Lock
) -> None:
    pair = await pair_of()
    session = await requested(pair.student, pair.openings[0])
    async with held("appointments", session.id, settings):
        task = await waiting(lock(pair, session))
        assert await is_locked("wallets", pair.student.id)
    await task


async def test_what_was_waited_for_is_in_the_row_that_is_found(settings: Settings) -> None:
    pair = await pair_of()
    session = await requested(pair.student, pair.openings[0])

    async def status() -> None:
        async with transaction():
            found = await find_locked(context_of(as_provider(pair.provider)), Appointment, session.id, path="id")
            seen.append(found.status)

    seen: list[AppointmentStatus] = []
    async with held("wallets", pair.student.id, settings) as other:
        task = await waiting(status())
        await other.execute("UPDATE appointments SET status = 'CONFIRMED', confirmed_at = $2 WHERE id = $1",
                            session.id, AT)  # fmt: skip
    await task
    assert seen == [AppointmentStatus.CONFIRMED]


async def test_a_row_out_of_reach_is_not_found_and_locks_nothing(is_locked: Any) -> None:
    pair, stranger = await pair_of(), await pair_of()
    session = await requested(pair.student, pair.openings[0])
    async with transaction():
        with pytest.raises(Refusal) as refused:
            await find_locked(context_of(as_provider(stranger.provider)), Appointment, session.id, path="appointmentId")
        assert refused.value.code is Code.NOT_FOUND
        assert str(refused.value) == "There is no such appointment."
        assert not await is_locked("wallets", pair.student.id)
        assert not await is_locked("appointments", session.id)


@asynccontextmanager
async def held(table: str, id: UUID, settings: Settings) -> AsyncIterator[Any]:
    """A row that somebody else has locked for the length of the block, and their connection; what they do commits."""
    other = await asyncpg.connect(**credentials(url_of(settings)))
    try:
        async with other.transaction():
            await other.execute(f"SELECT 1 FROM {table} WHERE id = $1 FOR NO KEY UPDATE", id)
            yield other
    finally:
        await other.close()


async def test_who_sets_a_week_has_locked_the_provider(is_locked: Any) -> None:
    pair = await pair_of()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.availability.openings.derive_openings", nothing_derived)
        async with transaction():
            await set_weekly_hours(pair.provider, [], by=None, at=AT)
            assert await is_locked("providers", pair.provider.id)


async def nothing_derived(*_: Any, at: Any) -> None:
    """Derive no openings."""
