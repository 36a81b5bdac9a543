"""The background loop: a timetable of jobs, each calling one model verb."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from database import connected
from models import appointments, availability, budgets, clock, idempotency
from models.errors import Refusal, Refused
from settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the timetable."""

    name: str
    every_seconds: float
    work: Callable[[datetime], Awaitable[object]]


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Do the jobs until `stop` is set; a job that fails is told and tried again at its next time."""
    async with connected(settings):
        await asyncio.gather(*(repeat(job, settings, stop) for job in TIMETABLE))


async def repeat(job: Job, settings: Settings, stop: asyncio.Event) -> None:
    """Do one job at its times until `stop` is set."""
    while not stop.is_set():
        try:
            await job.work(await now(settings))
        except Exception as error:
            log.error("job.failed", job=job.name, error=type(error).__name__)
        try:
            await asyncio.wait_for(stop.wait(), job.every_seconds)
        except TimeoutError:
            continue


async def now(settings: Settings) -> datetime:
    """The server's time."""
    return await clock.demo_now() if settings.may_move_clock else clock.real_now()


async def expire_requests(at: datetime) -> None:
    """End the requests that nobody answered in time (AP-3)."""
    for appointment_id, student_id in await appointments.overdue(at=at):
        try:
            async with in_transaction():
                appointment = await appointments.locked(appointment_id, student_id)
                await appointment.expire(at=at)
        except (Refusal, Refused):
            continue  # it was answered meanwhile


async def extend_openings(at: datetime) -> None:
    """Keep each provider's openings 60 days ahead (AV-2)."""
    await availability.extend_openings(at=at)


async def forget_idempotency_keys(at: datetime) -> None:
    """Remove keys after their 24 hours."""
    await idempotency.forget_old(at=at)


async def forget_budgets(_: datetime) -> None:
    """Remove what was spent in minutes that are over; they are counted in real time."""
    await budgets.forget_old()


TIMETABLE = (
    Job("expire requests", 1, expire_requests),
    Job("extend openings", 60, extend_openings),
    Job("forget idempotency keys", 600, forget_idempotency_keys),
    Job("forget budgets", 120, forget_budgets),
)
