"""Providers: clinicians with their licenses and their enrollment in Flexible Credits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.events import happened
from models.statements import Change, write
from models.times import is_time_zone

STATES = ("CA", "CT", "IA", "IL", "IN", "KY", "MA", "ME", "NC", "NH", "NJ", "NY", "PA", "RI", "TX", "VT")
"""Where Flexible Credits is offered today (EN-1)."""


class LicenseClass(StrEnum):
    """What a license permits; each state gives it a title of its own (EN-2)."""

    CLINICAL_SOCIAL_WORKER = "CLINICAL_SOCIAL_WORKER"
    MARRIAGE_FAMILY_THERAPIST = "MARRIAGE_FAMILY_THERAPIST"
    MENTAL_HEALTH_COUNSELOR = "MENTAL_HEALTH_COUNSELOR"
    PROFESSIONAL_COUNSELOR = "PROFESSIONAL_COUNSELOR"
    PSYCHOLOGIST = "PSYCHOLOGIST"
    PSYCHIATRIST = "PSYCHIATRIST"
    PSYCHIATRIC_NURSE_PRACTITIONER = "PSYCHIATRIC_NURSE_PRACTITIONER"
    ASSOCIATE = "ASSOCIATE"


class Service(StrEnum):
    """What a session is for."""

    THERAPY = "THERAPY"
    MEDICATION_MANAGEMENT = "MEDICATION_MANAGEMENT"


class DegreeLevel(StrEnum):
    """The provider's degree, which the rate depends on (CL-5)."""

    ASSOCIATE = "ASSOCIATE"
    MASTERS = "MASTERS"
    DOCTORATE = "DOCTORATE"


class EnrollmentStatus(StrEnum):
    """Where a provider's Flexible Credits contract stands (EN-4)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"


COVERED: dict[Service, frozenset[LicenseClass]] = {
    Service.THERAPY: frozenset(LicenseClass) - {LicenseClass.PSYCHIATRIC_NURSE_PRACTITIONER},
    Service.MEDICATION_MANAGEMENT: frozenset({LicenseClass.PSYCHIATRIST, LicenseClass.PSYCHIATRIC_NURSE_PRACTITIONER}),
}
"""Which license classes may give which service (EN-2)."""

MET_BY_STUDENT = (
    "EXISTS (SELECT 1 FROM appointments met WHERE met.provider_id = providers.id AND met.student_id = {student})"
)
"""A student goes on seeing a provider whom they met, even one who left the directory."""


def of_practice(table: str) -> str:
    """The condition of a row whose provider belongs to the viewer's practice (ID-4)."""
    return (
        f"EXISTS (SELECT 1 FROM providers ours WHERE ours.id = {table}.provider_id AND ours.practice_id = {{practice}})"
    )


class Provider(Entity):
    """One clinician with an individual profile."""

    PREFIX: ClassVar[str] = "prv"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.FINANCE: EVERYTHING,
        Role.SCHOOL: EVERYTHING,
        Role.PARTNER: EVERYTHING,
        Role.PROVIDER: "providers.id = {provider}",
        Role.OFFICE: "providers.practice_id = {practice}",
        Role.STUDENT: f"(providers.searchable OR {MET_BY_STUDENT})",
    }

    name = fields.CharField(max_length=200)
    title = fields.CharField(max_length=60, default="")
    email = fields.CharField(max_length=254)
    bio = fields.TextField(default="")
    specialties: Any = ArrayField("text", default=list)
    services: Any = ArrayField("text", default=list)
    degree_level = fields.CharEnumField(DegreeLevel, max_length=10)
    time_zone = fields.CharField(max_length=60)
    telehealth_link = fields.CharField(max_length=500, default="")
    missed_appointment_policy = fields.TextField(default="")
    accepting_new_clients = fields.BooleanField(default=True)
    searchable = fields.BooleanField(default=False)
    openings_until = fields.DateField(null=True)
    practice_id = fields.UUIDField(null=True)
    confirmed_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        """`searchable` is kept by the database's triggers on licenses and enrollments."""

        table = "providers"

    @classmethod
    async def join(
        cls,
        *,
        name: str,
        title: str,
        email: str,
        degree_level: DegreeLevel,
        services: Sequence[Service],
        specialties: Sequence[str],
        time_zone: str,
        telehealth_link: str,
        bio: str,
        missed_appointment_policy: str,
        by: Viewer | None,
        at: datetime,
    ) -> Provider:
        """Enter a provider's profile. It is found only once a license is verified and the enrollment active."""
        refuse_if_any(provider_refusals(name, services, time_zone))
        provider = cls(
            name=name.strip(),
            title=title.strip(),
            email=email,
            degree_level=degree_level,
            services=[service.value for service in services],
            specialties=list(specialties),
            time_zone=time_zone,
            telehealth_link=telehealth_link,
            bio=bio,
            missed_appointment_policy=missed_appointment_policy,
            confirmed_at=at,
            created_at=at,
        )
        await write(provider, happened("provider.joined", provider, by=by, at=at))
        return provider

    async def enroll(self, *, by: Viewer | None, at: datetime) -> Enrollment:
        """Make the provider's Flexible Credits contract active (EN-4); the enrollment area adds its checklist."""
        enrollment = Enrollment(provider_id=self.id, status=EnrollmentStatus.ACTIVE, activated_at=at)
        await write(enrollment, happened("enrollment.activated", enrollment, by=by, at=at))
        self.searchable = await Provider.filter(id=self.id, searchable=True).exists()
        return enrollment

    async def set_practice(self, practice_id: UUID | None, *, by: Viewer | None, at: datetime) -> Provider:
        """Link the profile to a practice, whose office then drafts and schedules for it, or to none (ID-4, EN-5)."""
        await write(
            Change(self, practice_id=practice_id),
            happened("provider.practice_set", self, by=by, at=at, practice=str(practice_id) if practice_id else None),
        )
        return self


