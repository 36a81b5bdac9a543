"""How subscriptions are answered: what is waited for, and what is read when it has happened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.appointments.appointments import Appointment
from models.base.events import Event
from models.claims.claims import Claim
from models.credits.ledger import Wallet
from models.schools.students import Student
from operations.broker import Change, Topic
from operations.changes import subject_of, told
from operations.context import Context
from operations.reads.nodes import NODES
from operations.reads.relations import to_one
from operations.reads.rows import rows_where

APPOINTMENTS = Topic(model=Appointment, row_of=lambda fact: subject_of(Appointment.PREFIX, fact))
CLAIMS = Topic(model=Claim, row_of=lambda fact: subject_of(Claim.PREFIX, fact))
WALLETS = Topic(model=Wallet, row_of=lambda fact: fact.student_id, by_balance=True)  # a wallet has its student's id
INBOX = Topic(model=Event, row_of=lambda fact: fact.event_id)


def appointment_changed(
    context: Context,
    *,
    id: Annotated[UUID | None, Appointment, "Only this one; all that you may see if left out."] = None,
) -> AsyncIterator[Change]:
    """Each change of an appointment that you may see, with the appointment as it is now.

    The first message says `refetch`: read the present state then, and nothing falls between reading and listening.
    """
    return told(context, APPOINTMENTS, id)


def claim_changed(
    context: Context, *, id: Annotated[UUID | None, Claim, "Only this one; all that you may see if left out."] = None
) -> AsyncIterator[Change]:
    """Each change of a claim that you may see, with the claim as it is now. The first message says `refetch`."""
    return told(context, CLAIMS, id)


def wallet_changed(
    context: Context,
    *,
    student_id: Annotated[UUID | None, Student, "Only this student's; all that you may see if left out."] = None,
) -> AsyncIterator[Change]:
    """A wallet whose balances have changed, as it is now: several changes at once are told once.

    The first message says `refetch`.
    """
    return told(context, WALLETS, student_id)


def inbox(context: Context) -> AsyncIterator[Change]:
    """All that happens and concerns you, as it happens. The first message says `refetch`."""
    return told(context, INBOX)


async def subjects(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    """For each change the object that the event happened to, if the viewer may see it."""
    wanted: dict[str, list[UUID]] = {}
    for parent in parents:
        if parent.subject is not None and parent.subject[0] in NODES:
            wanted.setdefault(parent.subject[0], []).append(parent.subject[1])
    found: dict[tuple[str, UUID], Any] = {}
    for prefix, ids in wanted.items():
        model, type_name = NODES[prefix]
        needs = selection.on(type_name).needs
        rows = await rows_where(context, model, needs, f"{model._meta.db_table}.id = ANY($1)", ids)
        found.update({(prefix, row.id): row for row in rows})
    return [found.get(parent.subject) for parent in parents]


EVENT = to_one(Event, by="event_id")
APPOINTMENT = to_one(Appointment, by="row_id")
CLAIM = to_one(Claim, by="row_id")
WALLET = to_one(Wallet, by="row_id")
SUBJECT = Batched(subjects)
