"""How requests about licenses are answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.base.errors import Refusal, not_found
from models.base.statements import column_of
from models.base.text import StateCode
from models.directory import license_evidence
from models.directory.licenses import License, LicenseClass, license_refusals
from models.directory.providers import Provider
from models.files.files import File, FilePurpose, use_refusals
from operations.arguments import TITLE
from operations.context import Context
from operations.reads.relations import to_all
from operations.reads.rows import find, find_locked, rows_where


async def enter_license(
    context: Context,
    *,
    provider_id: Annotated[UUID, Provider, "Provider who holds the license."],
    license_class: Annotated[LicenseClass, "License class (EN-2)."],
    title: Annotated[str, TITLE, "Title used by the state, such as LICSW (EN-2)."],
    number: Annotated[str, TITLE, "License number, as printed by the board."],
    state: Annotated[StateCode, "Issuing state (EN-1)."],
    expires_on: Annotated[date, "Last day on which it is valid."],
) -> License:
    """Add a provider's license. It takes effect once it is verified (PR-4)."""
    provider = await find(context, Provider, provider_id, path="providerId")
    return await License.enter(
        provider,
        license_class=license_class,
        title=title,
        number=number,
        state=state,
        expires_on=expires_on,
        by=context.viewer,
        at=context.now,
    )


async def check_license(
    context: Context, *, provider_id: UUID | None, number: str | None, state: StateCode, expires_on: date
) -> list[Refusal]:
    """What speaks against a license's data, and against its provider."""
    found = license_refusals(number or "", state, expires_on, context.now)
    if provider_id is not None and await Provider.visible(context.viewer, provider_id) is None:
        found.append(not_found("provider", path=["providerId"]))
    return found


async def verify_license(context: Context, *, license_id: Annotated[UUID, License, "Id of the license."]) -> License:
    """Mark a license as verified with the state board; refused while another reviewer has taken it (PR-4)."""
    license = await find_locked(context, License, license_id, path="licenseId")
    await license.verify(by=context.viewer, at=context.now)
    return license


async def attach_evidence(
    context: Context,
    *,
    license_id: Annotated[UUID, License, "License that it proves."],
    upload_id: Annotated[UUID, File, "Id of the upload, made by `createUpload` for LICENSE_EVIDENCE and sent (FI-1)."],
) -> License:
    """Attach an uploaded file to a license as evidence, for OPS to review (FI-1, PR-4)."""
    license = await find_locked(context, License, license_id, path="licenseId")
    upload = await find_locked(context, File, upload_id, path="uploadId")
    return await license_evidence.attach(license, upload, by=context.viewer, at=context.now)


async def check_evidence(context: Context, *, license_id: UUID | None, upload_id: UUID | None) -> list[Refusal]:
    """What speaks against the upload, and against the license."""
    found = []
    if license_id is not None and await License.visible(context.viewer, license_id) is None:
        found.append(not_found("license", path=["licenseId"]))
    if upload_id is not None:
        upload = await File.visible(context.viewer, upload_id)
        found += evidence_refusals(upload, context.now) if upload else [not_found("upload", path=["uploadId"])]
    return found


def evidence_refusals(upload: File, at: datetime) -> list[Refusal]:
    """What speaks against an upload as evidence."""
    return use_refusals(upload, purpose=FilePurpose.LICENSE_EVIDENCE, at=at)


async def evidence(context: Context, parents: list[Any], selection: Selection) -> list[list[Any]]:
    """For each license the files that prove it, as far as the viewer may see them."""
    ids = column_of(parents, "id")
    held = await license_evidence.files_of(ids)
    asked = [file_id for several in held.values() for file_id in several]
    if not asked:
        return [[] for _ in parents]
    rows = await rows_where(context, File, (*selection.needs, "id"), "files.id = ANY($1)", asked)
    known = {row["id"]: row for row in rows}
    return [[known[file_id] for file_id in held.get(id, ()) if file_id in known] for id in ids]


EVIDENCE = Batched(evidence, needs=("id",))

LICENSES = to_all(License, by="provider_id", order="state")
