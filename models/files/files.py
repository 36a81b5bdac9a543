"""Files: what was uploaded or made, for whom it is, and its way from a one-time address to its removal (FI-1).

The store is asked outside of transactions alone, and in this order, so that a process may die at any point: a row tells
of bytes before they are written and until they are gone (`file_blobs`), and a file names its bytes once they are there.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, TypedDict, Unpack
from uuid import UUID

from tortoise import fields

from models.base.access import Entity, Reach, Role, Viewer
from models.base.effects import Leaving, student_erased
from models.base.encryption import open_sealed, seal, sealed_column
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.exports import in_record
from models.base.ids import new_id
from models.base.personal import EMPTY, Kept, Personal
from models.base.statements import Update, write
from models.base.tables import Table
from models.base.words import Words
from models.files import store as stores
from models.files.sealing import new_key, opened, sealed

SEALED_KEY = sealed_column("files", "sealed_key")
NAME_LENGTH_MAX = 200
WRITTEN_WITHIN = timedelta(hours=1)
"""Bytes that no file names by then are swept: whoever wrote them has died."""
PUT_WITHIN = timedelta(minutes=30)
"""Well before that they are written, or given up: what came later would be forgotten in the store."""
PORTION = 1_000_000


class FilePurpose(Words):
    """Purpose of a file, which decides what may be in it and who may upload it (FI-1)."""

    LICENSE_EVIDENCE = "LICENSE_EVIDENCE", "Evidence for a license: a PDF, PNG or JPEG."
    EVIDENCE = "EVIDENCE", "Other evidence, such as a policy, a diploma or a tax form: a PDF, PNG or JPEG."
    IMPORT = "IMPORT", "Rows to import: text."
    BANK_FILE = "BANK_FILE", "A bank's file: text."
    IMAGE = "IMAGE", "A photo or logo: a PNG or JPEG, public once published."
    RESOURCE = "RESOURCE", "A document to read: a PDF, PNG or JPEG, public once published."
    ATTACHMENT = "ATTACHMENT", "An attachment of a case or a review: a PDF, PNG or JPEG."
    RESULT = "RESULT", "The result of a background job."
    DOCUMENT = "DOCUMENT", "A document made by the program."


class FileState(Words):
    """State of a file."""

    EXPECTED = "EXPECTED", "Its upload address was given; nothing was uploaded yet."
    RECEIVED = "RECEIVED", "It was uploaded, and is removed unless it is used."
    USED = "USED", "It is in use."
    REFUSED = "REFUSED", "It was refused by the scanner; nothing of it was kept."
    REMOVED = "REMOVED", "Its content was removed."


OWN = "files.membership_id = {membership}"
"""What was uploaded, or made for somebody, under this membership."""


class File(Entity):
    """One file. Its bytes are in the store, under a key that is in this row alone."""

    PREFIX: ClassVar[str] = "fil"
    REACH: ClassVar[Reach] = {
        Role.STUDENT: f"({OWN} OR files.student_id = {{student}} AND files.purpose <> 'RESULT')",
        Role.PROVIDER: f"({OWN} OR files.provider_id = {{provider}})",
        Role.OFFICE: f"({OWN} OR files.practice_id = {{practice}})",
        Role.SCHOOL: f"({OWN} OR files.school_id = {{school}})",
        Role.OPS: OWN,
        Role.FINANCE: OWN,
    }
    """Owners alone, of a job's result who asked for it; whoever reviews a kind of file is let in by the area that has a
    use for it (`extend_reach`).
    """
    RECORD_OF: ClassVar[str | None] = "student_id"
    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset({"blob_live"})

    purpose = fields.CharEnumField(FilePurpose, max_length=20)
    state = fields.CharEnumField(FileState, max_length=10)
    account_id = fields.UUIDField(null=True)
    membership_id = fields.UUIDField(null=True)
    student_id = fields.UUIDField(null=True)
    provider_id = fields.UUIDField(null=True)
    practice_id = fields.UUIDField(null=True)
    school_id = fields.UUIDField(null=True)
    name = fields.TextField()
    media_type = fields.TextField(null=True)
    bytes = fields.BigIntField(null=True)
    sha256 = fields.BinaryField(null=True)
    token_hash = fields.BinaryField(null=True)
    blob_id = fields.UUIDField(null=True)
    blob_live = fields.BooleanField(null=True)
    sealed_key = fields.TextField(null=True)
    refused_for = fields.TextField(null=True)
    created_at = fields.DatetimeField()
    received_at = fields.DatetimeField(null=True)
    used_at = fields.DatetimeField(null=True)
    published_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"name": Personal("a file's name", erased=EMPTY)}
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"media_type", "sealed_key", "refused_for"})
    OF_STUDENT: ClassVar[str | None] = "files.student_id = {student}"
    KEPT: ClassVar[Kept] = Kept(
        long="what is in it until its purpose ends; that a used one was there, for good",
        why="evidence, and what was read when (FI-1)",
        over="files.state = 'REMOVED' AND files.used_at IS NULL AND files.removed_at <= {at} - interval '1 day'",
    )

    class Meta:
        """Triggers keep it to its states; it names live bytes alone, and each address is used once."""

        table = "files"


class FileBlob(Table):
    """Bytes that the store has or may have: `sweep_at` says since when no file names them."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    file_id = fields.UUIDField()
    sweep_at = fields.DatetimeField(null=True)
    live = fields.BooleanField(default=True)

    KEPT: ClassVar[Kept] = Kept(long="as long as the store has the bytes", why="that none are forgotten there")

    class Meta:
        """UNIQUE with `live` for the foreign key by which a file can name live bytes alone."""

        table = "file_blobs"


