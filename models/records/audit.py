"""The audit trail: who read or changed which student's record, append-only, sealed into a chain of hashes (ID-6).

An entry of a READ is written with an asynchronous commit: a crash of the database server may lose the last moments of
them (some 0.6 s), a crash of this program loses none. An entry of a CHANGE is on the disk before its answer leaves: the
change's own transaction holds it, and its event, which names the same actor and request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import orjson
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.base.access import EVERYTHING, Entity, Reach, Role
from models.base.ids import new_id
from models.base.personal import Kept
from models.base.statements import execute, fetch, fetch_one, transaction
from models.base.tables import Table
from models.base.words import Words

SEAL_MAX = 1_000
SEALS_MAX = 100
SETTLED_AFTER = timedelta(seconds=60)
"""A request's deadline ends the transaction of its entry long before: no number below one of this age can appear."""
BEGINNING = bytes(32)
SEALING_LOCK = 0x6175646974
FAULTS_MAX = 100


class AuditKind(Words):
    """What a request did with students' records (ID-6)."""

    READ = "READ", "Records were read by someone other than the student, or a file was read."
    CHANGE = "CHANGE", "A change was made or refused."


class AuditEntry(Entity):
    """One request of one person or machine, and the students whose records it was about. Ids only."""

    PREFIX: ClassVar[str] = "aud"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING}
    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset({"number", "written_at"})

    number = fields.BigIntField(unique=True)
    written_at = fields.DatetimeField()
    at = fields.DatetimeField()
    kind = fields.CharEnumField(AuditKind, max_length=6)
    request_id = fields.CharField(max_length=64)
    account_id = fields.UUIDField()
    membership_id = fields.UUIDField(null=True)
    role = fields.CharEnumField(Role, max_length=10)
    operation = fields.CharField(max_length=200)
    student_ids: Any = ArrayField("uuid")
    source = fields.BinaryField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"request_id", "operation"})
    KEPT: ClassVar[Kept] = Kept(long="for good; six years at the least", why="who read and changed whose record (ID-6)")

    class Meta:
        """Append-only by a trigger; `number` and `written_at` are given by the database."""

        table = "audit_entries"


class AuditSeal(Table):
    """The hash over a range of entries and over the seal before it."""

    id = fields.BigIntField(primary_key=True, generated=False)
    from_number = fields.BigIntField(unique=True)
    to_number = fields.BigIntField(unique=True)
    entries = fields.IntField()
    previous = fields.BinaryField()
    digest = fields.BinaryField()
    sealed_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(
        long="for good; six years at the least", why="that no entry was changed, removed or put in (ID-6)"
    )

    class Meta:
        """Append-only; UNIQUE lets no second seal follow the same one."""

        table = "audit_seals"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An entry to be written."""

    at: datetime
    kind: AuditKind
    request_id: str
    account_id: UUID
    membership_id: UUID | None
    role: Role
    operation: str
    student_ids: Sequence[UUID]
    source: bytes
    id: UUID = field(default_factory=new_id)

    def row(self) -> AuditEntry:
        """The entry as a row, to be written with the change that it is about."""
        return AuditEntry(**{name: getattr(self, name) for name in Entry.__slots__})


# One statement is one transaction, so the way of committing holds for it alone.
WRITE = """
WITH mode AS MATERIALIZED (SELECT set_config('synchronous_commit', $2, true))
INSERT INTO audit_entries
       (id, at, kind, request_id, account_id, membership_id, role, operation, student_ids, source)
SELECT e.id, e.at, e.kind, e.request_id, e.account_id, e.membership_id, e.role, e.operation, e.student_ids,
       decode(e.source, 'hex')
  FROM mode, json_to_recordset($1::text::json) AS e (id uuid, at timestamptz, kind text, request_id text,
       account_id uuid, membership_id uuid, role text, operation text, student_ids uuid[], source text)
