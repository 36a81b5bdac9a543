"""How requests about files are answered (FI-1); the bytes themselves go by `endpoints/files.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from execution import Batched, Selection
from models.base.errors import Refusal
from models.base.ids import encode
from models.files import downloads, uploads
from models.files.files import NAME_LENGTH_MAX, File, FilePurpose, FileState
from operations.arguments import Text
from operations.context import Context

UPLOAD, READ, PUBLIC = "/files/upload/", "/files/", "/files/public/"
"""Where `endpoints/files.py` answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a file is sent to or read from, and until when."""

    address: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewUpload:
    """A new upload as clients see it."""

    id: str
    address: str
    expires_at: datetime
    max_bytes: int
    accepts: list[str]


async def create(
    context: Context,
    *,
    purpose: Annotated[FilePurpose, "Purpose, which decides what is accepted (FI-1)."],
    name: Annotated[str, Text(NAME_LENGTH_MAX, one_line=True, needed=True), "Name of the file."],
    bytes: Annotated[int | None, "Size in bytes, to be told at once if it is too large."] = None,
) -> dict[str, Any]:
    """Get an address to which one file can be sent once, by HTTP PUT, within 15 minutes (FI-1).

    Then pass `upload.id` to the mutation that uses the file, within 24 hours.
    """
    made = await uploads.create(purpose, name=name, length=bytes, by=context.viewer, at=context.now)
    assert made.file.expires_at is not None, "an address ends"
    upload = NewUpload(
        id=made.file.type_id,
        address=context.environment.address + UPLOAD + made.token,
        expires_at=made.file.expires_at,
        max_bytes=made.terms.bytes_max,
        accepts=list(made.terms.accepts),
    )
    return {"upload": upload}


async def check_upload(context: Context, *, purpose: FilePurpose | None, bytes: int | None) -> list[Refusal]:
    """What speaks against the purpose and the size, whatever the name."""
    return [] if purpose is None else uploads.upload_refusals(purpose, bytes, context.viewer)


async def addresses(context: Context, parents: list[Any], selection: Selection) -> list[Address | None]:
    """For each file an address by which the viewer reads it; None where nothing is in it, or for a machine."""
    found: list[Address | None] = []
    for parent in parents:
        has_content = parent.state in (FileState.RECEIVED, FileState.USED)
        made = downloads.token_for(parent.id, context.viewer, at=context.now) if has_content else None
        found.append(made and Address(address=context.environment.address + READ + made[0], expires_at=made[1]))
    return found


DOWNLOAD = Batched(addresses, needs=("id", "state"))


async def public_addresses(context: Context, parents: list[Any], selection: Selection) -> list[str | None]:
    """For each file the address by which everybody reads it, once it is published."""
    return [
        context.environment.address + PUBLIC + encode(File.PREFIX, parent.id) if parent.published_at else None
        for parent in parents
    ]


PUBLIC_ADDRESS = Batched(public_addresses, needs=("id", "published_at"))
