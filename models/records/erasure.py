"""Erasure: a person leaves the program; what was paid, decided and done stays, in nobody's name.

Ledgers, claims, events and the audit trail hold ids alone, so nothing in them has to change. What names the person is
replaced or removed in one transaction, behind the lock of the wallet as every other verb of a student. Each table says
what of it names a person; each area says what of its own ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models import tables
from models.base.access import Entity, Viewer
from models.base.effects import Leaving, student_erased, student_leaves
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import encode
from models.base.personal import bound
from models.base.statements import Update, execute, fetch, write
from models.base.tables import Table
from models.base.text import NOWHERE
from models.base.words import Words
from models.credits.ledger import lock_wallet
from models.schools.students import Student


class ErasureReason(Words):
    """Reason for erasing a student's identity."""

    STUDENT_ASKED = "STUDENT_ASKED", "The student asked for it."
    RETENTION_ENDED = "RETENTION_ENDED", "The retention period has ended."
    ENTERED_BY_MISTAKE = "ENTERED_BY_MISTAKE", "The person was added by mistake."


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """What an erasure came to."""

    student: Student
    appointments_ended: int
    appointments_left: int
    credits_revoked: int


ERASED = Refusal(
    Code.NOT_ELIGIBLE,
    "This student's record was erased.",
    path=["studentId"],
    fix="Nothing new can be started for it; a student who returns is added again.",
)
CONSTRAINTS["students_not_erased"] = CONSTRAINTS["students_stay_erased"] = ERASED


async def erase(student_id: UUID, *, reason: ErasureReason, by: Viewer, at: datetime) -> Erasure:
    """Remove a student's identity, end what is live and take unused credits back; again, it finishes what was left."""
    await lock_wallet(student_id)
    student = await Student.filter(id=student_id).select_for_update(no_key=True).get()
    leaving = Leaving(student_id)
    await student_leaves.raised(leaving, by=by, at=at)
    if student.erased_at is None:
        await student_erased.raised(leaving, by=by, at=at)
        await forget(student)
        student = await Student.get(id=student_id)
        await write(
            Update(student, erased_at=at),
            new_event(EventVerb.STUDENT_ERASED, student, by=by, at=at, reason=reason.value),
        )
    return Erasure(
        student=student,
        appointments_ended=leaving.done["appointments_ended"],
        appointments_left=leaving.done["appointments_left"],
        credits_revoked=leaving.done["credits_revoked"],
    )


async def forget(student: Student) -> None:
    """Replace or remove everything that names the person, by what each table declares."""
    values = await values_of(student)
    for model in named():
        if model.REMOVED_AT_ERASURE:
            text, given = bound(f"DELETE FROM {model._meta.db_table} WHERE {model.OF_STUDENT}", values)
            await execute(text, *given)
        else:
            await replace(model, student, values)


def named() -> list[type[Table]]:
    """The tables with rows that name a student."""
    return [model for model in tables() if model.OF_STUDENT is not None]


def is_derived(model: type[Table]) -> bool:
    """Whether the rows are found by what other rows hold: the person's addresses and ids."""
    return any(slot in str(model.OF_STUDENT) for slot in ("{addresses}", "{ids}"))


async def values_of(student: Student) -> dict[str, Any]:
    """What the conditions of the tables speak of; the rows that mail is sent to are locked."""
    values: dict[str, Any] = {"student": student.id, "nothing": FORGOTTEN}
    ids: list[str] = []
    addresses: set[str] = set()
    for model in named():
        columns = addresses_of(model)
        if columns and not is_derived(model):
            table = model._meta.db_table
            text, given = bound(
                f"SELECT id, {', '.join(columns)} FROM {table} WHERE {model.OF_STUDENT} ORDER BY id FOR NO KEY UPDATE",
                values,
            )
            for row in await fetch(text, *given):
                ids.append(str(row.id))
                addresses |= {row[column].lower() for column in columns if row[column] is not None}
    others = await addresses_of_others(sorted(addresses), values)
    return {**values, "ids": orjson.dumps({"ids": ids}).decode(), "addresses": sorted(addresses - others)}


def addresses_of(model: type[Table]) -> list[str]:
    """The columns to which mail is sent."""
    return [name for name, personal in model.PERSONAL.items() if personal.is_address]


async def addresses_of_others(addresses: Sequence[str], values: Mapping[str, Any]) -> set[str]:
    """Those that somebody else has, or the same person in another role: what is sent there goes on."""
    found: set[str] = set()
    for model in tables():
        if model.WRITTEN_TO is not None:
            for column in addresses_of(model):
                text, given = bound(
                    f"SELECT lower({column}) AS address FROM {model._meta.db_table} WHERE lower({column}) = ANY"
                    f" ({{addresses}}) AND ({model.WRITTEN_TO}) AND ({model.OF_STUDENT or 'false'}) IS NOT TRUE",
                    {**values, "addresses": addresses},
                )
                found |= {row.address for row in await fetch(text, *given)}
    return found


async def replace(model: type[Table], student: Student, values: Mapping[str, Any]) -> None:
    """Put into the personal columns of one table's rows what erasure says."""
    columns = {name: personal.erased for name, personal in model.PERSONAL.items() if personal.erased is not None}
    table = model._meta.db_table
    text, given = bound(f"SELECT id FROM {table} WHERE {model.OF_STUDENT} ORDER BY id", values)
    ids = [row.id for row in await fetch(text, *given)]
    prefix = model.PREFIX if issubclass(model, Entity) else None
    addresses = [nowhere(encode(prefix, id) if prefix else student.type_id) for id in ids]
    sets, given = bound(", ".join(f"{name} = {erased}" for name, erased in columns.items()), values)
    first = len(given) + 1
    await execute(
        f"UPDATE {table} SET {sets} FROM unnest(${first}::uuid[], ${first + 1}::text[]) AS gone (id, nowhere)"
        f" WHERE {table}.id = gone.id",
        *given, ids, addresses,
    )  # fmt: skip


def nowhere(type_id: str) -> str:
    """The address of somebody who has none any more."""
    return f"erased+{type_id}{NOWHERE}"


FORGOTTEN = '{"value": null}'
"""What is kept instead of an answer that named the person: a repeated request is answered nothing, and not done."""
