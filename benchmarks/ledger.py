"""What follows from the benchmark's appointments: holds and their ends, claims, events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from benchmarks.dataset import CREDITS_OF_A_GRANT, FOLLOW_UP_CENTS, INTAKE_CENTS, Booked, Dataset

DENIED_EVERY = 20
REASON = {"group": "CO", "carc": "29", "text": "It was attested late.", "next_step": "Tell the program's staff why."}
VERBS = {
    "COMPLETED": ("appointment.confirmed", "appointment.completed"),
    "CONFIRMED": ("appointment.confirmed",),
    "REQUESTED": (),
    "DECLINED": ("appointment.declined",),
    "EXPIRED": ("appointment.expired",),
    "WITHDRAWN": ("appointment.withdrawn",),
    "CANCELLED": ("appointment.confirmed", "appointment.cancelled"),
    "NO_SHOW": ("appointment.confirmed", "appointment.no_show"),
}


def every(data: Dataset) -> Iterator[tuple[int, int, Booked]]:
    """Each appointment with its student and its number."""
    for student in range(data.scale.students):
        for place, booked in enumerate(data.of_student(student)):
            yield student, 10 * student + place, booked


def is_denied(number: int) -> bool:
    """Whether the claim for this completed session was denied."""
    return number % DENIED_EVERY == 0


def end_of(data: Dataset, student: int, number: int, booked: Booked) -> tuple[str, str] | None:
    """How the hold of an appointment ended: the kind of transfer and where the credit went."""
    if booked.status in ("REQUESTED", "CONFIRMED"):
        return None
    if booked.status == "COMPLETED" and not is_denied(number):
        return "SETTLE", "SETTLED"
    if booked.status == "NO_SHOW" and data.school_of(student) % 4 == 0:
        return "FORFEIT", "FORFEITED"
    return "RELEASE", "AVAILABLE"


def transfers(data: Dataset) -> Iterator[tuple[Any, ...]]:
    """The ledger: grants, then for each appointment its hold and the end of it."""
    number = 0

    def moved(
        student: int,
        grant: int,
        appointment: UUID | None,
        kind: str,
        source: str,
        target: str,
        credits: int,
        at: datetime,
    ) -> tuple[Any, ...]:
        nonlocal number
        number += 1
        owner, school = data.id("student", student), data.id("school", data.school_of(student))
        id, of = data.id("transfer", number, at), data.id("grant", grant)
        return id, owner, owner, school, of, appointment, kind, source, target, credits, at

    for student in range(data.scale.students):
        for grant in (2 * student, 2 * student + 1):
            yield moved(student, grant, None, "GRANT", "SCHOOL", "AVAILABLE", CREDITS_OF_A_GRANT, data.long_ago)
        for place, booked in enumerate(data.of_student(student)):
            appointment = 10 * student + place
            about, at = data.appointment_id(appointment, booked), min(booked.starts_at, data.at) - timedelta(days=1)
            yield moved(student, 2 * student, about, "HOLD", "AVAILABLE", "HELD", 1, at)
            end = end_of(data, student, appointment, booked)
            if end is not None:
                yield moved(student, 2 * student, about, end[0], "HELD", end[1], 1, at)


def claims(data: Dataset) -> Iterator[tuple[Any, ...]]:
    """A claim for each completed session."""
    for student, number, booked in every(data):
        if booked.status != "COMPLETED":
            continue
        denied, intake = is_denied(number), booked.visit == "INTAKE"
        at = booked.starts_at + timedelta(hours=3)
        yield (
            data.id("claim", number, at), data.appointment_id(number, booked), data.id("student", student),
            data.id("provider", booked.provider), data.id("school", data.school_of(student)), booked.visit,
            "DENIED" if denied else "ACCEPTED", "ANXIETY", 0 if denied else INTAKE_CENTS if intake else FOLLOW_UP_CENTS,
            data.id("rate", 0 if intake else 1), orjson.dumps([REASON] if denied else []).decode(),
            data.id("account", data.scale.students + booked.provider), at, at,
        )  # fmt: skip


def events(data: Dataset) -> Iterator[tuple[Any, ...]]:
    """What happened to each appointment."""
    number = 0
    for student, appointment, booked in every(data):
        about = data.appointment_id(appointment, booked)
        for verb in ("appointment.requested", *VERBS[booked.status]):
            number += 1
            at = min(booked.starts_at, data.at) - timedelta(days=1)
            yield (
                data.id("event", number, at), verb, "apt", about, at, data.id("account", student), "STUDENT",
                "benchmark", about, data.id("student", student), data.id("provider", booked.provider),
                data.id("school", data.school_of(student)), "{}",
            )  # fmt: skip