"""


async def write_entries(entries: Sequence[Entry]) -> None:
    """Write entries in one statement; they are safe when it returns, as far as their kind asks for."""
    rows = orjson.dumps(
        [{name: getattr(entry, name) for name in Entry.__slots__} for entry in entries], default=as_json
    )
    durable = any(entry.kind is AuditKind.CHANGE for entry in entries)
    await execute(WRITE, rows.decode(), "on" if durable else "off")


async def seal(*, settled_after: timedelta = SETTLED_AFTER) -> list[AuditSeal]:
    """Seal what has settled, in batches; the worker calls it. Nobody who writes entries waits for it."""
    seals: list[AuditSeal] = []
    while len(seals) < SEALS_MAX:
        async with transaction():
            sealed = await seal_batch(settled_after)
        if sealed is None:
            break
        seals.append(sealed)
    return seals


async def seal_batch(settled_after: timedelta) -> AuditSeal | None:
    """The next seal, or None if there is nothing to seal or another worker is at it."""
    if not (await fetch_one("SELECT pg_try_advisory_xact_lock($1) AS mine", SEALING_LOCK)).mine:
        return None
    last = await fetch_one("SELECT id, to_number, digest FROM audit_seals ORDER BY id DESC LIMIT 1")
    number, sealed_to, previous = (last.id, last.to_number, last.digest) if last else (0, 0, BEGINNING)
    entries = await settled(sealed_to, settled_after)
    if not entries:
        return None
    made = AuditSeal(
        id=number + 1,
        from_number=sealed_to + 1,
        to_number=entries[-1].number,
        entries=len(entries),
        previous=previous,
        digest=digest_of(previous, entries),
    )
    row = await fetch_one(
        "INSERT INTO audit_seals (id, from_number, to_number, entries, previous, digest, sealed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, now()) RETURNING sealed_at",
        made.id, made.from_number, made.to_number, made.entries, made.previous, made.digest,
    )  # fmt: skip
    made.sealed_at = row.sealed_at
    return made


ENTRIES = (
    "SELECT number, id, written_at, at, kind, request_id, account_id, membership_id, role, operation, student_ids,"
    " source, written_at <= clock_timestamp() - $2::interval AS settled"
    " FROM audit_entries WHERE number > $1 ORDER BY number LIMIT $3"
)


async def settled(after: int, age: timedelta) -> list[Any]:
    """The next entries behind a number, up to the first that is too young to be sure of those before it."""
    rows = await fetch(ENTRIES, after, age, SEAL_MAX)
    young = next((index for index, row in enumerate(rows) if not row.settled), len(rows))
    return rows[:young]


def digest_of(previous: bytes, entries: Iterable[Any]) -> bytes:
    """The hash of the seal before, and of each entry written in one way only."""
    hashed = hashlib.sha256(previous)
    for entry in entries:
        hashed.update(canonical(entry))
    return hashed.digest()


def canonical(entry: Any) -> bytes:
    """An entry as the bytes that are sealed: one line of JSON."""
    values = [
        entry.number, entry.id, entry.written_at, entry.at, entry.kind, entry.request_id, entry.account_id,
        entry.membership_id, entry.role, entry.operation, list(entry.student_ids), entry.source,
    ]  # fmt: skip
    return orjson.dumps(values, default=as_json, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def as_json(value: Any) -> str:
    """Bytes and the driver's own UUIDs as text."""
    return value.hex() if isinstance(value, bytes) else str(value)


@dataclass(slots=True)
class Proof:
    """What came of deriving the seals again from the entries."""

    seals: int = 0
    entries: int = 0
    unsealed: int = 0
    head: bytes = BEGINNING
    faults: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether no entry was changed, removed or inserted."""
        return not self.faults

    def fault(self, text: str) -> None:
        """Note what is wrong, up to a bound."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(text)


async def prove(*, latest: int | None = None, noted: str = "") -> Proof:
    """Derive the latest seals again, or all of them: a changed, removed or added entry or seal shows.

    Who rewrites the whole chain is found by a hash that was `noted` outside of the database and no longer stands.
    """
    proof = Proof()
    if noted and await fetch_one("SELECT 1 FROM audit_seals WHERE encode(digest, 'hex') = $1", noted) is None:
        proof.fault("No seal has the hash that was noted.")
    first = await fetch_one("SELECT coalesce(max(id), 0) - $1 + 1 AS id FROM audit_seals", latest) if latest else None
    begin = max(first.id, 1) if first else 1
    before = await fetch_one("SELECT to_number, digest FROM audit_seals WHERE id = $1", begin - 1)
    if before is None and begin > 1:
        proof.fault(f"Seal {begin - 1} is missing.")
    to_number, proof.head = (before.to_number, before.digest) if before else (0, BEGINNING)
    at = begin
    while seals := await fetch("SELECT * FROM audit_seals WHERE id >= $1 ORDER BY id LIMIT $2", at, SEALS_MAX):
        for one in seals:
            await check(proof, one, expected=at, after=to_number, first=begin == 1 and at == 1)
            at, to_number, proof.head = one.id + 1, one.to_number, one.digest
    proof.unsealed = (await fetch_one("SELECT count(*) AS n FROM audit_entries WHERE number > $1", to_number)).n
    return proof


async def check(proof: Proof, one: Any, *, expected: int, after: int, first: bool) -> None:
    """Derive one seal again."""
    if one.id != expected:
        proof.fault(f"Seals {expected} to {one.id - 1} are missing.")
    elif one.previous != proof.head or one.from_number != after + 1:
        proof.fault(f"Seal {one.id} does not follow the seal before it.")
    floor = "" if first else " AND number >= $2"  # nothing stands in front of the first
    rows = await fetch(
        f"SELECT * FROM audit_entries WHERE number <= $1{floor} ORDER BY number",
        *((one.to_number,) if first else (one.to_number, one.from_number)),
    )
    proof.seals += 1
    proof.entries += len(rows)
    if len(rows) != one.entries:
        proof.fault(f"Seal {one.id} is over {one.entries} entries, {len(rows)} are there.")
    elif digest_of(one.previous, rows) != one.digest:
        proof.fault(f"An entry from {one.from_number} to {one.to_number} was changed, or seal {one.id} itself.")
