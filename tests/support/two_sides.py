"""Two schools, students, providers and everything between them, so that each row has an owner and a stranger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from tortoise import Tortoise

from models.access import Entity, Role, Viewer
from models.accounts import Account, Invitation, Membership
from models.appointments import Appointment
from models.availability import Opening
from models.claims import Claim
from models.ids import new_id
from models.providers import License, LicenseClass, Provider
from models.schools import School, Student
from models.sessions import open_session
from models.statements import write
from tests.support.world import (
    AT,
    attested,
    confirmed,
    load_rates,
    openings_of,
    provider_of,
    requested,
    school_of,
    student_of,
)


@dataclass(kw_only=True, slots=True)
class Side:
    """One school with its people and what they did, and a viewer for each role on this side."""

    school: School
    student: Student
    provider: Provider
    license: License
    opening: Opening
    requested: Appointment
    confirmed: Appointment
    completed: Appointment
    claim: Claim
    viewers: dict[Role, Viewer] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class World:
    """Both sides, those who belong to neither, and whose each row is."""

    a: Side
    b: Side
    owners: dict[UUID, str]

    def other(self, side: Side) -> Side:
        """The side across."""
        return self.b if side is self.a else self.a


async def side_of() -> Side:
    """One side: a pair with a request, a confirmed session, and a completed one with its claim."""
    school, provider = await school_of(), await provider_of()
    student = await student_of(school, credits=6)
    openings = await openings_of(provider)
    done = await confirmed(student, openings[0])
    claim = await attested(done)
    await enter_license(provider)
    made = Side(
        school=school,
        student=student,
        provider=provider,
        license=await License.get(provider_id=provider.id, state="NY"),
        opening=openings[9],
        completed=await Appointment.get(id=done.id),
        confirmed=await confirmed(student, openings[4]),
        requested=await requested(student, openings[8]),
        claim=claim,
    )
    made.viewers = {role: await viewer_of(role, made) for role in Role}
    return made


async def enter_license(provider: Provider) -> License:
    """A license that nobody has verified yet."""
    return await License.enter(
        provider,
        license_class=LicenseClass.CLINICAL_SOCIAL_WORKER,
        title="LCSW",
        number=f"NY-{provider.email}",
        state="NY",
        expires_on=AT.date() + timedelta(days=900),
        by=None,
        at=AT,
    )


async def viewer_of(role: Role, side: Side) -> Viewer:
    """Somebody of this role and side, with an account, a membership, a session, and an invitation still open."""
    subjects: dict[Role, dict[str, Any]] = {
        Role.STUDENT: {"student_id": side.student.id, "school_id": side.school.id},
        Role.PROVIDER: {"provider_id": side.provider.id},
        Role.OFFICE: {"practice_id": new_id()},
        Role.SCHOOL: {"school_id": side.school.id},
        Role.PARTNER: {"school_id": side.school.id},
    }
    subject = subjects.get(role, {})
    account = Account(email=f"{role.lower()}.{side.school.id}@example.test", name=role.title(), created_at=AT)
    membership = Membership(account_id=account.id, role=role, created_at=AT, **subject)
    invitation = Invitation(
        email=f"invited.{account.email}", role=role, token_hash=new_id().bytes, created_at=AT,
        expires_at=AT + timedelta(days=7), **subject,
    )  # fmt: skip
    await write(account, membership, invitation)
    await open_session(membership, device="", at=AT)
    return membership.viewer()


async def build() -> World:
    """The world, with one provider whom nobody met and nobody finds, and one who left after a session."""
    await load_rates()
    a, b = await side_of(), await side_of()
    hidden, left = await provider_of(), await provider_of()
    met = await openings_of(left)
    for side, opening in ((a, met[0]), (b, met[1])):
        await requested(side.student, opening)
    await Provider.filter(id__in=[hidden.id, left.id]).update(searchable=False)
    owners = {hidden.id: "hidden", left.id: "left"}
    for name, side in (("a", a), ("b", b)):
        owners |= {side.school.id: name, side.student.id: name, side.provider.id: name}
        owners |= {viewer.account_id: f"{name} {role}" for role, viewer in side.viewers.items()}
    return World(a=a, b=b, owners=owners)


def entities() -> list[type[Entity]]:
    """Every model that has a TypeID."""
    apps: Any = Tortoise.apps
    return [model for model in apps["models"].values() if issubclass(model, Entity)]
