"""Enrollment: a provider's Flexible Credits contract, from application to exit (EN-4)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.statements import write
from models.directory.providers import Provider


class EnrollmentStatus(StrEnum):
    """Where a provider's Flexible Credits contract stands (EN-4)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"


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

    KEPT: ClassVar[Kept] = Kept(long="for good", why="under which contract sessions were paid for")

    class Meta:
        """One contract a provider."""

        table = "enrollments"


async def enroll(provider: Provider, *, by: Viewer | None, at: datetime) -> Enrollment:
    """Make the provider's Flexible Credits contract active (EN-4); the checklist comes with EN-3."""
    enrollment = Enrollment(provider_id=provider.id, status=EnrollmentStatus.ACTIVE, activated_at=at)
    await write(enrollment, new_event(EventVerb.ENROLLMENT_ACTIVATED, enrollment, by=by, at=at))
    provider.searchable = await Provider.filter(id=provider.id, searchable=True).exists()
    return enrollment


CONSTRAINTS["enrollments_provider_id_key"] = Refusal(
    Code.CONFLICT, "This provider is already enrolled.", rule="EN-4", fix="Nothing to do."
)
