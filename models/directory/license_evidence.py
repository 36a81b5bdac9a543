"""Evidence of licenses: what a provider or OPS attached, for the provider and the reviewers alone (FI-1, PR-4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import Role, Viewer, extend_reach
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import new_id
from models.base.personal import Kept
from models.base.statements import fetch, write
from models.base.tables import Table
from models.directory.licenses import License
from models.files.files import File, FilePurpose, use

EVIDENCE_MAX = 20
"""How many files one license may have."""


class LicenseEvidence(Table):
    """One file as evidence of one license."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    license: fields.ForeignKeyRelation[License] = fields.ForeignKeyField(
        "models.License", related_name="evidence", on_delete=fields.RESTRICT, db_index=True
    )
    license_id: UUID
    file: fields.OneToOneRelation[File] = fields.OneToOneField(
        "models.File", related_name="evidence", on_delete=fields.RESTRICT
    )
    file_id: UUID
    attached_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(long="for good", why="by what a license was verified (PR-4)")

    class Meta:
        """UNIQUE: a file is evidence once; a trigger lets in used evidence of the license's provider alone."""

        table = "license_evidence"


extend_reach(File, Role.OPS, "EXISTS (SELECT 1 FROM license_evidence held WHERE held.file_id = files.id)")


async def attach(license: License, upload: File, *, by: Viewer, at: datetime) -> License:
    """Attach an upload to a license, both rows locked by the caller (FI-1). Raises INVALID, NOT_OPEN, OUT_OF_BOUNDS."""
    if await LicenseEvidence.filter(license_id=license.id).count() >= EVIDENCE_MAX:
        raise Refusal(
            Code.OUT_OF_BOUNDS,
            f"A license has at most {EVIDENCE_MAX} files as evidence.",
            rule="FI-1",
            path=["licenseId"],
            fix="Put what is missing into one file, and ask OPS.",
        )
    await use(upload, purpose=FilePurpose.LICENSE_EVIDENCE, by=by, at=at, provider_id=license.provider_id)
    await write(
        LicenseEvidence(license_id=license.id, file_id=upload.id, attached_at=at),
        new_event(EventVerb.LICENSE_EVIDENCE_ATTACHED, license, by=by, at=at, file=str(upload.id)),
    )
    return license


async def files_of(license_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """For each license the ids of its evidence, the earliest first."""
    found: dict[UUID, list[UUID]] = {}
    for row in await fetch(
        "SELECT license_id, file_id FROM license_evidence WHERE license_id = ANY($1) ORDER BY id", list(license_ids)
    ):
        found.setdefault(row.license_id, []).append(row.file_id)
    return found


CONSTRAINTS["license_evidence_once"] = CONSTRAINTS["license_evidence_is_evidence"] = Refusal(
    Code.CONFLICT,
    "This file is evidence already.",
    rule="FI-1",
    path=["uploadId"],
    fix="Upload it again, to a new address by createUpload.",
)
