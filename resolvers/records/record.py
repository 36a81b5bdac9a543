"""How requests about a student's own record are answered: all of it in one document, and its erasure.

The record is what the student may see of it, whoever makes it: OPS makes it for the student's hands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import orjson

from execution import Selection
from integrations import fhir
from models.accounts.accounts import Account, Membership, Session
from models.accounts.agreements import Acceptance
from models.appointments.appointments import Appointment
from models.base.access import Entity
from models.base.events import Event
from models.base.ids import encode
from models.claims.claims import Claim, reasons_of
from models.credits.ledger import Grant, Transfer, Wallet
from models.directory.providers import Provider
from models.records import erasure
from models.records.erasure import ErasureReason
from models.schools.schools import School
from models.schools.students import Student
from operations.context import Context
from operations.reads.rows import find, rows_where

FORMAT = "flexible-credits.student-record/1"
ROWS_MAX = 10_000
"""How many rows of one kind a record holds at the most; one that has more says so."""

KINDS: dict[str, type[Entity]] = {
    "student_id": Student,
    "school_id": School,
    "provider_id": Provider,
    "account_id": Account,
    "membership_id": Membership,
    "grant_id": Grant,
    "appointment_id": Appointment,
}
"""Whose id a column holds, so that it is told as a TypeID."""


@dataclass(frozen=True, slots=True)
class Part:
    """One list of the record: the rows of a model that meet a condition on the student, `$1`, and their columns."""

    name: str
    model: type[Entity]
    columns: tuple[str, ...]
    where: str


MEMBERSHIPS = "(SELECT id FROM memberships held WHERE held.student_id = $1)"
ACCOUNTS = "(SELECT account_id FROM memberships held WHERE held.student_id = $1)"
MET = "(SELECT provider_id FROM appointments met WHERE met.student_id = $1)"
BALANCES = ("granted", "available", "held", "settled", "expired", "revoked", "forfeited")

PARTS = (
    Part(
        "students",
        Student,
        ("name", "email", "phone", "state", "time_zone", "school_id", "created_at", "erased_at"),
        "students.id = $1",
    ),
    Part(
        "schools",
        School,
        ("name", "time_zone", "crisis_line"),
        "schools.id = (SELECT own.school_id FROM students own WHERE own.id = $1)",
    ),
    Part("wallets", Wallet, BALANCES, "wallets.student_id = $1"),
    Part("grants", Grant, ("credits", "unused", "expires_at", "granted_at"), "grants.student_id = $1"),
    Part(
        "transfers",
        Transfer,
        ("grant_id", "appointment_id", "kind", "source", "target", "credits", "at"),
        "transfers.student_id = $1",
    ),
    Part("providers", Provider, ("name", "title"), f"providers.id IN {MET}"),
    Part(
        "appointments",
        Appointment,
        (
            "provider_id", "school_id", "status", "visit_type", "service", "state", "starts_at", "ends_at",
            "requested_at", "confirm_by", "confirmed_at", "ended_at", "telehealth_link", "missed_appointment_policy",
        ),
        "appointments.student_id = $1",
    ),
    Part(
        "claims",
        Claim,
        ("appointment_id", "provider_id", "visit_type", "status", "reasons", "submitted_at", "adjudicated_at"),
        "claims.student_id = $1",
    ),
    Part(
        "events",
        Event,
        ("verb", "at", "subject_type", "subject_id", "actor_role", "appointment_id"),
        "events.student_id = $1",
    ),
    Part("accounts", Account, ("name", "email", "email_verified_at", "created_at"), f"accounts.id IN {ACCOUNTS}"),
    Part(
        "memberships",
        Membership,
        ("account_id", "role", "school_id", "created_at", "ended_at"),
        "memberships.student_id = $1",
    ),
    Part(
        "sessions",
        Session,
        ("account_id", "membership_id", "device", "created_at", "seen_at", "until", "revoked_at"),
        f"sessions.membership_id IN {MEMBERSHIPS}",
    ),
    Part(
        "acceptances",
        Acceptance,
        ("account_id", "document", "version", "accepted_at"),
        f"acceptances.account_id IN {ACCOUNTS}",
    ),
)  # fmt: skip
"""Everything that a record holds, by an allow-list of columns: no secret, no hash of one, nothing of another person
but the provider's name and title."""