in_record(
    File, "purpose", "state", "name", "media_type", "bytes", "created_at", "used_at",
    where="files.student_id = $1 AND files.purpose <> 'RESULT'",
)  # fmt: skip


class Belongs(TypedDict, total=False):
    """To whom a file belongs beside the membership that it came from: they may read it too."""

    student_id: UUID | None
    provider_id: UUID | None
    practice_id: UUID | None
    school_id: UUID | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """Bytes that are in the store, and how they are found and opened there."""

    blob_id: UUID
    sealed_key: str
    length: int
    sha256: bytes


async def store(
    content: bytes | AsyncIterable[bytes],
    *,
    purpose: FilePurpose,
    name: str,
    media_type: str,
    by: Viewer | None,
    at: datetime,
    expires_at: datetime | None = None,
    **belongs: Unpack[Belongs],
) -> File:
    """Keep a file that the program made, in use at once and for who asked for it; not inside a transaction.

    It is removed at `expires_at`, or never by itself. To write the row together with what it belongs to, call `prepare`
    and `stored_event` instead. Raises StoreError.
    """
    file = await prepare(
        content, purpose=purpose, name=name, media_type=media_type, by=by, at=at, expires_at=expires_at, **belongs
    )
    await write(file, stored_event(file, by=by, at=at))
    return file


async def prepare(
    content: bytes | AsyncIterable[bytes],
    *,
    purpose: FilePurpose,
    name: str,
    media_type: str,
    by: Viewer | None,
    at: datetime,
    expires_at: datetime | None = None,
    **belongs: Unpack[Belongs],
) -> File:
    """Put the bytes of a file that the program made into the store; not inside a transaction. Raises StoreError.

    The row is returned and not written: write it within the hour, or the bytes are swept.
    """
    file_id = new_id()
    written = await write_bytes(file_id, content, at=at)
    return File(
        id=file_id,
        purpose=purpose,
        state=FileState.USED,
        account_id=by.account_id if by else None,
        membership_id=by.membership_id if by else None,
        **belongs,
        name=name[:NAME_LENGTH_MAX],
        media_type=media_type,
        bytes=written.length,
        sha256=written.sha256,
        blob_id=written.blob_id,
        sealed_key=written.sealed_key,
        created_at=at,
        received_at=at,
        used_at=at,
        expires_at=expires_at,
    )


def stored_event(file: File, *, by: Viewer | None, at: datetime) -> Entity:
    """The event that is written with the row of a file that the program made."""
    return new_event(EventVerb.FILE_STORED, file, by=by, at=at, purpose=file.purpose.value)


async def write_bytes(file_id: UUID, content: bytes | AsyncIterable[bytes], *, at: datetime) -> Written:
    """Seal bytes and put them into the store under a name of their own; not inside a transaction.

    An error of `content` goes on as it is, and what was written by then is swept. Raises StoreError.
    """
    blob, key, hashed = FileBlob(file_id=file_id, sweep_at=at + WRITTEN_WITHIN, live=True), new_key(), hashlib.sha256()
    length = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal length
        async for chunk in portions(content) if isinstance(content, bytes) else content:
            length += len(chunk)
            hashed.update(chunk)
            yield chunk

    await write(blob)
    try:
        async with asyncio.timeout(PUT_WITHIN.total_seconds()):
            await stores.store().put(str(blob.id), sealed(counted(), key, file_id=file_id, blob_id=blob.id))
    except TimeoutError as error:
        raise stores.StoreError("The bytes were not written in time.") from error
    sealed_key = seal(base64.b64encode(key).decode(), SEALED_KEY, file_id)
    return Written(blob_id=blob.id, sealed_key=sealed_key, length=length, sha256=hashed.digest())


