"""Imports: a file's rows are staged and compared, shown as a preview, and kept all together as it showed them.

A preview has a digest over the file, the mapping, the staged rows and what they were compared with. It is made anew
when the preview is committed, behind the lock of the target: if it differs, something changed, and nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import new_id
from models.base.personal import Kept, Personal
from models.base.statements import Update, execute, fetch, fetch_one, write
from models.base.words import Words
from models.files.files import File, FilePurpose, FileState, use
from models.imports.kinds import KINDS, ImportKind, ImportOf
from models.imports.reading import Encoding, Separator
from models.imports.staging import StagedRow, stage

PREVIEW_LASTS = timedelta(hours=24)
ROWS_LAST = timedelta(days=7)
"""How long the rows of a committed import can be looked at."""
FILE_LASTS = timedelta(days=30)
STATEMENT_SECONDS = 25
"""What one statement of an import may take: more than a request's others, less than the request."""


class ImportState(Words):
    """State of an import."""

    PREVIEWED = "PREVIEWED", "Its rows are compared and can be committed, for 24 hours."
    COMMITTED = "COMMITTED", "Its rows were kept, all of them."
    DISCARDED = "DISCARDED", "It was given up; nothing was kept."


class RowOutcome(Words, shown_as="ImportRowOutcome"):
    """What a row comes to when the import is committed."""

    CREATED = "CREATED", "Something new."
    CHANGED = "CHANGED", "A change of what is there."
    UNCHANGED = "UNCHANGED", "Nothing: it is there already."
    LEFT_OUT = "LEFT_OUT", "Nothing: the row is empty."
    FAULTY = "FAULTY", "It cannot be kept; as long as there is such a row, none is."


class Import(Entity):
    """One file's rows on their way. Who has the role sees it; in a school only its own."""

    PREFIX: ClassVar[str] = "imp"
    REACH: ClassVar[Reach] = {Role.FINANCE: "imports.role = 'FINANCE'"}

    kind = fields.CharEnumField(ImportKind, max_length=30)
    state = fields.CharEnumField(ImportState, max_length=10)
    role = fields.CharEnumField(Role, max_length=10)
    account_id = fields.UUIDField()
    school_id = fields.UUIDField(null=True)
    file_id = fields.UUIDField()
    encoding = fields.CharEnumField(Encoding, max_length=20)
    separator = fields.CharEnumField(Separator, max_length=20)
    mapping: dict[str, str] = fields.JSONField()
    digest = fields.BinaryField()
    created = fields.IntField()
    changed = fields.IntField()
    unchanged = fields.IntField()
    left_out = fields.IntField()
    faulty = fields.IntField()
    previewed_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    rows_until = fields.DatetimeField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"mapping"})
    KEPT: ClassVar[Kept] = Kept(
        long="committed ones for good, others a day after their rows",
        why="who changed what by which file",
        over="imports.state <> 'COMMITTED' AND imports.rows_until <= {at} - interval '1 day'"
        " AND NOT EXISTS (SELECT 1 FROM import_rows WHERE import_rows.import_id = imports.id)",
    )

    class Meta:
        """Triggers: it ends once, as it was previewed; CHECK: it is committed without a faulty row."""

        table = "imports"
        indexes = [("role", "previewed_at", "id")]


class ImportRow(Entity):
    """One row of a file, with what it comes to. Written before its import, and never changed from then on."""

    PREFIX: ClassVar[str] = "row"
    REACH: ClassVar[Reach] = {
        role: f"EXISTS (SELECT 1 FROM imports WHERE imports.id = import_rows.import_id AND {condition})"
        for role, condition in Import.REACH.items()
    }

    import_id = fields.UUIDField()
    number = fields.IntField()
    outcome = fields.CharEnumField(RowOutcome, max_length=10)
    cells: dict[str, str] = fields.JSONField()
    parsed: dict[str, Any] = fields.JSONField()
    faults: list[dict[str, Any]] = fields.JSONField()

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "cells": Personal("what a file says of somebody"),
        "parsed": Personal("what a file says of somebody"),
    }
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"faults"})
    KEPT: ClassVar[Kept] = Kept(
        long="a day, or a week once they are committed",
        why="what is about to be kept, or just was",
        over="EXISTS (SELECT 1 FROM imports WHERE imports.id = import_rows.import_id AND imports.rows_until <= {at})",
    )

    class Meta:
        """UNIQUE: one row for each line of a file."""

        table = "import_rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class Staged:
    """A file that was read: what was found, which column is which, and its rows."""

    kind: ImportOf
    encoding: Encoding
    separator: Separator
    mapping: dict[str, str]
    ignored: list[str]
    """The headers that no column has."""
    rows: list[StagedRow]


