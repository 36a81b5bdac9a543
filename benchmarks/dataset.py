"""The benchmark's data: the same rows on each machine for one day and one scale, in states that could have come about.

A student has five completed sessions with one provider (the first is the intake), three requests that came to nothing,
a follow-up that is confirmed and a request for an intake with somebody else; some have a session to be attested.
Holds and their ends follow from the appointments, balances from the holds and ends.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Range

from models.appointments.appointments import ANSWER_WITHIN, attestation_deadline
from models.availability.hours import Hours
from models.availability.openings import HORIZON_DAYS, starts_of
from models.directory.licenses import STATES

ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles")
WEEKS = ((1, 3, 5), (2, 4), (1, 2, 4, 5))
DAYTIMES = ((time(9), time(12)), (time(13), time(17)))
SPECIALTIES = ("ANXIETY", "DEPRESSION", "GRIEF", "TRAUMA", "SLEEP", "FAMILY", "IDENTITY", "STRESS")
COMPLETED_EACH = 5
REQUESTED_AFTER_DAYS, CONFIRMED_AFTER_DAYS = 7, 21
"""More than a week apart, so that a student's two live appointments cannot overlap."""
FALLEN_THROUGH = ("DECLINED", "EXPIRED", "WITHDRAWN", "CANCELLED", "NO_SHOW")
CREDITS_OF_A_GRANT = 12
INTAKE_CENTS, FOLLOW_UP_CENTS = 14_000, 11_000
POLICY = "Sessions missed without 24 hours' notice are charged."


@dataclass(frozen=True, slots=True)
class Scale:
    """How many there are of what; everything else follows. The number of providers is no multiple of 3 or 7."""

    providers: int = 5_000
    students: int = 20_000
    schools: int = 100

    @property
    def appointments(self) -> int:
        """Ten for each student."""
        return 10 * self.students

    def times(self, factor: float) -> Scale:
        """The same proportions with more of everything."""
        return Scale(int(self.providers * factor), int(self.students * factor), int(self.schools * factor))


KINDS = {
    name: number
    for number, name in enumerate(
        ("school", "student", "provider", "license", "enrollment", "hours", "opening", "rate", "account", "membership",
         "session", "grant", "appointment", "claim", "transfer", "event", "booked")
    )
}  # fmt: skip


def identity(kind: str, number: int, at: datetime) -> UUID:
    """A UUIDv7 that is the same in each run: its time, its kind, its number."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (KINDS[kind] << 64) | (2 << 62) | number)


def token_of(who: str, number: int) -> str:
    """The access token of the benchmark's accounts; they exist in its own database alone."""
    return f"fc_access_benchmark_{who}_{number:06d}"


