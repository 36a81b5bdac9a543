"""Rows to test with, made by the program's own verbs, at a time of our own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from uuid import UUID

from models.appointments import booking
from models.appointments.appointments import Appointment
from models.availability.hours import Hours
from models.availability.openings import Opening, set_weekly_hours
from models.base.access import Role, Viewer
from models.base.amounts import Credits
from models.base.ids import new_id
from models.base.scopes import OF_SCHOOL
from models.base.statements import transaction, write
from models.base.text import PresentingConcern
from models.claims import claims
from models.claims.claims import Claim
from models.credits import grants as credits
from models.credits.ledger import Grant
from models.directory.licenses import License, LicenseClass
from models.directory.providers import DegreeLevel, Provider, Service
from models.enrollment.enrollments import enroll
from models.rates.rates import Rate
from models.schools import policies
from models.schools.policies import PolicyTerms
from models.schools.schools import MissedSessionPolicy, School
from models.schools.students import Student

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
"""A Monday morning in Boston; the clocks change on the Sunday after it."""

MORNINGS = tuple(Hours(weekday=day, starts=time(9), ends=time(13)) for day in range(1, 6))
RATES_CENTS = {"INTAKE": 12_500, "FOLLOW_UP": 9_500}
RATES_SINCE = date(2024, 1, 1)
NUMBERS = count(1)
"""Makes names, addresses and license numbers that nothing else in this process has."""


async def load_rates() -> None:
    """What each visit of the providers here is reimbursed with, once for each database."""
    if await Rate.exists():
        return
    await write(
        *(
            Rate(
                visit_type=visit_type,
                service=Service.THERAPY,
                degree_level=DegreeLevel.MASTERS,
                license_class=LicenseClass.CLINICAL_SOCIAL_WORKER,
                amount_cents=cents,
                effective_from=RATES_SINCE,
            )
            for visit_type, cents in RATES_CENTS.items()
        )
    )


async def school_of(*, policy: MissedSessionPolicy = MissedSessionPolicy.RELEASE) -> School:
    """A school that grants 1 to 100 credits at a time."""
    number = next(NUMBERS)
    school = await School.open(
        name=f"School {number}", time_zone="America/New_York", credits_min=1, credits_max=100, by=None, at=AT
    )
    if policy is not MissedSessionPolicy.RELEASE:
        async with transaction():
            terms = PolicyTerms(effective_from=AT.date(), missed_session_policy=policy)
            await policies.announce(school, terms, by=None, at=AT)
        school.missed_session_policy = policy
    return school


async def provider_of(
    *, week: Collection[Hours] = MORNINGS, zone: str = "America/New_York", at: datetime = AT, policy: str = ""
) -> Provider:
    """An enrolled provider of therapy with a verified license in Massachusetts and these weekly hours."""
    number = next(NUMBERS)
    provider = await Provider.join(
        name=f"Provider {number:06}",
        title="LICSW",
        email=f"provider{number}@example.test",
        degree_level=DegreeLevel.MASTERS,
        services=[Service.THERAPY],
        specialties=["ANXIETY"],
        time_zone=zone,
        telehealth_link="https://telehealth.example.test/room",
        bio="",
        missed_appointment_policy=policy,
        by=None,
        at=at,
    )
    license = await License.enter(
        provider,
        license_class=LicenseClass.CLINICAL_SOCIAL_WORKER,
        title="LICSW",
        number=f"MA-{number}",
        state="MA",
        expires_on=at.date() + timedelta(days=3_000),
        by=None,
        at=at,
    )
    await license.verify(by=None, at=at)
    await enroll(provider, by=None, at=at)
    if week:
        await set_weekly_hours(provider, list(week), by=None, at=at)
    return provider


async def student_of(school: School, *, credits: int = 0) -> Student:
    """A student of the school, with so many credits that never expire."""
    number = next(NUMBERS)
    student = await Student.enter(
        school,
        name=f"Student {number:06}",
        email=f"student{number}@example.test",
        state="MA",
        time_zone="America/New_York",
        by=None,
        at=AT,
    )
    if credits:
        await granted(student, credits)
    return student


async def granted(student: Student, units: int, *, expires_at: datetime | None = None, at: datetime = AT) -> Grant:
    """A grant of so many credits."""
    async with transaction():
        return await credits.grant(student, Credits(units), expires_at=expires_at, note="", by=None, at=at)


async def openings_of(provider: Provider, *, after: datetime = AT + timedelta(days=1)) -> list[Opening]:
    """The provider's openings from the next day on, soonest first."""
    return await Opening.filter(provider_id=provider.id, starts_at__gte=after).order_by("starts_at")


def as_student(student: Student, *, account_id: UUID | None = None) -> Viewer:
    """The student, acting."""
    return Viewer(
        account_id=account_id or student.id, role=Role.STUDENT, student_id=student.id, school_id=student.school_id
    )


def as_provider(provider: Provider | UUID) -> Viewer:
    """The provider, acting."""
    id = provider if isinstance(provider, UUID) else provider.id
    return Viewer(account_id=id, role=Role.PROVIDER, provider_id=id)


def as_staff(role: Role, *, school: School | None = None) -> Viewer:
    """Staff of the program, or of a school."""
    scopes = OF_SCHOOL if role is Role.PARTNER else None
    return Viewer(account_id=new_id(), role=role, school_id=school.id if school else None, scopes=scopes)


async def requested(student: Student, opening: Opening, *, at: datetime = AT) -> Appointment:
    """A request of the student for this opening."""
    async with transaction():
        return await booking.request(
            student_id=student.id,
            opening_id=opening.id,
            service=Service.THERAPY,
            state="MA",
            accepts_policy=True,
            by=as_student(student),
            at=at,
        )


async def confirmed(student: Student, opening: Opening, *, at: datetime = AT) -> Appointment:
    """An appointment that its provider has confirmed."""
    appointment = await requested(student, opening, at=at)
    async with transaction():
        locked = await Appointment.locked(appointment.id)
        await locked.confirm(by=as_provider(appointment.provider_id), at=at)
    return locked


async def attested(appointment: Appointment, *, at: datetime | None = None) -> Claim:
    """The claim for a confirmed session, attested at its end."""
    async with transaction():
        locked = await Appointment.locked(appointment.id)
        return await claims.attest(
            locked,
            presenting_concern=PresentingConcern("ANXIETY"),
            by=as_provider(appointment.provider_id),
            at=at or appointment.ends_at,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A student with credits and a provider with openings."""

    school: School
    student: Student
    provider: Provider
    openings: list[Opening]


async def pair_of(*, credits: int = 6, policy: MissedSessionPolicy = MissedSessionPolicy.RELEASE) -> Pair:
    """A new student of a new school, and a new provider."""
    await load_rates()
    school = await school_of(policy=policy)
    provider = await provider_of()
    return Pair(
        school=school,
        student=await student_of(school, credits=credits),
        provider=provider,
        openings=await openings_of(provider),
    )