async def preview(staged: Staged, file: File, *, by: Viewer, at: datetime) -> Import:
    """Compare the rows of a file, whose row the caller has locked, with what is there; nothing of them is kept yet."""
    if not await is_previewed(file):
        await use(file, purpose=FilePurpose.IMPORT, by=by, at=at, expires_at=at + FILE_LASTS)
    await take_time()
    kind, import_id = staged.kind, new_id()
    compared = await compared_with(kind, at)
    await stage(import_id, staged.rows)
    await kind.judge(import_id, at=at)
    counts = dict.fromkeys(RowOutcome, 0) | {RowOutcome(row.outcome): row.n for row in await fetch(COUNTS, import_id)}
    assert file.sha256 is not None, "a file that was received has a digest"
    made = Import(
        id=import_id,
        kind=kind.kind,
        state=ImportState.PREVIEWED,
        role=by.role,
        account_id=by.account_id,
        school_id=by.school_id,
        file_id=file.id,
        encoding=staged.encoding,
        separator=staged.separator,
        mapping=staged.mapping,
        digest=await digest_of(import_id, kind, file.sha256, staged.mapping, compared),
        created=counts[RowOutcome.CREATED],
        changed=counts[RowOutcome.CHANGED],
        unchanged=counts[RowOutcome.UNCHANGED],
        left_out=counts[RowOutcome.LEFT_OUT],
        faulty=counts[RowOutcome.FAULTY],
        previewed_at=at,
        rows_until=at + PREVIEW_LASTS,
    )
    await write(made, new_event(EventVerb.IMPORT_PREVIEWED, made, by=by, at=at, kind=kind.kind.value))
    return made


async def is_previewed(file: File) -> bool:
    """Whether an upload is in use by a preview already, which may be made anew with another mapping."""
    return file.state is FileState.USED and await Import.filter(file_id=file.id).exists()


async def commit(found: Import, digest: bytes, *, by: Viewer, at: datetime) -> Import:
    """Keep the rows of an import, whose row the caller has locked, exactly as its preview showed them, or none.

    Once it is committed, the same digest changes nothing further.
    """
    if digest != found.digest:
        raise Refusal(
            Code.CONFLICT,
            "This is not the digest of this preview.",
            path=["digest"],
            fix="Read the import again, and send the digest of the preview that you looked at.",
        )
    if found.state is ImportState.COMMITTED:
        return found
    must_be_open(found, at)
    if found.faulty:
        raise Refusal(
            Code.NOT_ELIGIBLE,
            f"{found.faulty:,} rows cannot be kept, so none is.",
            path=["importId"],
            fix="Correct them in the file (`rows(outcome: FAULTY)` tells what is wrong), and preview it again.",
        )
    await take_time()
    kind = KINDS[found.kind]
    await execute(kind.lock)
    file = await File.get(id=found.file_id)
    assert file.sha256 is not None, "a file that was received has a digest"
    if await digest_of(found.id, kind, file.sha256, found.mapping, await compared_with(kind, at)) != found.digest:
        raise STALE
    await kind.keep(found.id, by=by, at=at)
    ended = Update(found, state=ImportState.COMMITTED, ended_at=at, rows_until=at + ROWS_LAST)
    counts = {"created": found.created, "changed": found.changed}
    await write(ended, new_event(EventVerb.IMPORT_COMMITTED, found, by=by, at=at, kind=found.kind.value, **counts))
    return found


async def discard(found: Import, *, by: Viewer, at: datetime) -> Import:
    """Give up an import, whose row the caller has locked; its rows are removed."""
    if found.state is ImportState.DISCARDED:
        return found
    must_be_open(found, at)
    ended = Update(found, state=ImportState.DISCARDED, ended_at=at, rows_until=at)
    await write(ended, new_event(EventVerb.IMPORT_DISCARDED, found, by=by, at=at, kind=found.kind.value))
    return found


def must_be_open(found: Import, at: datetime) -> None:
    """Refuse what can only be done to a preview that lasts. Raises NOT_OPEN."""
    if found.state is not ImportState.PREVIEWED or at >= found.rows_until:
        raise ENDED


async def take_time() -> None:
    """Let the statements of this transaction take longer than others: they are about thousands of rows."""
    await execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")


async def compared_with(kind: ImportOf, at: datetime) -> str:
    """What the rows of a kind are compared with, now, in one text."""
    statement, values = kind.compared_with(at)
    (told,) = await fetch_one(statement, *values)
    return str(told)


async def digest_of(import_id: UUID, kind: ImportOf, sha256: bytes, mapping: Mapping[str, str], compared: str) -> bytes:
    """The digest of a preview: over the file, the mapping, the staged rows and what they are compared with."""
    (rows,) = await fetch_one(STAGED, import_id)
    parts = [kind.kind.value, sha256.hex(), json.dumps(mapping, sort_keys=True), rows.hex(), compared]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


async def remembered_mapping(kind: ImportKind, by: Viewer) -> dict[str, str]:
    """Which header each column had in the last import of a kind that was committed, by this role and school."""
    last = (
        await Import.filter(kind=kind, state=ImportState.COMMITTED, role=by.role, school_id=by.school_id)
        .order_by("-previewed_at", "-id")
        .first()
    )
    return {} if last is None else last.mapping


COUNTS = "SELECT outcome, count(*)::int AS n FROM import_rows WHERE import_id = $1 GROUP BY outcome"
STAGED = """
SELECT sha256(convert_to(coalesce(string_agg(number || outcome || parsed::text, ';' ORDER BY number), ''), 'UTF8'))
  FROM import_rows WHERE import_id = $1
"""
ENDED = Refusal(
    Code.NOT_OPEN, "This import has ended.", path=["importId"], fix="Upload the file again, and preview it."
)
STALE = Refusal(
    Code.CONFLICT,
    "What the rows were compared with has changed since the preview.",
    path=["importId"],
    fix="Preview the same upload again by previewImport, and look at what is different.",
)
CONSTRAINTS["imports_next_state"] = ENDED
CONSTRAINTS["import_rows_stay"] = STALE