class Dataset:
    """Rows of every table, made one by one and never all in memory."""

    def __init__(self, scale: Scale, day: date) -> None:
        self.scale = scale
        self.day = day
        self.at = datetime.combine(day, time(), tzinfo=UTC)
        self.long_ago = self.at - timedelta(days=400)

    def id(self, kind: str, number: int, at: datetime | None = None) -> UUID:
        """The id of the n-th of a kind, made at that time; what was there from the start has none of its own."""
        return identity(kind, number, at or self.long_ago)

    def requested_at(self, booked: Booked) -> datetime:
        """When an appointment was asked for."""
        return min(booked.starts_at - timedelta(days=5), self.at - timedelta(hours=10))

    def appointment_id(self, number: int, booked: Booked) -> UUID:
        """The id of an appointment, as old as its request."""
        return self.id("appointment", number, self.requested_at(booked))

    def zone_of(self, provider: int) -> str:
        """A provider's time zone."""
        return ZONES[provider % len(ZONES)]

    def state_of(self, provider: int) -> str:
        """The state of a provider's license."""
        return STATES[provider % len(STATES)]

    def school_of(self, student: int) -> int:
        """A student's school."""
        return student % self.scale.schools

    def intake_with(self, student: int) -> int:
        """The provider whom a student has asked for an intake."""
        return student % self.scale.providers

    def seen_by(self, student: int) -> int:
        """The provider whom a student sees."""
        return (3 * student + 1) % self.scale.providers

    def declined_by(self, student: int) -> int:
        """The provider with whom nothing came of it."""
        return (7 * student + 2) % self.scale.providers

    def round_of(self, student: int) -> int:
        """How many students before this one have the same provider; several share one, each at a time of their own."""
        return student // self.scale.providers

    @cached_property
    def starts(self) -> dict[int, list[datetime]]:
        """The openings' starts of each of the few different weeks."""
        return {
            pattern: list(
                starts_of(hours_of(pattern), ZoneInfo(self.zone_of(pattern)), first=self.day, days=HORIZON_DAYS + 2)
            )
            for pattern in range(len(ZONES) * len(WEEKS) * len(DAYTIMES))
        }

    def starts_of(self, provider: int) -> list[datetime]:
        """The starts of a provider's openings, in order."""
        return self.starts[provider % (len(ZONES) * len(WEEKS) * len(DAYTIMES))]

    def start_after(self, provider: int, days: int, turn: int) -> datetime:
        """The start of a provider's opening that is the n-th from this day on."""
        return self.starts_of(provider)[self.place_after(provider, days) + turn]

    def place_after(self, provider: int, days: int) -> int:
        """The place of a provider's first opening from this day on."""
        return bisect_left(self.starts_of(provider), self.at + timedelta(days=days))

    def schools(self) -> Iterator[tuple[Any, ...]]:
        """Schools."""
        for n in range(self.scale.schools):
            name, zone = f"University {n:04d}", ZONES[n % len(ZONES)]
            yield self.id("school", n), name, zone, 2, 12, "RELEASE" if n % 4 else "FORFEIT", "988", self.long_ago

    def students(self) -> Iterator[tuple[Any, ...]]:
        """Students."""
        for n in range(self.scale.students):
            state = STATES[n % len(STATES)]
            yield (
                self.id("student", n), self.id("school", self.school_of(n)), name_of(n), f"s{n}@students.example", None,
                state, ZONES[n % len(ZONES)], self.long_ago,
            )  # fmt: skip

    def providers(self) -> Iterator[tuple[Any, ...]]:
        """Providers."""
        until = self.day + timedelta(days=HORIZON_DAYS + 1)
        for n in range(self.scale.providers):
            specialties = [SPECIALTIES[(n + k) % len(SPECIALTIES)] for k in (0, 3, 5)]
            yield (
                self.id("provider", n), name_of(7 * n + 3), "LICSW", f"p{n}@providers.example", "A few words.",
                specialties, ["THERAPY"], "MASTERS", self.zone_of(n), f"https://rooms.example/{n}", POLICY, n % 9 != 0,
                True, until, self.long_ago, self.long_ago,
            )  # fmt: skip

    def licenses(self) -> Iterator[tuple[Any, ...]]:
        """One license for each provider."""
        for n in range(self.scale.providers):
            yield (
                self.id("license", n), self.id("provider", n), "CLINICAL_SOCIAL_WORKER", "LICSW", f"L{n:07d}",
                self.state_of(n), self.day + timedelta(days=500), self.long_ago,
            )  # fmt: skip

    def enrollments(self) -> Iterator[tuple[Any, ...]]:
        """One active contract for each provider."""
        for n in range(self.scale.providers):
            yield self.id("enrollment", n), self.id("provider", n), "ACTIVE", self.long_ago

    def weekly_hours(self) -> Iterator[tuple[Any, ...]]:
        """The week of each provider."""
        number = 0
        for n in range(self.scale.providers):
            for block in hours_of(n):
                yield (
                    self.id("hours", number), self.id("provider", n), block.weekday, block.starts, block.ends,
                    self.zone_of(n),
                )  # fmt: skip
                number += 1

    def openings(self) -> Iterator[tuple[Any, ...]]:
        """What the weekly hours make of the next 60 days."""
        number = 0
        for n in range(self.scale.providers):
            for start in self.starts_of(n):
                yield self.id("opening", number), self.id("provider", n), start, start + timedelta(hours=1)
                number += 1

    def rates(self) -> Iterator[tuple[Any, ...]]:
        """The rates of an intake and of a follow-up."""
        for n, (visit, cents) in enumerate((("INTAKE", INTAKE_CENTS), ("FOLLOW_UP", FOLLOW_UP_CENTS))):
            yield (
                self.id("rate", n), visit, "THERAPY", "MASTERS", "CLINICAL_SOCIAL_WORKER", None, cents,
                self.long_ago.date(), Range(self.long_ago.date()),
            )  # fmt: skip

    def accounts(self) -> Iterator[tuple[Any, ...]]:
        """An account for each student and provider, and one for each school's staff; nobody has a password."""
        for who, n, membership in self.people():
            email = f"{who}{n}@accounts.example"
            account = self.id("account", membership)
            person = account if who == "school" else self.id(who, n)
            yield account, email, f"{who} {n}", None, self.long_ago, None, self.long_ago, person

    def people(self) -> Iterator[tuple[str, int, int]]:
        """Who signs in: their role, their number in it, and the number of their account and membership."""
        kinds = (("student", self.scale.students), ("provider", self.scale.providers), ("school", self.scale.schools))
        membership = 0
        for who, count in kinds:
            for n in range(count):
                yield who, n, membership
                membership += 1

    def memberships(self) -> Iterator[tuple[Any, ...]]:
        """One membership for each account."""
        for who, n, number in self.people():
            student = self.id("student", n) if who == "student" else None
            provider = self.id("provider", n) if who == "provider" else None
            school = {"student": self.school_of(n), "school": n}.get(who)
            yield (
                self.id("membership", number), self.id("account", number), who.upper(), student, provider, None,
                None if school is None else self.id("school", school), self.long_ago, None,
            )  # fmt: skip

    def sessions(self) -> Iterator[tuple[Any, ...]]:
        """A session for each account, open for longer than any benchmark takes."""
        until = self.at + timedelta(days=100)
        for who, n, number in self.people():
            token = hashlib.sha256(token_of(who, n).encode()).digest()
            yield (
                self.id("session", number), self.id("account", number), self.id("membership", number), token, until,
                "benchmark", self.long_ago, self.at, until, None,
            )  # fmt: skip

    def grants(self) -> Iterator[tuple[Any, ...]]:
        """Two grants for each student."""
        for n in range(self.scale.students):
            id, school = self.id("student", n), self.id("school", self.school_of(n))
            for k in range(2):
                yield (
                    self.id("grant", 2 * n + k), id, id, school, CREDITS_OF_A_GRANT, CREDITS_OF_A_GRANT,
                    None if k else self.at + timedelta(days=200), "", self.long_ago,
                )  # fmt: skip

    def appointments(self) -> Iterator[tuple[Any, ...]]:
        """Ten for each student, in all states."""
        for student in range(self.scale.students):
            for place, booked in enumerate(self.of_student(student)):
                yield booked.row(self, student, 10 * student + place)

    def of_student(self, n: int) -> Iterator[Booked]:
        """One student's appointments."""
        seen, turn = self.seen_by(n), self.round_of(n)
        for k in range(COMPLETED_EACH):
            start = self.at - timedelta(days=15 + 60 * k + n % 13, hours=-14 - n % 6)
            yield Booked(seen, "FOLLOW_UP" if k < COMPLETED_EACH - 1 else "INTAKE", "COMPLETED", start)
        for k in range(2 if n % 5 < 3 else 3):
            status = FALLEN_THROUGH[(n + k) % len(FALLEN_THROUGH)]
            start = self.at - timedelta(days=25 + 45 * k + n % 11, hours=-19)
            yield Booked(self.declined_by(n), "INTAKE", status, start)
        if n % 5 < 3:
            yield Booked(seen, "FOLLOW_UP", "CONFIRMED", self.at - timedelta(days=3 + turn, hours=-15))
        yield Booked(seen, "FOLLOW_UP", "CONFIRMED", self.start_after(seen, CONFIRMED_AFTER_DAYS, turn))
        asked = self.intake_with(n)
        yield Booked(asked, "INTAKE", "REQUESTED", self.start_after(asked, REQUESTED_AFTER_DAYS, turn))


