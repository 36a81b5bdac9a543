"""Expiry of credits: what is unused when a grant ends leaves the wallet, once; what is held stays held (CR-3)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import worker
from models.appointments.appointments import Appointment
from models.base.events import Event
from models.base.statements import transaction
from models.credits.ledger import Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from models.schools.students import Student
from settings import Settings
from tests.support.world import AT, as_provider, granted, pair_of, requested

A_DAY = timedelta(days=1)


async def balances(student: Student) -> tuple[int, int, int]:
    """What the wallet has available, held and expired."""
    wallet = await Wallet.get(id=student.id)
    return wallet.available, wallet.held, wallet.expired


async def test_unused_credits_expire_with_their_grant_and_others_stay(committed: Settings) -> None:
    pair = await pair_of(credits=2)
    given = await granted(pair.student, 3, expires_at=AT + A_DAY)
    await worker.expire_credits(AT + A_DAY - timedelta(microseconds=1))
    assert await balances(pair.student) == (5, 0, 0)
    await worker.expire_credits(AT + A_DAY)
    assert await balances(pair.student) == (2, 0, 3)
    event = await Event.get(verb="credit.expired")
    assert (event.subject_id, event.student_id, event.data) == (given.id, pair.student.id, {"credits": 3})


async def test_a_held_credit_survives_its_grant_and_expires_only_when_it_is_released(committed: Settings) -> None:
    pair = await pair_of(credits=0)
    opening = pair.openings[0]
    await granted(pair.student, 2, expires_at=opening.starts_at + timedelta(hours=1))
    after = opening.starts_at + timedelta(hours=2)
    appointment = await requested(pair.student, opening)
    await worker.expire_credits(after)
    assert await balances(pair.student) == (0, 1, 1)
    async with transaction():
        locked = await Appointment.locked(appointment.id)
        await locked.decline(by=as_provider(pair.provider), at=AT + timedelta(hours=1))
    assert await balances(pair.student) == (1, 0, 1)
    await worker.expire_credits(after)
    assert await balances(pair.student) == (0, 0, 2)


async def test_workers_at_the_same_time_expire_each_credit_once(committed: Settings) -> None:
    pair = await pair_of(credits=0)
    for _ in range(3):
        await granted(pair.student, 2, expires_at=AT + A_DAY)
    await asyncio.gather(*(worker.expire_credits(AT + A_DAY) for _ in range(5)))
    assert await balances(pair.student) == (0, 0, 6)
    assert await Event.filter(verb="credit.expired").count() == 3
    assert (await wallets_that_disagree(), await grants_that_disagree()) == ([], [])
