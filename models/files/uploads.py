"""Uploads: who may upload what, the one-time address, and what becomes of what nobody uses (FI-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from tortoise.exceptions import IntegrityError

from models.accounts.accounts import new_token, token_hash
from models.base.access import Role, Viewer
from models.base.errors import Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import encode
from models.base.statements import Update, execute, fetch, fetch_one, transaction, write
from models.base.tables import Table
from models.files import store as stores
from models.files.content import JPEG, PDF, PNG, plain_name
from models.files.files import File, FilePurpose, FileState, Written, remove

log = structlog.get_logger()

ADDRESS_LASTS = timedelta(minutes=15)
UNUSED_FOR = timedelta(hours=24)
"""How long an upload waits to be used."""
OPEN_MAX = 20
"""How many addresses and uploads of one membership may wait to be used."""
AT_ONCE_MAX = 100
DOCUMENT_BYTES_MAX = 10 * 1024 * 1024
TEXT_BYTES_MAX = 100 * 1024 * 1024

DOCUMENTS = (PDF, PNG, JPEG)
IMAGES = (PNG, JPEG)
TEXTS = ("text/csv", "text/plain")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What may be uploaded for a purpose, how large, and by whom."""

    accepts: Sequence[str]
    bytes_max: int
    by: frozenset[Role]


def terms(accepts: Sequence[str], *by: Role) -> Terms:
    """The terms of a purpose; texts may be larger."""
    return Terms(
        accepts=accepts, bytes_max=TEXT_BYTES_MAX if accepts is TEXTS else DOCUMENT_BYTES_MAX, by=frozenset(by)
    )


TERMS = {
    FilePurpose.LICENSE_EVIDENCE: terms(DOCUMENTS, Role.PROVIDER, Role.OPS),
    FilePurpose.EVIDENCE: terms(DOCUMENTS, Role.PROVIDER, Role.OFFICE, Role.OPS),
    FilePurpose.IMPORT: terms(TEXTS, Role.SCHOOL, Role.OPS, Role.FINANCE),
    FilePurpose.BANK_FILE: terms(TEXTS, Role.FINANCE),
    FilePurpose.IMAGE: terms(IMAGES, Role.PROVIDER, Role.OFFICE, Role.SCHOOL, Role.OPS),
    FilePurpose.RESOURCE: terms(DOCUMENTS, Role.SCHOOL, Role.OPS),
    FilePurpose.ATTACHMENT: terms(DOCUMENTS, *(frozenset(Role) - {Role.PARTNER})),
}
"""Each purpose that can be uploaded for; the program makes the others itself."""

UPLOADERS = frozenset(Role) - {Role.PARTNER}


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A new upload: its token is shown this once."""

    file: File
    token: str
    terms: Terms


async def create(purpose: FilePurpose, *, name: str, length: int | None, by: Viewer, at: datetime) -> Upload:
    """Give an address to which one file can be sent once, within minutes (FI-1). Raises Refused, THROTTLED."""
    refuse_if_any(upload_refusals(purpose, length, by))
    await admit_one_more(by, at=at)
    token = new_token("upload")
    file = File(
        purpose=purpose,
        state=FileState.EXPECTED,
        account_id=by.account_id,
        membership_id=by.membership_id,
        student_id=by.student_id,
        provider_id=by.provider_id,
        name=plain_name(name),
        token_hash=token_hash(token),
        created_at=at,
        expires_at=at + ADDRESS_LASTS,
    )
    await write(file, new_event(EventVerb.FILE_EXPECTED, file, by=by, at=at, purpose=purpose.value))
    return Upload(file=file, token=token, terms=TERMS[purpose])


def upload_refusals(purpose: FilePurpose, length: int | None, by: Viewer) -> list[Refusal]:
    """What speaks against such an upload, before anything of it is sent."""
    known = TERMS.get(purpose)
    if known is None or by.role not in known.by:
        return [
            Refusal(
                Code.NOT_ELIGIBLE,
                "Your role uploads no files for this purpose.",
                rule="FI-1",
                path=["purpose"],
                fix="Choose one of " + ", ".join(p.value for p, one in TERMS.items() if by.role in one.by) + ".",
            )
        ]
    if length is not None and not 1 <= length <= known.bytes_max:
        return [
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"A file for this purpose has 1 to {known.bytes_max:,} bytes.",
                rule="FI-1",
                path=["bytes"],
                fix="Send a smaller file." if length > 0 else "Send a file that has something in it.",
            )
        ]
    return []


async def admit_one_more(by: Viewer, *, at: datetime) -> None:
    """Hold a membership to its bound, one request after the other. Raises THROTTLED."""
    await execute("SELECT 1 FROM memberships WHERE id = $1 FOR NO KEY UPDATE", by.membership_id)
    row = await fetch_one(
        "SELECT count(*) AS n FROM files WHERE membership_id = $1 AND state IN ('EXPECTED', 'RECEIVED')"
        " AND expires_at > $2",
        by.membership_id, at,
    )  # fmt: skip
    if row.n >= OPEN_MAX:
        raise Refusal(
            Code.THROTTLED,
            "Too many of your uploads wait to be sent or used.",
            rule="FI-1",
            fix="Use them first, or wait: an address ends within 15 minutes, an unused upload within a day.",
        )


AWAITED = """
SELECT f.id, m.id AS membership_id, m.account_id, m.role, m.student_id, m.provider_id, m.practice_id, m.school_id
  FROM files f
  JOIN memberships m ON m.id = f.membership_id AND m.ended_at IS NULL
       AND (m.revalidate_by IS NULL OR m.revalidate_by > $2)
  JOIN accounts a ON a.id = m.account_id AND a.disabled_at IS NULL
 WHERE f.token_hash = $1 AND f.state = 'EXPECTED' AND f.expires_at > $2
