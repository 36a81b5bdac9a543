"""Providers: clinicians with an individual profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept, Personal
from models.base.scopes import Needed, Scope
from models.base.statements import Update, write
from models.base.times import is_time_zone
from models.base.words import Words
from models.vocabularies.terms import TermKind, unknown_refusals, unknown_term


class Service(Words):
    """Service provided in a session."""

    THERAPY = "THERAPY", "Individual psychotherapy."
    MEDICATION_MANAGEMENT = "MEDICATION_MANAGEMENT", "Psychiatric medication management, by a prescriber."


class DegreeLevel(Words):
    """Provider's degree level, which determines the rate (CL-5)."""

    ASSOCIATE = "ASSOCIATE", "Associate level: pre-licensed, under supervision."
    MASTERS = "MASTERS", "Master's degree."
    DOCTORATE = "DOCTORATE", "Doctoral degree."


def of_practice(table: str) -> str:
    """The condition of a row whose provider belongs to the viewer's practice (ID-4)."""
    return (
        f"EXISTS (SELECT 1 FROM providers ours WHERE ours.id = {table}.provider_id AND ours.practice_id = {{practice}})"
    )


class Provider(Entity):
    """A clinician in the directory."""

    PREFIX: ClassVar[str] = "prv"
    SCOPE: ClassVar[Needed] = Scope.DIRECTORY_READ
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.FINANCE: EVERYTHING,
        Role.SCHOOL: "providers.searchable",
        Role.PARTNER: "providers.searchable",
        Role.PROVIDER: "providers.id = {provider}",
        Role.OFFICE: "providers.practice_id = {practice}",
        Role.STUDENT: "providers.searchable",
    }

    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset({"person_id"})

    person_id = fields.UUIDField()
    name = fields.CharField(max_length=200)
    title = fields.CharField(max_length=60, default="")
    email = fields.CharField(max_length=254)
    bio = fields.TextField(default="")
    specialties: Any = ArrayField("text", default=list)
    languages: Any = ArrayField("text", default=list)
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

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "name": Personal("a clinician's name"),
        "title": Personal("a clinician's title"),
        "email": Personal("a clinician's address", is_address=True),
        "bio": Personal("what a clinician says of themselves"),
        "telehealth_link": Personal("a clinician's own room"),
    }
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset(
        {"specialties", "languages", "services", "time_zone", "missed_appointment_policy"}
    )
    WRITTEN_TO: ClassVar[str | None] = "true"
    KEPT: ClassVar[Kept] = Kept(long="for good", why="whom sessions were paid for")

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
        languages: Sequence[str] = (),
        time_zone: str,
        telehealth_link: str,
        bio: str,
        missed_appointment_policy: str,
        by: Viewer | None,
        at: datetime,
    ) -> Provider:
        """Enter a provider's profile. It is found only once a license is verified and the enrollment active.

        Specialties and languages are codes of terms in use.
        """
        refuse_if_any([*provider_refusals(name, services, time_zone), *await unknown_refusals(specialties, languages)])
        provider = cls(
            name=name.strip(),
            title=title.strip(),
            email=email,
            degree_level=degree_level,
            services=[service.value for service in services],
            specialties=list(dict.fromkeys(specialties)),
            languages=list(dict.fromkeys(languages)),
            time_zone=time_zone,
            telehealth_link=telehealth_link,
            bio=bio,
            missed_appointment_policy=missed_appointment_policy,
            confirmed_at=at,
            created_at=at,
        )
        await write(provider, new_event(EventVerb.PROVIDER_JOINED, provider, by=by, at=at))
        return provider

    async def set_practice(self, practice_id: UUID | None, *, by: Viewer | None, at: datetime) -> Provider:
        """Link the profile to a practice, whose office then drafts and schedules for it, or to none (ID-4, EN-5)."""
        await write(
            Update(self, practice_id=practice_id),
            new_event(
                EventVerb.PROVIDER_PRACTICE_SET, self, by=by, at=at, practice=str(practice_id) if practice_id else None
            ),
        )
        return self


def provider_refusals(name: str, services: Sequence[Service], time_zone: str) -> list[Refusal]:
    """Everything that is wrong with a profile, at once (PR-2)."""
    found = []
    if not name.strip():
        found.append(
            Refusal(Code.INVALID, "A name is required.", rule="PR-2", path=["name"], fix="Enter the clinician's name.")
        )
    if not services:
        found.append(
            Refusal(
                Code.INVALID,
                "At least one service is required.",
                rule="EN-2",
                path=["services"],
                fix="Choose at least one service.",
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


CONSTRAINTS["providers_specialties_known"] = unknown_term(TermKind.SPECIALTY, ["specialties"])
CONSTRAINTS["providers_languages_known"] = unknown_term(TermKind.LANGUAGE, ["languages"])