@dataclass(frozen=True, slots=True)
class Booked:
    """One appointment of a student."""

    provider: int
    visit: str
    status: str
    starts_at: datetime

    def row(self, data: Dataset, student: int, number: int) -> tuple[Any, ...]:
        """Its row."""
        requested = data.requested_at(self)
        confirmed = None
        if self.status in ("CONFIRMED", "COMPLETED", "CANCELLED", "NO_SHOW"):
            confirmed = requested + timedelta(hours=8)
        live = self.status in ("REQUESTED", "CONFIRMED")
        cents = INTAKE_CENTS if self.visit == "INTAKE" else FOLLOW_UP_CENTS
        deadline = attestation_deadline(self.starts_at, ZoneInfo(data.zone_of(self.provider)))
        length = timedelta(minutes=60 if self.visit == "INTAKE" else 50)
        ended = self.starts_at + timedelta(hours=3) if confirmed else requested + timedelta(hours=9)
        return (
            data.appointment_id(number, self), data.id("student", student), data.id("provider", self.provider),
            data.id("school", data.school_of(student)), data.id("license", self.provider), self.status, self.visit,
            "THERAPY", data.state_of(self.provider), self.starts_at, self.starts_at + length, requested,
            min(requested + ANSWER_WITHIN, self.starts_at), confirmed, None if live else ended, deadline, cents,
            f"https://rooms.example/{self.provider}" if confirmed else "", POLICY,
        )  # fmt: skip


def hours_of(provider: int) -> list[Hours]:
    """A provider's week, one of a few."""
    starts, ends = DAYTIMES[provider // (len(ZONES) * len(WEEKS)) % len(DAYTIMES)]
    days = WEEKS[provider // len(ZONES) % len(WEEKS)]
    return [Hours(weekday=weekday, starts=starts, ends=ends) for weekday in days]


FIRST_NAMES = (
    "Ana",
    "Ben",
    "Chloe",
    "David",
    "Elena",
    "Farid",
    "Grace",
    "Hugo",
    "Iris",
    "Jonas",
    "Kim",
    "Lena",
    "Marco",
)
LAST_NAMES = ("Adler", "Brooks", "Cruz", "Diaz", "Evans", "Fischer", "Gray", "Hall", "Ito", "Jones", "Khan", "Lopez",
              "Meyer", "Novak", "Ortiz", "Park", "Quinn")  # fmt: skip


def name_of(number: int) -> str:
    """A person's name; some people share one."""
    return f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number // 13 % len(LAST_NAMES)]} {number // 221:03d}"
