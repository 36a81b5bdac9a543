"""Rows of files whose bytes nobody is to read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from models.accounts.accounts import new_token, token_hash
from models.base.access import Viewer
from models.base.ids import new_id
from models.base.statements import write
from models.files.files import File, FileBlob, FilePurpose, FileState
from tests.support.world import AT

SEALED = "nobody:" + "x" * 60


async def expected_file(by: Viewer, purpose: FilePurpose = FilePurpose.ATTACHMENT) -> File:
    """An upload that was not sent yet."""
    return await written(by, purpose, state=FileState.EXPECTED, token_hash=token_hash(new_token("upload")))


async def received_file(by: Viewer, purpose: FilePurpose = FilePurpose.ATTACHMENT, **columns: Any) -> File:
    """An upload that was sent and waits to be used."""
    file_id = new_id()
    blob = FileBlob(file_id=file_id, sweep_at=AT + timedelta(hours=1), live=True)
    await write(blob)
    content = {
        "id": file_id, "blob_id": blob.id, "sealed_key": SEALED, "media_type": "application/pdf", "bytes": 3,
        "sha256": bytes(32), "received_at": AT,
    }  # fmt: skip
    return await written(by, purpose, **({"state": FileState.RECEIVED} | content | columns))


async def used_file(by: Viewer, purpose: FilePurpose = FilePurpose.ATTACHMENT) -> File:
    """A file in use."""
    return await received_file(by, purpose, state=FileState.USED, used_at=AT, expires_at=None)


async def written(by: Viewer, purpose: FilePurpose, **columns: Any) -> File:
    """A row of a file of somebody."""
    common = {
        "purpose": purpose, "account_id": by.account_id, "membership_id": by.membership_id,
        "student_id": by.student_id, "provider_id": by.provider_id, "name": "x.pdf", "created_at": AT,
        "expires_at": AT + timedelta(minutes=15),
    }  # fmt: skip
    file = File(**(common | columns))
    await write(file)
    return file
