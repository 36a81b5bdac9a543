"""How a person gets the agreements that they signed, to keep (PR-1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from documents.pdf import rendered
from models.accounts.agreements import Acceptance
from models.base.errors import not_found
from models.base.statements import write
from models.files.files import File, FilePurpose, prepare, stored_event
from models.records.agreements import signed_agreement
from operations.context import Context
from operations.reads.rows import find

KEPT_FOR = timedelta(hours=1)
"""It can be made anew at any time, so that no copy with a name in it lies about."""


async def make(context: Context, *, acceptance_id: UUID) -> File:
    """Make the document and put it into the store, before any transaction is open."""
    viewer = context.viewer
    acceptance = await find(context, Acceptance, acceptance_id, path="acceptanceId")
    if acceptance.account_id != viewer.account_id:
        raise not_found("acceptance", path=["acceptanceId"])
    document = await signed_agreement(acceptance, product=context.environment.product, at=context.now)
    return await prepare(
        await rendered(document),
        purpose=FilePurpose.DOCUMENT,
        name=f"{document.title} {acceptance.version}.pdf",
        media_type="application/pdf",
        by=viewer,
        at=context.now,
        expires_at=context.now + KEPT_FOR,
        student_id=viewer.student_id,
    )


async def signed(
    context: Context,
    file: File,
    *,
    acceptance_id: Annotated[UUID, Acceptance, "Your own acceptance, as `viewer` lists them."],
) -> dict[str, Any]:
    """Get an agreement that you signed as PDF: its text, your name, and when you accepted it, on your clock (PR-1).

    The file is removed after an hour; ask for it again at any time.
    """
    await write(file, stored_event(file, by=context.viewer, at=context.now))
    return {"file": file}
