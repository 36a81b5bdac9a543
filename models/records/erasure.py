"""Erasure: a person leaves the program; what was paid, decided and done stays, in nobody's name.

Ledgers, claims, events and the audit trail hold ids alone, so nothing in them has to change. What names the person is
replaced or removed in one transaction, behind the lock of the wallet as every other verb of a student.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import orjson

from models.accounts.accounts import Account, Membership
from models.appointments.appointments import Appointment, AppointmentStatus
from models.base.access import Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.events import happened
from models.base.statements import Change, execute, fetch, write
from models.base.text import NOWHERE
from models.credits.grants import revoke_unused
from models.credits.ledger import lock_wallet
from models.invitations.invitations import Invitation
from models.schools.students import Student

NAME = "Erased student"


class ErasureReason(StrEnum):
    """Why a student's identity is removed: a word of this list, never a text about the person."""

    STUDENT_ASKED = "STUDENT_ASKED"
    RETENTION_ENDED = "RETENTION_ENDED"
    ENTERED_BY_MISTAKE = "ENTERED_BY_MISTAKE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """What an erasure came to."""

    student: Student
    appointments_ended: int
    appointments_left: int
    credits_revoked: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """All that names one student: the rows by their ids, and the addresses, which do not show when it is printed."""

    student: Student
    memberships: Sequence[UUID]
    accounts: Sequence[Account]
    invitations: Sequence[UUID]
    addresses: Sequence[str] = field(repr=False)

    @property
    def account_ids(self) -> list[UUID]:
        """The accounts that are the student's alone."""
        return [account.id for account in self.accounts]


ERASED = Refusal(
    Code.NOT_ELIGIBLE,
    "This student's record was erased.",
    path=["studentId"],
    fix="Nothing is begun for it any more; whoever comes back is entered anew.",
)
CONSTRAINTS["students_not_erased"] = CONSTRAINTS["students_stay_erased"] = ERASED


async def erase(student_id: UUID, *, reason: ErasureReason, by: Viewer, at: datetime) -> Erasure:
    """Remove a student's identity, end what is live and take unused credits back; again, it finishes what was left."""
    await lock_wallet(student_id)
    student = await Student.filter(id=student_id).select_for_update(no_key=True).get()
    ended, left = await end_appointments(student, by=by, at=at)
    revoked = await revoke_unused(student.id, by=by, at=at)
    if student.erased_at is None:
        await forget(await person_of(student), at=at)
        await write(
            Change(student, name=NAME, email=nowhere(student.type_id), phone=None, erased_at=at),
            happened("student.erased", student, by=by, at=at, reason=reason.value),
        )
    return Erasure(student=student, appointments_ended=ended, appointments_left=left, credits_revoked=revoked)


def nowhere(type_id: str) -> str:
    """The address of somebody who has none any more."""
    return f"erased+{type_id}{NOWHERE}"


async def end_appointments(student: Student, *, by: Viewer, at: datetime) -> tuple[int, int]:
    """End what is live by its own verbs, each with its release; how many it was, and how many are left.

    A session that has begun is left to its provider, who attests it or says that nobody came (CL-1, AP-7).
    """
    live = Appointment.filter(
        student_id=student.id, status__in=[AppointmentStatus.REQUESTED, AppointmentStatus.CONFIRMED]
    )
    ended = left = 0
    for appointment in await live.order_by("id").select_for_update(no_key=True):
        if appointment.status is AppointmentStatus.REQUESTED:
            if at < appointment.confirm_by:
                await appointment.withdraw(by=by, at=at)
            else:
                await appointment.expire(at=at)
        elif at < appointment.starts_at:
            await appointment.cancel(by=by, at=at)
        else:
            left += 1
            continue
        ended += 1
    return ended, left


OF_STUDENT_ALONE = """
SELECT a.id FROM accounts a
 WHERE a.id = ANY ($1) AND NOT EXISTS (SELECT 1 FROM memberships other
                                        WHERE other.account_id = a.id AND other.ended_at IS NULL
                                          AND other.student_id IS DISTINCT FROM $2)
"""
"""Accounts that act for nobody but this student; one that is a provider's too, say, stays that provider's."""

OF_LINKS = """
SELECT email FROM secret_links WHERE account_id = ANY ($1)
 UNION SELECT replaced_email FROM secret_links WHERE account_id = ANY ($1) AND replaced_email IS NOT NULL
"""
"""Addresses that these accounts had before, or were to have: mail went there too."""

OF_OTHERS = """
SELECT lower(email) AS email FROM providers WHERE lower(email) = ANY ($1)
 UNION SELECT lower(email) FROM students WHERE lower(email) = ANY ($1) AND id <> $2
 UNION SELECT lower(email) FROM accounts WHERE lower(email) = ANY ($1) AND id <> ALL ($3)
 UNION SELECT lower(email) FROM invitations WHERE lower(email) = ANY ($1) AND student_id IS DISTINCT FROM $2
          AND accepted_at IS NULL AND withdrawn_at IS NULL
"""
"""Addresses that somebody else has, or the same person in another role: what is sent there goes on."""