def provider_refusals(name: str, services: Sequence[Service], time_zone: str) -> list[Refusal]:
    """Everything that is wrong with a profile, at once (PR-2)."""
    found = []
    if not name.strip():
        found.append(
            Refusal(Code.INVALID, "A profile has a name.", rule="PR-2", path=["name"], fix="Give the clinician's name.")
        )
    if not services:
        found.append(
            Refusal(
                Code.INVALID, "No service is named.", rule="EN-2", path=["services"], fix="Name at least one service."
            )
        )
    if not is_time_zone(time_zone):
        found.append(
            Refusal(
                Code.INVALID,
                "This is not an IANA time zone.",
                rule="AV-1",
                path=["timeZone"],
                fix="Write it like America/New_York.",
            )
        )
    return found


class License(Entity):
    """A state's permission to practise: class, the state's own title, number, state and expiry."""

    PREFIX: ClassVar[str] = "lic"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.SCHOOL: "licenses.verified_at IS NOT NULL",
        Role.PARTNER: "licenses.verified_at IS NOT NULL",
        Role.STUDENT: "licenses.verified_at IS NOT NULL",
        Role.PROVIDER: "licenses.provider_id = {provider}",
        Role.OFFICE: of_practice("licenses"),
    }

    provider: fields.ForeignKeyRelation[Provider] = fields.ForeignKeyField(
        "models.Provider", related_name="licenses", on_delete=fields.RESTRICT, db_index=True
    )
    provider_id: UUID
    license_class = fields.CharEnumField(LicenseClass, max_length=40)
    title = fields.CharField(max_length=60)
    number = fields.CharField(max_length=60)
    state = fields.CharField(max_length=2)
    expires_on = fields.DateField()
    verified_at = fields.DatetimeField(null=True)

    class Meta:
        """One license for a number in a state."""

        table = "licenses"
        unique_together = (("state", "number"),)

    @classmethod
    async def enter(
        cls,
        provider: Provider,
        *,
        license_class: LicenseClass,
        title: str,
        number: str,
        state: str,
        expires_on: date,
        by: Viewer | None,
        at: datetime,
    ) -> License:
        """Enter a license of a provider; it counts once OPS verified it with the board (PR-4)."""
        refuse_if_any(license_refusals(number, state, expires_on, at))
        license = cls(
            provider_id=provider.id,
            license_class=license_class,
            title=title.strip(),
            number=number.strip(),
            state=state,
            expires_on=expires_on,
        )
        await write(license, happened("license.entered", license, by=by, at=at))
        return license

    async def verify(self, *, by: Viewer | None, at: datetime) -> None:
        """OPS found the license active and in good standing with the board (PR-4)."""
        if self.verified_at is not None:
            raise Refusal(Code.NOT_OPEN, "This license is verified already.", rule="PR-4", fix="Nothing is to be done.")
        await write(Change(self, verified_at=at), happened("license.verified", self, by=by, at=at))


def license_refusals(number: str, state: str, expires_on: date, at: datetime) -> list[Refusal]:
    """Everything that is wrong with a license's data, at once."""
    found = []
    if not number.strip():
        found.append(
            Refusal(
                Code.INVALID,
                "A license has a number.",
                rule="PR-4",
                path=["number"],
                fix="Give it as the board prints it.",
            )
        )
    if state not in STATES:
        found.append(
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"Flexible Credits is not offered in {state} yet.",
                rule="EN-1",
                path=["state"],
                fix="Offered in " + ", ".join(STATES) + ".",
            )
        )
    if expires_on < at.date():
        found.append(
            Refusal(
                Code.INVALID,
                "This license has expired.",
                rule="PR-4",
                path=["expiresOn"],
                fix="Enter the renewed license.",
            )
        )
    return found


class Enrollment(Entity):
    """A provider's Flexible Credits contract, from application to exit."""

    PREFIX: ClassVar[str] = "enr"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.PROVIDER: "enrollments.provider_id = {provider}",
    }

    provider: fields.OneToOneRelation[Provider] = fields.OneToOneField(
        "models.Provider", related_name="enrollment", on_delete=fields.RESTRICT
    )
    provider_id: UUID
    status = fields.CharEnumField(EnrollmentStatus, max_length=10)
    activated_at = fields.DatetimeField(null=True)

    class Meta:
        """One contract a provider."""

        table = "enrollments"


CONSTRAINTS["licenses_state_number_key"] = Refusal(
    Code.CONFLICT, "This license number is entered already.", rule="PR-4", path=["number"], fix="Look the provider up."
)
CONSTRAINTS["enrollments_provider_id_key"] = Refusal(
    Code.CONFLICT, "This provider is enrolled already.", rule="EN-4", fix="Nothing is to be done."
)
