"""A process that books, confirms and gives back without end, until somebody kills it."""

from __future__ import annotations

import asyncio
import random
import sys
from uuid import UUID

from database import connected
from models.appointments.appointments import Appointment
from models.availability.openings import Opening
from models.base.access import Role, Viewer
from models.base.ids import encode
from tests.support.asking import do
from tests.support.postgres import settings_for
from tests.support.world import AT


async def book(student: Viewer, openings: list[Opening], choose: random.Random) -> None:
    """Request sessions and end them, one after another; a line on standard output for each."""
    while True:
        opening = choose.choice(openings)
        answer = await do(
            "requestAppointment", student, "appointment { id }",
            openingId=encode(Opening.PREFIX, opening.id), state="MA", idempotencyKey=str(choose.random()),
        )  # fmt: skip
        print("asked", flush=True)
        if answer["userErrors"]:
            for held in await Appointment.filter(student_id=student.student_id, status="REQUESTED"):
                await do("withdrawAppointment", student, "appointment { id }", appointmentId=held.type_id)
                print("withdrawn", flush=True)


async def main(url: str, student_id: str, seed: str) -> None:
    """Book for one student in the database at this address."""
    async with connected(settings_for(url)):
        student = UUID(student_id)
        openings = await Opening.filter(starts_at__gt=AT).limit(200)
        await book(Viewer(account_id=student, role=Role.STUDENT, student_id=student), openings, random.Random(seed))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