"""
"""The upload that an address is for, and who asked for it, as long as they still may act."""


async def awaited(token: str, *, at: datetime) -> tuple[File, Viewer] | None:
    """The upload that this address is for, and for whom; None for an address that never was, was used or has ended."""
    row = await fetch_one(AWAITED, token_hash(token), at)
    if row is None:
        return None
    held: dict[str, Any] = {**row}
    file = await File.get(id=held.pop("id"))
    return file, Viewer(**{**held, "role": Role(held["role"])})


async def receive(
    file: File, written: Written, *, media_type: str, by: Viewer, at: datetime, beside: Sequence[Table] = ()
) -> File:
    """Name the bytes that were written for an upload: of any number at once one is named, the others are swept.

    Raises NOT_OPEN. What is `beside` is written with it.
    """
    current = await File.locked(file.id)
    if current.state is not FileState.EXPECTED:
        raise TAKEN
    change = Update(
        current,
        state=FileState.RECEIVED,
        token_hash=None,
        media_type=media_type,
        bytes=written.length,
        sha256=written.sha256,
        blob_id=written.blob_id,
        sealed_key=written.sealed_key,
        received_at=at,
        expires_at=at + UNUSED_FOR,
    )
    await write(change, new_event(EventVerb.FILE_RECEIVED, current, by=by, at=at), *beside)
    return current


async def refuse(file: File, found: str, *, by: Viewer, at: datetime, beside: Sequence[Table] = ()) -> None:
    """The scanner found something: nothing is kept, and the address has ended."""
    current = await File.locked(file.id)
    if current.state is not FileState.EXPECTED:
        raise TAKEN
    change = Update(
        current,
        state=FileState.REFUSED,
        token_hash=None,
        refused_for=found[:200] or "unknown",
        expires_at=at + UNUSED_FOR,
    )
    await write(change, new_event(EventVerb.FILE_REFUSED, current, by=by, at=at), *beside)


TAKEN = Refusal(
    Code.NOT_OPEN,
    "This address was used already.",
    rule="FI-1",
    fix="Ask for a new one by createUpload.",
)


async def expire(*, at: datetime) -> bool:
    """Remove what is in files whose time is over: addresses, unused uploads, results; says whether there may be more.

    Each by itself, so that one that cannot be removed keeps no other. One that somebody is using is left alone.
    """
    removed = 0
    rows = await fetch(
        "SELECT id FROM files WHERE expires_at <= $1 AND state <> 'REMOVED' ORDER BY expires_at, id LIMIT $2",
        at, AT_ONCE_MAX,
    )  # fmt: skip
    for row in rows:
        try:
            async with transaction():
                file = await File.locked(row.id)
                if file.expires_at is not None and file.expires_at <= at:  # it may have been used meanwhile
                    await remove(file, by=None, at=at)
            removed += 1
        except Exception as error:  # one that cannot be removed must not keep the others waiting
            log.error("file.not_removed", file=encode(File.PREFIX, row.id), error=type(error).__name__)
    return removed > 0 and len(rows) == AT_ONCE_MAX


# What is not live can be named by no file any more, so its bytes can be removed outside of a transaction; what a file
# has just named refuses to be marked. The mark stays until the bytes are gone, whoever dies meanwhile.
MARK = """
UPDATE file_blobs SET live = false
 WHERE id = $1 AND sweep_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM files WHERE files.blob_id = file_blobs.id)
RETURNING id
"""


async def sweep(*, at: datetime) -> bool:
    """Remove the bytes that no file names, from the store and then from the list; says whether there may be more.

    It may be killed at any point and run in several processes at once. Raises StoreError.
    """
    rows = await fetch("SELECT id FROM file_blobs WHERE sweep_at <= $1 ORDER BY sweep_at, id LIMIT $2", at, AT_ONCE_MAX)
    failed: list[stores.StoreError] = []
    for row in rows:
        try:
            await sweep_one(row.id)
        except stores.StoreError as error:
            failed.append(error)  # one that stays keeps no other
    if failed:
        raise failed[0]
    return len(rows) == AT_ONCE_MAX


async def sweep_one(blob_id: UUID) -> None:
    """Remove the bytes of one name, unless a file names them by now."""
    try:
        if await fetch_one(MARK, blob_id) is None:
            return
    except (IntegrityError, asyncpg.ForeignKeyViolationError):
        return
    await stores.store().remove(str(blob_id))
    await execute("DELETE FROM file_blobs WHERE id = $1", blob_id)