async def portions(content: bytes) -> AsyncIterator[bytes]:
    """Bytes that are there already, a portion at a time."""
    for start in range(0, len(content), PORTION):
        yield content[start : start + PORTION]


async def content_of(file: File) -> bytes:
    """All bytes of a file; for those that are small. Raises StoreError, and UnopenableError where they were changed."""
    return b"".join([piece async for piece in stream_of(file)])


def stream_of(file: File) -> AsyncIterator[bytes]:
    """The bytes of a file, a piece at a time and each proved; not inside a transaction. Raises as `content_of` does."""
    if file.blob_id is None or file.sealed_key is None:
        raise stores.BytesMissingError(f"The file {file.type_id} has no bytes.")
    key = base64.b64decode(open_sealed(file.sealed_key, SEALED_KEY, file.id))
    return opened(stores.store().get(str(file.blob_id)), key, file_id=file.id, blob_id=file.blob_id)


async def use(
    file: File,
    *,
    purpose: FilePurpose,
    by: Viewer,
    at: datetime,
    path: str = "uploadId",
    expires_at: datetime | None = None,
    **belongs: Unpack[Belongs],
) -> File:
    """Put an upload, whose row the caller has locked, to the use that it was made for: once, in the same transaction.

    From then on it is kept until `expires_at`, or until its area removes it, and belongs to whom is named here too.
    Raises Refused: INVALID for an upload of another purpose, NOT_OPEN for one that was not sent or was used already.
    """
    refuse_if_any(use_refusals(file, purpose=purpose, at=at, path=path))
    change = Update(file, state=FileState.USED, used_at=at, expires_at=expires_at, **belongs)
    await write(change, new_event(EventVerb.FILE_USED, file, by=by, at=at, purpose=purpose.value))
    return file


def use_refusals(file: File, *, purpose: FilePurpose, at: datetime, path: str = "uploadId") -> list[Refusal]:
    """What speaks against using an upload for this purpose."""
    if file.purpose is not purpose:
        return [
            Refusal(
                Code.INVALID,
                "This file was uploaded for another purpose.",
                rule="FI-1",
                path=[path],
                fix=f"Upload it to an address for {purpose.value}, by createUpload.",
            )
        ]
    if file.state is not FileState.RECEIVED or (file.expires_at is not None and file.expires_at <= at):
        return [Refusal(Code.NOT_OPEN, NOT_USABLE[file.state], rule="FI-1", path=[path], fix=FIX[file.state])]
    return []


UPLOAD_AGAIN = "Upload it again, to a new address by createUpload."
NOT_USABLE = {
    FileState.EXPECTED: "Nothing was uploaded to this address yet.",
    FileState.RECEIVED: "This upload has expired.",
    FileState.USED: "This upload was used already.",
    FileState.REFUSED: "This upload was refused by the scanner.",
    FileState.REMOVED: "This upload was removed.",
}
FIX = dict.fromkeys(FileState, UPLOAD_AGAIN) | {FileState.EXPECTED: "Send the file to its address by PUT first."}


async def publish(file: File, *, by: Viewer, at: datetime) -> File:
    """Let everybody read an image or resource in use, whose row the caller has locked. Raises NOT_OPEN."""
    if file.state is not FileState.USED or file.purpose not in (FilePurpose.IMAGE, FilePurpose.RESOURCE):
        raise Refusal(
            Code.NOT_OPEN, "Only an image or resource in use can be published.", rule="FI-1", fix="Use it first."
        )
    if file.published_at is None:
        await write(Update(file, published_at=at), new_event(EventVerb.FILE_PUBLISHED, file, by=by, at=at))
    return file


async def remove(file: File, *, by: Viewer | None, at: datetime) -> None:
    """Remove what is in a file, whose row the caller has locked: it opens no more at once, its bytes follow (FI-1)."""
    if file.state is FileState.REMOVED:
        return
    change = Update(
        file, state=FileState.REMOVED, name="", token_hash=None, blob_id=None, sealed_key=None, published_at=None,
        removed_at=at,
    )  # fmt: skip
    await write(change, new_event(EventVerb.FILE_REMOVED, file, by=by, at=at))


@student_erased.effect
async def remove_files(leaving: Leaving, *, by: Viewer, at: datetime) -> None:
    """What is a student's own goes with the student's identity."""
    for file in await File.filter(student_id=leaving.student_id).order_by("id").select_for_update(no_key=True):
        await remove(file, by=by, at=at)


CONSTRAINTS["files_keep_states"] = CONSTRAINTS["files_stay_what_they_are"] = Refusal(
    Code.CONFLICT, "This file has just been used or removed.", rule="FI-1", path=["uploadId"], fix=UPLOAD_AGAIN
)