LEFT_OUT = (
    {
        "what": "What each session was about (the presenting concern of its claim).",
        "why": "The clinician wrote it; the program shows it to the clinician and to support alone (CL-9).",
        "ask": "Ask your provider, who keeps your clinical record, or the program's support.",
    },
    {
        "what": "What was paid for each session.",
        "why": "It is between the provider, your school and the program; you are never billed (CL-5).",
        "ask": "Ask your school's counselling centre, or the program's support.",
    },
    {
        "what": "What your school noted on a grant of credits.",
        "why": "It is for the school's own records (CR-2).",
        "ask": "Ask your school's counselling centre.",
    },
    {
        "what": "Passwords, tokens and other secrets.",
        "why": "They are kept as hashes, or sealed, and are of no use to a reader.",
        "ask": "Reset your password, or revoke a session, at any time.",
    },
    {
        "what": "Who of the staff has read your record.",
        "why": "The audit trail is sealed and kept apart (ID-6).",
        "ask": "Ask the program's support for an account of it.",
    },
)
"""What is held and not told here, why, and where to ask for it."""


class StudentRecord:
    """One student's record as it was read, and the documents made of it."""

    def __init__(self, parts: Mapping[str, Sequence[Mapping[str, Any]]], *, at: datetime) -> None:
        self.made_at = at
        cut = [name for name, rows in parts.items() if len(rows) > ROWS_MAX]
        whole = {name: list(rows[:ROWS_MAX]) for name, rows in parts.items()}
        student, school, wallet = (whole.pop(name) for name in ("students", "schools", "wallets"))
        self.content: dict[str, Any] = {
            "format": FORMAT,
            "madeAt": told(at),
            "student": student[0],
            "school": school[0] if school else None,
            "wallet": wallet[0] if wallet else None,
            **whole,
            "leftOut": list(LEFT_OUT),
            "cutOff": cut,
        }

    @property
    def json(self) -> RecordDocument:
        """The whole record, in a form of the program's own."""
        return RecordDocument(FORMAT, "application/json", self.content)

    @property
    def fhir(self) -> RecordDocument:
        """What health software reads of it, as a FHIR R4 bundle."""
        return RecordDocument("fhir.r4.bundle/collection", "application/fhir+json", fhir.bundle(self.content))


class RecordDocument:
    """One document: what it is, its text, and the hash of the text by which a copy is compared."""

    def __init__(self, format: str, media_type: str, content: Any) -> None:
        encoded = orjson.dumps(content)
        self.format = format
        self.media_type = media_type
        self.content = encoded.decode()
        self.sha256 = hashlib.sha256(encoded).hexdigest()


async def mine(context: Context, selection: Selection) -> Any:
    """Everything that the program holds about you and may show you, in one document."""
    return await record_of(context, context.viewer.student_id)


async def of_student(
    context: Context,
    selection: Selection,
    *,
    student_id: Annotated[UUID, Student, "Whose record, made for the student's own hands."],
) -> Any:
    """Everything that the program holds about one student and may show that student, in one document (ID-6)."""
    return await record_of(context, student_id)


async def record_of(context: Context, student_id: UUID | None) -> StudentRecord | None:
    """The record, read through the viewer's reach; None if there is no such student for them."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for part in PARTS:
        rows = await rows_where(
            context,
            part.model,
            part.columns,
            part.where,
            student_id,
            tail=f"ORDER BY {part.model._meta.db_table}.id LIMIT {ROWS_MAX + 1}",
        )
        parts[part.name] = [shown(part, row) for row in rows]
        if part.model is Student and not rows:
            return None
    return StudentRecord(parts, at=context.now)


def shown(part: Part, row: Any) -> dict[str, Any]:
    """One row under the names that the API has for its columns."""
    entry: dict[str, Any] = {"id": encode(part.model.PREFIX, row.id)}
    for column in part.columns:
        value = getattr(row, column)
        if column == "subject_type":
            continue
        if column == "subject_id":
            value = encode(row.subject_type, value)
        elif column == "reasons":
            value = [{camel(name): text for name, text in reason.items()} for reason in reasons_of(value)]
        elif column in KINDS and value is not None:
            value = encode(KINDS[column].PREFIX, value)
        entry[camel(column)] = told(value)
    return entry


def told(value: Any) -> Any:
    """A value as JSON has it: instants in UTC with Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def camel(name: str) -> str:
    """The name of a column as the API writes it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


async def erase(
    context: Context,
    *,
    student_id: Annotated[UUID, Student, "Who leaves the program."],
    reason: Annotated[ErasureReason, "Why; it stays in the history."],
) -> dict[str, Any]:
    """Remove a student's identity for good: name, addresses, sign-in, messages; what was paid and decided stays.

    Live requests and sessions end with release, unused credits are taken back. Sent again, it finishes what was left.
    """
    student: Student = await find(context, Student, student_id, path="studentId")
    context.touch(Student, [student])
    done = await erasure.erase(student.id, reason=reason, by=context.viewer, at=context.now)
    return {
        "student": done.student,
        "appointments_ended": done.appointments_ended,
        "appointments_left": done.appointments_left,
        "credits_revoked": done.credits_revoked,
    }
