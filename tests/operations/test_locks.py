"""What a verb has locked, and in which order it is locked: wallet, then appointment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from tortoise.transactions import in_transaction

from database import credentials, url_of
from models.appointments import appointments, booking
from models.availability.openings import set_weekly_hours
from models.base.amounts import Credits
from models.credits import grants as credits
from models.directory.providers import Service
from settings import Settings
from tests.support.databases import own_database
from tests.support.world import AT, Pair, as_student, pair_of, requested


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
    async with in_transaction():
        await verb(pair)
        assert await is_locked("wallets", pair.student.id)
    assert not await is_locked("wallets", pair.student.id)


async def test_an_appointment_that_is_to_change_is_locked_behind_its_wallet(is_locked: Any) -> None:
    pair = await pair_of()
    session = await requested(pair.student, pair.openings[0])
    async with in_transaction():
        await appointments.locked(session.id, session.student_id)
        assert await is_locked("wallets", pair.student.id)
        assert await is_locked("appointments", session.id)


async def test_the_wallet_is_locked_before_the_appointment(is_locked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = await pair_of()
    session = await requested(pair.student, pair.openings[0])
    order: list[bool] = []

    async def lock_wallet(student_id: UUID) -> None:
        order.append(await is_locked("appointments", session.id))
        await lock_wallet(student_id)

    monkeypatch.setattr(appointments, "lock_wallet", lock_wallet)
    async with in_transaction():
        await appointments.locked(session.id, session.student_id)
    assert order == [False]


async def test_who_sets_a_week_has_locked_the_provider(is_locked: Any) -> None:
    pair = await pair_of()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.availability.openings.derive_openings", nothing_derived)
        async with in_transaction():
            await set_weekly_hours(pair.provider, [], by=None, at=AT)
            assert await is_locked("providers", pair.provider.id)


async def nothing_derived(*_: Any, at: Any) -> None:
    """Derive no openings."""