async def person_of(student: Student) -> Person:
    """All that names the student, its accounts and invitations locked."""
    memberships = await Membership.filter(student_id=student.id).order_by("id").select_for_update(no_key=True)
    held = {membership.account_id for membership in memberships}
    alone = [row.id for row in await fetch(OF_STUDENT_ALONE, list(held), student.id)]
    accounts = await Account.filter(id__in=list(held)).order_by("id").select_for_update(no_key=True)
    invitations = await Invitation.filter(student_id=student.id).order_by("id").select_for_update(no_key=True)
    leaving = [account for account in accounts if account.id in alone]
    rows = [student.email, *(row.email for row in leaving), *(row.email for row in invitations)]
    rows += [row.email for row in await fetch(OF_LINKS, alone)]
    known = {address.lower() for address in rows}
    others = {row.email for row in await fetch(OF_OTHERS, list(known), student.id, alone)}
    return Person(
        student=student,
        memberships=[membership.id for membership in memberships],
        accounts=leaving,
        invitations=[invitation.id for invitation in invitations],
        addresses=sorted(known - others),
    )


async def forget(person: Person, *, at: datetime) -> None:
    """Replace or remove everything that names the person, but on the student's own row."""
    await forget_sign_in(person, at=at)
    await forget_links(person, at=at)
    await forget_messages(person)
    await forget_answers(person)
    # A school's own word on a grant may name whom it is for.
    await execute("UPDATE grants SET note = '' WHERE student_id = $1 AND note <> ''", person.student.id)


async def forget_sign_in(person: Person, *, at: datetime) -> None:
    """End the memberships and their sessions; an account that was the student's alone becomes nobody's."""
    await execute(
        "UPDATE sessions SET revoked_at = coalesce(revoked_at, $3), device = ''"
        " WHERE membership_id = ANY ($1) OR account_id = ANY ($2)",
        person.memberships, person.account_ids, at,
    )  # fmt: skip
    await execute(
        "UPDATE memberships SET ended_at = coalesce(ended_at, $2), title = '' WHERE id = ANY ($1)",
        person.memberships, at,
    )  # fmt: skip
    for statement in (
        "DELETE FROM campus_identities WHERE membership_id = ANY ($1)",
        "DELETE FROM campus_attempts WHERE membership_id = ANY ($1)",
    ):
        await execute(statement, person.memberships)
    for table in ("recovery_codes", "second_factors"):
        await execute(f"DELETE FROM {table} WHERE account_id = ANY ($1)", person.account_ids)
    for account in person.accounts:
        await write(
            Change(
                account,
                email=nowhere(account.type_id),
                name=NAME,
                password_hash=None,
                email_verified_at=None,
                disabled_at=account.disabled_at or at,
            )
        )


async def forget_links(person: Person, *, at: datetime) -> None:
    """End the invitations and links that are under way, and leave none with a name or an address."""
    address = nowhere(person.student.type_id)
    await execute(
        "UPDATE secret_links SET email = $3, replaced_email = NULL, sealed_token = NULL,"
        " withdrawn_at = CASE WHEN used_at IS NULL THEN coalesce(withdrawn_at, $4) END"
        " WHERE invitation_id = ANY ($1) OR account_id = ANY ($2)",
        person.invitations, person.account_ids, address, at,
    )  # fmt: skip
    await execute(
        "UPDATE invitations SET email = $2, name = '', title = '',"
        " withdrawn_at = CASE WHEN accepted_at IS NULL THEN coalesce(withdrawn_at, $3) END WHERE id = ANY ($1)",
        person.invitations, address, at,
    )  # fmt: skip
    await execute("DELETE FROM reset_requests WHERE lower(email) = ANY ($1)", person.addresses)


async def forget_messages(person: Person) -> None:
    """Remove the messages to the person, those that wait and those that were sent: each holds an address."""
    await execute(
        "DELETE FROM mails USING events WHERE events.id = mails.event_id"
        " AND mails.recipient = 'STUDENT' AND events.student_id = $1",
        person.student.id,
    )
    await execute("DELETE FROM mails WHERE lower(address) = ANY ($1)", person.addresses)


FORGOTTEN = '{"value": null}'
"""What is kept instead of an answer that named the person: a repeated request is answered nothing, and not done."""


async def forget_answers(person: Person) -> None:
    """Take the person out of the answers that are kept for 24 hours; what was asked is not done a second time."""
    ids = [str(id) for id in (person.student.id, *person.account_ids, *person.invitations)]
    await execute(
        "UPDATE idempotency_keys SET answer = $1::jsonb"
        " WHERE jsonb_path_exists(answer, '$.**.id ? (@ == $ids[*])', $2::jsonb)",
        FORGOTTEN, orjson.dumps({"ids": ids}).decode(),
    )  # fmt: skip
